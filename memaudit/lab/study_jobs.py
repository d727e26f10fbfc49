"""The jobs of a study, what each needs, and how each is done.

A job is named by the folder that it makes below the study's: it is done when that folder is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from memaudit.files import write_json
from memaudit.kit.building import building, recover
from memaudit.kit.recipe import load_recipe
from memaudit.kit.store import open_kit
from memaudit.kit.wordlists import wordlist_of
from memaudit.lab.device import THREADS
from memaudit.lab.perturb import Speeds
from memaudit.lab.recognizer import Shape
from memaudit.lab.setup import FRONT_END
from memaudit.lab.study import BASELINE, Profile
from memaudit.lab.study_commands import Place
from memaudit.lab.study_cost import COST, measure_cost
from memaudit.lab.study_sets import COMMANDS, make_set, read_set
from memaudit.lab.study_speech import make_speech
from memaudit.lab.utterances import Vocabulary
from memaudit.lab.victim import make_victim, pretrain
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.frontends.registry import make_front_end

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Job:
    """A folder to make, the folders that must be there before, and its share of the whole time."""

    name: str
    needs: tuple[str, ...]
    weight: float


def jobs_of(profile: Profile) -> list[Job]:
    """Every job of a study, each after what it needs; steps are timed when nothing else runs."""
    jobs = [job for seed in profile.seeds for job in _jobs_of_seed(profile, seed)]
    if profile.timed_steps:
        jobs.append(Job(COST, tuple(job.name for job in jobs), 1 + 0.2 * profile.timed_steps))
    return jobs


def _jobs_of_seed(profile: Profile, seed: int) -> list[Job]:
    top = f"seed-{seed}"
    sizes, size = profile.sizes, profile.pretraining.batch_size
    spoken = sizes.pretraining + sizes.fine_tuning + sizes.validation + sizes.test
    jobs = [Job(f"{top}/kits/{name}", (), 6) for name in profile.kits]
    kits = tuple(job.name for job in jobs)
    speech = f"{top}/speech"
    jobs.append(Job(speech, kits, 1 + spoken * 0.004))
    jobs += [Job(f"{top}/sets/{name}", (speech,), 5) for name in profile.sets]
    widths = sorted({condition.width for condition in profile.conditions.values()})
    first_steps = sizes.pretraining / size * profile.pretraining.epochs
    jobs += [
        Job(f"{top}/pretrained/{width}", (speech,), 2 + first_steps * 0.02 * (width / 128) ** 1.5)
        for width in widths
    ]
    for name, condition in profile.conditions.items():
        plan = condition.plan
        steps = profile.sets[condition.data].ordinary / plan.batch_size * plan.epochs
        step = 0.02 if plan.clipping.kind == "none" else 0.03
        needs = (f"{top}/sets/{condition.data}", f"{top}/pretrained/{condition.width}")
        weight = 8 + steps * step * (condition.width / 128) ** 1.5
        jobs.append(Job(f"{top}/victims/{name}", needs, weight))
    for name in compared(profile):
        pair = (f"{top}/victims/{BASELINE}", f"{top}/victims/{name}")
        jobs.append(Job(f"{top}/comparisons/{name}", pair, 4))
    return jobs


def compared(profile: Profile) -> list[str]:
    """Conditions that `memaudit compare` can set against the baseline: other ones on the same kit."""
    kit = profile.sets[profile.conditions[BASELINE].data].kit
    return [
        name
        for name, condition in profile.conditions.items()
        if name != BASELINE and profile.sets[condition.data].kit == kit
    ]


class Doer:
    """Does the jobs of one study, in this process.

    Args:
        study: the study's folder.
        profile: what it is made from.
    """

    def __init__(self, study: Path, profile: Profile) -> None:
        self._study = study.resolve()
        self._profile = profile

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        first = next(iter(self._profile.kits.values()))
        return Vocabulary(wordlist_of(load_recipe(first.recipe, first.overrides)))

    @cached_property
    def _front_end(self) -> FrontEnd:
        return make_front_end(FRONT_END)

    def do(self, name: str, progress: Progress) -> None:
        """Make the folder of that name, whole or not at all.

        Args:
            name: that of one of `jobs_of`, whose needs are there.
            progress: called with the parts done and their number.

        Raises:
            MemauditError: whatever keeps it from being made.
        """
        final = self._study / name
        final.parent.mkdir(parents=True, exist_ok=True)
        recover(final)
        top, kind, *rest = name.split("/") if name != COST else (f"seed-{self._profile.seeds[0]}", COST)
        makers: dict[str, Callable[..., None]] = {
            "kits": self._kit,
            "speech": self._speech,
            "sets": self._set,
            "pretrained": self._pretrained,
            "victims": self._victim,
            "comparisons": self._comparison,
            COST: self._cost,
        }
        make = makers[kind]
        torch.set_num_threads(THREADS)
        if kind == "kits":
            make(Place(self._study, final, final), self._study / top, *rest, progress)
            return
        with building(final) as folder:
            make(Place(self._study, folder, final), self._study / top, *rest, progress)

    def _kit(self, place: Place, top: Path, name: str, progress: Progress) -> None:  # noqa: ARG002
        kit = self._profile.kits[name]
        changes = [word for override in kit.overrides for word in ("--set", override)]
        options = ("--recipe", kit.recipe, "--seed", str(_seed(top)), *changes)
        ran = place.command("make-kit", place.final, *options, "--quiet")  # appears whole by itself
        write_json(place.final.parent / f"{name}-{COMMANDS}", [ran.as_dict()])

    def _speech(self, place: Place, top: Path, progress: Progress) -> None:
        kits = [open_kit(top / "kits" / name) for name in self._profile.kits]
        sizes, seed = self._profile.sizes, _seed(top)
        make_speech(
            place.building, kits, sizes, self._vocabulary, self._front_end, seed=seed, progress=progress
        )

    def _set(self, place: Place, top: Path, name: str, progress: Progress) -> None:  # noqa: ARG002
        plan = self._profile.sets[name]
        make_set(place, top / "kits" / plan.kit, top / "speech", plan, seed=_seed(top))

    def _pretrained(self, place: Place, top: Path, width: str, progress: Progress) -> None:
        shape = Shape(
            tokens=self._vocabulary.size,
            mel_bins=int(str(FRONT_END["num_mels"])),
            width=int(width),
            blocks=self._profile.blocks,
        )
        pretrain(
            place.building,
            top / "speech",
            shape,
            self._profile.pretraining,
            self._vocabulary,
            seed=_seed(top),
            progress=progress,
        )

    def _victim(self, place: Place, top: Path, name: str, progress: Progress) -> None:
        condition = self._profile.conditions[name]
        data, speech = top / "sets" / condition.data, top / "speech"
        make_victim(
            place,
            condition,
            read_set(
                data,
                speech,
                self._vocabulary,
                self._front_end,
                Speeds(_seed(top)) if condition.perturb else None,
            ),
            self._vocabulary,
            self._front_end,
            pretrained=top / "pretrained" / str(condition.width),
            speech=speech,
            kit=top / "kits" / self._profile.sets[condition.data].kit,
            data=data,
            seed=_seed(top),
            progress=progress,
        )

    def _comparison(self, place: Place, top: Path, name: str, progress: Progress) -> None:  # noqa: ARG002
        victims = top / "victims"
        ran = place.command(
            *("compare", victims / BASELINE / "audit", victims / name / "audit"),
            *("--out", place.building, "--quiet"),
        )
        write_json(place.building / COMMANDS, [ran.as_dict()])

    def _cost(self, place: Place, top: Path, progress: Progress) -> None:
        condition = self._profile.conditions[BASELINE]
        measure_cost(
            place.building,
            top / "pretrained" / str(condition.width),
            top / "speech",
            condition.plan.batch_size,
            self._profile.timed_steps,
            self._vocabulary,
            progress,
        )


def _seed(top: Path) -> int:
    return int(top.name.removeprefix("seed-"))
