"""Every source of speech: our own and a plug-in, through whole kits."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from memaudit.errors import AudioError, MemauditError, RecipeError, SpeechError
from memaudit.kit.draft import draft_kit
from memaudit.kit.make import Inputs, make_kit
from memaudit.kit.record import texts_to_record
from memaudit.kit.speakers import BUILT_IN, GROUP, Source, SpeechRequest, make_speaker, speaker_names
from memaudit.kit.store import Kit, open_kit
from tests.kit.recipes import tiny

# A program that speaks: a tone for each letter, 70 ms each.
PROGRAM = """
import array, math, sys, wave
out, text = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else sys.stdin.read()
samples = array.array("h")
for letter in text:
    pitch = 200 + 40 * (ord(letter) % 32)
    samples.extend(int(9000 * math.sin(2 * math.pi * pitch * n / 8000)) for n in range(560))
with wave.open(out, "wb") as file:
    file.setparams((1, 2, 8000, 0, "NONE", ""))
    file.writeframes(samples.tobytes())
"""
PLUG_IN = """
import numpy as np

class Singer:
    fresh, chunk = False, 3
    def __init__(self, source):
        self.language = source.language
    def check(self, requests):
        from memaudit.errors import SpeechError
        if any(request.voice == "mute" for request in requests):
            raise SpeechError("is mute", where="voice 'mute'")
    def say(self, request):
        if request.voice == "broken":
            raise RuntimeError("out of breath")
        letters = np.repeat(np.frombuffer(request.text.encode(), dtype=np.uint8), 900).astype(np.float64)
        return (0.3 * np.sin(np.cumsum(0.02 + letters / 900))).astype(np.float32), 12000
    def versions(self):
        return {"singer": "3.1"}

def fails(source):
    raise ValueError("no licence")
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "speak it.py"
    path.write_text(PROGRAM)
    return f"'{sys.executable}' -IS '{path}' {{out}}"


