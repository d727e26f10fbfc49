"""What a study is made from: kits, training sets, and the conditions that victims are trained under."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from memaudit.errors import UsageError
from memaudit.lab.setup import Sizes
from memaudit.lab.train import Plan

Role = Literal[
    "baseline",
    "less",
    "example",
    "core",
    "adaptive",
    "private",
    "ladder",
    "share",
    "size",
    "deduplicated",
    "augmented",
]
"""What a condition is there for; the claims are judged by it."""

BASELINE = "unclipped"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


@dataclass(frozen=True)
class KitPlan:
    """A kit: what `memaudit make-kit --recipe RECIPE --set OVERRIDE ...` is given."""

    recipe: str = "reference"
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrainingSet:
    """What victims are fine-tuned on: the first ``ordinary`` ordinary utterances and one kit's canaries."""

    ordinary: int
    kit: str = "main"
    deduplicated: bool = False


@dataclass(frozen=True)
class Condition:
    """One way to fine-tune: a victim a seed is trained under it.

    Attributes:
        title: for tables.
        role: what it is there for.
        plan: how it trains.
        data: the training set's name.
        width: channels of the recogniser.
        perturb: whether every line's audio gets a speed of its own (`memaudit.lab.perturb`).
    """

    title: str
    role: Role
    plan: Plan
    data: str = "main"
    width: int = 128
    perturb: bool = False


@dataclass(frozen=True)
class Profile:
    """A whole study.

    Attributes:
        name: "quick", "full", or that of the user's own.
        seeds: one set of kits, speech and victims each.
        kits: name -> kit.
        sets: name -> training set.
        sizes: of the sets of ordinary speech.
        pretraining: how ordinary speech is learnt, once a seed and width.
        conditions: name -> condition; `BASELINE` is one of them.
        blocks: residual blocks of the recognisers.
        timed_steps: of each kind of clipping, to say what a step costs.
    """

    name: str
    seeds: tuple[int, ...]
    kits: dict[str, KitPlan]
    sets: dict[str, TrainingSet]
    sizes: Sizes
    pretraining: Plan
    conditions: dict[str, Condition]
    blocks: int = 3
    timed_steps: int = 20

    def as_dict(self) -> dict[str, Any]:
        """Everything as JSON-able values."""
        document: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return document

    def only(self, names: tuple[str, ...]) -> Profile:
        """The same with those conditions alone, and the baseline, which the others are compared with.

        Raises:
            UsageError: for a name that no condition has.
        """
        for name in names:
            if name not in self.conditions:
                raise UsageError(
                    f"profile {self.name} has no condition {name!r}",
                    where="--only",
                    how=f"choose from {', '.join(self.conditions)}",
                )
        chosen = {*names, BASELINE} if names else set(self.conditions)
        kept = {name: condition for name, condition in self.conditions.items() if name in chosen}
        sets = {condition.data for condition in kept.values()}
        used = {name: part for name, part in self.sets.items() if name in sets}
        kits = {part.kit for part in used.values()}
        return replace(
            self,
            conditions=kept,
            sets=used,
            kits={name: kit for name, kit in self.kits.items() if name in kits},
        )


def profile_from(document: Any, where: str) -> Profile:
    """A profile from JSON values, checked.

    Raises:
        UsageError: naming the first key that is wrong.
    """
    how = "compare it with the profile in the study.json of another study"
    try:
        profile = TypeAdapter(Profile).validate_python(document)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "document"
        raise UsageError(f"{key}: {first['msg']}", where=where, how=how) from error
    _check(profile, where)
    return profile


def read_profile(path: Path) -> Profile:
    """A user's own profile, from a JSON file like the "profile" of study.json.

    Raises:
        UsageError: if it cannot be read or is no profile.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot be read as a profile ({error})", where=str(path), how="give quick, full or a JSON file"
        ) from error
    return profile_from(document, str(path))


def _check(profile: Profile, where: str) -> None:
    for name in (*profile.kits, *profile.sets, *profile.conditions):
        if not _NAME.fullmatch(name):
            raise UsageError(f"the name {name!r} is no folder's", where=where, how="use a-z, 0-9, . and -")
    if BASELINE not in profile.conditions:
        raise UsageError(f"has no condition {BASELINE!r}", where=where, how="the others are compared with it")
    if not profile.seeds or len(set(profile.seeds)) < len(profile.seeds):
        raise UsageError(f"has the seeds {profile.seeds}", where=where, how="give each once, at least one")
    for name, condition in profile.conditions.items():
        if condition.data not in profile.sets:
            raise UsageError(f"{name} is trained on {condition.data!r}, which is no set", where=where)
    for name, part in profile.sets.items():
        if part.kit not in profile.kits:
            raise UsageError(f"set {name} has the canaries of {part.kit!r}, which is no kit", where=where)
        if part.ordinary > profile.sizes.fine_tuning:
            raise UsageError(
                f"set {name} has {part.ordinary} of {profile.sizes.fine_tuning} ordinary utterances",
                where=where,
            )
