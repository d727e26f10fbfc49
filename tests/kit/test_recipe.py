from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memaudit.errors import RecipeError
from memaudit.kit.draft import draft_kit
from memaudit.kit.packaged import kits_folder, packaged_recipes
from memaudit.kit.recipe import load_recipe, parse_recipe
from tests.kit.recipes import document, tiny, unhurried

# key -> values it may take, as Python values that JSON and TOML write alike
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "name": st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True),
    "description": st.text("abc =\"'#[]é", max_size=20),
    "text.words": st.tuples(st.integers(1, 6), st.integers(6, 50)).map(list),
    "text.language": st.sampled_from(["en", "de", "pt-BR"]),
    "text.control_style": st.sampled_from(["sentences", "recipe"]),
    "speech.voices": st.lists(st.sampled_from(["en-us+f2", "en+m1", "de"]), min_size=1, unique=True),
    "speech.sample_rate": st.sampled_from([8000, 16000]),
    "speech.rate": st.integers(80, 450),
    "speed.method": st.sampled_from(["tempo", "resample", "pitch"]),
    "speed.factors": st.lists(st.integers(2, 20).map(lambda n: n / 2), min_size=1, max_size=4, unique=True),
    "design.repetitions": st.lists(st.integers(1, 100), min_size=1, max_size=5, unique=True),
    "design.pairs_per_cell": st.integers(1, 10_000),
    "design.reserve_per_speed": st.integers(0, 100_000),
    "design.controls": st.integers(0, 10_000),
    "design.assignment": st.sampled_from(["pairs", "coins"]),
    "feasibility.frame_shift_ms": st.integers(0, 80),
    "feasibility.min_seconds": st.floats(0, 10),
}
BAD: dict[str, list[Any]] = {
    "name": ["", "Big", "a b", 3],
    "text.style": ["poems", 1],
    "text.pattern": ["my code is {digit}", [], 3],
    "text.file": ["lines.txt", 3],
    "text.syllables": [0, 7, "two"],
    "text.words": [[7, 5], [0, 5], [5], [5, 7, 9], 5, ["a", "b"], [5.5, 7], [True, 7]],
    "text.language": ["English", ""],
    "speech.voices": [[], ["en", "en"], "en", [3]],
    "speech.rate": [0, 1000, "fast"],
    "speech.sample_rate": [44100, "16000"],
    "speech.engine": ["festival", "A B", 3],
    "speech.command": ["", 3],
    "speed.method": ["warp"],
    "speed.noise_floor_db": [-91, 0, "loud"],
    "speed.factors": [[], [0.5], [11], [2, 2.0], 4, ["x"]],
    "design.repetitions": [[], [0], [1, 1], [1.5], 16],
    "design.pairs_per_cell": [0, -1, 10_001, 2.5, "20", True],
    "design.reserve_per_speed": [-1],
    "design.controls": [-1],
    "design.assignment": ["dice"],
    "feasibility.min_seconds": [-0.1, "none"],
}


def field(recipe_document: dict[str, Any], key: str) -> Any:
    for name in key.split("."):
        recipe_document = recipe_document[name]
    return recipe_document


@unhurried
@given(st.dictionaries(st.sampled_from(sorted(FIELDS)), st.none()).flatmap(
    lambda chosen: st.fixed_dictionaries({key: FIELDS[key] for key in chosen})
))  # fmt: skip
def test_overrides_win_and_touch_nothing_else(changes: dict[str, Any]) -> None:
    overrides = [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in changes.items()]
    before = load_recipe("paper").document()
    after = load_recipe("paper", overrides).document()
    for key in FIELDS:
        assert field(after, key) == (changes[key] if key in changes else field(before, key))


@unhurried
@given(st.sampled_from(["en-us+f2", "tempo", "coins", "recipe", "some words", "x=y", "a.b"]))
def test_a_value_that_is_no_toml_is_a_text(value: str) -> None:
    assert load_recipe("smoke", [f"description={value}"]).description == value


def test_overrides_come_after_the_file_and_the_last_one_wins() -> None:
    recipe = load_recipe("smoke", ["design.controls=4", " design.controls = 5 "])
    assert recipe.design.controls == 5