@pytest.fixture
def plugged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package with two speakers on the search path, as pip would have installed it."""
    site = tmp_path / "site"
    info = site / "singing-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "singing.py").write_text(PLUG_IN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: singing\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[{GROUP}]\nsinger = singing:Singer\nunlicensed = singing:fails\ngone = singing:Nobody\n"
    )
    monkeypatch.syspath_prepend(site)
    yield
    sys.modules.pop("singing", None)


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def spoken_by(tmp_path: Path, name: str, **speech: Any) -> Kit:
    """The same kit with one process and with two: the bytes are the same."""
    design = {"pairs_per_cell": 2, "reserve_per_speed": 3, "controls": 2}
    recipe = tiny(speech={"voices": ["one"], **speech}, design=design)
    kits = [make_kit(recipe, tmp_path / f"{name}{jobs}", seed=3, jobs=jobs) for jobs in (1, 2)]
    assert contents(kits[0].root) == contents(kits[1].root)
    return open_kit(kits[0].root)


def test_the_registry_offers_what_a_recipe_may_name() -> None:
    assert speaker_names()[: len(BUILT_IN)] == tuple(BUILT_IN)
    for name in BUILT_IN:
        source = Source(name, command="say {out}", folder=os.curdir)
        speaker = make_speaker(source)
        assert speaker.chunk >= 1
        assert speaker.fresh in {True, False}
        assert all(isinstance(value, str) for value in speaker.versions().values())


@pytest.mark.parametrize("how", ["{text}", ""])
def test_a_command_speaks_a_kit(tmp_path: Path, program: str, how: str) -> None:
    kit = spoken_by(tmp_path, "kit", engine="command", command=f"{program} {how}")
    for canary in kit.canaries:
        seconds = 0.07 * len(canary.text) / canary.speed
        assert canary.duration == pytest.approx(seconds, rel=0.01)
    assert "espeak-ng" not in kit.info.versions
    assert kit.recipe.speech.command == f"{program} {how}"


def test_a_command_gets_its_words_as_they_are_and_no_shell(tmp_path: Path) -> None:
    script = tmp_path / "show.py"
    script.write_text(
        f"import json, sys\n{PROGRAM}open({str(tmp_path / 'seen.json')!r}, 'w').write(json.dumps(sys.argv))\n"
    )
    text = 'it\'s $HOME; `ls` {out} "two"  spaces'
    command = f"'{sys.executable}' '{script}' {{out}} 'a b' \"{{text}}!\" --{{voice}}={{rate}} {{language}}"
    speaker = make_speaker(Source("command", "de", command))
    speaker.check([SpeechRequest(text, "anna")])
    samples, rate = speaker.say(SpeechRequest(text, "anna", 120))
    assert (samples.size, rate) == (len("a b") * 560, 8000)
    out, *words = json.loads((tmp_path / "seen.json").read_text())[1:]
    assert out.endswith("out.wav")
    assert words == ["a b", f"{text}!", "--anna=120", "de"]
    assert not Path(out).parent.exists()


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (None, "has no command to run.*--tts-command"),
        ("say {text}", r"does not say \{out\}"),
        ("say {out} {txt}", r"there is no \{txt\}"),
        ("say '{out}", "is no command.*close the quotation"),
        ("  ", "is no command"),
        ("memaudit-no-such-program {out} {text}", "no program 'memaudit-no-such-program'"),
    ],
)
def test_commands_that_cannot_be_run(command: str | None, what: str) -> None:
    with pytest.raises(MemauditError, match=what) as caught:
        make_speaker(Source("command", command=command)).check([SpeechRequest("a", "one")])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("import sys; sys.exit('no such voice')", r"ended with code 1: no such voice for text '\w+ "),
        ("pass", r"wrote 0 files where \{out\} is for text"),
        ("import sys; open(sys.argv[1], 'w').write('x')", r"out\.wav: cannot be read as audio"),
        (PROGRAM.replace("9000", "1"), r"the audio is silent for text '\w+ "),
        (PROGRAM.replace("560", "5"), "seconds of audio do not fit"),
    ],
)  # fmt: skip
def test_commands_that_fail_are_one_line(tmp_path: Path, script: str, what: str) -> None:
    path = tmp_path / "script.py"
    path.write_text(script)
    recipe = tiny(
        speech={"engine": "command", "voices": ["x"], "command": f"{sys.executable} {path} {{out}} {{text}}"}
    )
    with pytest.raises(MemauditError, match=what) as caught:
        make_kit(recipe, tmp_path / "kit", seed=1)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "kit").exists()


def test_a_command_that_cannot_tell_voices_apart(program: str) -> None:
    speaker = make_speaker(Source("command", command=program))
    with pytest.raises(RecipeError, match=r"does not say \{voice\}, and the recipe has 2 voices"):
        speaker.check([SpeechRequest("a", "one"), SpeechRequest("a", "two")])
    with pytest.raises(RecipeError, match="'-rf' would be read as an option"):
        speaker.check([SpeechRequest("-rf", "one")])


@pytest.mark.usefixtures("plugged_in")
def test_a_plug_in_speaks_a_kit(tmp_path: Path) -> None:
    assert "singer" in speaker_names()
    kit = spoken_by(tmp_path, "kit", engine="singer", voices=["alto", "bass"])
    assert kit.info.versions["singer"] == "3.1"
    with pytest.raises(SpeechError, match="voice 'mute': is mute"):
        make_kit(tiny(speech={"engine": "singer", "voices": ["mute"]}), tmp_path / "mute", seed=1)
    with pytest.raises(SpeechError, match=r"the speaker failed \(RuntimeError: out of breath\)"):
        make_kit(tiny(speech={"engine": "singer", "voices": ["broken"]}), tmp_path / "broken", seed=1)


@pytest.mark.usefixtures("plugged_in")
@pytest.mark.parametrize(
    ("name", "what"), [("unlicensed", "ValueError: no licence"), ("gone", "AttributeError")]
)
def test_a_plug_in_that_does_not_start(name: str, what: str) -> None:
    with pytest.raises(SpeechError, match=rf"the plug-in singing:\w+ cannot be started \({what}"):
        make_speaker(Source(name))


def test_a_kit_of_a_plug_in_opens_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = make_kit(tiny(), tmp_path / "kit", seed=1)
    info = json.loads((kit.root / "kit.json").read_text())
    info["recipe"]["speech"]["engine"] = "singer"
    (kit.root / "kit.json").write_text(json.dumps(info))
    assert open_kit(kit.root).recipe.speech.engine == "singer"


def record(folder: Path, rows: list[dict[str, str]], rate: int = 22050, suffix: str = "wav") -> None:
    """What a person might have recorded: noise of a voice's length."""
    folder.mkdir(exist_ok=True)
    for number, row in enumerate(rows):
        samples = 0.2 * np.random.default_rng(number).standard_normal(int(rate * 0.08 * len(row["text"])))
        soundfile.write(folder / f"{row['id']}.{suffix}", np.clip(samples, -0.9, 0.9), rate)


@pytest.mark.parametrize("suffix", ["wav", "ogg"])
def test_recordings_by_id(tmp_path: Path, suffix: str) -> None:
    recipe = tiny(speech={"engine": "recordings", "voices": ["anna", "ben"]})
    rows = texts_to_record(recipe, 5, Inputs())
    assert [row["id"] for row in rows] == [draft.id for draft in draft_kit(recipe, 5)]
    assert all(row.keys() == {"id", "voice", "text"} for row in rows)
    record(tmp_path / "audio", rows, suffix=suffix)
    inputs = Inputs(recordings=tmp_path / "audio")
    kit = open_kit(make_kit(recipe, tmp_path / "kit", seed=5, jobs=2, inputs=inputs).root)
    by_id = {row["id"]: row for row in rows}
    for canary in kit.canaries:
        assert (canary.text, canary.voice) == (by_id[canary.id]["text"], by_id[canary.id]["voice"])
        recorded = soundfile.info(tmp_path / "audio" / f"{canary.id}.{suffix}").duration
        assert canary.duration == pytest.approx(recorded / canary.speed, rel=0.01)


