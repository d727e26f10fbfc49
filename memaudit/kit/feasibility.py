"""Canaries that the trainer's pipeline would drop in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from memaudit.errors import RecipeError
from memaudit.kit.canary import Canary
from memaudit.kit.feasibility_pipeline import Measured, Pipeline
from memaudit.kit.feasibility_speed import PassingSpeeds
from memaudit.kit.feasibility_tokens import CHARACTERS, Tokenizer, load_tokenizer
from memaudit.kit.recipe import Recipe


def check_feasible(canaries: Iterable[Canary], recipe: Recipe) -> None:
    """Refuse a kit of which the named filters would drop a canary.

    Held-out canaries are held to the same: were they others than the inserted ones could be, the arms
    would differ. The limits themselves pass, though some toolkits drop what is exactly at one.

    Raises:
        RecipeError: naming the filter, the speed, how many canaries it would drop, and a speed that would do.
        MissingExtraError: if the recipe's tokenizer needs a library that is not installed.
    """
    pipeline = Pipeline(recipe.feasibility)
    totals: Counter[float] = Counter()
    drops: Counter[tuple[str, float]] = Counter()
    passing: dict[float, PassingSpeeds] = {}
    for speed, utterance in measure(canaries, recipe_tokenizer(recipe)):
        totals[speed] += 1
        passing.setdefault(speed, PassingSpeeds(pipeline, speed)).add(utterance)
        drops.update(
            (rule.field, speed) for rule in pipeline.rules(utterance) if rule.drops(utterance.seconds)
        )
    if not drops:
        return
    (field, speed), count = max(drops.items(), key=lambda item: (item[1], item[0]))
    raise RecipeError(
        f"{_does(field, pipeline)} {count} of the {totals[speed]} canaries at speed {speed:g}",
        where=_where(field, pipeline),
        how=passing[speed].way_out(recipe.speed.method, field),
    )


def feasibility_warnings(canaries: Iterable[Canary], recipe: Recipe) -> list[str]:
    """What no filter drops and yet trains less than it should, a line each.

    Raises:
        RecipeError: if the recipe's tokenizer cannot be read.
        MissingExtraError: if its library is not installed.
    """
    pipeline, tokens, part = Pipeline(recipe.feasibility), recipe_tokenizer(recipe), recipe.feasibility
    totals: Counter[float] = Counter()
    misfits, unknown, perturbed = Counter(totals), Counter(totals), Counter(totals)
    for speed, utterance in measure(canaries, tokens):
        totals[speed] += 1
        misfits[speed] += not pipeline.fits(utterance)
        unknown[speed] += utterance.count.unknown > 0
        perturbed[speed] += _lost_to_perturbation(utterance, pipeline)
    unit = "tokens" if pipeline.tokens_known else "characters"
    reasons = (
        (
            misfits,
            f"have more {unit} than frames of {part.frame_shift_ms:g} ms: a CTC model of such {unit} cannot "
            "learn them (see memaudit plan --tokenizer).",
        ),
        (unknown, f"have tokens that {tokens.name} does not know: no model can spell them."),
        (
            perturbed,
            f"would be dropped from the faster copies that {part.profile} makes: they are trained less often "
            "than it seems.",
        ),
    )
    return [
        f"At speed {speed:g} {found[speed]} of {totals[speed]} canaries {what}"
        for speed in sorted(totals, reverse=True)
        for found, what in reasons
        if found[speed]
    ]


def recipe_tokenizer(recipe: Recipe) -> Tokenizer:
    """The recipe's tokenizer; characters where it names none.

    Raises:
        RecipeError: if it cannot be read.
        MissingExtraError: if its library is not installed.
    """
    return load_tokenizer(recipe.feasibility.tokenizer or CHARACTERS, recipe.folder)


def measure(canaries: Iterable[Canary], tokens: Tokenizer) -> Iterator[tuple[float, Measured]]:
    """Speed and sizes of each canary as a pipeline sees it; controls are left out."""
    for canary in canaries:
        if canary.arm != "control":
            yield canary.speed, Measured(canary.duration, len(canary.text), tokens.count(canary.text))


def _lost_to_perturbation(utterance: Measured, pipeline: Pipeline) -> bool:
    factor = pipeline.profile.perturbation if pipeline.profile else 1.0
    return any(
        rule.drops(utterance.seconds / factor) and not rule.drops(utterance.seconds)
        for rule in pipeline.rules(utterance)
    )


def _does(field: str, pipeline: Pipeline) -> str:
    """What the pipeline does to canaries, as far as that field's rule goes."""
    misfit = pipeline.profile.misfit if pipeline.profile else None
    if field == "profile":
        return "its filter on tokens a second would drop"
    if field != "tokenizer":
        return "this filter would drop"
    if misfit == "dropped":
        return "its filter drops what has more tokens than frames: it would drop"
    fate = "set to 0 in silence" if misfit == "zeroed" else "infinite"
    return f"frames are too few for the tokens, and the CTC loss would be {fate}, for"


def _where(field: str, pipeline: Pipeline) -> str:
    part, profile = pipeline.part, pipeline.profile
    if field in ("profile", "tokenizer"):
        return f"feasibility.profile = {part.profile}"
    value = f"feasibility.{field} = {getattr(part, field):g}"
    default = profile is not None and getattr(profile, field, None) == getattr(part, field)
    return f"{value} (default of {part.profile})" if default else value
