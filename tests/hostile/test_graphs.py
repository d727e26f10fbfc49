"""ONNX files that reach outside their folder, or ask for what no machine has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from memaudit.errors import ModelError
from memaudit.models.ort.files import external_files
from memaudit.models.ort.pool import SessionPool
from memaudit.models.ort.session import open_session
from memaudit.models.registry import load_recognizer
from memaudit.models.tokens.registry import load_tokens
from tests.models import builders

HUGE = 1 << 40
VALUES = np.arange(4, dtype=np.float32)


def graph(
    location: str, *, length: int = 16, offset: int = 0, size: int = 4, backwards: bool = False
) -> bytes:
    """A graph that adds four weights from a file; ``backwards`` hides the file's name from a plain search."""
    weights = TensorProto(name="w", data_type=1, dims=[size], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", str(offset)), ("length", str(length))):
        weights.external_data.add(key=key, value=value)
    ends = [helper.make_tensor_value_info(name, 1, [4]) for name in "xy"]
    made = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", ends[:1], ends[1:], [weights])
    data = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9
    ).SerializeToString()
    if backwards:
        name = location.encode()
        entry = b"\x0a\x08location\x12" + bytes([len(name)]) + name
        assert entry in data
        data = data.replace(entry, b"\x12" + bytes([len(name)]) + name + b"\x0a\x08location")
    return data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder, with something private beside it."""
    (tmp_path / "private").write_bytes(VALUES.tobytes())
    (tmp_path / "model").mkdir()
    return tmp_path / "model"


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        SessionPool().open(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("name", ["../private", "x/../../private", "/etc/hostname", "./../private"])
def test_data_outside_the_folder(folder: Path, name: str, backwards: bool) -> None:
    """Our own look finds the usual spelling; onnxruntime refuses what it does not see."""
    path = folder / "model.onnx"
    path.write_bytes(graph(name, backwards=backwards))
    found = refused(path)
    if not backwards:
        assert "is outside its folder" in found


@pytest.mark.parametrize("backwards", [False, True])
def test_data_through_a_link_out(folder: Path, backwards: bool) -> None:
    (folder / "weights").symlink_to(folder.parent / "private")
    path = folder / "model.onnx"
    path.write_bytes(graph("weights", backwards=backwards))
    found = refused(path)
    if not backwards:
        assert "is outside its folder" in found


def test_data_through_a_linked_folder(folder: Path) -> None:
    (folder / "below").symlink_to(folder.parent)
    path = folder / "model.onnx"
    path.write_bytes(graph("below/private"))
    assert "is outside its folder" in refused(path)


def test_a_loop_of_links(folder: Path) -> None:
    (folder / "weights").symlink_to(folder / "again")
    (folder / "again").symlink_to(folder / "weights")
    path = folder / "model.onnx"
    path.write_bytes(graph("weights"))
    refused(path)


def test_a_hub_cache_of_links_is_read(tmp_path: Path) -> None:
    """There a model and its data are links into one folder of blobs."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "main"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    (blobs / "one").write_bytes(graph("model.onnx_data"))
    (blobs / "two").write_bytes(VALUES.tobytes())
    (snapshot / "model.onnx").symlink_to(blobs / "one")
    (snapshot / "model.onnx_data").symlink_to(blobs / "two")
    assert external_files(snapshot / "model.onnx") == (snapshot / "model.onnx_data",)


def test_a_hard_link_is_the_file_itself(folder: Path) -> None:
    """Nobody can tell them apart: who could make it could read the file, and only its hash is reported."""
    (folder / "weights").hardlink_to(folder.parent / "private")
    path = folder / "model.onnx"
    path.write_bytes(graph("weights"))
    assert external_files(path) == (folder / "weights",)
    session = open_session(path)
    np.testing.assert_array_equal(session.run(None, {"x": np.zeros(4, np.float32)})[0], VALUES)


