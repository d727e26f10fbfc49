"""Utterances that the model gave nothing for: they, and their twins, are in no figure.

Why the twin goes too. Let F be the set of canaries that a model fails on. Under the null hypothesis its
output does not depend on which twin of a pair went into the training set, so F does not depend on the coins
either. Which pairs are left when every pair with a member in F is taken out is then fixed by F, and the coins
of those left are still fair and independent: every relabelling that the design could have drawn for them
stays equally likely, and the tests hold their level. (For the one-run bound these are guesses that the
auditor abstains from, as the guesser of Steinke, Nasr and Jagielski 2023 may, by what the model gave.) Were
the failed canary alone taken out, its twin would stay without the one that it was drawn against: the arms
would no longer be alike in voice, speed and length, and no coin of the design says how the left-over one is
to be relabelled. Reserve canaries have no twin, and held-out ones have enough of their like.

What that does not mend: where a model fails more often on what it was trained on, or on what it was not, the
failures are themselves a result, and the canaries that are left say less than all would. So the number is
limited, it is always told by arm, and arms that differ by more than chance (a sign test over the pairs with
one failed twin, whose coins are fair under the null as well) leave an audit without a pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from memaudit.audit.results import Failures
from memaudit.audit.utterances import Utterance
from memaudit.stats.sign_test import sign_test

LEVEL = 0.05
"""At or below this p-value the arms differ in their failures."""


def left_out(utterances: Sequence[Utterance]) -> frozenset[str]:
    """The ids that are in no figure: those that failed, and the twins of these."""
    broken = {row.pair for row in utterances if row.failed is not None and row.pair is not None}
    return frozenset(row.id for row in utterances if row.failed is not None or row.pair in broken)


def measured(utterances: Sequence[Utterance], without: frozenset[str] | None = None) -> list[Utterance]:
    """The utterances that figures rest on.

    Args:
        utterances: of one audit.
        without: the ids that are left out; None: what `left_out` says.
    """
    gone = left_out(utterances) if without is None else without
    return [row for row in utterances if row.id not in gone]


def failures(
    utterances: Sequence[Utterance], given: Sequence[Utterance] = (), *, allowed: int = 0
) -> Failures:
    """How many failed, by arm.

    Args:
        utterances: every canary and control of the kit.
        given: the user's own controls.
        allowed: so many may have failed.
    """
    lost = [row for row in sorted(utterances, key=lambda row: row.id) if row.failed is not None]
    lost += [row for row in sorted(given, key=lambda row: row.id) if row.failed is not None]
    arms = Counter(row.arm for row in lost)
    return Failures(
        n=len(lost),
        allowed=allowed,
        inserted=arms["inserted"],
        held_out=arms["held_out"],
        controls=arms["control"],
        twins=len(left_out(utterances)) - sum(row.failed is not None for row in utterances),
        p_value=_imbalance(lost),
        first=lost[0].id if lost else None,
        reason=lost[0].failed if lost else None,
    )


def too_many(found: Failures) -> str | None:
    """Why failures leave an audit without a pass, as a clause; None where they do not."""
    if found.n > found.allowed:
        return (
            f"the model failed on {found.n} utterance{'' if found.n == 1 else 's'}, {found.allowed} allowed "
            f"(--max-failures); the first is {found.first}: {found.reason}"
        )
    if unequal(found):
        return (
            f"the model failed on {found.inserted} inserted and {found.held_out} held-out canaries, which "
            f"chance does not explain (p {found.p_value:.2g}): what is left says nothing sure of either arm"
        )
    return None


def unequal(found: Failures) -> bool:
    """Whether the arms differ in their failures by more than chance."""
    return found.p_value is not None and found.p_value <= LEVEL


def _imbalance(lost: Sequence[Utterance]) -> float | None:
    """Two-sided sign test: of pairs with one failed twin, how often was it the inserted one?"""
    pairs = Counter(row.pair for row in lost if row.pair is not None)
    single = [row.arm == "inserted" for row in lost if row.pair is not None and pairs[row.pair] == 1]
    if not single:
        return None
    wins = max(sum(single), len(single) - sum(single))
    return min(1.0, 2.0 * sign_test(wins, len(single)))
