"""The registry: every adapter, every way to name a model, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name

import pytest

from memaudit.errors import ModelError, UsageError
from memaudit.models.frontends.registry import FRONT_ENDS
from memaudit.models.recognizer import Recognizer
from memaudit.models.registry import ADAPTERS, load_recognizer
from memaudit.models.tokens.registry import TOKEN_KINDS
from tests.models.builders import (
    TorchModel,
    onnx_graph,
    script,
    speech,
    weights,
    write_onnx,
    write_tokens,
    write_toml,
)


def make_onnx(folder: Path) -> Path:
    return write_onnx(folder, onnx_graph(weights()))


def make_torchscript(folder: Path) -> Path:
    write_tokens(folder)
    write_toml(folder)
    return script(TorchModel(weights()), folder / "model.pt")


# One working model of every family; a family without one fails the first test.
EXAMPLES: dict[str, Callable[[Path], Path]] = {"onnx-ctc": make_onnx, "torchscript-ctc": make_torchscript}


def test_every_adapter_has_an_example() -> None:
    assert EXAMPLES.keys() == ADAPTERS.keys()


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_every_adapter_keeps_the_interface(tmp_path: Path, name: str) -> None:
    path = EXAMPLES[name](tmp_path)
    assert path.suffix in ADAPTERS[name].suffixes
    recognizer = load_recognizer(path, adapter=name, trust_model=True)
    assert isinstance(recognizer, Recognizer)
    assert recognizer.info.adapter == name
    assert recognizer.sample_rate == 16000
    info = recognizer.info
    record = json.loads(
        json.dumps({"files": info.files, "front_end": info.front_end, "decoder": info.decoder})
    )
    assert {name for name, _ in record["files"]} == {path.name, "tokens.txt", "model.toml"}
    samples = speech()
    before = samples.copy()
    result = recognizer.recognize(samples, "amber cedar")
    assert result.tokens == 2
    assert result.loss is not None
    assert result.loss > 0
    assert (samples == before).all()


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_file_description_and_folder_name_the_same_model(tmp_path: Path, name: str) -> None:
    path = EXAMPLES[name](tmp_path)
    results = {
        load_recognizer(named, trust_model=True).recognize(speech(), "birch")
        for named in (path, tmp_path / "model.toml", tmp_path)
    }
    assert len(results) == 1


@pytest.mark.parametrize("name", sorted(ADAPTERS))
@pytest.mark.parametrize("provider", ["cuda", "CPUExecutionProvider", ""])
def test_no_provider_is_replaced_by_another(tmp_path: Path, name: str, provider: str) -> None:
    path = EXAMPLES[name](tmp_path)
    with pytest.raises(UsageError) as caught:
        load_recognizer(path, adapter=name, trust_model=True, provider=provider)
    assert (
        str(caught.value) == f"--provider: the adapter {name} does not run on '{provider}'; it runs on: cpu"
    )


def test_unknown_adapters_and_families_are_named(tmp_path: Path) -> None:
    path = make_onnx(tmp_path)
    with pytest.raises(UsageError, match=r"no adapter 'onnx'; there are: onnx-ctc"):
        load_recognizer(path, adapter="onnx")
    write_toml(tmp_path, family="onnx")
    with pytest.raises(ModelError, match="'family' is 'onnx'; allowed: onnx-ctc"):
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


@pytest.mark.parametrize(
    "target", sorted({*FRONT_ENDS.values(), *TOKEN_KINDS.values(), *(a.loader for a in ADAPTERS.values())})
)
def test_every_registered_name_exists_in_a_file_of_its_own(target: str) -> None:
    found = resolve_name(target)
    assert callable(found)
    assert found.__module__ == target.split(":")[0]


def test_the_registry_and_the_onnx_family_do_without_torch() -> None:
    code = (
        "import sys; import memaudit.models.registry as r; "
        "assert not {'torch', 'onnxruntime'} & set(sys.modules); "
        "import memaudit.models.families.onnx_ctc; import memaudit.models.families.torchscript_ctc; "
        "assert 'torch' not in sys.modules; print('light')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("light\n", "")
