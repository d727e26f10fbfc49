"""What is known of a model, as notes on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memaudit.cli.common import Output

if TYPE_CHECKING:
    from memaudit.audit.results import Results
    from memaudit.models.inspection import Inspection
    from memaudit.models.recognizer import ModelInfo


def model_notes(output: Output, info: ModelInfo, inspection: Inspection | None) -> None:
    """The family and what it was known by, the files, and what the inspection showed."""
    from memaudit.models.inspection_text import inspection_sentences

    output.note(f"Model: {info.adapter} ({'; '.join(info.inferred) or 'as described'})")
    for name, digest in info.files:
        output.note(f"  {name} sha256 {digest}")
    if inspection is not None:
        output.note(f"  {'; '.join(inspection_sentences(inspection))}")
    for sentence in (*info.warnings, *(inspection.warnings if inspection is not None else ())):
        output.note(f"  warning: {sentence}")


def feasibility_notes(results: Results) -> list[str]:
    """A line a speed where frames a token are known, or canaries have no alignment."""
    found = []
    for fits in results.feasibility:
        frames = (
            "" if fits.frames_per_token is None else f"{fits.frames_per_token:.2g} frames a token (median), "
        )
        if frames or fits.infeasible:
            found.append(
                f"At {fits.speed:g}x: {frames}{len(fits.infeasible)} of {fits.n} canaries infeasible"
            )
    return found