@pytest.mark.parametrize(
    "wrong",
    [{"offset": HUGE}, {"length": HUGE, "size": HUGE // 4}, {"size": -4}, {"size": HUGE}, {"offset": -4}],
    ids=str,
)
def test_weights_of_impossible_sizes(
    folder: Path, wrong: dict[str, int], capfd: pytest.CaptureFixture[str]
) -> None:
    path = folder / "model.onnx"
    path.write_bytes(graph("weights", **wrong))
    (folder / "weights").write_bytes(VALUES.tobytes())
    refused(path)
    assert capfd.readouterr().out == ""


def test_a_memory_address_as_data(folder: Path) -> None:
    """onnxruntime's own mark for weights in memory must not be taken from a file."""
    path = folder / "model.onnx"
    path.write_bytes(graph("*/_ORT_MEM_ADDR_/*", offset=4096))
    refused(path)


def changed(folder: Path, change: Callable[[onnx.ModelProto], None]) -> Path:
    model = builders.onnx_graph(builders.weights())
    change(model)
    return builders.write_onnx(folder / "changed", model)


@pytest.mark.parametrize("domain", ["evil.ops", "com.microsoft", "ai.onnx.contrib", "org.pytorch.aten"])
@pytest.mark.parametrize("kind", ["Run", "PyOp", "ATen"])
def test_operators_that_onnxruntime_does_not_have(tmp_path: Path, domain: str, kind: str) -> None:
    """No library of operators is ever loaded, so such a graph cannot run."""

    def add(model: onnx.ModelProto) -> None:
        model.opset_import.append(helper.make_opsetid(domain, 1))
        model.graph.node.append(helper.make_node(kind, ["x"], ["unused"], domain=domain))
        model.graph.output.append(helper.make_tensor_value_info("unused", 1, None))

    with pytest.raises(ModelError, match=r"onnxruntime .* cannot load it"):
        load_recognizer(changed(tmp_path, add))


def stretched(folder: Path, value: int) -> Path:
    def stretch(model: onnx.ModelProto) -> None:
        model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = value

    return changed(folder, stretch)


@pytest.mark.parametrize("value", [0, HUGE, (1 << 63) - 1])
def test_a_features_axis_that_is_impossible(tmp_path: Path, value: int) -> None:
    with pytest.raises(ModelError):
        load_recognizer(stretched(tmp_path, value)).recognize(builders.speech(0.5), None)


@pytest.mark.parametrize("value", [-1, -HUGE])
def test_a_negative_axis_is_one_of_any_size(tmp_path: Path, value: int) -> None:
    """So onnxruntime reads it, and the weights decide."""
    found = load_recognizer(stretched(tmp_path, value)).recognize(builders.speech(0.5), "amber")
    assert found.loss is not None
    assert np.isfinite(found.loss)


@pytest.mark.parametrize("value", [-1, -HUGE, HUGE])
def test_an_output_that_wants_more_memory_than_there_is(tmp_path: Path, value: int) -> None:
    """A tensor of terabytes is refused by the allocator, and said in one line."""

    def swell(model: onnx.ModelProto) -> None:
        constant = helper.make_tensor("shape", TensorProto.INT64, [1], [value])
        model.graph.initializer.append(constant)
        model.graph.node.append(helper.make_node("ConstantOfShape", ["shape"], ["much"]))
        model.graph.node.append(helper.make_node("ReduceSum", ["much"], ["sum"], keepdims=0))
        scores = model.graph.output[0].name
        for node in model.graph.node:
            for number, name in enumerate(node.output):
                if name == scores:
                    node.output[number] = "scores_before"
        model.graph.node.append(helper.make_node("Add", ["scores_before", "sum"], [scores]))

    with pytest.raises(ModelError):
        load_recognizer(changed(tmp_path, swell)).recognize(builders.speech(0.5), None)


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ('{"<pad>": 0, "a": 1}', {"size": 10**15}),
        ('{"<pad>": 0, "a": 1000000000000000}', {}),
        ('{"<pad>": 0, "a": -1}', {}),
    ],
)
def test_vocabularies_of_endless_size(tmp_path: Path, text: str, table: dict[str, int]) -> None:
    (tmp_path / "vocab.json").write_text(text)
    with pytest.raises(ModelError):
        load_tokens({"kind": "vocab-json", **table}, tmp_path, where="model.toml")
