"""What pipelines drop, which speed passes, and what make-kit says of it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from memaudit.cli.main import cli
from memaudit.errors import RecipeError
from memaudit.kit.canary import Canary, audio_name
from memaudit.kit.feasibility import check_feasible, feasibility_warnings
from memaudit.kit.feasibility_pipeline import Measured, Pipeline
from memaudit.kit.feasibility_speed import STEP, PassingSpeeds
from memaudit.kit.feasibility_tokens import TokenCount
from memaudit.kit.profiles import PROFILES
from memaudit.kit.recipe import Recipe
from memaudit.kit.recipe_fields import FeasibilityPart
from memaudit.kit.store import Kit, open_kit
from tests.kit.recipes import tiny


def canary(seconds: float, text: str = "one two three", speed: float = 4.0, number: int = 0) -> Canary:
    return Canary(
        id=f"c{number}", pair=None, text=text, arm="held_out", repetitions=0, speed=speed, voice="en-us+f2",
        language="en", duration=seconds, audio=audio_name(f"c{number}", "held_out"), sha256="0" * 64,
    )  # fmt: skip


def canaries(*seconds: float, speed: float = 4.0) -> list[Canary]:
    return [canary(length, speed=speed, number=number) for number, length in enumerate(seconds)]


def recipe(**fields: object) -> Recipe:
    return tiny(feasibility=fields)


def naive_misfit(text: str, seconds: float, shift_ms: float) -> bool:
    """CTC written as a search: a frame a character, and a blank between two that are equal."""
    frames, needed = int(seconds * 1000 / shift_ms + 1e-9), len(text)
    needed += sum(1 for first, second in itertools.pairwise(text) if first == second)
    return frames < needed


@given(st.text("abc ", min_size=1, max_size=12), st.integers(1, 100), st.sampled_from([10.0, 20.0, 40.0]))
def test_ctc_needs_a_frame_a_token_and_one_a_repeat(text: str, hundredths: int, shift: float) -> None:
    seconds = hundredths / 100
    measured = Measured(
        seconds, len(text), TokenCount(len(text), sum(a == b for a, b in itertools.pairwise(text)))
    )
    pipeline = Pipeline(FeasibilityPart(frame_shift_ms=shift))
    assert pipeline.fits(measured) == (not naive_misfit(text, seconds, shift))


@pytest.mark.parametrize(
    ("fields", "where", "what", "how"),
    [
        ({"min_seconds": 0.7}, "feasibility.min_seconds = 0.7", "would drop 2 of the 3 canaries at speed 4",
         "speed 2.85 would pass"),
        ({"max_seconds": 0.7}, "feasibility.max_seconds = 0.7", "would drop 1 of the 3",
         "speed 5.75 would pass"),
        ({"max_chars_per_second": 20}, "feasibility.max_chars_per_second = 20", "would drop 2 of the 3",
         "speed 3.05 would pass; or ask"),
        ({"profile": "icefall", "tokenizer": "char", "min_seconds": 0.0}, "feasibility.profile = icefall",
         "more tokens than frames: it would drop 1 of the 3", "speed 3.5 would pass; or ask"),
        ({"profile": "nemo", "tokenizer": "char"}, "feasibility.profile = nemo",
         "set to 0 in silence, for 3 of the 3", "speed 1.9 would pass"),
        ({"profile": "huggingface", "frame_shift_ms": 80}, "feasibility.profile = huggingface",
         "would be infinite, for 3 of the 3", "would pass"),
    ],
)  # fmt: skip
def test_a_refusal_names_filter_count_and_a_speed_that_passes(
    fields: dict[str, object], where: str, what: str, how: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        check_feasible(canaries(0.5, 0.6, 1.0), recipe(**fields))
    error = caught.value
    assert error.where == where
    assert what in error.what
    assert how in error.how
    assert "\n" not in str(error)


def test_the_default_of_a_profile_is_named_as_such() -> None:
    with pytest.raises(RecipeError, match=r"min_seconds = 1 \(default of icefall\).*2 times as long"):
        check_feasible(canaries(0.5, 0.5), recipe(profile="icefall"))
    with pytest.raises(RecipeError, match=r"min_seconds = 2: "):
        check_feasible(canaries(0.5, 0.5), recipe(profile="icefall", min_seconds=2.0))


def test_a_speed_too_slow_to_be_hard_is_not_recommended_alone() -> None:
    with pytest.raises(RecipeError, match=r'speed 2\.4 would pass, but .* speed\.method = "resample"'):
        check_feasible(canaries(0.6), recipe(min_seconds=1.0))
    with pytest.raises(RecipeError, match=r'speed 1\.6 would pass, but .* speed\.method = "pitch"'):
        check_feasible(canaries(0.4), recipe(min_seconds=1.0))


def test_no_speed_helps_where_the_length_is_kept() -> None:
    pitch = tiny(feasibility={"min_seconds": 1.0}, speed={"method": "pitch", "factors": [2.0]})
    with pytest.raises(RecipeError, match="no speed would pass"):
        check_feasible(canaries(0.5, speed=2.0), pitch)


def test_controls_are_not_held_to_filters() -> None:
    control = canary(0.2).model_copy(update={"arm": "control", "speed": 1.0})
    check_feasible([control, canary(2.0, number=1)], recipe(min_seconds=1.0))


def test_without_a_tokenizer_frames_only_warn() -> None:
    slow = canaries(1.5, 1.6)
    assert feasibility_warnings(slow, recipe(frame_shift_ms=40)) == []
    fast = canaries(0.3, 1.6)
    check_feasible(fast, recipe(profile="nemo"))
    (line,) = feasibility_warnings(fast, recipe(frame_shift_ms=40))
    assert line.startswith("At speed 4 1 of 2 canaries have more characters than frames of 40 ms")
    assert feasibility_warnings(fast, recipe(frame_shift_ms=0)) == []


def test_hybrids_only_warn() -> None:
    for name in ("espnet", "wenet"):
        fast = canaries(0.3)
        check_feasible(fast, recipe(profile=name, tokenizer="char"))
        assert (
            "more tokens than frames" in feasibility_warnings(fast, recipe(profile=name, tokenizer="char"))[0]
        )


def test_wenet_drops_more_than_a_token_a_feature_frame() -> None:
    with pytest.raises(RecipeError, match="tokens a second would drop 1 of the 1"):
        check_feasible(canaries(0.12), recipe(profile="wenet", tokenizer="char"))


def test_copies_that_speed_perturbation_loses_are_told() -> None:
    lines = feasibility_warnings(canaries(1.05, 2.0), recipe(profile="icefall"))
    assert any(
        "1 of 2 canaries would be dropped from the faster copies that icefall makes" in line for line in lines
    )
    assert not any(
        "faster" in line for line in feasibility_warnings(canaries(1.2, 2.0), recipe(profile="icefall"))
    )


@given(
    st.lists(st.tuples(st.floats(0.1, 3.0), st.integers(1, 60)), min_size=1, max_size=5),
    st.sampled_from([1.0, 2.0, 3.0, 4.0, 8.0]),
    st.none() | st.sampled_from(sorted(PROFILES)),
    st.floats(0, 2),
    st.sampled_from([0.0, 0.5, 5.0]),
    st.sampled_from([0.0, 30.0]),
)
def test_the_speed_that_is_named_passes_and_the_next_one_does_not(
    found: list[tuple[float, int]], speed: float, name: str | None, least: float, most: float, rate: float
) -> None:
    part = FeasibilityPart.model_validate(
        {
            "profile": name,
            "tokenizer": "char",
            "min_seconds": least,
            "max_seconds": most,
            "max_chars_per_second": rate,
        }
    )
    pipeline = Pipeline(part)
    utterances = [Measured(seconds, count, TokenCount(count)) for seconds, count in found]

    def drops(other: float) -> bool:
        changed = [Measured(one.seconds * speed / other, one.characters, one.count) for one in utterances]
        return any(rule.drops(one.seconds) for one in changed for rule in pipeline.rules(one))

    speeds = PassingSpeeds(pipeline, speed)
    for one in utterances:
        speeds.add(one)
    passing = speeds.nearest("tempo")
    assert speeds.nearest("pitch") == (None if drops(speed) else speed)
    if passing is None:
        assert all(drops(step * STEP) for step in range(20, 201))
        return
    assert 1.0 <= passing <= 10.0
    assert not drops(passing)
    if passing < speed:
        assert drops(passing + 2 * STEP)
    if passing > speed:
        assert drops(passing - 2 * STEP) or passing - 2 * STEP < 1.0


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


TINY = ("--recipe", "smoke", "--set", "design.pairs_per_cell=2", "--set", "design.reserve_per_speed=2")


def test_make_kit_refuses_what_a_profile_drops(tmp_path: Path) -> None:
    done = run("make-kit", tmp_path / "kit", *TINY, "--seed", 4, "--set", "feasibility.profile=icefall")
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert "feasibility.min_seconds = 1 (default of icefall): this filter would drop" in done.stderr
    named = float(done.stderr.split("; speed ")[1].split()[0])
    assert list(tmp_path.iterdir()) == []
    slower = run(
        "make-kit", tmp_path / "kit", *TINY, "--seed", 4, "--set", "feasibility.profile=icefall",
        "--set", f"speed.factors=[{named - 0.3:.2f}]",
    )  # fmt: skip
    assert slower.exit_code == 0, slower.stderr
    assert open_kit(tmp_path / "kit").recipe.feasibility.min_seconds == 1.0


def test_make_kit_warns_on_stderr_where_frames_do_not_suffice(tmp_path: Path) -> None:
    done = run("make-kit", tmp_path / "kit", *TINY)
    assert done.exit_code == 0
    assert "have more characters than frames of 40 ms" in " ".join(done.stderr.split())
    assert "frames" not in done.stdout


def test_a_kit_made_before_profiles_opens(kit: Kit) -> None:
    assert "profile" not in (kit.root / "kit.json").read_text()
    assert kit.recipe.feasibility.profile is None
