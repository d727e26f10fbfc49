"""The registry: every adapter, every way to name a model, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name

import pytest

from memaudit.errors import ModelError, UsageError
from memaudit.models.frontends.registry import FRONT_ENDS
from memaudit.models.recognizer import Recognition, Recognizer, Traceable
from memaudit.models.registry import adapters, describe, load_recognizer
from memaudit.models.tokens.registry import TOKEN_KINDS
from tests.models.builders import speech, write_toml

ADAPTERS = adapters()


class Example:
    """A family's working model."""

    def __init__(self, name: str) -> None:
        self.module = import_module(f"tests.models.examples.{name.replace('-', '_')}")

    def make(self, folder: Path) -> Path:
        path: Path = self.module.make(folder)
        return path

    @property
    def text(self) -> str:
        text: str = self.module.TEXT
        return text


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_every_adapter_keeps_the_interface(tmp_path: Path, name: str) -> None:
    example = Example(name)
    path = example.make(tmp_path)
    assert path.suffix in ADAPTERS[name].suffixes
    recognizer = load_recognizer(path, adapter=name, trust_model=True)
    assert isinstance(recognizer, Recognizer)
    assert isinstance(recognizer, Traceable)
    info = recognizer.info
    assert info.adapter == name
    record = json.loads(
        json.dumps({"files": info.files, "front_end": info.front_end, "decoder": info.decoder})
    )
    there = {file.name for file in tmp_path.rglob("*") if file.is_file()}
    named = {name for name, _ in record["files"]}
    assert path.name in named
    assert named <= there
    samples = speech(rate=recognizer.sample_rate)
    before = samples.copy()
    result = recognizer.recognize(samples, example.text)
    assert result.tokens is not None
    assert result.tokens >= 2
    assert result.loss is not None
    assert result.loss > 0
    assert recognizer.recognize(samples) == Recognition(result.transcript)
    assert (samples == before).all()
    trace = recognizer.trace(samples)
    assert trace.values.shape[0] == trace.frames > 0


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_file_and_folder_name_the_same_model(tmp_path: Path, name: str) -> None:
    """Without a word on the family, too, so that its detection or its model.toml decides."""
    example = Example(name)
    path = example.make(tmp_path)
    named = [path, tmp_path, *tmp_path.glob("*model.toml")]
    results = {load_recognizer(one, trust_model=True).recognize(speech(), example.text) for one in named}
    assert len(results) == 1
    assert load_recognizer(path, trust_model=True).info.adapter == name


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_detection_says_why_and_writes_a_whole_description(tmp_path: Path, name: str) -> None:
    example = Example(name)
    path = example.make(tmp_path)
    chosen, description = describe(path)
    assert chosen.name == name
    assert (chosen.detect is None) <= (tmp_path / "model.toml").is_file()
    assert bool(description.reasons) != (tmp_path / "model.toml").is_file()
    assert set(description.reasons) <= set(load_recognizer(path, trust_model=True).info.inferred)


def make_onnx(folder: Path) -> Path:
    return Example("onnx-ctc").make(folder)


def make_torchscript(folder: Path) -> Path:
    return Example("torchscript-ctc").make(folder)


def test_unknown_adapters_and_families_are_named(tmp_path: Path) -> None:
    path = make_onnx(tmp_path)
    with pytest.raises(UsageError, match=r"no adapter 'onnx'; there are: .*onnx-ctc"):
        load_recognizer(path, adapter="onnx")
    write_toml(tmp_path, family="onnx")
    with pytest.raises(ModelError, match=r"'family' is 'onnx'; allowed: .*onnx-ctc"):
        load_recognizer(path)


def test_the_adapter_wins_over_the_family(tmp_path: Path) -> None:
    path = make_onnx(tmp_path)
    make_torchscript(tmp_path)
    write_toml(tmp_path, family="torchscript-ctc")
    assert load_recognizer(path, adapter="onnx-ctc").info.adapter == "onnx-ctc"
    assert load_recognizer(tmp_path, trust_model=True).info.adapter == "torchscript-ctc"
    write_toml(tmp_path)
    with pytest.raises(ModelError, match="no 'family', and the suffixes of the model files do not decide"):
        load_recognizer(tmp_path)


def test_a_model_of_another_family_is_refused(tmp_path: Path) -> None:
    path = make_torchscript(tmp_path)
    with pytest.raises(ModelError, match="no ONNX model"):
        load_recognizer(path, adapter="onnx-ctc")


@pytest.mark.parametrize("target", sorted({*FRONT_ENDS.values(), *TOKEN_KINDS.values()}))
def test_every_registered_name_exists_in_a_file_of_its_own(target: str) -> None:
    found = resolve_name(target)
    assert callable(found)
    assert found.__module__ == target.split(":")[0]


def test_the_families_do_without_torch_until_one_needs_it() -> None:
    code = (
        "import sys; from memaudit.models.registry import adapters; assert len(adapters()) > 1; "
        "assert not {'torch', 'sentencepiece', 'tokenizers'} & set(sys.modules); print('light')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("light\n", "")
