"""Which gates hold: the user's, else those fixed in the kit before training, else memaudit's own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from memaudit.audit.gate_syntax import Gate, expand, parse_gate
from memaudit.audit.gates import DEFAULT_POLICY
from memaudit.audit.metrics import METRICS
from memaudit.audit.results import Policy


@dataclass(frozen=True, slots=True)
class ChosenGates:
    """The gates of an audit, as written, and where they come from."""

    texts: tuple[str, ...]
    policy: Policy


def canonical(texts: Iterable[str]) -> tuple[str, ...]:
    """Gates in one spelling, each once, in their order.

    Raises:
        GateError: if a text is no gate.

    >>> canonical(["exposure@1<=3", "exposure@1  <= 3"])
    ('exposure@1 <= 3',)
    """
    return tuple(dict.fromkeys(str(parse_gate(text, METRICS)) for text in texts))


def check_gates(texts: Iterable[str], levels: Collection[int], speeds: Collection[float]) -> tuple[str, ...]:
    """`canonical`, for gates that a kit of these repetition levels and speeds can answer.

    Raises:
        GateError: if a text is no gate, or asks for a level or speed that the kit will not have.
    """
    chosen = canonical(texts)
    for text in chosen:
        expand(parse_gate(text, METRICS), {speed: sorted(levels) for speed in speeds})
    return chosen


def choose(given: Sequence[str], fixed: Sequence[str]) -> ChosenGates:
    """Gates given to a command win over those of the kit; the same gates are the kit's.

    Raises:
        GateError: if a text is no gate.
    """
    wanted = canonical(given)
    if fixed and (not wanted or _parsed(wanted) == _parsed(fixed)):
        return ChosenGates(tuple(fixed), "pre-registered")
    return ChosenGates(wanted, "given") if wanted else ChosenGates(DEFAULT_POLICY, "default")


def _parsed(texts: Iterable[str]) -> set[Gate]:
    return {parse_gate(text, METRICS) for text in texts}
