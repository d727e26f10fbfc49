"""The two profiles that memaudit ships, and how a user's options change them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from memaudit.errors import UsageError
from memaudit.lab.augment import Augmentation
from memaudit.lab.clipping import Clipping
from memaudit.lab.setup import Sizes
from memaudit.lab.study import Condition, KitPlan, Profile, TrainingSet, read_profile
from memaudit.lab.train import Plan


def fine_tuning(learning_rate: float, clipping: Clipping | None = None) -> Plan:
    """One pass of SGD."""
    return Plan("sgd", learning_rate=learning_rate, epochs=1, clipping=clipping or Clipping())


def example(bound: float) -> Clipping:
    """Per-example clipping."""
    return Clipping("example", bound=bound)


def core(bound: float) -> Clipping:
    """Per-core clipping, four cores."""
    return Clipping("core", bound=bound, cores=4)


# Rates by trial: without clipping 8e-3 diverges. Clipping to 1 makes steps ten to eighty times smaller
# (median norm before it: 14 to 20 a batch, 80 an example), so clipped victims need a larger rate.
RATE = 1e-3
PRIVATE = Plan(
    "sgd",
    learning_rate=0.02,
    epochs=1,
    batch_size=256,
    clipping=Clipping("dp", bound=1.0, noise_multiplier=1.25),
)
"""DP-SGD with large batches: at 16 the noise would be twenty times the signal.

What the noise promises is worked out when it is trained (`memaudit.lab.privacy`). It is chosen so that the
promise for one copy is below what 20 right guesses would show: this control can fail.
"""

QUICK = Profile(
    name="quick",
    seeds=(1,),
    kits={
        "main": KitPlan(
            overrides=("design.pairs_per_cell=8", "design.reserve_per_speed=60", "design.controls=20")
        )
    },
    sets={"main": TrainingSet(ordinary=3_000)},
    sizes=Sizes(pretraining=3_000, fine_tuning=3_000, validation=200, test=300),
    pretraining=Plan("muon", learning_rate=3e-3, epochs=3),
    conditions={
        "unclipped": Condition("no clipping", "baseline", fine_tuning(2e-3)),
        "example-1": Condition("per example, C 1", "example", fine_tuning(0.04, example(1.0))),
        "core-1": Condition("per core, C 1", "core", fine_tuning(0.02, core(1.0))),
    },
)

LADDER = (
    "speed.factors=[1.0, 2.0, 3.0, 4.0]",
    "design.repetitions=[1, 4, 16]",
    "design.pairs_per_cell=10",
    "design.reserve_per_speed=60",
    "design.controls=30",
)
FULL = Profile(
    name="full",
    seeds=(1, 2, 3),
    kits={
        "main": KitPlan(
            overrides=("design.pairs_per_cell=20", "design.reserve_per_speed=100", "design.controls=30")
        ),
        "ladder": KitPlan(overrides=LADDER),
    },
    sets={
        "main": TrainingSet(ordinary=8_000),
        "larger-share": TrainingSet(ordinary=4_000),
        "deduplicated": TrainingSet(ordinary=8_000, deduplicated=True),
        "ladder": TrainingSet(ordinary=8_000, kit="ladder"),
    },
    sizes=Sizes(pretraining=8_000, fine_tuning=8_000, validation=300, test=500),
    pretraining=Plan("muon", learning_rate=3e-3, epochs=3),
    conditions={
        "unclipped": Condition("no clipping", "baseline", fine_tuning(RATE)),
        "less-5": Condition("no clipping, a fifth of the learning rate", "less", fine_tuning(2e-4)),
        "less-10": Condition("no clipping, a tenth of it", "less", fine_tuning(1e-4)),
        "example-16": Condition("per example, C 16", "example", fine_tuning(1e-3, example(16.0))),
        "example-4": Condition("per example, C 4", "example", fine_tuning(3e-3, example(4.0))),
        "example-1": Condition("per example, C 1", "example", fine_tuning(6e-3, example(1.0))),
        "core-2.5": Condition("per core, C 2.5", "core", fine_tuning(2e-3, core(2.5))),
        "core-1": Condition("per core, C 1", "core", fine_tuning(6e-3, core(1.0))),
        "adaptive": Condition(
            "adaptive per core", "adaptive", fine_tuning(3e-3, Clipping("adaptive", cores=4))
        ),
        "private": Condition("per example, C 1, with noise (DP)", "private", PRIVATE),
        "ladder": Condition("no clipping, four speeds", "ladder", fine_tuning(RATE), data="ladder"),
        "larger-share": Condition(
            "twice the share of canaries", "share", fine_tuning(RATE), data="larger-share"
        ),
        "smaller": Condition("half as wide", "size", fine_tuning(RATE), width=64),
        "deduplicated": Condition("deduplicated", "deduplicated", fine_tuning(RATE), data="deduplicated"),
        "spec-augment": Condition(
            "SpecAugment", "augmented", replace(fine_tuning(RATE), augment=Augmentation())
        ),
        "speeds": Condition("speed perturbation", "augmented", fine_tuning(RATE), perturb=True),
    },
)

PROFILES = {"quick": QUICK, "full": FULL}


def chosen_profile(name: str, seeds: Sequence[int], only: Sequence[str]) -> Profile:
    """A shipped profile, or one from a file, with the user's seeds and conditions.

    Raises:
        UsageError: for a profile or condition that is not there, or seeds that are given twice.
    """
    profile = PROFILES.get(name) or read_profile(Path(name))
    if len(set(seeds)) < len(seeds):
        raise UsageError("a seed is given twice", where="--seed", how="give each once")
    if seeds:
        profile = replace(profile, seeds=tuple(seeds))
    return profile.only(tuple(only))
