"""Canaries that the trainer's pipeline would drop in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from memaudit.errors import RecipeError
from memaudit.kit.canary import Canary
from memaudit.kit.recipe_fields import FeasibilityPart


def check_feasible(canaries: Iterable[Canary], pipeline: FeasibilityPart) -> None:
    """Refuse a kit of which the named filters would drop a canary.

    Held-out canaries are held to the same: were they others than the inserted ones could be, the arms
    would differ.

    Raises:
        RecipeError: naming the filter, the speed and how many canaries it would drop.
    """
    drops: Counter[tuple[str, float]] = Counter()
    at_speed: Counter[float] = Counter()
    for canary in canaries:
        if canary.arm == "control":
            continue
        at_speed[canary.speed] += 1
        drops.update((name, canary.speed) for name in _filters(canary, pipeline))
    if not drops:
        return
    (name, speed), count = max(drops.items(), key=lambda item: (item[1], item[0]))
    raise RecipeError(
        f"this filter would drop {count} of the {at_speed[speed]} canaries at speed {speed:g}",
        where=f"feasibility.{name} = {getattr(pipeline, name):g}",
        how="use a slower speed, longer or shorter texts, or ask the trainers to lift the filter",
    )


def _filters(canary: Canary, pipeline: FeasibilityPart) -> list[str]:
    """The fields of ``pipeline`` that drop ``canary``."""
    found = []
    if canary.duration < pipeline.min_seconds:
        found.append("min_seconds")
    if 0 < pipeline.max_seconds < canary.duration:
        found.append("max_seconds")
    if 0 < pipeline.max_chars_per_second < len(canary.text) / canary.duration:
        found.append("max_chars_per_second")
    return found
