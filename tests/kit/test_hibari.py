"""The neural voice, and controls that it speaks in the place of espeak-ng."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import hibari
import numpy as np
import pytest
from click.testing import CliRunner, Result

from memaudit.cli.main import cli
from memaudit.errors import MissingExtraError, RecipeError, SpeechError
from memaudit.files import sha256_file
from memaudit.kit.audio import read_audio
from memaudit.kit.control_speech import ControlSpeech, control_speech, pinned
from memaudit.kit.draft import draft_kit
from memaudit.kit.feasibility_durations import estimate_durations
from memaudit.kit.finish import LEVEL
from memaudit.kit.make import Inputs, make_kit
from memaudit.kit.packaged import kits_folder, packaged_recipes
from memaudit.kit.recipe import load_recipe, parse_recipe
from memaudit.kit.record import texts_to_record
from memaudit.kit.speakers import Source, SpeechRequest, make_speaker
from memaudit.kit.speech import SAMPLE_RATE, speak
from memaudit.kit.store import open_kit
from tests.kit.recipes import tiny
from tests.kit.test_speakers import contents, record, spoken_by

SENTENCE = "the kettle is on the stove and the cups are on the table"


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package cannot be imported, as where it is not installed."""
    for name in ("hibari", "hibari.voices"):
        monkeypatch.setitem(sys.modules, name, None)


def own(text: str, speed: float, seed: int) -> Any:
    return hibari.Hibari()(text, speed=speed, seed=seed)


def test_a_kit_of_it_is_the_same_whatever_the_jobs(tmp_path: Path) -> None:
    kit = spoken_by(tmp_path, "kit", engine="hibari", voices=["heart"])
    model = Path(hibari.__file__).parent / "assets" / "hibari.onnx"
    assert kit.info.versions["hibari voice heart"] == f"sha256:{sha256_file(model)}"
    assert kit.info.versions["hibari-tts"] == hibari.__version__
    assert "espeak-ng" not in kit.info.versions
    for canary in kit.canaries:
        samples, rate = read_audio(kit.audio_path(canary))
        assert rate == SAMPLE_RATE
        assert np.sqrt(np.mean(samples**2)) == pytest.approx(LEVEL, rel=1e-3)


def test_what_it_says_depends_on_the_request_alone() -> None:
    requests = [SpeechRequest(text, "heart") for text in (SENTENCE, "please close the window", SENTENCE)]
    source = Source("hibari")
    first, between, again = speak(requests, source=source)
    (alone,) = speak(requests[1:2], source=source)
    assert np.array_equal(first, again)
    assert np.array_equal(between, alone)
    assert first.size != between.size


def test_the_rate_is_its_speed() -> None:
    speaker = make_speaker(Source("hibari", "en-GB"))
    natural, rate = speaker.say(SpeechRequest(SENTENCE, "heart"))
    fast, _ = speaker.say(SpeechRequest(SENTENCE, "heart", 350))
    assert rate == hibari.SAMPLE_RATE
    assert natural.size == own(SENTENCE, 1.0, 3).size
    assert fast.size == own(SENTENCE, 2.0, 3).size
    assert natural.size > 1.5 * fast.size


@pytest.mark.parametrize(
    ("voice", "what"),
    [
        ("hart", r"voice 'hart': hibari has no such voice; near names: heart"),
        ("en-us+f2", r"has no such voice; near names: \w+"),
        ("emma", r"voice 'emma': its model is not on this machine; run: hibari --voice emma hello"),
    ],
)
def test_voices_are_refused_before_anything_is_spoken_or_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, voice: str, what: str
) -> None:
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path / "voices"))
    with pytest.raises(SpeechError, match=what):
        make_kit(tiny(speech={"engine": "hibari", "voices": [voice]}), tmp_path / "kit", seed=1)
    assert list(tmp_path.iterdir()) == []


def test_it_speaks_english_only() -> None:
    with pytest.raises(RecipeError, match=r"text\.language = 'de': hibari speaks English only"):
        make_speaker(Source("hibari", "de"))


