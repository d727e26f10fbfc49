"""Model families of other packages: a distribution as pip installs it, good and bad entry points."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from memaudit.errors import ModelError, UsageError
from memaudit.models.adapter import Adapter
from memaudit.models.plug_ins import GROUP
from memaudit.models.recognizer import Recognition
from memaudit.models.registry import adapters, built_in, describe, load_recognizer
from tests.models.builders import onnx_graph, speech, weights, write_onnx, write_toml

SUNG = '''
import json
from dataclasses import replace

from memaudit.errors import ModelError
from memaudit.models.adapter import Adapter, hashed
from memaudit.models.detection import Detected
from memaudit.models.recognizer import ModelInfo, Recognition, Trace


class Singer:
    """Says how many samples it heard."""

    sample_rate = 16000

    def __init__(self, description, options):
        path = description.folder / description.table.files["model"]
        self.word = json.loads(path.read_text())["word"]
        files = hashed((path, *description.files))
        self.info = ModelInfo(options.adapter, files, inferred=description.reasons)

    def recognize(self, samples, reference=None):
        return Recognition(f"{self.word} {samples.size}")


def detect(files):
    name = files.one("model", "*.song")
    return None if name is None else Detected({"files": {"model": name}}, (f"{name}: a song",))


SUNG = Adapter("sung", "a song", "*.song", Singer, detect, suffixes=(".song",))
OTHER = replace(SUNG, name="another", detect=None)
THIEF = replace(SUNG, name="onnx-ctc")
WRONG_LOAD = replace(SUNG, name="wrong-load", load=lambda description, options: "no recogniser", detect=None)
BAD_LOAD = replace(SUNG, name="bad-load", load=lambda description, options: 1 / 0, detect=None)
BAD_DETECT = replace(SUNG, name="bad-detect", detect=lambda files: 1 / 0)
WRONG_DETECT = replace(SUNG, name="wrong-detect", detect=lambda files: "all of them")


def refuses(files):
    raise ModelError("half of the song is missing", where=str(files.given))


REFUSES = replace(SUNG, name="refuses", detect=refuses)
STRING = "sung"
'''

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a distribution on the search path as pip does: its modules and its .dist-info."""
    modules: list[str] = []

    def installed(points: str, *, name: str = "singing", code: str = SUNG) -> None:
        site = tmp_path / f"site-{name}"
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (site / f"{name}.py").write_text(code)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}\n")
        monkeypatch.syspath_prepend(site)
        modules.append(name)

    yield installed
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "model" / "ode.song"
    path.parent.mkdir()
    path.write_text('{"word": "joy"}')
    return path


def test_a_plug_in_is_a_family_like_our_own(install: Install, song: Path) -> None:
    assert "sung" not in adapters()
    install("sung = singing:SUNG")
    assert isinstance(adapters()["sung"], Adapter)
    assert adapters().keys() - {"sung"} == built_in().keys()
    for path in (song, song.parent):
        recognizer = load_recognizer(path)
        assert recognizer.info.adapter == "sung"
        assert recognizer.info.inferred == ("ode.song: a song",)
        assert [name for name, _ in recognizer.info.files] == ["ode.song"]
        assert recognizer.recognize(speech(1.0)) == Recognition("joy 16000")


def test_it_can_be_asked_for_and_named_in_a_description(install: Install, song: Path) -> None:
    install("sung = singing:SUNG\nanother = singing:OTHER")
    assert load_recognizer(song, adapter="sung").info.adapter == "sung"
    (song.parent / "model.toml").write_text(
        'schema = "memaudit/model/1"\nfamily = "another"\n[files]\nmodel = "ode.song"\n'
    )
    recognizer = load_recognizer(song.parent)
    assert recognizer.info.adapter == "another"
    assert [name for name, _ in recognizer.info.files] == ["ode.song", "model.toml"]
    assert load_recognizer(song, adapter="sung").info.adapter == "sung"


