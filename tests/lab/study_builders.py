"""Studies from hand-made figures, and a profile that takes seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from memaudit.lab.clipping import Clipping
from memaudit.lab.setup import Sizes
from memaudit.lab.study import Condition, KitPlan, Profile, TrainingSet
from memaudit.lab.study_findings import Findings
from memaudit.lab.study_pooled import Condition as Pooled
from memaudit.lab.study_pooled import pooled_dose
from memaudit.lab.study_results import Change, Dose, Figure, Privacy, SpeedFigures, Victim, spread
from memaudit.lab.train import Plan

LEVELS = (1, 4, 16)
SIZE = 40
HELD_OUT = 80

TINY = Profile(
    name="tiny",
    seeds=(3,),
    kits={
        "main": KitPlan(
            overrides=(
                "design.pairs_per_cell=2",
                "design.repetitions=[1, 4]",
                "design.reserve_per_speed=2",
                "design.controls=2",
            )
        )
    },
    sets={"main": TrainingSet(48), "deduplicated": TrainingSet(32, deduplicated=True)},
    sizes=Sizes(pretraining=64, fine_tuning=48, validation=8, test=8),
    pretraining=Plan("muon", 3e-3, epochs=1),
    conditions={
        "unclipped": Condition("no clipping", "baseline", Plan("sgd", 1e-3, epochs=1), width=16),
        "private": Condition(
            "DP",
            "private",
            Plan(
                "sgd", 1e-3, epochs=1, batch_size=8, clipping=Clipping("dp", bound=1.0, noise_multiplier=4.0)
            ),
            data="deduplicated",
            width=16,
        ),
        "speeds": Condition("speeds", "augmented", Plan("sgd", 1e-3, epochs=1), width=16, perturb=True),
    },
    timed_steps=1,
)


def dose(gap: float, repetitions: int, speed: float = 4.0, held_out: float = 0.2, **others: object) -> Dose:
    """A dose whose gap has an interval of 0.1 to both sides."""
    found = Dose(
        speed=speed,
        repetitions=repetitions,
        n=SIZE,
        accuracy=held_out + gap,
        held_out=held_out,
        exact=max(0.0, gap),
        held_out_exact=0.0,
        gap=Figure(gap, gap - 0.1, gap + 0.1),
        auc=Figure(0.5 + gap / 2, 0.4 + gap / 2, 0.6 + gap / 2),
        p_adjusted=0.001 if gap > 0.1 else 0.5,
        epsilon=3 * max(0.0, gap),
        ceiling=2.25,
    )
    return replace(found, **others)  # type: ignore[arg-type]


def victim(
    condition: str,
    seed: int = 1,
    *,
    gaps: Sequence[float] = (0.1, 0.4, 0.7),
    wer: float = 0.02,
    change: float | None = None,
    privacy: Sequence[Privacy] = (),
    speeds: Mapping[float, tuple[float, float]] | None = None,
    trend_p: float = 0.001,
) -> Victim:
    """A victim with those gaps at 1, 4 and 16 copies; ``speeds``: speed -> (held-out accuracy, top gap)."""
    doses = [dose(gap, level) for gap, level in zip(gaps, LEVELS, strict=True)]
    held_out = {4.0: 0.2}
    if speeds:
        doses = [dose(gap, 16, speed, read) for speed, (read, gap) in sorted(speeds.items())]
        held_out = {speed: read for speed, (read, _) in sorted(speeds.items())}
    changes = (
        ()
        if change is None
        else (Change(4.0, 16, Figure(change, change - 0.1, change + 0.1), Figure(0, 0, 0)),)
    )
    return Victim(
        seed=seed,
        condition=condition,
        wer=wer,
        controls=0.95,
        doses=tuple(doses),
        speeds=tuple(SpeedFigures(at, HELD_OUT, read, 0.17, trend_p, 6.0) for at, read in held_out.items()),
        detected=tuple(item.repetitions for item in doses if item.p_adjusted <= 0.05 and item.speed == 4.0),
        joint_epsilon=0.2,
        difference_of_gaps=Figure(0.5, 0.3, 0.7) if speeds else None,
        changes=changes,
        privacy=tuple(privacy),
        verdict="failed",
        exit_code=1,
        seconds=12.0,
        steps=100,
    )


def findings(
    roles: Mapping[str, str], victims: Sequence[Victim], costs: Mapping[str, float] | None = None
) -> Findings:
    """Findings of those victims; ``roles``: condition -> role."""
    pooled = {}
    for name, role in roles.items():
        mine = [item for item in victims if item.condition == name]
        doses = []
        for one in mine[0].doses:
            key = (one.speed, one.repetitions)
            same = [d for v in mine for d in v.doses if (d.speed, d.repetitions) == key]
            inserted = [share for d in same for share in _values(d.accuracy, d.n)]
            held_out = [share for d in same for share in _values(d.held_out, HELD_OUT)]
            arms = (inserted, held_out, [False] * len(inserted), [False] * len(held_out))
            doses.append(pooled_dose(mine, key, arms))
        pooled[name] = Pooled(
            name=name,
            title=f"title of {name}",
            role=role,
            seeds=tuple(v.seed for v in mine),
            wer=spread([v.wer for v in mine]),
            doses=tuple(doses),
            half=tuple(v.at(v.fastest).half for v in mine),
        )
    return Findings(tuple(victims), pooled, costs or {})


def _values(mean: float, size: int) -> list[float]:
    """Values in 0 to 1 with about that mean, alike but for two."""
    middle = min(0.999, max(0.001, mean))
    width = min(middle, 1 - middle)
    return [middle - width, middle + width, *[middle] * (size - 2)]


def whole_study(seeds: Sequence[int] = (1, 2, 3)) -> Findings:
    """A study in which every claim is shown."""
    roles = {
        "unclipped": "baseline",
        "less": "less",
        "example-1": "example",
        "core-1": "core",
        "adaptive": "adaptive",
        "private": "private",
        "ladder": "ladder",
        "share": "share",
        "larger": "size",
        "deduplicated": "deduplicated",
        "masks": "augmented",
    }
    victims = []
    for seed in seeds:
        privacy = [Privacy(level, 0.5 * level, 1e-5, 0.1) for level in LEVELS]
        rungs = {1.0: (0.9, 0.05), 2.0: (0.5, 0.4), 4.0: (0.2, 0.7)}
        victims += [
            victim("unclipped", seed),
            victim("less", seed, gaps=(0.0, 0.2, 0.4), wer=0.05, change=-0.3),
            victim("example-1", seed, gaps=(0.0, 0.0, 0.0), wer=0.045, change=-0.7),
            victim("core-1", seed, gaps=(0.0, 0.1, 0.3), wer=0.03, change=-0.4),
            victim("adaptive", seed, gaps=(0.0, 0.1, 0.2), wer=0.035, change=-0.5),
            victim("private", seed, gaps=(0.0, 0.0, 0.0), wer=0.2, change=-0.7, privacy=privacy),
            victim("ladder", seed, speeds=rungs),
            victim("share", seed, gaps=(0.2, 0.5, 0.75), change=0.05),
            victim("larger", seed, gaps=(0.2, 0.5, 0.75), change=0.05),
            victim("deduplicated", seed, gaps=(0.1, 0.1, 0.1), change=-0.6),
            victim("masks", seed, gaps=(0.1, 0.3, 0.6), change=-0.1),
        ]
    costs = {"none": 1.0, "example": 1.5, "core": 1.1, "adaptive": 1.1, "dp": 1.6}
    return findings(roles, victims, costs)