@pytest.mark.usefixtures("absent")
@pytest.mark.parametrize("key", ["engine", "controls_engine"])
def test_where_it_is_missing(tmp_path: Path, key: str) -> None:
    recipe = tiny(speech={key: "hibari"})
    with pytest.raises(MissingExtraError, match=r"the speaker hibari needs .* 'memaudit-asr\[voice\]'"):
        make_kit(recipe, tmp_path / "kit", seed=1)
    assert list(tmp_path.iterdir()) == []


def test_controls_have_its_voice_and_canaries_do_not(tmp_path: Path) -> None:
    recipe = tiny(speech={"controls_engine": "auto"})
    kits = [make_kit(recipe, tmp_path / f"kit{jobs}", seed=3, jobs=jobs) for jobs in (1, 2)]
    assert contents(kits[0].root) == contents(kits[1].root)
    kit = open_kit(kits[0].root)
    for canary in kit.canaries:
        assert (canary.voice == "heart") == (canary.arm == "control")
        if canary.arm == "control":
            natural = own(canary.text, 1.0, 0).size / hibari.SAMPLE_RATE
            assert canary.duration == pytest.approx(natural, abs=1e-3)
    assert {"espeak-ng", "hibari-tts", "hibari voice heart"} <= kit.info.versions.keys()
    assert kit.recipe.speech.controls_engine == "hibari"
    assert kit.recipe.speech.controls_voices == ("heart",)


