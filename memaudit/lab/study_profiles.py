"""The two profiles that memaudit ships, and how a user's options change them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from memaudit.errors import UsageError
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
        "unclipped": Condition("no clipping", "baseline", fine_tuning(0.02)),
        "example-1": Condition("per example, C 1", "example", fine_tuning(0.02, example(1.0))),
        "core-1": Condition("per core, C 1", "core", fine_tuning(0.02, core(1.0))),
    },
)

PROFILES = {"quick": QUICK}


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
