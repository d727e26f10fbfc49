"""``--model python:module:function``: what it is given, what it may give, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from memaudit.audit.engine.inline import Inline
from memaudit.audit.engine.model_spec import ModelSpec
from memaudit.audit.engine.work import Item
from memaudit.errors import MemauditError, ModelError, UsageError
from memaudit.kit.store import Kit
from memaudit.models.recognizer import BatchRecognizer
from tests.audit.engine.conftest import TEXTS, Writer, refused, run


def heard(name: str, items: list[Item]) -> dict[str, object]:
    return {one.id: one.recognition for one in Inline(ModelSpec(name).load()).run(items)}


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_whole_audit(small_kit: Kit, tmp_path: Path, function: Writer, jobs: str) -> None:
    name = function(
        "def transcribe(waves, *, references, sample_rate):\n"
        "    assert sample_rate == 16000\n"
        "    return [(text.upper(), 0.5 * len(wave)) for wave, text in zip(waves, references)]\n"
    )
    out = tmp_path / "out"
    result = run("score", small_kit.root, "--model", name, "--out", out, "--jobs", jobs)
    assert result.exit_code == 3, result.output
    rows = [json.loads(line) for line in (out / "utterances.jsonl").read_text().splitlines()]
    canaries = {canary.id: canary for canary in small_kit.canaries}
    assert [row["id"] for row in rows] == sorted(canaries)
    for row in rows:
        canary = canaries[row["id"]]
        assert row["transcript"] == canary.text.upper()
        assert row["exact"]
        assert row["loss"] == 0.5 * round(canary.duration * 16_000)
    model = json.loads((out / "results.json").read_text())["model"]
    assert model["adapter"] == "python-function"
    assert [file["name"] for file in model["files"]] == ["my_asr.py"]
    assert model["decoder"]["method"] == name


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        ("'x'", ("x", None, None)),
        ("('x', 1)", ("x", 1.0, None)),
        ("['x', None]", ("x", None, None)),
        ("{'transcript': 'x', 'loss': 2.5, 'tokens': 3}", ("x", 2.5, 3)),
        ("{'text': 'x'}", ("x", None, None)),
        ("('', numpy.float32(0))", ("", 0.0, None)),
        ("('x', numpy.array(1.5))", ("x", 1.5, None)),
    ],
)
def test_forms_of_a_result(
    items: list[Item], function: Writer, returned: str, expected: tuple[str, float | None, int | None]
) -> None:
    name = function(f"import numpy\ndef transcribe(waves):\n    return ({returned} for _ in waves)\n")
    for found in heard(name, items).values():
        assert (found.transcript, found.loss, found.tokens) == expected  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("returned", "part"),
    [
        ("[3] * 8", "u0.flac: python:my_asr:transcribe: gave a int for a transcript"),
        ("['x'] * 5 + [b'x'] * 3", "u5.flac: python:my_asr:transcribe: gave a bytes for a transcript"),
        ("['x', ('x', float('nan'))] * 4", "u1.flac: python:my_asr:transcribe: gave the loss nan"),
        ("[('x', float('inf'))] * 8", "gave the loss inf"),
        ("[('x', -1e-9)] * 8", "gave the loss -1e-09"),
        ("[('x', '3')] * 8", "gave a str for a loss"),
        ("[('x', True)] * 8", "gave a bool for a loss"),
        ("[('x', [1, 2])] * 8", "gave a list for a loss"),
        ("[('x', 1, 2)] * 8", "gave a tuple of 3"),
        ("[{}] * 8", "gave a dictionary with the keys []"),
        ("[{'transcript': 'x', 'text': 'y'}] * 8", "keys ['text', 'transcript']"),
        ("[{'transcript': 'x', 'score': 1}] * 8", "keys ['score', 'transcript']"),
        ("[{'transcript': 'x', 'tokens': 0}] * 8", "gave 0 for the number of tokens"),
        ("['x'] * 7", "gave 7 results for 8 waveforms"),
        ("['x'] * 9", "gave 9 results for 8 waveforms"),
        ("'xxxxxxxx'", "gave a str for 8 waveforms"),
        ("None", "failed (TypeError: 'NoneType' object is not iterable)"),
        ("{'x': 1}", "gave a dict for 8 waveforms"),
        ("1 / 0", "python:my_asr:transcribe: failed (ZeroDivisionError: division by zero)"),
    ],
)
def test_wrong_results_name_function_and_utterance(
    items: list[Item], function: Writer, returned: str, part: str
) -> None:
    name = function(f"def transcribe(waves):\n    return {returned}\n")
    with pytest.raises(ModelError) as caught:
        heard(name, items)
    assert part in str(caught.value)
    assert ".flac" in str(caught.value)


def in_order(kit: Kit) -> list[str]:
    """Ids as a model is given them: controls first."""
    return [canary.id for canary in sorted(kit.canaries, key=lambda canary: canary.arm != "control")]


def test_a_wrong_result_is_one_line(small_kit: Kit, tmp_path: Path, function: Writer) -> None:
    name = function("def transcribe(waves):\n    return [None] * len(waves)\n")
    out = tmp_path / "out"
    for jobs in ("1", "2"):
        result = run("score", small_kit.root, "--model", name, "--out", out, "--jobs", jobs)
        refused(result, "failed on each of the first 5", ".flac", "gave a NoneType for a transcript")
    assert not (out / "utterances.jsonl").exists()


def test_losses_are_given_for_all_or_for_none(small_kit: Kit, tmp_path: Path, function: Writer) -> None:
    name = function("def transcribe(waves):\n    return [('x', 1)] * (len(waves) - 1) + [('x', None)]\n")
    result = run("score", small_kit.root, "--model", name, "--out", tmp_path / "out")
    last = min(in_order(small_kit)[place] for place in (15, 31, 47, 61))
    refused(result, "python-function gave no loss for 4 of 62 utterances", last)


def test_what_the_function_is_given(items: list[Item], function: Writer) -> None:
    name = function(
        "def transcribe(waves, references, sample_rate=None, unknown=1):\n"
        "    kinds = {(type(w).__name__, str(w.dtype), w.ndim) for w in waves}\n"
        "    return [f'{len(waves)} {len(w)} {sample_rate} {t} {kinds}' for w, t in zip(waves, references)]\n"
        "transcribe.batch_size = 3\n"
    )
    found = heard(name, items)
    for number, text in enumerate(TEXTS):
        batch = 3 if number < 6 else 2
        expected = f"{batch} {8000 + 1000 * number} 16000 {text} {{('ndarray', 'float32', 1)}}"
        assert found[f"u{number}"].transcript == expected  # type: ignore[attr-defined]


def test_methods_and_callable_objects(items: list[Item], function: Writer, tmp_path: Path) -> None:
    function(
        "class Model:\n"
        "    def __call__(self, waves, sample_rate):\n        return [str(sample_rate)] * len(waves)\n"
        "    def hear(self, waves):\n        return ['h'] * len(waves)\nmodel = Model()\n"
    )
    assert {one.transcript for one in heard("python:my_asr:model", items).values()} == {"16000"}  # type: ignore[attr-defined]
    assert {one.transcript for one in heard("python:my_asr:model.hear", items).values()} == {"h"}  # type: ignore[attr-defined]
    loaded = ModelSpec("python:my_asr:model").load()
    assert isinstance(loaded, BatchRecognizer)
    found = loaded.recognize_batch([np.zeros(3, np.float32)], [None])
    assert [one.transcript for one in found] == ["16000"]


@pytest.mark.parametrize(
    ("name", "kind", "part"),
    [
        ("python:", UsageError, "names no function"),
        ("python:my_asr", UsageError, "names no function"),
        ("python::transcribe", UsageError, "names no function"),
        ("python:no_such_module:f", ModelError, "'no_such_module' is not found"),
        ("python:.my_asr:f", ModelError, "cannot be imported (TypeError"),
        ("python:my_asr:nothing", ModelError, "my_asr has no 'nothing'"),
        ("python:my_asr:NUMBER", ModelError, "NUMBER is a int"),
        ("python:my_asr:transcribe", ModelError, "its attribute batch_size is 0"),
        ("python:my_asr:slow", ModelError, "its attribute sample_rate is '8k'"),
    ],
)
def test_names_that_are_no_function(
    function: Writer, name: str, kind: type[MemauditError], part: str
) -> None:
    function(
        "NUMBER = 1\ndef transcribe(waves): return []\ntranscribe.batch_size = 0\n"
        "def slow(waves): return []\nslow.sample_rate = '8k'\n"
    )
    with pytest.raises(kind) as caught:
        ModelSpec(name).load()
    assert part in str(caught.value)
    assert type(caught.value) is kind


def test_modules_that_fail_and_options_that_do_not_fit(
    small_kit: Kit, tmp_path: Path, function: Writer
) -> None:
    name = function("import no_such_library\n")
    words = ("score", small_kit.root, "--model", name, "--out", tmp_path / "out")
    refused(run(*words), name, "ModuleNotFoundError", "no_such_library")
    function("def transcribe(waves):\n    return\n")
    refused(run(*words, "--adapter", "onnx-ctc"), "--adapter", "a function is no onnx-ctc")
    refused(run(*words, "--provider", "cuda"), "--provider", "its own affair")
    assert not (tmp_path / "out" / "results.json").exists()
