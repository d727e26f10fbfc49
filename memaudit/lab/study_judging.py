"""How a claim is judged: parts that hold or don't in each seed, one of which is its core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Status = Literal["shown", "partly shown", "not shown", "not run"]
#: From the weakest to the strongest.
ORDER: tuple[Status, ...] = ("not run", "not shown", "partly shown", "shown")


@dataclass(frozen=True)
class Part:
    """One thing that a claim says, and the seeds in which it holds (none at all: it was not measured)."""

    words: str
    holds: Mapping[int, bool]

    @property
    def everywhere(self) -> bool:
        """Whether it was measured and holds in each seed."""
        return bool(self.holds) and all(self.holds.values())

    @property
    def somewhere(self) -> bool:
        """Whether it holds in any seed."""
        return any(self.holds.values())

    def count(self) -> str:
        """In how many seeds it holds."""
        if not self.holds:
            return "not measured"
        return f"in {sum(self.holds.values())} of {len(self.holds)} seeds"


@dataclass(frozen=True)
class Judged:
    """A claim as judged for one condition: what it rests on."""

    condition: str
    status: Status
    parts: tuple[Part, ...]
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """A claim, the rule that was written down before the run, and what came out.

    ``best`` is the judgement that decides: the strongest of the conditions that the claim may rest on.
    """

    number: int
    title: str
    rule: str
    status: Status
    judged: tuple[Judged, ...]

    @property
    def best(self) -> Judged | None:
        """The judgement with the claim's status; None where nothing was run."""
        return next((item for item in self.judged if item.status == self.status), None)


def status_of(parts: Sequence[Part]) -> Status:
    """shown: every part in every seed; not shown: the first part, the core, in none; else partly shown.

    A part that was not measured keeps a claim from being shown. A core that was not: "not run".
    """
    if not parts or not parts[0].holds:
        return "not run"
    if not parts[0].somewhere:
        return "not shown"
    return "shown" if all(part.everywhere for part in parts) else "partly shown"


def judge(number: int, title: str, rule: str, judged: Sequence[Judged]) -> Claim:
    """A claim from the judgements of the conditions that it may rest on: the strongest decides."""
    status = ORDER[max((ORDER.index(item.status) for item in judged), default=0)]
    return Claim(number, title, rule, status, tuple(judged))
