"""Small real models with random weights: the same numbers as an ONNX graph and as a TorchScript file."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

WORDS = ("<blk>", "amber", "birch", "cedar", "delta", "ember", "fjord", "grove")
CHARS = ("<blk>", "|", *"abcdefghijklmnopqrstuvwxyz'")
MELS = 24
KALDI = f'[front_end]\nkind = "kaldi"\nnum_mels = {MELS}\n'
RAW = '[front_end]\nkind = "raw"\n'


@dataclass(frozen=True)
class Weights:
    """A strided convolution over the input, then a linear layer to V scores."""

    kernel: NDArray[np.float32]  # [H, F, K]
    output: NDArray[np.float32]  # [H, V]
    bias: NDArray[np.float32]  # [V]
    stride: int

    @property
    def features(self) -> int:
        return self.kernel.shape[1]


def weights(features: int = MELS, size: int = len(WORDS), *, seed: int = 0, blank: float = 1.0) -> Weights:
    """Mel weights for F > 1, else weights over the waveform (20 ms frames)."""
    rng = np.random.default_rng(seed)
    width, stride = (4, 2) if features > 1 else (400, 320)
    bias = np.zeros(size, np.float32)
    bias[0] = blank
    scale = 0.3 if features > 1 else 1.0
    return Weights(
        rng.normal(0, scale / np.sqrt(features * width / 8), (16, features, width)).astype(np.float32),
        rng.normal(0, 0.8, (16, size)).astype(np.float32),
        bias,
        stride,
    )


def onnx_graph(
    w: Weights,
    *,
    layout: str = "time-features",
    log_probs: bool = True,
    length_in: bool = True,
    length_out: bool = True,
    dynamic_features: bool = False,
    time_first: bool = False,
    names: tuple[str, str, str, str] = ("x", "x_lens", "log_probs", "log_probs_len"),
    dtype: int = TensorProto.FLOAT,
) -> onnx.ModelProto:
    """The graph that `TorchModel` is, in ONNX."""
    x, x_lens, out, out_lens = names
    features: int | str = "F" if dynamic_features else w.features
    nodes, constants = [], []

    def constant(name: str, value: NDArray[np.generic]) -> str:
        constants.append(numpy_helper.from_array(value, name))
        return name

    half = np.float16 if dtype == TensorProto.FLOAT16 else np.float32
    if w.features == 1:
        shape: list[int | str] = [1, "S"]
        nodes.append(helper.make_node("Unsqueeze", [x, constant("one", np.array([1]))], ["bft"]))
    elif layout == "features-time":
        shape = [1, features, "T"]
        nodes.append(helper.make_node("Identity", [x], ["bft"]))
    else:
        shape = [1, "T", features]
        nodes.append(helper.make_node("Transpose", [x], ["bft"], perm=[0, 2, 1]))
    nodes += [
        helper.make_node(
            "Conv", ["bft", constant("kernel", w.kernel.astype(half))], ["h"], strides=[w.stride], name="conv"
        ),
        helper.make_node("Tanh", ["h"], ["a"]),
        helper.make_node("Transpose", ["a"], ["bth"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["bth", constant("output", w.output.astype(half))], ["m"]),
        helper.make_node("Add", ["m", constant("bias", w.bias.astype(half))], ["logits_"]),
        helper.make_node("LogSoftmax" if log_probs else "Identity", ["logits_"], ["scores_"], axis=-1)
        if log_probs
        else helper.make_node("Identity", ["logits_"], ["scores_"]),
        helper.make_node("Transpose", ["scores_"], [out], perm=[1, 0, 2])
        if time_first
        else helper.make_node("Identity", ["scores_"], [out]),
    ]
    inputs = [helper.make_tensor_value_info(x, dtype, shape)]
    size = w.output.shape[1]
    outputs = [helper.make_tensor_value_info(out, dtype, ["U", 1, size] if time_first else [1, "U", size])]
    if length_in:
        inputs.append(helper.make_tensor_value_info(x_lens, TensorProto.INT64, [1]))
    if length_out:
        width = constant("width", np.array([w.kernel.shape[2] - w.stride]))
        nodes += [
            helper.make_node("Sub", [x_lens, width], ["valid"]),
            helper.make_node("Div", ["valid", constant("stride", np.array([w.stride]))], [out_lens]),
        ]
        outputs.append(helper.make_tensor_value_info(out_lens, TensorProto.INT64, [1]))
    graph = helper.make_graph(nodes, "ctc", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


class TorchModel(torch.nn.Module):
    """Features [1, T, F] or waveform [1, S], and their length, to scores [1, U, V] and their length."""

    def __init__(self, w: Weights, *, log_probs: bool = True) -> None:
        super().__init__()
        self.kernel = torch.nn.Parameter(torch.from_numpy(w.kernel.copy()))
        self.output = torch.nn.Parameter(torch.from_numpy(w.output.copy()))
        self.bias = torch.nn.Parameter(torch.from_numpy(w.bias.copy()))
        self.stride = w.stride
        self.over = w.kernel.shape[2] - w.stride
        self.waveform = w.features == 1
        self.log_probs = log_probs

    def forward(self, x: torch.Tensor, x_lens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = x.unsqueeze(1) if self.waveform else x.transpose(1, 2)
        hidden = torch.tanh(torch.nn.functional.conv1d(x, self.kernel, stride=[self.stride]))
        scores = hidden.transpose(1, 2) @ self.output + self.bias
        if self.log_probs:
            scores = scores.log_softmax(-1)
        return scores, (x_lens - self.over) // self.stride


def script(module: torch.nn.Module, path: Path) -> Path:
    """Save a module as TorchScript; torch deprecates the format, users still have it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(module.eval()).save(str(path))  # type: ignore[no-untyped-call]
    return path


def write_tokens(folder: Path, symbols: tuple[str, ...] = WORDS) -> Path:
    path = folder / "tokens.txt"
    path.write_text("".join(f"{symbol} {i}\n" for i, symbol in enumerate(symbols)), encoding="utf-8")
    return path


def write_toml(
    folder: Path, *, front_end: str = KALDI, style: str = "word", extra: str = "", family: str | None = None
) -> Path:
    path = folder / "model.toml"
    named = "" if family is None else f'family = "{family}"\n'
    tokens = f'[tokens]\nfile = "tokens.txt"\nstyle = "{style}"\n'
    path.write_text(f'schema = "memaudit/model/1"\n{named}{front_end}{tokens}{extra}')
    return path


def write_onnx(folder: Path, model: onnx.ModelProto, **toml: str) -> Path:
    """A folder with model.onnx, tokens.txt and model.toml; returns the model file."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    write_tokens(folder)
    write_toml(folder, **toml)
    return folder / "model.onnx"


def speech(seconds: float = 1.5, *, seed: int = 0, rate: int = 16000) -> NDArray[np.float32]:
    """Noise in bursts, so that frames differ from one another."""
    rng = np.random.default_rng(seed)
    count = int(seconds * rate)
    envelope = np.repeat(rng.uniform(0, 0.3, count // 1600 + 1), 1600)[:count]
    tone = np.sin(
        2 * np.pi * np.cumsum(np.repeat(rng.uniform(100, 4000, count // 1600 + 1), 1600)[:count]) / rate
    )
    return (envelope * tone + rng.normal(0, 0.003, count)).astype(np.float32)
