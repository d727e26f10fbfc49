"""CTC models with random weights, written to disk as each family's project writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

# In the order of BPE training: merges first, then single characters.
PIECES = (
    *("\u2581a", "\u2581b", "in", "he", "\u2581t", "\u2581the", "er", "\u2581bin", "on", "\u2581on"),
    *("\u2581", "a", "b", "c", "e", "h", "i", "n", "o", "r", "t"),
)
LETTERS = (" ", *"abcdefghijklmnopqrstuvwxyz'")
TEXT = "the bin on"
HIDDEN = 24


def ctc_graph(
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    features: int | None,
    size: int,
    seed: int = 0,
    stride: int = 4,
    transposed: bool = False,
    free: bool = False,
    lengths: int = TensorProto.INT64,
    half: bool = False,
    logits: bool = False,
    metadata: Mapping[str, object] | None = None,
) -> onnx.ModelProto:
    """A convolution over masked features (or the waveform) and a linear layer to scores.

    Args:
        inputs: names of the features and, where there is one, of their length.
        outputs: names of the scores and, where there is one, of their length.
        features: F; None: a waveform.
        size: V.
        seed: of the weights.
        stride: input frames (or samples) an output frame; T' = (T - 1) // stride + 1.
        transposed: features [B, F, T] in place of [B, T, F].
        free: leave F open in the graph's signature.
        lengths: type of the lengths.
        half: compute in half precision; inputs and outputs stay float32.
        logits: give logits, not log-probabilities.
        metadata: the exporter's.
    """
    rng = np.random.default_rng(seed)
    wide = features or 1
    width = 2 * stride + 1
    kernel = rng.normal(0, 1, (HIDDEN, wide, width))
    # A constant offset of the features changes nothing; their usual spread fills tanh.
    kernel -= kernel.mean(axis=(1, 2), keepdims=True)
    kernel *= (0.5 if features else 4.0) / np.sqrt(wide * width)
    dtype = np.float16 if half else np.float32
    constants: list[onnx.TensorProto] = []
    nodes: list[onnx.NodeProto] = []

    def constant(name: str, value: NDArray[np.generic]) -> str:
        constants.append(numpy_helper.from_array(value, name))
        return name

    def node(kind: str, given: Sequence[str], made: str, **attributes: object) -> str:
        nodes.append(helper.make_node(kind, list(given), [made], **attributes))
        return made

    x = inputs[0]
    shape: list[int | str]
    if features is None:
        shape = ["B", "S"]
        bft = node("Unsqueeze", [x, constant("one", np.array([1]))], "bft")
    else:
        mels: int | str = "F" if free else features
        shape = ["B", mels, "T"] if transposed else ["B", "T", mels]
        bft = x if transposed else node("Transpose", [x], "bft", perm=[0, 2, 1])
    if len(inputs) > 1:
        long = node("Cast", [inputs[1]], "long", to=TensorProto.INT64)
        time = node("Gather", [node("Shape", [bft], "sizes"), constant("two", np.array(2))], "time")
        steps = node("Range", [constant("zero", np.array(0)), time, constant("step", np.array(1))], "steps")
        valid = node(
            "Less", [steps, node("Unsqueeze", [long, constant("last", np.array([1]))], "n1")], "valid"
        )
        mask = node("Cast", [valid], "mask", to=TensorProto.FLOAT)
        bft = node("Mul", [bft, node("Unsqueeze", [mask, constant("mid", np.array([1]))], "b1t")], "masked")
        if len(outputs) > 1:
            less = node("Sub", [long, constant("unit", np.array(1))], "less")
            whole = node("Div", [less, constant("stride", np.array(stride))], "whole")
            count = node("Add", [whole, constant("unit2", np.array(1))], "count")
            node("Cast", [count], outputs[1], to=lengths)
    if half:
        bft = node("Cast", [bft], "narrow", to=TensorProto.FLOAT16)
    weights = constant("kernel", kernel.astype(dtype))
    hidden = node("Conv", [bft, weights], "h", strides=[stride], pads=[stride, stride], name="conv")
    bth = node("Transpose", [node("Tanh", [hidden], "a")], "bth", perm=[0, 2, 1])
    scores = node("MatMul", [bth, constant("out", rng.normal(0, 1, (HIDDEN, size)).astype(dtype))], "m")
    scores = node("Add", [scores, constant("bias", rng.normal(0, 0.5, size).astype(dtype))], "raw")
    if half:
        scores = node("Cast", [scores], "broad", to=TensorProto.FLOAT)
    node("Identity" if logits else "LogSoftmax", [scores], outputs[0], **({} if logits else {"axis": -1}))
    taken = [helper.make_tensor_value_info(x, TensorProto.FLOAT, shape)]
    taken += [helper.make_tensor_value_info(name, lengths, ["B"]) for name in inputs[1:]]
    given = [helper.make_tensor_value_info(outputs[0], TensorProto.FLOAT, ["B", "U", size])]
    given += [helper.make_tensor_value_info(name, lengths, ["B"]) for name in outputs[1:]]
    graph = helper.make_graph(nodes, "ctc", taken, given, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, {key: str(value) for key, value in (metadata or {}).items()})
    return model


def write_symbols(path: Path, symbols: Sequence[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{symbol} {i}\n" for i, symbol in enumerate(symbols)), encoding="utf-8")
    return path


def write_model(path: Path, model: onnx.ModelProto, *, external: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if external:
        apart = {"location": f"{path.name}.data", "size_threshold": 256}
        onnx.save(model, path, save_as_external_data=True, **apart)
    else:
        onnx.save(model, path)
    return path


def nemo(
    folder: Path,
    *,
    mels: int = 80,
    seed: int = 0,
    symbols: Sequence[str] = ("<unk>", *PIECES, "<blk>"),
    name: str = "model.onnx",
    tokens: str = "vocab.txt",
    metadata: Mapping[str, object] | None = None,
    config: bool = True,
    external: bool = False,
    size: int | None = None,
    free: bool = False,
    half: bool = False,
) -> Path:
    """As onnx-asr's repositories of NeMo models, or with metadata as sherpa-onnx's."""
    graph = ctc_graph(
        ("audio_signal", "length"),
        ("logprobs",),
        features=mels,
        size=size or len(symbols),
        seed=seed,
        stride=8,
        transposed=True,
        metadata=metadata,
        free=free,
        half=half,
    )
    path = write_model(folder / name, graph, external=external)
    write_symbols(folder / tokens, symbols)
    if config:
        said = {"model_type": "nemo-conformer-ctc", "features_size": mels, "subsampling_factor": 8}
        (folder / "config.json").write_text(json.dumps(said))
    return path


def icefall(
    folder: Path, *, seed: int = 0, mels: int = 80, half: bool = False, external: bool = False
) -> Path:
    """As icefall's zipformer/export-onnx-ctc.py."""
    symbols = ("<blk>", "<sos/eos>", "<unk>", *(piece.upper() for piece in PIECES))
    graph = ctc_graph(
        ("x", "x_lens"),
        ("log_probs", "log_probs_len"),
        features=mels,
        size=len(symbols),
        seed=seed,
        half=half,
        metadata={"model_type": "zipformer2_ctc", "version": "1", "model_author": "k2-fsa"},
    )
    write_symbols(folder / "tokens.txt", symbols)
    return write_model(folder / "model.onnx", graph, external=external)


