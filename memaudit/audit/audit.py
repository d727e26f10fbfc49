"""One audit on disk: utterances.jsonl and results.json side by side."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from memaudit.audit.assess import Subject, assess
from memaudit.audit.results import (
    BlindBaseline,
    FrontEndTrial,
    Injection,
    KitSummary,
    ModelFile,
    ModelSummary,
    Results,
    locate_results,
    read_results,
    write_results,
)
from memaudit.audit.self_checks import blind
from memaudit.audit.utterances import Utterance, read_utterances, utterances_text
from memaudit.errors import ResultsError
from memaudit.files import output_errors, sha256_file, write_text
from memaudit.kit.store import Kit
from memaudit.models.inspection import Inspection
from memaudit.models.recognizer import ModelInfo

CONTROLS = "controls.jsonl"
"""What the model made of the user's own controls, a line each."""


def model_summary(
    info: ModelInfo, notes: Sequence[str] = (), inspection: Inspection | None = None
) -> ModelSummary:
    """What was loaded, as results.json tells it, with ``notes`` on what was done to the audio for it."""
    return ModelSummary(
        adapter=info.adapter,
        files=tuple(ModelFile(name=name, sha256=digest) for name, digest in info.files),
        front_end={**info.front_end, **({"notes": list(notes)} if notes else {})},
        decoder=dict(info.decoder),
        inferred=info.inferred,
        warnings=info.warnings,
        inspection=inspection,
    )


def transcripts_summary(path: Path) -> ModelSummary:
    """A system that memaudit did not run, known by its transcripts file."""
    return ModelSummary(adapter="transcripts", files=(ModelFile(name=path.name, sha256=sha256_file(path)),))


def kit_summary(kit: Kit, *, verified: bool) -> KitSummary:
    """What results.json tells of a kit."""
    arms = [canary.arm for canary in kit.canaries]
    return KitSummary(
        name=kit.recipe.name,
        commitment=kit.commitment,
        commitment_verified=verified,
        pairs=len({canary.pair for canary in kit.canaries if canary.pair is not None}),
        inserted=arms.count("inserted"),
        held_out=arms.count("held_out"),
        controls=arms.count("control"),
        entropy_bits={"least": kit.info.entropy.least_bits, "most": kit.info.entropy.most_bits},
        gates=kit.info.gates,
    )


def finish(
    folder: Path,
    kit: Kit,
    model: ModelSummary,
    utterances: Sequence[Utterance],
    *,
    gates: Sequence[str],
    injection: Injection,
    given: Sequence[Utterance] = (),
    manifest: ModelFile | None = None,
    trials: Sequence[FrontEndTrial] = (),
    max_failures: int = 0,
    baseline: BlindBaseline | None = None,
    revise: Callable[[Results], Results] | None = None,
) -> Results:
    """Assess scored utterances and write utterances.jsonl, then results.json.

    Args:
        folder: where.
        kit: what was scored.
        model: by which model.
        utterances: what it made of every canary and control.
        gates: as the user wrote them.
        injection: what is known of the canaries' presence in the training set.
        given: the user's own controls; they go into controls.jsonl, in the form of utterances.jsonl.
        manifest: the file that names them.
        trials: what other front ends make of the controls that decide.
        max_failures: on so many utterances the model may have failed.
        baseline: the kit's `blind` baseline, where it is known already.
        revise: what is done to the results before they are written, such as gates against an earlier audit.

    Raises:
        GateError, ResultsError, OutputError: see `assess` and `memaudit.files.write_bytes`.
    """
    text = utterances_text(utterances)
    subject = Subject(
        kit_summary(kit, verified=True),
        model,
        injection,
        seconds={canary.id: canary.duration for canary in kit.canaries},
        given=given,
        manifest=manifest,
        trials=trials,
        max_failures=max_failures,
        blind=blind(kit) if baseline is None else baseline,
    )
    results = assess(utterances, subject, gates, hashlib.sha256(text.encode()).hexdigest())
    if revise is not None:
        results = revise(results)
    write_text(folder / results.utterances.name, text)
    if given:
        write_text(folder / CONTROLS, utterances_text(given))
    else:
        with output_errors(folder / CONTROLS):
            (folder / CONTROLS).unlink(missing_ok=True)  # of an audit that was here before
    write_results(folder / "results.json", results)
    return results


def load(path: Path) -> tuple[Results, list[Utterance]]:
    """Results and their utterances, given results.json or its folder.

    Raises:
        ResultsError: if either cannot be read, or the utterances are not those of the results.
    """
    file = locate_results(path)
    results = read_results(file)
    return results, utterances_beside(results, file.parent)


def utterances_beside(results: Results, folder: Path) -> list[Utterance]:
    """The utterances that lie in the folder of their results.

    Raises:
        ResultsError: if they cannot be read, or are not those that the results were made from.
    """
    beside = folder / results.utterances.name
    utterances = read_utterances(beside)
    if sha256_file(beside) != results.utterances.sha256:
        raise ResultsError(
            "these are not the utterances that the results were made from",
            where=str(beside),
            how="score the kit again",
        )
    return utterances
