"""Toolkits' defaults: how they fill in a recipe, and frames counted as their own code does."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memaudit.errors import RecipeError
from memaudit.kit.feasibility_pipeline import Pipeline
from memaudit.kit.profiles import PROFILES
from memaudit.kit.recipe import load_recipe, parse_recipe
from memaudit.kit.recipe_fields import FeasibilityPart
from tests.kit.recipes import document, tiny


def part(**fields: object) -> FeasibilityPart:
    return FeasibilityPart.model_validate(fields)


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_a_profile_fills_in_what_is_left_out_and_nothing_else(name: str) -> None:
    profile = PROFILES[name]
    filled = part(profile=name)
    assert (filled.frame_shift_ms, filled.min_seconds, filled.max_seconds, filled.tokenizer) == (
        profile.frame_shift_ms, profile.min_seconds, profile.max_seconds, profile.tokenizer,
    )  # fmt: skip
    given = part(profile=name, min_seconds=0.0, frame_shift_ms=25.0, tokenizer="bpe.model")
    assert (given.min_seconds, given.frame_shift_ms, given.tokenizer) == (0.0, 25.0, "bpe.model")
    assert given.max_seconds == profile.max_seconds


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_every_figure_has_a_source(name: str) -> None:
    profile = PROFILES[name]
    assert profile.sources
    for source in profile.sources:
        assert source.repository.count("/") == 1
        assert len(source.commit) == 12
        assert int(source.commit, 16) >= 0
        assert source.path
        assert source.setting
    told = " ".join(source.setting for source in profile.sources)
    for limit in (profile.min_seconds, profile.max_seconds):
        assert not limit or any(f"{number:g}" in told for number in (limit, limit * 100))


def test_a_kit_records_what_it_was_made_for_and_reads_back() -> None:
    recipe = load_recipe("smoke", ["feasibility.profile=icefall", "feasibility.max_seconds=30.0"])
    stored = json.loads(json.dumps(recipe.document()))
    assert stored["feasibility"] == {
        "profile": "icefall", "frame_shift_ms": 40.0, "max_chars_per_second": 0.0, "min_seconds": 1.0,
        "max_seconds": 30.0,
    }  # fmt: skip
    assert parse_recipe(stored, where="kit.json").document() == recipe.document()


def test_without_a_profile_a_kit_records_nothing_new() -> None:
    assert tiny().document()["feasibility"] == {
        "frame_shift_ms": 40.0, "max_chars_per_second": 0.0, "min_seconds": 0.0, "max_seconds": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize(("name", "near"), [("icefal", "but icefall"), ("nemo2", "but nemo"), ("x", "")])
def test_unknown_profiles_name_near_ones_and_all(name: str, near: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe("smoke", [f"feasibility.profile={name}"])
    assert near in str(caught.value)
    assert all(known in caught.value.how for known in PROFILES)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [3, ["nemo"], {"name": "nemo"}])
def test_a_profile_is_a_name(value: object) -> None:
    with pytest.raises(RecipeError, match=r"feasibility\.profile.*not allowed"):
        parse_recipe(document(feasibility={"profile": value}), where="x.toml")


def test_a_table_that_is_none() -> None:
    with pytest.raises(RecipeError, match=r"feasibility = 3.*a table"):
        load_recipe("smoke", ["feasibility=3"])


def _halved_up(length: int) -> int:
    """A convolution of width 3 and stride 2 with one frame of padding at each end."""
    return (length + 2 - 3) // 2 + 1


def _halved_down(length: int) -> int:
    """The same without padding."""
    return (length - 3) // 2 + 1


def _wav2vec2(samples: int) -> int:
    for width, stride in zip((10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2), strict=True):
        samples = (samples - width) // stride + 1
    return samples


# Samples at 16 kHz -> encoder frames, written from each toolkit's layers.
FRAMES: dict[str, Callable[[int], int]] = {
    "nemo": lambda samples: _halved_up(_halved_up(_halved_up(samples // 160))),
    "icefall": lambda samples: ((round(samples / 160) - 7) // 2 + 1) // 2,
    "espnet": lambda samples: _halved_down(_halved_down(samples // 128 + 1)),
    "wenet": lambda samples: _halved_down(_halved_down((samples - 400) // 160 + 1)),
    "speechbrain": _wav2vec2,
    "huggingface": _wav2vec2,
}


@pytest.mark.parametrize("name", sorted(PROFILES))
@given(samples=st.integers(2000, 400_000))
def test_frames_are_those_of_the_toolkit(name: str, samples: int) -> None:
    ours = Pipeline(part(profile=name)).frames(samples / 16_000)
    # Lhotse rounds the number of feature frames, where ours are counted down from the exact duration.
    assert abs(ours - FRAMES[name](samples)) <= (1 if name == "icefall" else 0)
    if samples % 160 == 0:
        assert ours == FRAMES[name](samples)


@given(
    shift=st.floats(1, 100), frames=st.integers(0, 5000), name=st.none() | st.sampled_from(sorted(PROFILES))
)
def test_the_shortest_audio_with_so_many_frames(shift: float, frames: int, name: str | None) -> None:
    pipeline = Pipeline(part(profile=name) if name else part(frame_shift_ms=shift))
    seconds = pipeline.seconds_of(frames)
    assert pipeline.frames(seconds) >= frames
    if seconds > 0.001:
        assert pipeline.frames(seconds - 0.001) < max(frames, 1) or pipeline.part.frame_shift_ms < 1