def wenet(
    folder: Path, *, seed: int = 0, metadata: bool = True, half: bool = False, external: bool = False
) -> Path:
    """As sherpa-onnx's scripts/wenet/export-onnx.py."""
    symbols = ("<blank>", "<unk>", *PIECES, "<sos/eos>")
    said = {"model_type": "wenet_ctc", "subsampling_factor": 4, "vocab_size": len(symbols)}
    graph = ctc_graph(
        ("x", "x_lens"),
        ("log_probs", "log_probs_lens"),
        features=80,
        size=len(symbols),
        seed=seed,
        half=half,
        metadata=said if metadata else None,
    )
    write_symbols(folder / "tokens.txt", symbols)
    return write_model(folder / "model.onnx", graph, external=external)


def wenet_gpu(folder: Path, *, seed: int = 0) -> Path:
    """As the encoder of WeNet's export_onnx_gpu.py: further outputs, lengths of 32 bits."""
    symbols = ("<blank>", "<unk>", *PIECES, "<sos/eos>")
    graph = ctc_graph(
        ("speech", "speech_lengths"),
        ("ctc_log_probs", "encoder_out_lens"),
        features=80,
        size=len(symbols),
        seed=seed,
        lengths=TensorProto.INT32,
    )
    beams = helper.make_node("TopK", ["ctc_log_probs", "beams"], ["beam_log_probs", "beam_log_probs_idx"])
    graph.graph.node.append(beams)
    graph.graph.initializer.append(numpy_helper.from_array(np.array([4]), "beams"))
    for name, kind in (("bth", 1), ("beam_log_probs", 1), ("beam_log_probs_idx", 7)):
        graph.graph.output.append(helper.make_tensor_value_info(name, kind, ["B", "U", "D"]))
    write_symbols(folder / "units.txt", symbols)
    return write_model(folder / "encoder.onnx", graph)


