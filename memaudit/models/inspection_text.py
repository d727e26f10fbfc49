"""What an inspection showed, in sentences."""

from __future__ import annotations

from memaudit.models.inspection import Inspection

_PADDING = {
    "invariant": "padding in a batch changes nothing",
    "varies": "padding in a batch changes results, so utterances are run one at a time",
    "fails": "it fails on a batch, so utterances are run one at a time",
    "one at a time": "it takes one utterance at a time",
}


def inspection_sentences(inspection: Inspection) -> list[str]:
    """A clause each, without a full stop; the warnings are left out."""
    if inspection.features is None:
        found = ["it takes the waveform itself"]
    else:
        found = [f"its front end gives {inspection.features} features a frame"]
    if inspection.frames_per_second is None:
        found.append(f"every audio has {inspection.frames} output frames")
    else:
        milliseconds = 1000 / inspection.frames_per_second
        found.append(
            f"{inspection.frames_per_second:g} output frames a second, one every {milliseconds:.3g} ms"
        )
    if inspection.blank is not None:
        found.append(f"{inspection.blank:.0%} of the frames of faint noise are blank")
    found.append("two runs give the same" if inspection.deterministic else "two runs give other numbers")
    difference = inspection.padding_difference
    moved = "" if difference is None else f" (by up to {difference:.2g})"
    found.append(_PADDING[inspection.padding] + moved)
    found.append(f"quantised: {', '.join(inspection.quantised)}" if inspection.quantised else "not quantised")
    return found
