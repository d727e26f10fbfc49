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


# Without clipping a rate of 8e-3 diverges. Clipping to 1 makes steps twenty to eighty times smaller (median
# norm before it: 20 a batch, 80 an example), so clipped victims need a larger rate to read as well.
RATE = 2e-3
UNCLIPPED = Condition("no clipping", "baseline", fine_tuning(RATE))
PRIVATE = Plan(
    "sgd",
    learning_rate=0.02,
    epochs=2,
    batch_size=256,
    clipping=Clipping("dp", bound=1.0, noise_multiplier=1.0),
)
"""DP-SGD with large batches: at 16 the noise would be twenty times the signal.

What the noise promises is worked out when it is trained (`memaudit.lab.privacy`). It is chosen so that the
promise for one copy is below what 30 right guesses would show, so that this control can fail.
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
        "unclipped": UNCLIPPED,
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
        "main": KitPlan(),
        "ladder": KitPlan(overrides=LADDER),
    },
    sets={
        "main": TrainingSet(ordinary=16_000),
        "larger-share": TrainingSet(ordinary=8_000),
        "deduplicated": TrainingSet(ordinary=16_000, deduplicated=True),
        "ladder": TrainingSet(ordinary=16_000, kit="ladder"),
    },
    sizes=Sizes(pretraining=8_000, fine_tuning=16_000, validation=500, test=500),
    pretraining=Plan("muon", learning_rate=3e-3, epochs=3),
    conditions={
        "unclipped": UNCLIPPED,
        "less-4": Condition("no clipping, a quarter of the learning rate", "less", fine_tuning(5e-4)),
        "less-10": Condition("no clipping, a tenth of it", "less", fine_tuning(2e-4)),
        "less-20": Condition("no clipping, a twentieth of it", "less", fine_tuning(1e-4)),
        "example-2": Condition("per example, C 2", "example", fine_tuning(0.04, example(2.0))),
        "example-1": Condition("per example, C 1", "example", fine_tuning(0.04, example(1.0))),
        "example-0.5": Condition("per example, C 0.5", "example", fine_tuning(0.04, example(0.5))),
        "core-1": Condition("per core, C 1", "core", fine_tuning(0.02, core(1.0))),
        "core-0.5": Condition("per core, C 0.5", "core", fine_tuning(0.02, core(0.5))),
        "adaptive": Condition(
            "adaptive per core", "adaptive", fine_tuning(RATE, Clipping("adaptive", cores=4))
        ),
        "private": Condition("per example, C 1, with noise (DP)", "private", PRIVATE),
        "ladder": Condition("no clipping, four speeds", "ladder", fine_tuning(RATE), data="ladder"),
        "larger-share": Condition(
            "twice the share of canaries", "share", fine_tuning(RATE), data="larger-share"
        ),
        "larger": Condition("twice as wide", "size", fine_tuning(RATE), width=256),
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