def test_the_recipe_in_a_kit_makes_it_again_whatever_is_installed(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    recipe = tiny(speech={"controls_engine": "auto"})
    clear = make_kit(recipe, tmp_path / "clear", seed=3)
    stored = json.loads((clear.root / "kit.json").read_text())["recipe"]
    again = make_kit(parse_recipe(stored, where="kit.json"), tmp_path / "again", seed=3)
    assert contents(again.root) == contents(clear.root)
    request.getfixturevalue("absent")
    plain = make_kit(recipe, tmp_path / "plain", seed=3)
    assert plain.recipe.speech.controls_engine == "pyttsx3"
    assert not any("hibari" in name for name in plain.info.versions)
    assert {canary.voice for canary in plain.canaries} == set(recipe.speech.voices)


def test_without_controls_of_their_own_nothing_has_changed(tmp_path: Path) -> None:
    """What is spoken, the ids and the lots; kit.json does not even name the field."""
    before = make_kit(tiny(), tmp_path / "before", seed=3)
    named = make_kit(tiny(speech={"controls_engine": "pyttsx3"}), tmp_path / "named", seed=3)
    old, new = contents(before.root), contents(named.root)
    assert b"controls_engine" not in old.pop("kit.json")
    assert b"controls_engine" in new.pop("kit.json")
    assert old == new


OTHER_VOICES = {"voices": ["en-us+f2"]}


@pytest.mark.parametrize(
    ("language", "speech", "chosen"),
    [
        ("en", {}, ("pyttsx3", "en-us+f2")),
        ("en", {"controls_engine": "auto"}, ("hibari", "heart")),
        ("en-GB", {"controls_engine": "auto"}, ("hibari", "heart")),
        ("de", {"controls_engine": "auto"}, ("pyttsx3", "en-us+f2")),
        ("en", {"controls_engine": "auto", "engine": "recordings"}, ("recordings", "en-us+f2")),
        ("en", {"controls_engine": "auto", "engine": "command"}, ("command", "en-us+f2")),
        ("en", {"controls_engine": "hibari", "engine": "command"}, ("hibari", "heart")),
        ("en", {"controls_engine": "hibari", "controls_voices": ["emma"]}, ("hibari", "emma")),
        ("en", {"controls_voices": ["en-gb"]}, ("pyttsx3", "en-gb")),
        ("en", {"engine": "hibari", "controls_engine": "pyttsx3"}, ("pyttsx3", "en-us+f2")),
    ],
)
def test_who_speaks_controls(language: str, speech: dict[str, Any], chosen: tuple[str, str]) -> None:
    recipe = tiny(text={"language": language}, speech=OTHER_VOICES | speech)
    expected = ControlSpeech(chosen[0], chosen[1:])
    assert control_speech(recipe) == expected
    assert control_speech(pinned(recipe)) == expected
    assert pinned(pinned(recipe)) == pinned(recipe)
    assert pinned(recipe).speech.controls_engine != "auto"


def test_packaged_recipes_in_english_use_it_and_others_do_not() -> None:
    by_engine: dict[str, set[str]] = {}
    for name in packaged_recipes():
        recipe = load_recipe(name)
        drafts = draft_kit(recipe, 1)
        voices = {draft.voice for draft in drafts if draft.lot.arm == "control"}
        assert voices <= set(control_speech(recipe).voices)
        by_engine.setdefault(control_speech(recipe).engine, set()).add(name)
    assert by_engine["hibari"] == {"paper", "pii", "powered", "routine", "smoke", "telephony"}
    assert {"reference", "german", "czech"} <= by_engine["pyttsx3"]


def test_the_shipped_kit_is_of_espeak_alone() -> None:
    info = open_kit(kits_folder() / "reference").info
    assert not any("hibari" in name for name in info.versions)
    assert control_speech(info.recipe) == control_speech(load_recipe("reference"))


def test_controls_that_it_speaks_need_no_recording(tmp_path: Path) -> None:
    recipe = tiny(speech={"engine": "recordings", "voices": ["me"], "controls_engine": "hibari"})
    rows = texts_to_record(recipe, 5, Inputs())
    assert {row["id"] for row in rows} == {
        draft.id for draft in draft_kit(recipe, 5) if draft.lot.arm != "control"
    }
    record(tmp_path / "audio", rows)
    kit = open_kit(make_kit(recipe, tmp_path / "kit", seed=5, inputs=Inputs(tmp_path / "audio")).root)
    assert [canary.voice for canary in kit.canaries].count("heart") == recipe.design.controls


def test_commands_say_who_speaks_controls(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    def run(*words: str) -> Result:
        done = CliRunner().invoke(cli, [*words])
        assert done.exit_code == 0, done.stderr
        return done

    def engines() -> dict[str, str]:
        listed = json.loads(run("kits", "--json").stdout)["recipes"]
        return {row["name"]: row["controls_engine"] for row in listed}

    make = ("make-kit", str(tmp_path / "kit"), "--recipe", "smoke", "--force")
    assert "spoken by hibari (heart)" in run("plan", "--recipe", "smoke").stdout
    assert "spoken by hibari (heart)" in run(*make).stdout
    assert "English controls are spoken by hibari" in run("kits").stderr
    assert engines()["smoke"] == "hibari"
    assert engines()["german"] == "pyttsx3"
    request.getfixturevalue("absent")
    assert "spoken by pyttsx3 (en-us+f2, en-us+m3)" in run("plan", "--recipe", "smoke").stdout
    made = json.loads(run(*make, "--json").stdout)
    assert made["controls_engine"] == "pyttsx3"
    assert "memaudit-asr[voice]" in run("kits").stderr
    assert set(engines().values()) == {"pyttsx3"}


def test_a_plan_of_it_is_spoken_where_it_is_installed(request: pytest.FixtureRequest) -> None:
    recipe = tiny(speech={"engine": "hibari", "voices": ["heart"]})
    kit = draft_kit(recipe, 3)
    measured = estimate_durations(kit, recipe)
    assert "spoken for this" in measured.basis
    request.getfixturevalue("absent")
    supposed = estimate_durations(kit, recipe)
    assert "measured with espeak-ng" in supposed.basis
    assert supposed.seconds.mean() == pytest.approx(measured.seconds.mean(), rel=0.25)


@pytest.mark.parametrize(
    ("field", "value"),
    [("controls_engine", "hibarri"), ("controls_voices", []), ("controls_voices", ["a", "a"])],
)
def test_bad_fields_are_named(field: str, value: object) -> None:
    with pytest.raises(RecipeError, match=rf"^smoke\.toml: speech\.{field} = .*(allowed|different)"):
        load_recipe("smoke", [f"speech.{field}={json.dumps(value)}"])