BAD = {
    "gone": ("gone = singing:GONE", "cannot be imported (AttributeError: module 'singing' has no attribute"),
    "lost": ("lost = nowhere:SUNG", "cannot be imported (ModuleNotFoundError: No module named 'nowhere')"),
    "text": ("text = singing:STRING", "singing:STRING is a str, not a memaudit.models.adapter.Adapter"),
    "misnamed": ("misnamed = singing:SUNG", "offers the adapter misnamed, which calls itself sung"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used_is_one_line_where_it_is_asked_for(
    install: Install, song: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    points, said = BAD[name]
    install(f"{points}\nsung = singing:SUNG")
    with pytest.raises(ModelError) as caught:
        load_recognizer(song, adapter=name)
    assert str(caught.value).startswith(f"the plug-in singing 1.0: {said}")
    assert "\n" not in str(caught.value)
    write_toml(song.parent, family=name)
    with pytest.raises(ModelError, match=r"the plug-in singing 1\.0: "):
        load_recognizer(song.parent)
    (song.parent / "model.toml").unlink()
    assert caplog.records == []
    # And otherwise a warning, beside which the other families work.
    assert load_recognizer(song).info.adapter == "sung"
    assert [record.getMessage() for record in caplog.records] == [str(caught.value)]
    assert caplog.records[0].levelno == logging.WARNING


def test_a_module_that_raises_breaks_nothing(
    install: Install, song: Path, caplog: pytest.LogCaptureFixture
) -> None:
    install("sung = singing:SUNG")
    install("broken = broken:ADAPTER", name="broken", code="raise RuntimeError('no\\nluck')\n")
    assert set(adapters()) == {*built_in(), "sung"}
    assert "the plug-in broken 1.0: cannot be imported (RuntimeError: no luck)" in caplog.text
    assert load_recognizer(song).info.adapter == "sung"


def test_our_own_names_are_not_given_away(
    install: Install, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    install("onnx-ctc = singing:THIEF")
    assert adapters()["onnx-ctc"] is built_in()["onnx-ctc"]
    assert "the plug-in singing 1.0: offers the adapter onnx-ctc, which is memaudit's own" in caplog.text
    path = write_onnx(tmp_path / "own", onnx_graph(weights()))
    assert load_recognizer(path).recognize(speech(), "amber").tokens == 1


def test_two_plug_ins_of_one_name_are_refused(
    install: Install, song: Path, caplog: pytest.LogCaptureFixture
) -> None:
    install("sung = singing:SUNG")
    install("sung = humming:SUNG", name="humming")
    with pytest.raises(ModelError, match=r"humming 1.0.*singing 1.0: all offer the adapter sung"):
        load_recognizer(song, adapter="sung")
    with pytest.raises(ModelError, match="there is no model file"):
        load_recognizer(song)
    assert "all offer the adapter sung; uninstall all but one" in caplog.text


@pytest.mark.parametrize(
    ("name", "points", "said"),
    [
        ("wrong-load", "wrong-load = singing:WRONG_LOAD", "gives a str, not a recogniser"),
        (
            "bad-load",
            "bad-load = singing:BAD_LOAD",
            "fails on model.toml (ZeroDivisionError: division by zero)",
        ),
    ],
)
def test_what_fails_in_loading_is_one_line(
    install: Install, song: Path, name: str, points: str, said: str
) -> None:
    install(points)
    (song.parent / "model.toml").write_text(f'schema = "memaudit/model/1"\nfamily = "{name}"\n')
    with pytest.raises(ModelError) as caught:
        load_recognizer(song.parent)
    assert str(caught.value).startswith(f"the plug-in singing 1.0: {said}")


@pytest.mark.parametrize(
    ("name", "points", "said"),
    [
        ("bad-detect", "bad-detect = singing:BAD_DETECT", "fails on ode.song (ZeroDivisionError"),
        ("wrong-detect", "wrong-detect = singing:WRONG_DETECT", "detects a str, not a Detected"),
    ],
)
def test_what_fails_in_detection_leaves_the_others_alone(
    install: Install, song: Path, caplog: pytest.LogCaptureFixture, name: str, points: str, said: str
) -> None:
    install(f"{points}\nsung = singing:SUNG")
    assert load_recognizer(song).info.adapter == "sung"
    assert f"the plug-in singing 1.0: {said}" in caplog.text
    with pytest.raises(ModelError) as caught:
        load_recognizer(song, adapter=name)
    assert str(caught.value).startswith(f"the plug-in singing 1.0: {said}")


def test_what_it_says_of_a_model_is_said(install: Install, song: Path) -> None:
    install("refuses = singing:REFUSES")
    with pytest.raises(ModelError, match=r"ode.song: half of the song is missing"):
        load_recognizer(song)


def test_unknown_names_list_the_plug_ins(install: Install, song: Path) -> None:
    install("sung = singing:SUNG\nlost = nowhere:SUNG")
    with pytest.raises(UsageError, match=r"no adapter 'sing'; there are: .*onnx-ctc.*, lost, sung"):
        describe(song, adapter="sing")


def test_nothing_is_imported_where_one_of_our_own_is_asked_for(install: Install, tmp_path: Path) -> None:
    install("broken = broken:ADAPTER", name="broken", code="raise RuntimeError('imported')\n")
    path = write_onnx(tmp_path / "own", onnx_graph(weights()))
    assert load_recognizer(path).info.adapter == "onnx-ctc"
    assert "broken" not in sys.modules


def test_the_warning_is_a_line_on_standard_error(install: Install, song: Path) -> None:
    install("sung = singing:SUNG")
    install("lost = nowhere:SUNG", name="losing")
    code = (
        f"import sys; sys.path[:0] = {[entry for entry in sys.path if 'site-' in entry]!r}\n"
        "from pathlib import Path; from memaudit.models.registry import load_recognizer\n"
        f"print(load_recognizer(Path({str(song)!r})).info.adapter)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "sung\n"
    assert done.stderr == (
        "the plug-in losing 1.0: cannot be imported (ModuleNotFoundError: No module named 'nowhere'); "
        "install it again, or ask its makers\n"
    )
