"""What a reader of a comparison must know before its numbers mean anything."""

from __future__ import annotations

from collections.abc import Iterator

from memaudit.audit.comparison import Scale, Side
from memaudit.audit.results import Results


def compare_warnings(a: Results, b: Results, first: Side, second: Side, scale: Scale) -> Iterator[str]:
    """Sentences, the gravest first."""
    for name, found in (("A", a), ("B", b)):
        if found.failures is not None and found.failures.n:
            yield (
                f"The model of {name} failed on {found.failures.n} utterances: they and their twins are left "
                "out of both."
            )
    for name, side in (("A", first), ("B", second)):
        if not side.self_checks_passed:
            yield f"The audit of {name} is void: one of its self-checks failed."
        if not side.controls_passed:
            yield f"{name} did not read the controls: what it seems not to have memorised may be misread."
        if side.injection == "unknown":
            yield (
                f"Nothing shows that the canaries were in {name}'s training set: run memaudit "
                "check-injection on its manifest."
            )
        if side.injection == "not as designed":
            yield f"{name}'s training set did not hold the canaries as designed."
    if first.utterances_sha256 == second.utterances_sha256:
        yield "Both audits hold the same utterances, so nothing can differ."
    elif first.files and first.files == second.files:
        yield "Both audits are of the same model files: a difference comes from how they were run."
    if scale == "accuracy" and first.membership != second.membership:
        name = "A" if first.membership == "accuracy" else "B"
        yield f"{name} has no losses, so membership is compared by accuracy, which sees less."
    if scale == "loss per character":
        yield (
            "Losses are compared a character: A and B write texts in different tokens, or give no number of "
            "tokens."
        )
    if a.tool.version != b.tool.version:
        yield f"A was scored by memaudit {a.tool.version}, B by {b.tool.version}."
