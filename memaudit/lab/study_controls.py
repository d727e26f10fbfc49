"""The auditor's own controls: it must find what was memorised, and nothing that was promised away."""

from __future__ import annotations

from dataclasses import dataclass

from memaudit.lab.study import BASELINE
from memaudit.lab.study_claims_beyond import keeps_promise
from memaudit.lab.study_findings import Findings


@dataclass(frozen=True)
class Controls:
    """Whether memaudit stood its test.

    Attributes:
        found: in each seed memorisation is shown in the unclipped victim.
        kept: no lower bound is above the epsilon that training promised; None: no victim was promised any.
        positive, negative: the same in words.
    """

    found: bool
    kept: bool | None
    positive: str
    negative: str

    @property
    def sound(self) -> bool:
        """Whether neither control failed."""
        return self.found and self.kept is not False

    @property
    def headline(self) -> str:
        """Both in one sentence."""
        if not self.sound:
            return "A control of the auditor failed: its audits are not to be relied on."
        if self.kept is None:
            return "The auditor found what was memorised. Its negative control was not run."
        return "The auditor found what was memorised, and no more than training had promised."


def auditor_controls(found: Findings) -> Controls:
    """Judge the auditor by its victims."""
    victims = found.of(BASELINE)
    shown = [victim for victim in victims if victim.detected]
    private = [victim for name in found.names("private") for victim in found.of(name)]
    kept = [victim for victim in private if keeps_promise(victim)]
    negative = "not run: no victim was trained with a known epsilon"
    if private:
        negative = (
            f"the lower bounds of {len(kept)} of {len(private)} victims trained with a known epsilon are at "
            "most that epsilon at every number of copies"
        )
    return Controls(
        found=bool(victims) and len(shown) == len(victims),
        kept=len(kept) == len(private) if private else None,
        positive=f"memorisation is shown in {len(shown)} of {len(victims)} victims without clipping",
        negative=negative,
    )
