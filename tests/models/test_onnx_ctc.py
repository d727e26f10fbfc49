"""The ONNX family on real graphs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from memaudit.errors import AudioError, ModelError, TokenError
from memaudit.files import sha256_file
from memaudit.models.ctc.recognizer import CtcRecognizer
from memaudit.models.decoding.ctc import ctc_loss, greedy_path
from memaudit.models.registry import load_recognizer
from tests.models import builders
from tests.models.builders import KALDI, MELS, RAW, WORDS, onnx_graph, speech, weights, write_onnx


def by_hand(w: builders.Weights, features: np.ndarray) -> np.ndarray:
    """The network in numpy, float64: [T, F] or [S] -> logits [U, V]."""
    x = features.astype(np.float64).reshape(len(features), -1)
    width = w.kernel.shape[2]
    starts = range(0, len(x) - width + 1, w.stride)
    hidden = np.tanh([np.einsum("hfk,kf->h", w.kernel, x[s : s + width]) for s in starts])
    return hidden @ w.output + w.bias


@pytest.mark.parametrize("log_probs", [True, False])
@pytest.mark.parametrize("lengths", [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("layout", ["time-features", "features-time"])
def test_transcript_and_loss_are_those_of_the_network(
    tmp_path: Path, log_probs: bool, lengths: tuple[bool, bool], layout: str
) -> None:
    w = weights()
    graph = onnx_graph(w, layout=layout, log_probs=log_probs, length_in=lengths[0], length_out=lengths[1])
    recognizer = load_recognizer(write_onnx(tmp_path, graph))
    assert isinstance(recognizer, CtcRecognizer)
    for seed in range(5):
        samples = speech(seed=seed)
        logits = by_hand(w, recognizer.front_end(samples))
        if lengths[1]:
            logits = logits[: (len(recognizer.front_end(samples)) - 2) // 2]
        result = recognizer.recognize(samples, "amber birch birch")
        assert result.transcript == " ".join(WORDS[i] for i in greedy_path(logits, 0))
        assert result.loss == pytest.approx(ctc_loss(logits, [1, 2, 2], 0), abs=1e-3)
        assert (result.tokens, result.infeasible) == (3, False)
        alone = recognizer.recognize(samples)
        assert (alone.transcript, alone.loss, alone.tokens) == (result.transcript, None, None)
        assert recognizer.recognize(samples, "amber birch birch") == result


def test_waveform_models(tmp_path: Path) -> None:
    w = weights(1)
    recognizer = load_recognizer(write_onnx(tmp_path, onnx_graph(w), front_end=RAW))
    samples = speech()
    result = recognizer.recognize(samples, "cedar")
    assert result.loss == pytest.approx(ctc_loss(by_hand(w, samples)[:74], [3], 0), abs=1e-3)


def test_infeasible_references_are_named_and_have_no_loss(tmp_path: Path) -> None:
    recognizer = load_recognizer(write_onnx(tmp_path, onnx_graph(weights())))
    reference = " ".join(["amber"] * 40)
    result = recognizer.recognize(speech(0.5), reference)
    assert (result.loss, result.tokens, result.infeasible) == (None, 40, True)
    empty = recognizer.recognize(speech(0.5), "")
    assert empty.tokens == 0
    assert empty.loss is not None
    assert empty.loss > 0


def test_an_output_length_cuts_the_padding_off(tmp_path: Path) -> None:
    graph = onnx_graph(weights(), length_out=False)
    graph.graph.node.append(helper.make_node("Div", ["x_lens", "four"], ["valid_frames"]))
    graph.graph.initializer.append(onnx.numpy_helper.from_array(np.array([4]), "four"))
    graph.graph.output.append(helper.make_tensor_value_info("valid_frames", TensorProto.INT64, [1]))
    recognizer = load_recognizer(write_onnx(tmp_path, graph))
    assert isinstance(recognizer, CtcRecognizer)
    assert recognizer.log_scores(speech(1.0)).shape == (25, len(WORDS))


@pytest.mark.parametrize("kind", [TensorProto.INT32, TensorProto.INT64])
def test_a_length_may_be_a_scalar_of_either_width(tmp_path: Path, kind: int) -> None:
    graph = onnx_graph(weights(), names=("x", "wide", "scores", "n"))
    graph.graph.input[1].CopyFrom(helper.make_tensor_value_info("count", kind, []))
    graph.graph.node.insert(0, helper.make_node("Cast", ["count"], ["single"], to=TensorProto.INT64))
    graph.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1]), "one_axis"))
    graph.graph.node.insert(1, helper.make_node("Reshape", ["single", "one_axis"], ["wide"]))
    recognizer = load_recognizer(write_onnx(tmp_path / "a", graph))
    plain = load_recognizer(write_onnx(tmp_path / "b", onnx_graph(weights())))
    assert recognizer.recognize(speech(), "delta") == plain.recognize(speech(), "delta")


def test_an_output_length_that_does_not_fit_is_named(tmp_path: Path) -> None:
    graph = onnx_graph(weights())
    graph.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1000]), "far"))
    graph.graph.node.append(helper.make_node("Add", ["log_probs_len", "far"], ["too_long"]))
    graph.graph.output[1].name = "too_long"
    with pytest.raises(
        ModelError, match=r"the output length is 1049, but there are 49 frames; set 'outputs\.length'"
    ):
        load_recognizer(write_onnx(tmp_path, graph))


def test_scores_with_time_first(tmp_path: Path) -> None:
    first = load_recognizer(write_onnx(tmp_path / "a", onnx_graph(weights(), time_first=True)))
    second = load_recognizer(write_onnx(tmp_path / "b", onnx_graph(weights())))
    assert first.recognize(speech(), "delta") == second.recognize(speech(), "delta")


def test_half_precision_models(tmp_path: Path) -> None:
    half = onnx_graph(weights(), dtype=TensorProto.FLOAT16)
    result = load_recognizer(write_onnx(tmp_path / "a", half)).recognize(speech(), "delta ember")
    full = load_recognizer(write_onnx(tmp_path / "b", onnx_graph(weights()))).recognize(
        speech(), "delta ember"
    )
    assert result.loss == pytest.approx(full.loss, rel=0.01)


def test_free_feature_axes_take_the_layout_of_the_description(tmp_path: Path) -> None:
    free = onnx_graph(weights(), layout="features-time", dynamic_features=True)
    fixed = load_recognizer(write_onnx(tmp_path / "a", onnx_graph(weights(), layout="features-time")))
    told = '[inputs]\nlayout = "features-time"\n'
    recognizer = load_recognizer(write_onnx(tmp_path / "b", free, extra=told))
    assert recognizer.recognize(speech(), "ember") == fixed.recognize(speech(), "ember")
    with pytest.raises(
        ModelError, match=r"the graph fails on x \[1, 100, 24\].*check \[front_end\] and \[inputs\]"
    ):
        load_recognizer(write_onnx(tmp_path / "c", free))


def test_binding_by_type_and_shape_and_by_name(tmp_path: Path) -> None:
    odd = onnx_graph(weights(), names=("in.0", "n", "out.0", "n_out"))
    recognizer = load_recognizer(write_onnx(tmp_path / "a", odd))
    same = load_recognizer(write_onnx(tmp_path / "b", onnx_graph(weights())))
    assert recognizer.recognize(speech(), "grove") == same.recognize(speech(), "grove")
    assert "input in.0 float [1, T, 24] takes the front end's output" in recognizer.info.inferred
    names = '[inputs]\nfeatures = "in.0"\nlength = "n"\n[outputs]\nscores = "out.0"\nlength = "n_out"\n'
    named = load_recognizer(write_onnx(tmp_path / "c", odd, extra=names))
    assert named.recognize(speech(), "grove") == same.recognize(speech(), "grove")


def test_two_float_outputs_need_a_name(tmp_path: Path) -> None:
    graph = onnx_graph(weights(), names=("x", "x_lens", "head", "n"))
    graph.graph.node.append(helper.make_node("Neg", ["head"], ["other"]))
    graph.graph.output.append(helper.make_tensor_value_info("other", TensorProto.FLOAT, [1, "U", len(WORDS)]))
    with pytest.raises(
        ModelError, match=r"several could be 'outputs.scores': head float .*, other float .*; set"
    ):
        load_recognizer(write_onnx(tmp_path / "a", graph))
    named = write_onnx(tmp_path / "b", graph, extra='[outputs]\nscores = "head"\n')
    plain = load_recognizer(write_onnx(tmp_path / "c", onnx_graph(weights())))
    assert load_recognizer(named).recognize(speech(), "fjord") == plain.recognize(speech(), "fjord")


def test_what_was_loaded_is_on_record(tmp_path: Path) -> None:
    path = write_onnx(tmp_path, onnx_graph(weights(blank=20.0)))
    info = load_recognizer(path).info
    assert info.adapter == "onnx-ctc"
    assert info.files == tuple(
        (name, sha256_file(tmp_path / name)) for name in ("model.onnx", "model.toml", "tokens.txt")
    )
    assert info.front_end["num_mels"] == MELS
    assert info.decoder["tokens"]["blank"] == 0
    assert info.decoder["runtime"].startswith("onnxruntime ")
    assert info.warnings == ()
    json.dumps([info.files, info.front_end, info.decoder, info.inferred, info.warnings])


def test_quantised_graphs_are_warned_about(tmp_path: Path) -> None:
    onnxruntime_quantization = pytest.importorskip("onnxruntime.quantization")
    path = write_onnx(tmp_path, onnx_graph(weights(blank=20.0)))
    onnxruntime_quantization.quantize_dynamic(path, path, op_types_to_quantize=["MatMul"])
    warnings = load_recognizer(path).info.warnings
    assert warnings == tuple(
        f"{name} quantises activations as it runs: losses wobble"
        for name in ("DynamicQuantizeLinear", "MatMulInteger")
    )


def external(tmp_path: Path) -> Path:
    path = write_onnx(tmp_path, onnx_graph(weights(seed=3)))
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="model.onnx.data", size_threshold=0)
    return path


def test_external_weights_are_used_and_on_record(tmp_path: Path) -> None:
    inside = load_recognizer(write_onnx(tmp_path / "a", onnx_graph(weights(seed=3))))
    path = external(tmp_path / "b")
    outside = load_recognizer(path)
    assert outside.recognize(speech(), "amber") == inside.recognize(speech(), "amber")
    assert outside.info.files[1] == ("model.onnx.data", sha256_file(path.with_name("model.onnx.data")))


def refused(path: Path, capfd: pytest.CaptureFixture[str], **options: Any) -> str:
    """The message of the one-line error that loading ends in; nothing else may be printed."""
    with pytest.raises(ModelError) as caught:
        load_recognizer(path, **options)
    assert capfd.readouterr() == ("", "")
    message = str(caught.value)
    assert "\n" not in message
    assert "Traceback" not in message
    assert caught.value.how
    return message


def test_missing_external_weights(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = external(tmp_path)
    path.with_name("model.onnx.data").unlink()
    message = refused(path, capfd)
    assert "its weights are in model.onnx.data, which is missing; copy that file" in message


def test_truncated_external_weights(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = external(tmp_path)
    data = path.with_name("model.onnx.data")
    data.write_bytes(data.read_bytes()[:100])
    assert "cannot load it" in refused(path, capfd)


@pytest.mark.parametrize(
    ("data", "said"), [(b"", "is empty, so it is no ONNX model"), (b"hello, world", "no ONNX model")]
)
def test_files_that_are_no_onnx(
    tmp_path: Path, data: bytes, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_onnx(tmp_path, onnx_graph(weights()))
    path.write_bytes(data)
    assert said in refused(path, capfd)


def test_a_truncated_graph(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_onnx(tmp_path, onnx_graph(weights()))
    path.write_bytes(path.read_bytes()[:2000])
    assert "no ONNX model" in refused(path, capfd)


@pytest.mark.parametrize("seed", range(120))
def test_damaged_graphs_load_or_are_refused_in_one_line(
    tmp_path: Path, seed: int, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_onnx(tmp_path, onnx_graph(weights()))
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    # The last bytes hold names, types and shapes; before them lie the weights.
    for place in rng.integers(len(data) - 700, len(data), rng.integers(1, 6)):
        data[place] = rng.integers(256)
    path.write_bytes(data)
    outcome: object
    try:
        outcome = load_recognizer(path).recognize(speech(0.3), "amber").tokens
    except ModelError as error:
        outcome = bool(error.how) and "\n" not in str(error)
    assert outcome in (1, True)
    assert capfd.readouterr() == ("", "")


def test_names_that_are_no_text(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_onnx(tmp_path, onnx_graph(weights(), names=("qqqq", "n", "scores", "m_out")))
    path.write_bytes(path.read_bytes().replace(b"qqqq", b"q\xffqq"))
    assert refused(path, capfd)


@pytest.mark.parametrize("change", ["opset", "operator", "ir"])
def test_graphs_from_the_future(tmp_path: Path, change: str, capfd: pytest.CaptureFixture[str]) -> None:
    graph = onnx_graph(weights())
    if change == "opset":
        graph.opset_import[0].version = 999
    elif change == "ir":
        graph.ir_version = 999
    else:
        graph.graph.node[0].op_type = "Unheard"
    path = tmp_path / "model.onnx"
    write_onnx(tmp_path, onnx_graph(weights()))
    path.write_bytes(graph.SerializeToString())
    message = refused(path, capfd)
    assert "cannot load it" in message
    assert len(message) < 600


@pytest.mark.parametrize(
    ("graph", "toml", "said"),
    [
        (
            {},
            {"front_end": KALDI.replace("24", "80")},
            "'x' takes 24 features a frame, but the front end gives 80",
        ),
        ({"layout": "features-time"}, {"front_end": KALDI.replace("24", "80")}, "but the front end gives 80"),
        ({}, {"extra": '[inputs]\nlayout = "features-time"\n'}, "takes a fixed length of 24"),
        (
            {},
            {"front_end": RAW},
            "no input takes a waveform [1, samples] of floats, which the front end gives",
        ),
        (
            {},
            {"extra": '[inputs]\nfeatures = "y"\n'},
            "has no 'y', which 'inputs.features' names; it has: x float",
        ),
        ({}, {"extra": '[inputs]\nfeatures = "x_lens"\n'}, "no input takes features"),
        (
            {},
            {"extra": '[inputs]\nlength = "x"\n'},
            "'inputs.length' names x float [1, T, 24], which is not of int",
        ),
        ({}, {"extra": '[outputs]\nscores = "y"\n'}, "has no 'y', which 'outputs.scores' names"),
        ({}, {"extra": '[outputs]\nlength = "log_probs"\n'}, "'outputs.length' names log_probs float"),
        (
            {},
            {"extra": '[outputs]\nscores = "log_probs_len"\n'},
            "scores of shape [1] are not [1, frames, tokens]",
        ),
        ({}, {"extra": '[decoder]\nmethod = "beam"\n'}, "'decoder.method' is 'beam'; allowed: 'greedy'"),
        ({}, {"extra": '[inputs]\nlenght = "x"\n'}, "unknown key 'inputs.lenght'; did you mean 'length'?"),
        ({}, {"extra": '[files]\nencoder = "x"\n'}, "unknown key 'files.encoder'"),
        (
            {},
            {"extra": "blank = 8\n"},
            "the model scores 8 tokens a frame, the vocabulary with the blank has 9",
        ),
    ],
)
def test_graphs_that_do_not_fit_their_description(
    tmp_path: Path, graph: dict[str, Any], toml: dict[str, str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_onnx(tmp_path, onnx_graph(weights(), **graph), **toml)
    with pytest.raises(ModelError) as caught:
        load_recognizer(path)
    assert said in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_waveform_model_with_a_mel_front_end(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_onnx(tmp_path, onnx_graph(weights(1)))
    assert "no input takes features [1, frames, features]" in refused(path, capfd)


def test_inputs_that_a_single_graph_has_no_use_for(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    graph = onnx_graph(weights())
    graph.graph.input.append(helper.make_tensor_value_info("cache", TensorProto.FLOAT, [1, 2, 3, 4]))
    message = refused(write_onnx(tmp_path, graph), capfd)
    assert "inputs with no use for a single CTC graph: cache float [1, 2, 3, 4]" in message


@pytest.mark.parametrize(
    ("axis", "value", "said"), [(0, 4, "takes batches of 4 only"), (1, 300, "fixed length of 300")]
)
def test_fixed_axes(
    tmp_path: Path, axis: int, value: int, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    graph = onnx_graph(weights())
    dimension = graph.graph.input[0].type.tensor_type.shape.dim[axis]
    dimension.Clear()
    dimension.dim_value = value
    assert said in refused(write_onnx(tmp_path, graph), capfd)


def test_graphs_without_scores(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    graph = onnx_graph(weights())
    del graph.graph.output[0]
    message = refused(write_onnx(tmp_path, graph), capfd)
    assert "no output has scores [1, frames, tokens]; its outputs are: log_probs_len int64 [1]" in message


def test_missing_tokens(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_onnx(tmp_path, onnx_graph(weights()))
    (tmp_path / "tokens.txt").unlink()
    assert "tokens.txt: the token file is missing; put it there" in refused(path, capfd)


def test_tokens_of_another_model(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_onnx(tmp_path, onnx_graph(weights()))
    builders.write_tokens(tmp_path, WORDS[:-2])
    message = refused(path, capfd)
    assert "the model scores 8 tokens a frame, the vocabulary with the blank has 6" in message


@pytest.mark.parametrize(
    ("value", "said"), [(np.nan, "scores have NaN"), (-np.inf, "scores have infinite values")]
)
def test_scores_that_are_not_finite(
    tmp_path: Path, value: float, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    w = weights()
    w.bias[3] = value
    assert said in refused(write_onnx(tmp_path, onnx_graph(w, log_probs=bool(np.isnan(value)))), capfd)


def test_bad_utterances_raise_and_the_next_one_is_right(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    recognizer = load_recognizer(write_onnx(tmp_path, onnx_graph(weights())))
    before = recognizer.recognize(speech(), "amber")
    with pytest.raises(AudioError):
        recognizer.recognize(np.zeros(0, np.float32), "amber")
    with pytest.raises(TokenError, match="'walnut'"):
        recognizer.recognize(speech(), "amber walnut")
    with pytest.raises(ModelError, match="the graph fails on x"):
        recognizer.recognize(speech(0.02), "amber")
    assert recognizer.recognize(speech(), "amber") == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.filterwarnings("ignore:.*:FutureWarning", "ignore:.*:DeprecationWarning")
@pytest.mark.parametrize("dynamo", [False, True])
def test_what_torch_exports_gives_what_torch_computes(tmp_path: Path, dynamo: bool) -> None:
    if dynamo:
        pytest.importorskip("onnxscript")
    model = builders.TorchModel(weights(seed=5)).eval()
    example = (torch.zeros(1, 100, MELS), torch.tensor([100]))
    path = write_onnx(tmp_path, onnx_graph(weights()))
    free: dict[str, Any] = (
        {"dynamic_shapes": ({1: torch.export.Dim("T")}, None), "external_data": True}
        if dynamo
        else {"dynamic_axes": {"feats": {1: "T"}, "scores": {1: "U"}}}
    )
    names = {"input_names": ["feats", "n"], "output_names": ["scores", "n_out"]}
    torch.onnx.export(model, example, str(path), dynamo=dynamo, verbose=False, **names, **free)
    recognizer = load_recognizer(path)
    assert isinstance(recognizer, CtcRecognizer)
    for seed in range(3):
        samples = speech(1.0 + seed, seed=seed)
        features = torch.from_numpy(recognizer.front_end(samples)).unsqueeze(0)
        with torch.inference_mode():
            scores, length = model(features, torch.tensor([features.shape[1]]))
        assert recognizer.log_scores(samples) == pytest.approx(scores[0, : int(length)].numpy(), abs=1e-4)
