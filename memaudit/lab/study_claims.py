"""The paper's claims and those beyond it, each with the rule that judges it; written before any run.

Figures are those at the kit's fastest speed and most repetitions unless a rule says otherwise. Each part of
a rule must hold in each seed.
"""

from __future__ import annotations

from memaudit.lab.study_claims_beyond import beyond, private
from memaudit.lab.study_claims_clipping import per_core, per_example
from memaudit.lab.study_claims_memorising import memorises, sped_up
from memaudit.lab.study_findings import Findings
from memaudit.lab.study_judging import Claim


def claims(found: Findings) -> list[Claim]:
    """Claims 1 to 6, judged."""
    return [judge(found) for judge in (memorises, sped_up, per_example, per_core, beyond, private)]
