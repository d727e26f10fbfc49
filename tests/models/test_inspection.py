"""The inspection: what it measures on real graphs, and what it warns of."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from memaudit.errors import ModelError
from memaudit.models.inspection import Inspection, inspect
from memaudit.models.inspection_text import inspection_sentences
from memaudit.models.probe_audio import babble, faint_noise
from memaudit.models.quantised import quantised_files
from memaudit.models.registry import adapters, load_recognizer
from tests.models.builders import MELS, RAW, WORDS, onnx_graph, weights, write_onnx


def inspected(path: Path) -> Inspection:
    recognizer = load_recognizer(path)
    names = [name for name, _ in recognizer.info.files]
    return inspect(recognizer, quantised=quantised_files(path, names))  # type: ignore[arg-type]


def test_a_graph_that_is_right(tmp_path: Path) -> None:
    found = inspected(write_onnx(tmp_path, onnx_graph(weights(blank=20.0))))
    assert found == Inspection(
        features=MELS,
        frames=49,
        frames_per_second=50.0,
        blank=1.0,
        deterministic=True,
        padding="one at a time",
        padding_difference=None,
        quantised=(),
        warnings=(),
    )
    assert "50 output frames a second, one every 20 ms" in inspection_sentences(found)


def test_a_waveform_has_no_features(tmp_path: Path) -> None:
    found = inspected(write_onnx(tmp_path, onnx_graph(weights(1)), front_end=RAW))
    assert found.features is None
    assert found.frames_per_second == 50.0
    assert "it takes the waveform itself" in inspection_sentences(found)


def test_words_in_noise_are_warned_about(tmp_path: Path) -> None:
    found = inspected(write_onnx(tmp_path, onnx_graph(weights(blank=-20.0))))
    assert found.blank == 0
    assert found.warnings == (
        "only 0% of the frames of faint noise are blank: front end, tokens or blank may be wrong",
    )


def test_a_random_graph_is_warned_about(tmp_path: Path) -> None:
    graph = onnx_graph(weights(blank=20.0), log_probs=False)
    place, last = next((i, n) for i, n in enumerate(graph.graph.node) if list(n.output) == ["scores_"])
    last.op_type = "Add"
    last.input.append("noise")
    noise = helper.make_node("RandomNormalLike", ["logits_"], ["noise"], scale=0.01)
    graph.graph.node.insert(place, noise)
    found = inspected(write_onnx(tmp_path, graph))
    assert not found.deterministic
    assert found.warnings == ("two runs on the same audio differ: losses are random, as if dropout were on",)
    assert "two runs give other numbers" in inspection_sentences(found)


def batched(*, masked: bool) -> onnx.ModelProto:
    """A graph with a free batch axis that adds each utterance's mean to its frames.

    Masked, the mean is over the utterance's own frames; else over the padding too.
    """
    size = len(WORDS)
    constants = {
        "scale": np.full((MELS, size), 0.01, np.float32),
        "axis": np.array([1]),
        "last": np.array([2]),
        "zero": np.array(0),
        "one": np.array(1),
    }
    nodes = [
        helper.make_node("MatMul", ["x", "scale"], ["h"]),
        helper.make_node("Shape", ["h"], ["shape"]),
        helper.make_node("Gather", ["shape", "one"], ["frames"]),
        helper.make_node("Range", ["zero", "frames", "one"], ["places"]),
        helper.make_node("Unsqueeze", ["x_lens", "axis"], ["column"]),
        helper.make_node("Less", ["places", "column"], ["valid"]),
        helper.make_node("Cast", ["valid"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["mask3"]),
        helper.make_node("Mul", ["h", "mask3"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "axis"], ["sum"], keepdims=1),
        helper.make_node("ReduceSum", ["mask3", "axis"], ["count"], keepdims=1),
        helper.make_node("Div", ["sum", "count"], ["own"]),
        helper.make_node("ReduceMean", ["h"], ["all"], axes=[1], keepdims=1),
        helper.make_node("Add", ["h", "own" if masked else "all"], ["logits"]),
        helper.make_node("Identity", ["x_lens"], ["lens"]),
    ]
    graph = helper.make_graph(
        nodes,
        "ctc",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", "T", MELS]),
            helper.make_tensor_value_info("x_lens", TensorProto.INT64, ["N"]),
        ],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", "T", size]),
            helper.make_tensor_value_info("lens", TensorProto.INT64, ["N"]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.mark.parametrize(("masked", "padding"), [(True, "invariant"), (False, "varies")])
def test_padding(tmp_path: Path, masked: bool, padding: str) -> None:
    path = write_onnx(tmp_path, batched(masked=masked))
    found = inspected(path)
    assert found.padding == padding
    assert found.padding_difference is not None
    recognizer = load_recognizer(path)
    short, long = (babble(seconds, 16000) for seconds in (1.0, 1.96))
    alone = recognizer.trace(short).values  # type: ignore[attr-defined]
    padded = recognizer.trace_batch([long, short])[1].values  # type: ignore[attr-defined]
    assert found.padding_difference == pytest.approx(np.abs(alone - padded).max(), rel=1e-6, abs=1e-9)
    assert (found.padding_difference > 1e-3) is not masked


def test_a_graph_whose_insides_take_no_batch(tmp_path: Path) -> None:
    model = batched(masked=True)
    last = next(node for node in model.graph.node if node.output[0] == "logits")
    last.output[0] = "wide"
    model.graph.initializer.append(numpy_helper.from_array(np.array([1, -1, len(WORDS)]), "single"))
    model.graph.node.append(helper.make_node("Reshape", ["wide", "single"], ["logits"]))
    found = inspected(write_onnx(tmp_path, model))
    assert found.padding in ("fails", "one at a time")
    assert found.padding_difference is None


def test_an_error_of_the_model_is_not_swallowed(tmp_path: Path) -> None:
    recognizer = load_recognizer(write_onnx(tmp_path, onnx_graph(weights())))

    class Failing:
        info, sample_rate = recognizer.info, 16000

        def trace(self, samples: NDArray[np.float32]) -> None:
            raise ModelError("it fails")

    with pytest.raises(ModelError, match="it fails"):
        inspect(Failing())  # type: ignore[arg-type]


def test_quantised_operators_are_named(tmp_path: Path) -> None:
    quantization = pytest.importorskip("onnxruntime.quantization")
    path = write_onnx(tmp_path, onnx_graph(weights(blank=20.0)))
    assert quantised_files(path, ["model.onnx", "tokens.txt"]) == ()
    quantization.quantize_dynamic(path, path, op_types_to_quantize=["MatMul"])
    expected = {node.op_type for node in onnx.load(path).graph.node} & {
        "DynamicQuantizeLinear", "MatMulInteger", "ConvInteger", "QuantizeLinear", "DequantizeLinear",
    }  # fmt: skip
    assert expected
    assert set(quantised_files(tmp_path, ["model.onnx"])) == expected
    assert set(inspected(path).quantised) == expected
    (tmp_path / "onnx").mkdir()
    path.rename(tmp_path / "onnx" / "model.onnx")
    assert set(quantised_files(tmp_path, ["model.onnx"])) == expected
    assert quantised_files(tmp_path, ["other.onnx"]) == ()


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_made_up_audio_is_the_same_every_time(rate: int) -> None:
    for make in (faint_noise, babble):
        first, again = make(1.0, rate), make(1.0, rate)
        assert first.dtype == np.float32
        assert first.shape == (rate,)
        assert np.array_equal(first, again)
        assert np.abs(first).max() < 1
    assert np.sqrt((faint_noise(1.0, rate) ** 2).mean()) == pytest.approx(1e-3, rel=0.05)
    assert np.sqrt((babble(1.0, rate) ** 2).mean()) == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("name", sorted(adapters()))
def test_every_family_can_be_inspected(tmp_path: Path, name: str) -> None:
    path = import_module(f"tests.models.examples.{name.replace('-', '_')}").make(tmp_path)
    found = inspect(load_recognizer(path, trust_model=True))  # type: ignore[arg-type]
    assert found.deterministic
    assert found.frames > 0
    assert found.frames_per_second is None or found.frames_per_second > 1
    assert Inspection.model_validate_json(found.model_dump_json()) == found
    assert all(inspection_sentences(found))