@pytest.mark.parametrize("key", sorted(BAD))
def test_a_bad_value_names_file_key_value_and_what_is_allowed(key: str) -> None:
    for value in BAD[key]:
        with pytest.raises(RecipeError) as caught:
            load_recipe("paper", [f"{key}={json.dumps(value)}"])
        error = caught.value
        assert error.where.startswith(f"paper.toml: {key} = ")
        assert "not allowed" in error.what
        assert error.how.startswith("allowed: ")
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("design.pair_per_cell", "pairs_per_cell"),
        ("speed.factor", "factors"),
        ("desing", "design"),
        ("gibberish", "allowed: "),
    ],
)
def test_unknown_keys_name_near_ones(key: str, near: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe("smoke", [f"{key}=3"])
    assert near in str(caught.value)


@pytest.mark.parametrize(
    "override", ["design.controls", "=3", ".=3", "design.=3", "name.first=1", "text.words.most=7"]
)
def test_broken_overrides(override: str) -> None:
    with pytest.raises(RecipeError, match="--set"):
        load_recipe("smoke", [override])


def test_a_table_that_is_none() -> None:
    with pytest.raises(RecipeError, match=r"smoke\.toml: design = 3.*a table"):
        load_recipe("smoke", ["design=3"])


def test_missing_schema_and_name() -> None:
    with pytest.raises(RecipeError, match=r"x\.toml: schema: is missing \(and 1 more\).*memaudit/recipe/1"):
        parse_recipe({}, where="x.toml")
    with pytest.raises(RecipeError, match=r"schema = 'memaudit/recipe/9'"):
        parse_recipe(document() | {"schema": "memaudit/recipe/9"}, where="x.toml")


def test_values_that_json_lacks() -> None:
    with pytest.raises(RecipeError, match=r"speed\.factors = "):
        load_recipe("smoke", ["speed.factors=[nan]"])
    with pytest.raises(RecipeError, match=r"design\.controls = '2026-01-01'"):
        load_recipe("smoke", ["design.controls=2026-01-01"])


def test_files_that_are_no_recipe(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"none\.toml: cannot be read"):
        load_recipe(str(tmp_path / "none.toml"))
    (tmp_path / "bad.toml").write_text("name = [")
    with pytest.raises(RecipeError, match=r"bad\.toml: is no TOML file"):
        load_recipe(str(tmp_path / "bad.toml"))
    (tmp_path / "latin.toml").write_bytes("name = 'ü'".encode("latin-1"))
    with pytest.raises(RecipeError, match=r"latin\.toml: is no TOML file"):
        load_recipe(str(tmp_path / "latin.toml"))
    with pytest.raises(RecipeError, match=r"no packaged recipe 'papr'.*paper"):
        load_recipe("papr")


def test_defaults_are_those_of_the_design() -> None:
    recipe = parse_recipe({"schema": "memaudit/recipe/1", "name": "x"}, where="x.toml")
    assert recipe.design.repetitions == (1, 2, 4, 8, 16)
    assert recipe.design.reserve == recipe.design.pairs == 100
    assert recipe.speed.factors == (1.0, 2.0, 4.0)


def test_the_stored_form_is_read_back() -> None:
    for name in packaged_recipes():
        recipe = load_recipe(name)
        stored = json.loads(json.dumps(recipe.document()))
        assert parse_recipe(stored, where="kit.json").document() == recipe.document()


def test_packaged_recipes_can_be_drawn() -> None:
    recipes = {name: load_recipe(name) for name in packaged_recipes()}
    assert {"paper", "smoke", "routine", "reference"} <= set(recipes)
    for name, recipe in recipes.items():
        assert recipe.name == name
        assert recipe.description
        speeds, design = len(recipe.speed.factors), recipe.design
        total = speeds * (2 * design.pairs + design.reserve) + design.controls
        assert len(draft_kit(recipe, seed=1)) == total


def test_the_reference_vocabulary() -> None:
    recipe = load_recipe("reference")
    words = (kits_folder() / recipe.text.wordlist).read_text().split()
    assert len(words) == len(set(words)) == 100
    drafts = draft_kit(recipe, seed=2)
    assert {word for draft in drafts for word in draft.text.split()} <= set(words)


def test_a_recipe_does_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        tiny().design.controls = 5  # type: ignore[misc]