def gigaam(
    folder: Path,
    *,
    seed: int = 0,
    name: str = "v2_ctc.onnx",
    tokens: str = "v2_vocab.txt",
    symbols: Sequence[str] = ("\u2581", *LETTERS[1:], "<blk>"),
    metadata: Mapping[str, object] | None = None,
    version: str | None = None,
    half: bool = False,
    external: bool = False,
) -> Path:
    """As GigaAM's `to_onnx`, with the token file that onnx-asr's repositories add."""
    graph = ctc_graph(
        ("features", "feature_lengths"),
        ("log_probs",),
        features=64,
        size=len(symbols),
        seed=seed,
        transposed=True,
        metadata=metadata,
        half=half,
    )
    write_symbols(folder / tokens, symbols)
    if version is not None:
        (folder / "config.json").write_text(json.dumps({"model_type": "gigaam", "version": version}))
    return write_model(folder / name, graph, external=external)


def gigaam_e2e(folder: Path, *, seed: int = 0) -> Path:
    """The one of version 3 that writes word pieces."""
    return gigaam(
        folder,
        seed=seed,
        name="v3_e2e_ctc.onnx",
        tokens="v3_e2e_ctc_vocab.txt",
        symbols=("<unk>", *PIECES, "<blk>"),
        version="v3",
    )


def hf(
    folder: Path,
    *,
    seed: int = 0,
    normalise: bool = True,
    name: str = "model.onnx",
    half: bool = False,
    external: bool = False,
) -> Path:
    """As `optimum-cli export onnx` of a wav2vec 2.0 checkpoint."""
    letters = ("<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ")
    graph = ctc_graph(
        ("input_values",),
        ("logits",),
        features=None,
        size=len(letters),
        seed=seed,
        stride=320,
        logits=True,
        half=half,
    )
    path = write_model(folder / name, graph, external=external)
    (folder / "vocab.json").write_text(json.dumps({letter: i for i, letter in enumerate(letters)}))
    (folder / "config.json").write_text(json.dumps({"model_type": "wav2vec2", "vocab_size": len(letters)}))
    said = {"do_normalize": normalise, "sampling_rate": 16000, "return_attention_mask": False}
    (folder / "preprocessor_config.json").write_text(json.dumps(said))
    spoken = {"unk_token": "<unk>", "pad_token": {"content": "<pad>"}, "word_delimiter_token": "|"}
    (folder / "tokenizer_config.json").write_text(json.dumps(spoken))
    return path


PHONES = ("<pad>", "<sos>", "<eos>", "<unk>", " ", "a", "b", "d\u0361\u0292", "o\u028a", "t\u0283")


