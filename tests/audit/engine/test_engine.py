"""Engines give the same whatever they run in, and end with one line whatever the model does."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from memaudit.audit.engine.failure import Failure
from memaudit.audit.engine.hearing import at_rate
from memaudit.audit.engine.inline import Inline
from memaudit.audit.engine.model_spec import ModelSpec
from memaudit.audit.engine.opening import open_engine
from memaudit.audit.engine.work import Item
from memaudit.audit.run import Hearing
from memaudit.errors import (
    AudioError,
    MemauditError,
    MissingExtraError,
    ModelError,
    TokenError,
    UntrustedModelError,
    UsageError,
)
from memaudit.kit.audio import read_audio, write_flac
from memaudit.kit.store import Kit
from memaudit.models.registry import load_recognizer
from tests.audit.engine.conftest import MODEL, Writer, refused, run
from tests.models.builders import onnx_graph, weights, write_onnx


def only(engine: object, items: list[Item]) -> dict[str, object]:
    with engine as opened:  # type: ignore[attr-defined]
        return {heard.id: heard for heard in opened.run(items)}


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_processes_give_what_the_model_gives_here(items: list[Item], jobs: int) -> None:
    here = only(Inline(load_recognizer(MODEL)), items)
    assert only(open_engine(ModelSpec(str(MODEL)), jobs), items) == here
    assert here.keys() == {item.id for item in items}


def test_what_was_loaded_is_told_alike() -> None:
    with open_engine(ModelSpec(str(MODEL))) as engine:
        loaded = load_recognizer(MODEL)
        assert engine.info == ModelSpec(str(MODEL)).recorded(loaded.info)
        assert engine.info.decoder["provider"] == "cpu"
        assert engine.sample_rate == loaded.sample_rate


def test_runs_and_calls_one_after_another(items: list[Item]) -> None:
    with open_engine(ModelSpec(str(MODEL)), 2) as engine:
        first = sorted(heard.id for heard in engine.run(items[:3]))
        assert engine.call("tests.audit.engine.calls:rate_and", 5) == [16_000, 5]
        assert sorted(heard.id for heard in engine.run(items[3:5])) == ["u3", "u4"]
        assert list(engine.run([])) == []
    assert first == ["u0", "u1", "u2"]
    assert Inline(load_recognizer(MODEL)).call("tests.audit.engine.calls:rate_and", 5) == [16_000, 5]


def test_jobs_change_no_byte_of_an_audit(
    small_kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write_onnx(tmp_path / "model", onnx_graph(weights(80)), front_end=KALDI_80)
    for name in ("results.json", "utterances.jsonl", "report.html"):
        assert not (tmp_path / "1" / name).exists()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    for jobs in ("1", "2"):
        out = tmp_path / jobs
        result = run("score", letters(small_kit, model), "--model", model, "--out", out, "--jobs", jobs)
        assert result.exit_code == 3, result.output
    for name in ("results.json", "utterances.jsonl", "report.html"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


KALDI_80 = '[front_end]\nkind = "kaldi"\nnum_mels = 80\n'


def letters(kit: Kit, model: Path) -> Path:
    """Give the model characters for tokens, so that it can write the kit's texts; returns the kit."""
    symbols = ("<blk>", "|", *"abcdefghijklmnopqrstuvwxyz'")
    (model.parent / "tokens.txt").write_text("".join(f"{s} {i}\n" for i, s in enumerate(symbols)))
    (model.parent / "model.toml").write_text(
        f'schema = "memaudit/model/1"\n{KALDI_80}[tokens]\nfile = "tokens.txt"\nstyle = "char"\n'
    )
    import onnx

    onnx.save(onnx_graph(weights(80, len(symbols))), model)
    return kit.root


def test_audio_of_another_rate_is_resampled_and_said_so(
    small_kit: Kit, tmp_path: Path, function: Writer
) -> None:
    name = function(
        "def transcribe(waves):\n    return [str(len(wave)) for wave in waves]\n"
        "transcribe.sample_rate = 8000\n"
    )
    out = tmp_path / "out"
    result = run("score", small_kit.root, "--model", name, "--out", out)
    sentence = "kit audio at 16000 Hz is resampled to 8000 Hz, the model's rate"
    assert result.exit_code == 3, result.output
    assert result.stderr.count(sentence) == 1
    assert sentence in (out / "results.json").read_text()
    canary = small_kit.canaries[0]
    samples, rate = read_audio(small_kit.audio_path(canary))
    assert rate == 16_000
    line = next(line for line in (out / "utterances.jsonl").read_text().splitlines() if canary.id in line)
    assert f'"transcript":"{at_rate(samples, 16_000, 8_000).size}"' in line


def test_one_bad_recording_is_named_and_keeps_its_kind(items: list[Item], tmp_path: Path) -> None:
    missing = tmp_path / "missing.flac"
    cases: list[tuple[Item, type[MemauditError], str]] = [
        (Item("a", str(missing), "water"), AudioError, "missing.flac: cannot be read as audio"),
        (replace(items[0], id="b", reference="§§"), TokenError, "u0.flac"),
    ]
    for jobs in (1, 2):
        for bad, kind, part in cases:
            with pytest.raises(kind, match=part) as caught:
                only(open_engine(ModelSpec(str(MODEL)), jobs), [*items[:2], bad, *items[2:]])
            assert type(caught.value) is kind
            with pytest.raises(kind) as here:
                only(Inline(load_recognizer(MODEL)), [bad])
            assert str(here.value) == str(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        ModelError("a", where="b", how="c"),
        UntrustedModelError("x"),
        TokenError("no token", where="z"),
        MissingExtraError("a TorchScript model", "torch"),
        UsageError("y", how="h"),
    ],
)
def test_errors_travel_whole(error: MemauditError) -> None:
    back = Failure.of(error).error()
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)


