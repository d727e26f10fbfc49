"""`memaudit inspect-model`: what is this model, and is it loaded right?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memaudit.cli.common import Output, shared_options
from memaudit.cli.places import PATH_PLACE, local_model
from memaudit.errors import ModelError, UsageError
from memaudit.models.description import Description
from memaudit.models.inspection import Inspection, inspect
from memaudit.models.inspection_text import inspection_sentences
from memaudit.models.quantised import quantised_files
from memaudit.models.recognizer import Recognizer, Traceable
from memaudit.models.registry import describe, load_recognizer
from memaudit.models.text_rate import frames_per_token
from memaudit.models.written import complete_table, place_for, write_description

if TYPE_CHECKING:
    from memaudit.models.adapter import Adapter

SCHEMA = "memaudit/inspection/1"


@click.command()
@click.argument("path", type=PATH_PLACE)
@click.option("--adapter", help="Model family, where it cannot be told from the files.")
@click.option("--provider", default="cpu", show_default=True, help="onnxruntime execution provider.")
@click.option("--trust-model", is_flag=True, help="Let a model that is code (TorchScript) run.")
@click.option("--write", is_flag=True, help="Write a complete model.toml beside the model, to edit.")
@click.option("--force", is_flag=True, help="With --write: overwrite the model.toml that is there.")
@shared_options
def command(
    path: Path | str,
    adapter: str | None,
    provider: str,
    trust_model: bool,
    write: bool,
    force: bool,
    output: Output,
) -> None:
    """Say what the model at PATH is, how that was known, and what it does on a few seconds of made-up audio.

    \b
    memaudit inspect-model model.onnx
    memaudit inspect-model exported/ --write
    memaudit inspect-model exported/ --json

    PATH is a model file, its folder, a model.toml, or a URL of one of them (s3://, gs://, file://), which is
    copied here. Exit codes: 0 it runs, 2 it is not recognised or does not run.
    """
    if force and not write:
        raise UsageError("--force is of use with --write only", how="add --write, or leave it out")
    path = _here(path, write=write, output=output)
    family, description = describe(path, adapter=adapter)
    recognizer = load_recognizer(path, adapter=adapter, trust_model=trust_model, provider=provider)
    if not isinstance(recognizer, Traceable):
        raise ModelError(f"{family.name} shows its answers only", where=str(path), how="score it as it is")
    names = [name for name, _ in recognizer.info.files]
    found = inspect(recognizer, quantised=quantised_files(path, names))
    table = complete_table(family, description, recognizer.info)
    written = place_for(path, description) if write else None
    if written is not None:
        write_description(written, table, force=force)
    facts = document(path, family, description, recognizer, found, table) | {
        "written": None if written is None else str(written)
    }
    for sentence in lines(facts, found):
        output.line(sentence)
    output.document(facts)


def _here(path: Path | str, *, write: bool, output: Output) -> Path:
    """The model on this machine."""
    if isinstance(path, str) and write:
        raise UsageError("--write has no place beside a URL", how="copy the model's folder first")
    return path if isinstance(path, Path) else Path(local_model(path, output))


def document(
    path: Path,
    family: Adapter,
    description: Description,
    recognizer: Recognizer,
    inspection: Inspection,
    table: dict[str, Any],
) -> dict[str, Any]:
    """What ``--json`` gives (schema memaudit/inspection/1), but for ``written``.

    ``described_by`` is the model.toml that was read, null where the files were recognised; ``why`` says how
    then. ``inferred`` is everything that was found out, ``description`` the complete model.toml,
    ``frames_per_token`` the output frames for each token of ordinary English at some speeds, null where that
    makes no sense.
    """
    info = recognizer.info
    rates = frames_per_token(recognizer, inspection)
    return {
        "schema": SCHEMA,
        "path": str(path),
        "described_by": str(description.files[0]) if description.files else None,
        "family": family.name,
        "summary": family.summary,
        "why": list(description.reasons),
        "files": [{"name": name, "sha256": digest} for name, digest in info.files],
        "sample_rate": recognizer.sample_rate,
        "front_end": dict(info.front_end),
        "decoder": dict(info.decoder),
        "inferred": list(info.inferred),
        "warnings": [*info.warnings, *inspection.warnings],
        "inspection": inspection.model_dump(mode="json"),
        "frames_per_token": None
        if rates is None
        else [{"speed": speed, "frames_per_token": rate} for speed, rate in rates.items()],
        "description": table,
    }


def lines(facts: dict[str, Any], inspection: Inspection) -> list[str]:
    """The same for people, a line a fact."""
    found = [f"Family: {facts['family']}, {facts['summary']}"]
    if facts["described_by"] is not None:
        found.append(f"Described by {facts['described_by']}")
    found += [f"- {sentence}" for sentence in facts["inferred"]]
    found += ["Files", *(f"- {file['name']} sha256 {file['sha256']}" for file in facts["files"])]
    found.append(f"Front end: {_options(facts['front_end'])}; {facts['sample_rate']} Hz")
    found += ["Decoder", *(f"- {key}: {_value(value)}" for key, value in facts["decoder"].items())]
    found += ["Inspection", *(f"- {sentence}" for sentence in inspection_sentences(inspection))]
    if facts["frames_per_token"] is not None:
        rates = ", ".join(
            f"{item['frames_per_token']:.2g} at {item['speed']:g}x" for item in facts["frames_per_token"]
        )
        needed = "" if inspection.blank is None else " (1 and more are needed)"
        found.append(f"- output frames for each token of ordinary speech: {rates}{needed}")
    found += [f"Warning: {sentence}" for sentence in facts["warnings"]]
    if facts["written"] is not None:
        found.append(f"Wrote {facts['written']}")
    return found


def _options(table: dict[str, Any]) -> str:
    return ", ".join(f"{key} {_value(value)}" for key, value in table.items())


def _value(value: Any) -> str:
    return f"({_options(value)})" if isinstance(value, dict) else str(value)