def hama(folder: Path, *, seed: int = 0) -> Path:
    """As the assets of hama 1.3: half precision inside, graphs of its other parts beside it."""
    graph = ctc_graph(
        ("waveform", "waveform_lengths"),
        ("log_probs", "out_lengths"),
        features=None,
        size=len(PHONES) + 2,
        seed=seed,
        stride=320,
        half=True,
    )
    path = write_model(folder / "asr_waveform_fp16.onnx", graph)
    (folder / "g2p_vocab.json").write_text(json.dumps({"encoder": ["a"], "decoder": list(PHONES)}))
    for name in ("encoder.onnx", "decoder_step.onnx"):
        write_model(folder / name, _other())
    return path


def _other() -> onnx.ModelProto:
    """A graph that is no recogniser."""
    taken = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["B", "S"])]
    given = [helper.make_tensor_value_info("encoder_outputs", TensorProto.INT64, ["B", "S"])]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["input_ids"], ["encoder_outputs"])], "g2p", taken, given
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def tone(folder: Path, *, seed: int = 0, tokens: str = "vocab.json", size: int = 12) -> Path:
    """As T-one on the model hub: 300 ms of 8 kHz at a time, 30 ms frames, a state of half precision.

    The state is the running mean of what was heard, and moves every frame's scores.
    """
    rng = np.random.default_rng(seed)
    letters = (*"abehinort", "|", "[PAD]")
    wide = len(letters)
    constants = {
        "scale": np.array(1 / 32768, np.float32),
        "frames": np.array([0, 10, 240]),
        "kernel": rng.normal(0, 2, (240, size)).astype(np.float32),
        "mix": rng.normal(0, 3, (size, wide)).astype(np.float32),
        "memory": rng.normal(0, 3, (size, wide)).astype(np.float32),
        "half": np.array(0.5, np.float32),
        "bias": rng.normal(0, 0.5, wide).astype(np.float32),
        "axis": np.array([1]),
    }
    make = helper.make_node
    nodes = [
        make("Cast", ["signal"], ["wide"], to=TensorProto.FLOAT),
        make("Mul", ["wide", "scale"], ["scaled"]),
        make("Reshape", ["scaled", "frames"], ["framed"]),
        make("MatMul", ["framed", "kernel"], ["raw"]),
        make("Tanh", ["raw"], ["hidden"]),
        make("Cast", ["state"], ["before"], to=TensorProto.FLOAT),
        make("Unsqueeze", ["before", "axis"], ["remembered"]),
        make("MatMul", ["hidden", "mix"], ["now"]),
        make("MatMul", ["remembered", "memory"], ["then"]),
        make("Add", ["now", "then"], ["both"]),
        make("Add", ["both", "bias"], ["logits"]),
        make("LogSoftmax", ["logits"], ["logprobs"], axis=-1),
        make("ReduceMean", ["hidden", "axis"], ["mean"], keepdims=0),
        make("Add", ["mean", "before"], ["sum"]),
        make("Mul", ["sum", "half"], ["after"]),
        make("Cast", ["after"], ["state_next"], to=TensorProto.FLOAT16),
    ]
    info = helper.make_tensor_value_info
    taken = [
        info("signal", TensorProto.INT32, ["B", 2400, 1]),
        info("state", TensorProto.FLOAT16, ["B", size]),
    ]
    given = [
        info("logprobs", TensorProto.FLOAT, ["B", 10, wide]),
        info("state_next", TensorProto.FLOAT16, ["B", size]),
    ]
    initial = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tone", taken, given, initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path = write_model(folder / "model.onnx", model)
    spaced = [" " if letter == "|" else letter for letter in letters]
    if tokens == "vocab.json":
        (folder / tokens).write_text(json.dumps({letter: i for i, letter in enumerate(letters)}))
    else:
        write_symbols(folder / tokens, [*spaced[:-1], "<blk>"])
    said = {"decoder_params": {"vocabulary": spaced[:-1]}, "pad_token_id": wide - 1}
    (folder / "config.json").write_text(
        json.dumps({"model_type": "t-one-ctc", "encoder_params": {"reduction_kernel_size": 3}, **said})
    )
    return path
