"""A comparison in plain words, for terminal and page."""

from __future__ import annotations

from memaudit.audit.comparison import ComparedCell, Comparison, Difference
from memaudit.report.words import percent

HEADLINES = {
    "more": "B memorises more than A.",
    "less": "B memorises less than A.",
    "mixed": "B memorises more than A in some places and less in others.",
    "not shown": "No difference between A and B is shown at this power.",
    "undecided": "Undecided: this comparison can't say which memorises more.",
}

# The report's classes, which its style sheet colours.
TONES = {"more": "failed", "less": "passed", "mixed": "failed", "not shown": "open", "undecided": "open"}

CHANGES = {"more": "more", "less": "less", "not shown": "no difference shown"}

VALIDITY = (
    "p-values ask whether A and B could be exchanged: if the two are alike, each canary, inserted or held "
    "out, might as well have got its two scores the other way round, one canary independently of another. "
    "All figures are computed anew under such exchanges; two-sided; an exact test where that holds.",
    "Where B merely reads more, or less, of everything, gaps and ranks stay and the exchanged scores spread: "
    "these tests then err on the side of showing nothing.",
    "p-values are adjusted over cells for each figure: in sequence from the most copies downward at the "
    "fastest speed, then by Holm's method.",
    "The verdict goes by the intervals of the gated figures, which hold at 95 % over all of them together. "
    "Where all reach 0 it goes by the adjusted p-values of accuracy gap and exposure at gated places, 2.5 % "
    "each; a difference is then shown and its size is not settled.",
    "The test of the arms relabels inserted and held-out canaries inside each group of one voice and one "
    "length. The kit's coins make it exact for the question whether any change has to do with which canaries "
    "went in. Two models that memorise as much of different canaries make it reject as well, so it says "
    "nothing of more or less and decides nothing.",
    "Intervals are for canaries drawn afresh, both models as they are. Two trainings by one recipe differ as "
    "well: to compare recipes, train and audit each several times.",
)
"""What may be exchanged under each null, and which test holds when."""


def headline(found: Comparison) -> str:
    """The verdict in one sentence."""
    if found.settled or found.verdict == "undecided":
        return HEADLINES[found.verdict]
    return f"{HEADLINES[found.verdict].removesuffix('.')}; by how much is not settled."


def difference_text(moved: Difference, digits: int = 2) -> str:
    """A change with its interval.

    >>> difference_text(Difference(a=0.5, b=0.25, change=-0.25, low=-0.5, high=-0.125, confidence=0.95))
    '-0.25 (-0.50, -0.12)'
    """
    return f"{moved.change:+.{digits}f} ({moved.low:+.{digits}f}, {moved.high:+.{digits}f})"


def copies_text(repetitions: int) -> str:
    """A number of copies in words.

    >>> copies_text(1)
    '1 copy'
    """
    return f"{repetitions} cop{'y' if repetitions == 1 else 'ies'}"


def place(cell: ComparedCell) -> str:
    """Where a cell is, in words."""
    copies = "all levels" if cell.repetitions is None else copies_text(cell.repetitions)
    return f"{copies}, {cell.speed:g}x"


def sides(found: Comparison) -> list[str]:
    """What A and B are, and what their own audits said."""
    lines = []
    for name, side in (("A", found.a), ("B", found.b)):
        read = "not measured" if side.controls_accuracy is None else percent(side.controls_accuracy)
        state = "" if side.controls_passed else ", not passed"
        evidence = {
            "checked": "canaries checked to be in training",
            "not as designed": "canaries not in training as designed",
            "assumed": "canaries assumed to be in training",
            "unknown": "no evidence that canaries were in training",
        }[side.injection]
        lines.append(
            f"{name}: {side.name} ({side.adapter}); its own audit: {side.verdict}; controls: {read}{state}; "
            f"{evidence}."
        )
    return lines


def meaning(found: Comparison) -> list[str]:
    """What follows from the verdict and what doesn't."""
    sentences = []
    if found.verdict == "less":
        sentences.append(f"Less is not nothing: the audit of B alone says {found.b.verdict}.")
    if found.verdict == "not shown":
        sentences.append(
            "That is no proof of likeness: any change inside the intervals may be there. More canaries a "
            "level make them narrower."
        )
    for cell in found.speeds:
        moved = cell.held_out_accuracy
        sentences.append(
            f"Held-out canaries at {cell.speed:g}x are read with {percent(moved.a)} of characters right by A "
            f"and {percent(moved.b)} by B (change {difference_text(moved)}, n = {cell.held_out})."
        )
    return sentences