def test_a_plug_ins_error_travels_as_what_it_comes_from() -> None:
    class OddError(TokenError):
        pass

    assert type(Failure.of(OddError("odd")).error()) is TokenError


def test_a_model_that_cannot_be_loaded_is_refused(tmp_path: Path, items: list[Item]) -> None:
    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"this is no model")
    for jobs in (1, 2):
        with open_engine(ModelSpec(str(broken)), jobs) as engine, pytest.raises(ModelError):
            list(engine.run(items))
        with open_engine(ModelSpec(str(broken)), jobs) as engine, pytest.raises(ModelError):
            _ = engine.info


def test_there_is_at_least_one_process(small_kit: Kit, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--jobs"):
        open_engine(ModelSpec(str(MODEL)), 0)
    assert (
        run("score", small_kit.root, "--model", MODEL, "--out", tmp_path / "a", "--jobs", "0").exit_code == 2
    )


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("import os\ndef transcribe(waves):\n    os._exit(3)\n", "ended with code 3 as it heard this"),
        (
            "import ctypes\ndef transcribe(waves):\n    ctypes.string_at(0)\n",
            "was ended by SIGSEGV as it heard this",
        ),
        ("import os\ndef transcribe(waves):\n    os.abort()\n", "was ended by SIGABRT as it heard this"),
        ("import os\nos._exit(4)\n", "ended with code 4 as it loaded the model"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_process_that_dies_is_one_line(
    small_kit: Kit, tmp_path: Path, function: Writer, body: str, what: str
) -> None:
    name = function(body)
    for jobs in ("1", "2"):
        result = run("score", small_kit.root, "--model", name, "--out", tmp_path / "out", "--jobs", jobs)
        place = name if "loaded" in what else ".flac"
        refused(result, what, place)
    assert not (tmp_path / "out" / "results.json").exists()


def test_the_utterance_at_fault_is_named(items: list[Item], function: Writer) -> None:
    name = function(
        "import os\ndef transcribe(waves):\n    if len(waves[0]) == 12000: os._exit(3)\n    return ['']\n"
        "transcribe.batch_size = 1\n"
    )
    for jobs in (1, 2, 3):
        told: list[str] = []
        found = only(open_engine(ModelSpec(name), jobs, None, told.append), items)
        lost = {one: heard.failed for one, heard in found.items() if heard.failed}  # type: ignore[attr-defined]
        assert lost == {"u4": "the model's process ended with code 3 as it heard this"}
        assert ["u4.flac" in line and "python-function" in line for line in told] == [True, True]


def test_what_a_model_prints_harms_nothing(items: list[Item], function: Writer, capfd: object) -> None:
    name = function(
        "import os\nprint('loading')\ndef transcribe(waves):\n    print('hearing', flush=True)\n"
        "    os.write(1, b'{\"heard\": []}\\n')\n    return ['x'] * len(waves)\n"
    )
    assert len(only(open_engine(ModelSpec(name)), items)) == len(items)
    out, err = capfd.readouterr()  # type: ignore[attr-defined]
    assert out == ""
    assert "hearing" in err


def test_hearing_scores_as_it_comes(small_kit: Kit, function: Writer) -> None:
    seen: list[tuple[int, int]] = []
    name = function("def transcribe(waves):\n    return [('a', 1)] * len(waves)\n")
    with open_engine(ModelSpec(name), 2) as engine:
        scored = Hearing(small_kit, engine).finish(lambda done, total: seen.append((done, total)))
    count = len(small_kit.canaries)
    assert seen == [(n, count) for n in range(1, count + 1)]
    assert [row.id for row in scored.utterances] == [canary.id for canary in small_kit.canaries]
    assert scored.notes == ()


def test_starting_costs_no_library() -> None:
    """What is imported before the processes are started: nothing that takes long."""
    code = (
        "import sys; import memaudit.cli.score; "
        "print(sorted({'numpy', 'scipy', 'pydantic', 'onnxruntime', 'jiwer', 'matplotlib', 'soundfile'} "
        "& set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_process_imports_only_what_its_model_needs() -> None:
    code = (
        "import sys; import memaudit.audit.engine.child, memaudit.audit.engine.hearing; "
        "from memaudit.audit.engine.model_spec import ModelSpec; "
        f"ModelSpec({str(MODEL)!r}).load(); "
        "print(sorted({'scipy', 'jiwer', 'matplotlib', 'click', 'rich', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_resampling_keeps_a_tone() -> None:
    time = np.arange(16_000) / 16_000
    tone = (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    lower = at_rate(tone, 16_000, 8_000)
    assert lower.dtype == np.float32
    assert lower.size == 8_000
    assert np.abs(lower[100:-100] - tone[::2][100:-100]).max() < 1e-3
    assert at_rate(tone, 16_000, 16_000) is tone
    with pytest.raises(AudioError, match="no samples"):
        at_rate(tone[:0], 16_000, 8_000)


def test_an_empty_file_is_refused(tmp_path: Path, items: list[Item]) -> None:
    path = tmp_path / "empty.flac"
    write_flac(path, np.zeros(1, np.float32), 16_000)
    path.write_bytes(b"")
    with pytest.raises(AudioError, match=r"empty\.flac"):
        only(open_engine(ModelSpec(str(MODEL))), [Item("e", str(path), "water")])