def test_recordings_by_text(tmp_path: Path) -> None:
    texts = [f"Sentence number {word} of mine." for word in "abcdefghijklmnopqrstuvwxyz"]
    folder = tmp_path / "audio"
    record(folder, [{"id": f"take {number}", "text": text} for number, text in enumerate(texts)])
    lines = [{"audio": f"take {number}.wav", "text": text} for number, text in enumerate(texts)]
    (folder / "recordings.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    recipe = tiny(
        text={"style": "file", "file": str(folder / "recordings.jsonl"), "control_style": "recipe"},
        speech={"engine": "recordings", "voices": ["mine"]},
        design={"repetitions": [1, 2], "pairs_per_cell": 4, "reserve_per_speed": 6, "controls": 3},
    )
    kit = make_kit(recipe, tmp_path / "kit", inputs=Inputs(recordings=folder))
    assert {canary.text for canary in kit.canaries} <= set(texts)
    assert len(kit.canaries) == 25


def test_missing_recordings_are_counted_before_anything_is_made(tmp_path: Path) -> None:
    recipe = tiny(speech={"engine": "recordings", "voices": ["one"]})
    rows = texts_to_record(recipe, 5, Inputs())
    record(tmp_path / "audio", rows[2:])
    with pytest.raises(AudioError, match=rf"2 of 25 recordings are missing, such as {rows[0]['id']}\.wav"):
        make_kit(recipe, tmp_path / "kit", seed=5, inputs=Inputs(recordings=tmp_path / "audio"))
    record(tmp_path / "audio", rows)
    record(tmp_path / "audio", rows[:1], suffix="flac")
    with pytest.raises(AudioError, match=r"\.wav: is there beside .*\.flac"):
        make_kit(recipe, tmp_path / "kit", seed=5, inputs=Inputs(recordings=tmp_path / "audio"))
    (tmp_path / "audio" / f"{rows[0]['id']}.flac").unlink()
    (tmp_path / "audio" / f"{rows[3]['id']}.wav").write_text("no audio")
    with pytest.raises(AudioError, match=rf"{rows[3]['id']}\.wav: cannot be read as audio"):
        make_kit(recipe, tmp_path / "kit", seed=5, inputs=Inputs(recordings=tmp_path / "audio"))
    assert not (tmp_path / "kit").exists()


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('{"audio": "../x.wav", "text": "a"}', "no file inside the folder"),
        ('{"audio": "/etc/x.wav", "text": "a"}', "no file inside the folder"),
        ('{"audio": "x.wav"}', "names no audio and text"),
        ("[]", "names no audio and text"),
        ("{", "names no audio and text"),
        ('{"audio": "x.wav", "text": "..."}', "empty text"),
        ('{"audio": "x.wav", "text": "a"}\n{"audio": "y.wav", "text": "A!"}', "'a' is there twice"),
    ],
)
def test_broken_lists_of_recordings(tmp_path: Path, line: str, what: str) -> None:
    (tmp_path / "recordings.jsonl").write_text(line + "\n")
    speaker = make_speaker(Source("recordings", folder=str(tmp_path)))
    with pytest.raises(AudioError, match=rf"recordings\.jsonl:\d: .*{what}"):
        speaker.check([SpeechRequest("a", "one", id="c1")])


def test_recordings_need_a_folder(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="--audio-dir"):
        make_speaker(Source("recordings"))
    with pytest.raises(AudioError, match="is no folder"):
        make_speaker(Source("recordings", folder=str(tmp_path / "none")))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_an_interrupt_does_not_wait_for_a_command_that_hangs(tmp_path: Path) -> None:
    """The program opens a pipe that nobody writes for all texts but the first ones."""
    pipe, script = tmp_path / "pipe", tmp_path / "script.py"
    os.mkfifo(pipe)
    count = tmp_path / "count"
    count.mkdir()
    script.write_text(
        "import os, sys\n"
        f"os.mkdir(os.path.join({str(count)!r}, str(os.getpid())))\n"
        f"if len(os.listdir({str(count)!r})) > 4:\n"
        f"    open({str(pipe)!r}).read()\n" + PROGRAM
    )
    command = f"{sys.executable} {script} {{out}} {{text}}"
    recipe = tiny(speech={"engine": "command", "voices": ["one"], "command": command})

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_kit(recipe, tmp_path / "kit", seed=1, progress=interrupt)
    assert not (tmp_path / "kit").exists()
    try:  # let the program that hangs go on, if it came so far
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    except OSError as error:
        assert error.errno  # nobody reads  # noqa: PT017
