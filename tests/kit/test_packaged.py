"""Every packaged recipe makes a kit of real speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from memaudit.errors import RecipeError
from memaudit.kit.draft import draft_kit
from memaudit.kit.estimate import copies_seconds, seconds_a_canary
from memaudit.kit.language import languages
from memaudit.kit.make import make_kit
from memaudit.kit.packaged import packaged_recipes
from memaudit.kit.recipe import load_recipe
from memaudit.kit.store import open_kit
from memaudit.kit.text import text_source

#: What keeps a kit small, and its recipe's own otherwise.
SMALL = (
    "design.pairs_per_cell=2",
    "design.reserve_per_speed=6",
    "design.controls=4",
    "design.repetitions=[1, 2]",
)
LANGUAGE_RECIPES = {
    "spanish": "es", "french": "fr", "portuguese": "pt", "italian": "it", "german": "de", "czech": "cs",
    "russian": "ru", "turkish": "tr", "dutch": "nl", "polish": "pl",
}  # fmt: skip


def test_there_is_one_for_each_language_and_purpose() -> None:
    names = packaged_recipes().keys()
    assert {"paper", "smoke", "routine", "powered", "telephony", "pii"} | LANGUAGE_RECIPES.keys() <= names
    assert set(LANGUAGE_RECIPES.values()) | {"en"} == languages().keys()


@pytest.mark.parametrize("name", sorted(packaged_recipes()))
def test_it_speaks(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name, SMALL)
    source = text_source(recipe)
    kit = open_kit(make_kit(recipe, tmp_path / "kit", seed=1).root)
    ordinary = languages()[recipe.text.language].sentences
    seconds = []
    for canary in kit.canaries:
        samples, rate = soundfile.read(kit.audio_path(canary))
        assert rate == recipe.speech.sample_rate
        power = np.abs(np.fft.rfft(samples)) ** 2
        voiced = power[: round(4000 * samples.size / rate)].sum() / power.sum()
        assert voiced > 0.7  # speech has most of its power below 4 kHz
        if canary.arm == "control":
            assert recipe.text.control_style == "recipe" or canary.text in ordinary
        else:
            assert source.bits(canary.words) > 15
            seconds.append(canary.duration * canary.speed)
    assert np.mean(seconds) == pytest.approx(seconds_a_canary(recipe, source), rel=0.25)
    assert kit.info.entropy.least_bits >= 15


@pytest.mark.parametrize(("name", "code"), sorted(LANGUAGE_RECIPES.items()))
def test_a_language_s_recipe_is_the_routine_one_in_other_words(name: str, code: str) -> None:
    recipe, routine = load_recipe(name), load_recipe("routine")
    assert recipe.text.language == code
    assert recipe.speed == routine.speed
    assert recipe.design.model_copy(update={"controls": 0}) == routine.design.model_copy(
        update={"controls": 0}
    )
    texts = {draft.text for draft in draft_kit(recipe, 1) if draft.lot.arm != "control"}
    if recipe.text.style == "words":
        known = set(text_source(recipe).words)  # type: ignore[attr-defined]
        assert {word for text in texts for word in text.split()} <= known


def test_minutes_of_copies_follow_the_design() -> None:
    def minutes(*overrides: str) -> float:
        recipe = load_recipe("paper", ["speed.factors=[1.0, 2.0, 4.0]", *overrides])
        return copies_seconds(recipe, text_source(recipe))

    assert minutes("design.pairs_per_cell=40") == pytest.approx(2 * minutes("design.pairs_per_cell=20"))
    assert minutes("speed.method=pitch") == pytest.approx(3 / 1.75 * minutes())
    assert minutes("speech.rate=350") == pytest.approx(minutes() / 2)


def write(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text('schema = "memaudit/recipe/1"\nname = "mine"\n' + text)
    return str(path)


def test_a_recipe_may_build_on_a_packaged_one(tmp_path: Path) -> None:
    path = write(tmp_path, 'base = "spanish"\n[design]\npairs_per_cell = 3\n')
    recipe, base = load_recipe(path, ["design.controls=5"]), load_recipe("spanish")
    assert recipe.name == "mine"
    assert (recipe.text, recipe.speech, recipe.speed) == (base.text, base.speech, base.speed)
    assert recipe.design == base.design.model_copy(update={"pairs_per_cell": 3, "controls": 5})
    assert "base" not in recipe.document()


@pytest.mark.parametrize("base", ['"spansh"', "3", '["paper"]', '"mine"'])
def test_a_base_that_there_is_not(tmp_path: Path, base: str) -> None:
    with pytest.raises(
        RecipeError, match=r"^mine\.toml: base = .*no such packaged recipe; allowed: \w+"
    ) as caught:
        load_recipe(write(tmp_path, f"base = {base}\n"))
    assert ("spanish" in str(caught.value)) or base != '"spansh"'
