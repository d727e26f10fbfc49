"""`memaudit merge`: join the shards of one audit."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from memaudit.audit.given_controls import GivenControl
from memaudit.audit.journal.header import Header
from memaudit.audit.journal.recording import Recorder
from memaudit.audit.journal.replay import Replay
from memaudit.audit.journal.shards import read_shards
from memaudit.audit.listening import Listening
from memaudit.audit.result_subject import ModelFile
from memaudit.audit.scored_model import finished
from memaudit.audit.verdict import EXIT_CODES
from memaudit.cli.common import Output, shared_options
from memaudit.cli.conclude import asked, conclude
from memaudit.cli.model_facts import model_notes
from memaudit.cli.options import (
    assume_injected_option,
    baseline_option,
    check_evidence,
    gate_option,
    injection_option,
    max_failures_option,
    report_option,
)
from memaudit.cli.places import KIT_PLACE, local_kit
from memaudit.errors import KitError
from memaudit.files import check_output
from memaudit.kit.store import open_kit


@click.command()
@click.argument("shards", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
@click.option("--kit", type=KIT_PLACE, help="The kit, where it is not where the first shard found it.")
@injection_option
@assume_injected_option
@gate_option
@baseline_option
@max_failures_option
@report_option
@shared_options
def command(
    shards: tuple[Path, ...],
    out: Path,
    kit: Path | str | None,
    injection: Path | None,
    assume_injected: bool,
    gate: tuple[str, ...],
    baseline: Path | None,
    max_failures: int,
    report: tuple[str, ...],
    output: Output,
) -> None:
    """Join SHARDS, the --out folders of `memaudit score --shard`, to the audit that one run would have given.

    \b
    memaudit score KIT --model model.onnx --out PART-1 --shard 1/2
    memaudit score KIT --model model.onnx --out PART-2 --shard 2/2
    memaudit merge PART-1 PART-2 --out AUDIT --injection injection.json

    Every shard must be there once, whole, and of one kit, model, version and choice of options. No model is
    needed; the kit is.

    Exit codes: 0 passed, 1 a gate failed, 2 bad input or usage, 3 inconclusive.
    """
    check_evidence(injection, assume_injected)
    whole = read_shards(shards)
    opened = open_kit(local_kit(kit or Path(whole.header.kit.path), output))
    if opened.commitment != whole.header.kit.commitment:
        raise KitError(
            "is another kit than the shards' (its commitment differs)",
            where=str(opened.root),
            how="give the kit that was scored with --kit",
        )
    check_output(out)
    wanted = asked(opened, gate, injection, assume_injected, baseline, report, max_failures)
    recorder = Recorder(Replay(whole.header), whole.memory)
    listening = Listening(opened, recorder, "", _recordings(whole.header))
    scored = finished(listening)
    model_notes(output, recorder.engine.info, listening.inspection)
    for sentence in scored.notes:
        output.note(sentence)
    results = conclude(out, opened, scored, wanted, output, manifest=_manifest(whole.header))
    sys.exit(EXIT_CODES[results.verdict])


def _recordings(header: Header) -> list[GivenControl]:
    """The user's own controls; where they lie nobody asks any more."""
    found = () if header.controls is None else header.controls.recordings
    return [GivenControl(name, Path(name), text) for name, text, _ in found]


def _manifest(header: Header) -> ModelFile | None:
    given = header.controls
    return None if given is None else ModelFile(name=given.name, sha256=given.sha256)
