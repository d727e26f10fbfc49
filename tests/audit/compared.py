"""Pairs of imagined checkpoints on one kit, with what each memorises known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from memaudit.audit.assess import assess
from memaudit.audit.compare import Audit
from memaudit.audit.utterances import Utterance
from tests.audit.synthetic import subject, utterances

READ = 0.98


def heard(
    kit: Sequence[Utterance],
    rng: np.random.Generator,
    memory: Mapping[int, float],
    *,
    skill: float = 0.0,
    always: bool = False,
) -> list[Utterance]:
    """The kit under a checkpoint that has memorised a share of each level, of whatever canaries it likes.

    Args:
        kit: every canary and control; their ids seed what is hard about them.
        rng: of what this checkpoint makes of them.
        memory: repetitions -> chance that a canary is memorised.
        skill: added to the accuracy of every canary that isn't memorised.
        always: the same canaries are memorised by every checkpoint, those that are easiest to memorise.
    """
    rows = []
    for row in kit:
        if row.arm == "control":
            rows.append(row)
            continue
        own = np.random.default_rng(int(row.id[1:], 16))
        ease, base = own.random(), own.beta(2, 10)
        drawn = ease if always else rng.random()
        known = row.arm == "inserted" and drawn < memory.get(row.repetitions, 0.0)
        accuracy = READ if known else float(np.clip(base + skill + 0.05 * rng.normal(), 0.0, 0.9))
        loss = float(rng.gamma(4.0, 0.2) if known else 10.0 * (1.0 - base) * rng.gamma(40.0, 1 / 40))
        changed = {"accuracy": accuracy, "cer": 1.0 - accuracy, "exact": known, "transcript": "b"}
        rows.append(row.model_copy(update={**changed, "loss": loss if row.loss is not None else None}))
    return rows


def audit(rows: Sequence[Utterance], name: str = "a", gates: Sequence[str] = ()) -> Audit:
    """An audit of these utterances."""
    return Audit(name, assess(rows, subject(), gates, name.rjust(64, "0")), rows)


def kit(seed: int = 1, **options: object) -> list[Utterance]:
    """The canaries and controls that both checkpoints hear."""
    return utterances(seed, **options)  # type: ignore[arg-type]
