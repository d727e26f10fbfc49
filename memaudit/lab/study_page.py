"""The study as one HTML page: no script, no network, readable without its styles."""

from __future__ import annotations

import json
from collections.abc import Sequence

import jinja2

from memaudit.lab.study_bounds import bound_header, bound_rows, loose
from memaudit.lab.study_controls import Controls
from memaudit.lab.study_figures import study_plots
from memaudit.lab.study_findings import Findings
from memaudit.lab.study_folder import Study
from memaudit.lab.study_judging import Claim
from memaudit.lab.study_table import caption, header, rows

FILE_NAME = "study.html"
TONES = {"shown": "passed", "partly shown": "inconclusive", "not shown": "failed", "not run": ""}
#: Where desk size differs from the paper.
LIMITS = (
    "Recognisers of 0.4 to 1 million parameters over a closed vocabulary of 100 words, word-level CTC, 40 ms "
    "frames; the paper's are large, and write word pieces.",
    "All speech is synthetic: a few hours a seed. Held-out sentences are of the same kind as those trained "
    "on.",
    "Victims are fine-tuned for one pass from a recogniser that knows ordinary speech. Trained from scratch "
    "with the canaries in, these small ones memorise everything before clipping could tell a canary's "
    "gradient apart.",
    "Fine-tuning is by SGD with momentum: Adam renormalises each step, and clipping loses its meaning there.",
    "Cores are simulated: equal parts of a batch of 16 in one process.",
    "Clipping without noise gives no differential privacy; that it hides canaries from this audit says "
    "nothing of another attack.",
    "None of the papers' own figures is quoted or compared with.",
)


def render(study: Study, found: Findings, claims: Sequence[Claim], controls: Controls, command: str) -> str:
    """The page."""
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader("memaudit.lab"), jinja2.PackageLoader("memaudit.report")]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    conditions = list(found.conditions.values())
    return environment.get_template("study.html.j2").render(
        study=study,
        headline=controls.headline,
        sound=controls.sound,
        controls=controls,
        command=command,
        claims=claims,
        tones=TONES,
        titles={condition.name: condition.title for condition in conditions},
        conditions=conditions,
        caption=caption(conditions),
        header=header(conditions),
        rows=rows(conditions),
        bound_header=bound_header(found),
        bound_rows=bound_rows(found),
        loose=loose(found),
        plots=study_plots(found),
        victims=found.victims,
        limits=LIMITS,
        plans={
            name: json.dumps(condition.plan.as_dict()) for name, condition in study.profile.conditions.items()
        },
    )
