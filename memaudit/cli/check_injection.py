"""`memaudit check-injection`: were the canaries in the training set, as often as designed, and no others?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from memaudit.audit import normalise
from memaudit.cli.common import Output, shared_options
from memaudit.cli.manifest_options import format_option, text_field_option
from memaudit.cli.options import FOLDER
from memaudit.files import write_json
from memaudit.kit.injection.check import Normaliser, check_injection
from memaudit.kit.injection.evidence import Evidence, Leak, Miss
from memaudit.kit.manifests.base import Match, Source
from memaudit.kit.manifests.registry import manifest_format
from memaudit.kit.store import open_kit

EVERY = 1_000_000
"""Utterances between two notes under -v."""


@click.command()
@click.argument("kit", type=FOLDER)
@format_option
@click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    required=True,
    help="The manifest that training read: for kaldi its folder, for webdataset or parquet a file or folder.",
)
@click.option(
    "--audio-root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="What relative audio paths start from. Default: the manifest's folder, then the current one.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("injection.json"),
    show_default=True,
    help="Where the evidence goes, for memaudit score --injection.",
)
@click.option(
    "--match",
    type=click.Choice(["both", "audio", "text"]),
    default="both",
    show_default=True,
    help="What a line must share with a canary: text alone where your pipeline resamples, audio alone where "
    "its texts are no texts any more.",
)
@click.option(
    "--hash-all", is_flag=True, help="Look into every audio file, whatever duration the manifest states."
)
@text_field_option
@shared_options
def command(
    kit: Path,
    format: str,  # noqa: A002 - the name that settings files use
    manifest: Path,
    audio_root: Path | None,
    out: Path,
    match: Match,
    hash_all: bool,
    text_field: str | None,
    output: Output,
) -> None:
    """Prove from the manifest that training read that the inserted canaries of KIT were in it.

    \b
    memaudit check-injection KIT --format nemo --manifest train.json
    memaudit check-injection KIT --format kaldi --manifest data/train --out injection.json

    Counts each inserted canary by audio and by text, and looks for held-out ones. Audio is known again by its
    file, and by its samples where it was written anew without loss; not after resampling or lossy coding.

    Exit codes: 0 all there and no others, 1 otherwise (each miss and leak is named), 2 bad input or usage.
    """
    chosen = manifest_format(format)
    opened = open_kit(kit)

    def tell(done: int) -> None:
        if done % EVERY == 0:
            output.detail(f"{done:,} utterances read")

    evidence = check_injection(
        opened,
        chosen,
        Source(manifest, audio_root, text_field),
        Normaliser(normalise.NAME, normalise.normalise),
        match=match,
        hash_all=hash_all,
        progress=tell,
    )
    write_json(out, evidence.document())
    if not output.as_json:
        click.echo("\n".join(summary(evidence)))  # not wrapped: a line a finding
    output.note(f"Evidence: {out}; give it to memaudit score with --injection.")
    output.document(evidence.document())
    sys.exit(0 if evidence.clean else 1)


def summary(evidence: Evidence) -> Iterator[str]:
    """The findings, a line each, for people."""
    by = {"both": "by audio and text", "audio": "by audio", "text": "by text"}[evidence.match]
    yield (
        f"{evidence.manifest.utterances} utterances in {evidence.manifest.files[0].name} "
        f"({evidence.manifest.format})"
    )
    yield (
        f"{evidence.inserted - len(evidence.missing)} of {evidence.inserted} inserted canaries are in "
        f"as designed ({evidence.found} of {evidence.wanted} copies found {by})"
    )
    yield from map(_miss, evidence.missing)
    yield from map(_leak, evidence.leaked)
    if not evidence.leaked:
        either = {"both": "by audio or by text", "audio": "by audio", "text": "by text"}[evidence.match]
        yield f"No held-out canary is in ({either})"
    if evidence.unread:
        yield (
            f"{evidence.unread.utterances} utterances were looked at by text alone, the first at "
            f"{evidence.unread.where}: {evidence.unread.why}"
        )
    yield "Clean: the training set is as designed" if evidence.clean else "Not clean"


def _miss(miss: Miss) -> str:
    line = f"missing: {miss.id} wanted {miss.wanted}, found {miss.found}"
    parts = [f"{miss.by_audio} by audio" if miss.by_audio is not None else ""]
    parts.append(f"{miss.by_text} by text" if miss.by_text is not None else "")
    counts = ", ".join(part for part in parts if part)
    return line if miss.by_audio == miss.by_text == miss.found else f"{line} ({counts})"


def _leak(leak: Leak) -> str:
    found = [
        f"{leak.by_audio} by audio" if leak.by_audio else "",
        f"{leak.by_text} by text" if leak.by_text else "",
    ]
    kind = leak.arm.replace("_", "-")
    return f"leaked: {kind} {leak.id}, {', '.join(part for part in found if part)}, first at {leak.where}"
