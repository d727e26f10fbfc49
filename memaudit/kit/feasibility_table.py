"""Frames against tokens at each speed, and what a pipeline's and known toolkits' filters would drop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memaudit.kit.draft import Draft
from memaudit.kit.feasibility import recipe_tokenizer
from memaudit.kit.feasibility_pipeline import Measured, Pipeline
from memaudit.kit.feasibility_speed import PassingSpeeds
from memaudit.kit.profiles import PROFILES
from memaudit.kit.recipe import Recipe
from memaudit.kit.recipe_fields import FeasibilityPart


@dataclass(frozen=True, slots=True)
class SpeedFeasibility:
    """One speed of a recipe in the trainer's pipeline; shares are of its canaries, 0 to 1.

    Attributes:
        speed: factor.
        seconds: median duration.
        frames: median number of encoder frames.
        tokens: median number of tokens, characters where these are not known.
        frames_needed: median of tokens and adjacent repeats together.
        infeasible: share with fewer frames than that: CTC has no alignment.
        unknown: share with a token that the tokenizer does not know.
        dropped: share that the pipeline's filters drop.
        passing: the fastest speed up to this one (or else the slowest) that drops none; None if none does.
        toolkits: profile -> share that its defaults would drop or lose.
    """

    speed: float
    seconds: float
    frames: float
    tokens: float
    frames_needed: float
    infeasible: float
    unknown: float
    dropped: float
    passing: float | None
    toolkits: dict[str, float]


def feasibility_table(
    drafts: Sequence[Draft], seconds: NDArray[np.float64], recipe: Recipe
) -> list[SpeedFeasibility]:
    """One row a speed, fastest first; controls are left out.

    Args:
        drafts: of the recipe.
        seconds: f8[drafts], how long each will be.
        recipe: with the pipeline in its ``[feasibility]`` table.

    Raises:
        RecipeError: if the recipe's tokenizer cannot be read.
        MissingExtraError: if the library that reads it is not installed.
    """
    count = recipe_tokenizer(recipe).count
    by_speed: dict[float, list[Measured]] = {
        speed: [] for speed in sorted(recipe.speed.factors, reverse=True)
    }
    for draft, length in zip(drafts, seconds.tolist(), strict=True):
        if draft.lot.arm != "control":
            by_speed[draft.speed].append(Measured(length, len(draft.text), count(draft.text)))
    return [_row(speed, utterances, recipe) for speed, utterances in by_speed.items()]


def _row(speed: float, utterances: Sequence[Measured], recipe: Recipe) -> SpeedFeasibility:
    pipeline = Pipeline(recipe.feasibility)
    passing = PassingSpeeds(pipeline, speed)
    for utterance in utterances:
        passing.add(utterance)
    return SpeedFeasibility(
        speed=speed,
        seconds=float(np.median([one.seconds for one in utterances])),
        frames=float(np.median([pipeline.frames(one.seconds) for one in utterances])),
        tokens=float(np.median([one.count.tokens for one in utterances])),
        frames_needed=float(np.median([one.frames_needed for one in utterances])),
        infeasible=float(np.mean([not pipeline.fits(one) for one in utterances])),
        unknown=float(np.mean([one.count.unknown > 0 for one in utterances])),
        dropped=_dropped(utterances, pipeline),
        passing=passing.nearest(recipe.speed.method),
        toolkits={name: _dropped(utterances, _as_shipped(name, recipe)) for name in PROFILES},
    )


def _as_shipped(name: str, recipe: Recipe) -> Pipeline:
    """A toolkit's defaults, with the recipe's tokenizer if it names one."""
    table = {"profile": name, "tokenizer": recipe.feasibility.tokenizer}
    given = {key: value for key, value in table.items() if value is not None}
    return Pipeline(FeasibilityPart.model_validate(given))


def _dropped(utterances: Sequence[Measured], pipeline: Pipeline) -> float:
    lost = [any(rule.drops(one.seconds) for rule in pipeline.rules(one)) for one in utterances]
    return float(np.mean(lost))
