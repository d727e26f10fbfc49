"""The end of a study: everything that its victims came to, as study.json, study.html and study.md."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from memaudit.files import write_json, write_text
from memaudit.lab import study_page
from memaudit.lab.study_claims import claims
from memaudit.lab.study_controls import Controls, auditor_controls
from memaudit.lab.study_cost import read_costs
from memaudit.lab.study_findings import Findings
from memaudit.lab.study_folder import FILE_NAME, Study
from memaudit.lab.study_judging import Claim
from memaudit.lab.study_pooled import pooled_condition
from memaudit.lab.study_results import commands_of, read_victim
from memaudit.lab.study_table import markdown

MARKDOWN = "study.md"


@dataclass(frozen=True)
class Ended:
    """What a study found: ``document`` is its study.json."""

    found: Findings
    claims: tuple[Claim, ...]
    controls: Controls
    document: dict[str, Any]


def end(study: Study, command: str) -> Ended:
    """Read every victim, judge the claims, and write the three files into the study's folder.

    Args:
        study: one whose jobs are done.
        command: that makes it again.

    Raises:
        MemauditError: if a part of the study cannot be read, or a file not be written.
    """
    found = findings(study)
    judged = claims(found)
    controls = auditor_controls(found)
    document = {
        **study.head(),
        "finished": True,
        "command": command,
        "controls": {**asdict(controls), "sound": controls.sound},
        "claims": [asdict(claim) for claim in judged],
        "conditions": [asdict(condition) for condition in found.conditions.values()],
        "victims": [asdict(victim) for victim in found.victims],
        "costs": dict(found.costs),
        "commands": commands_of(study.folder),
    }
    conditions = list(found.conditions.values())
    folder = study.folder
    write_text(folder / study_page.FILE_NAME, study_page.render(study, found, judged, controls, command))
    write_text(folder / MARKDOWN, markdown(conditions, judged, command))
    write_json(folder / FILE_NAME, document)
    return Ended(found, tuple(judged), controls, document)


def findings(study: Study) -> Findings:
    """The figures of every victim, and of each condition over its seeds."""
    profile = study.profile
    victims = [read_victim(study.folder, seed, name) for name in profile.conditions for seed in profile.seeds]
    conditions = {
        name: pooled_condition(
            study.folder, condition.title, condition.role, [v for v in victims if v.condition == name]
        )
        for name, condition in profile.conditions.items()
    }
    return Findings(tuple(victims), conditions, read_costs(study.folder))
