"""Recognisers of every front end, made of the shipped one: real models that read what they should.

The shipped recogniser takes Kaldi features. For another front end of log-mel features a convolution over
three frames is put before its graph, fitted by least squares so that it turns those features into Kaldi's;
for the waveform, the graph computes Kaldi's features itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tomli_w
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from memaudit.kit.packaged import kits_folder
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.frontends.kaldi import KaldiFrontEnd
from memaudit.models.frontends.registry import make_front_end

SHIPPED = kits_folder() / "recognisers" / "clipped"
MELS = 40
KALDI = KaldiFrontEnd(num_mels=MELS)
CONTEXT = 3

Samples = NDArray[np.float32]


def make(folder: Path, table: dict[str, Any], audio: Sequence[Samples]) -> Path:
    """A recogniser that reads well behind the front end ``table``, its layer fitted on ``audio``."""
    front_end = make_front_end(table)
    model = onnx.load(SHIPPED / "model.onnx")
    if front_end.num_features is None:
        _kaldi_inside(model)
    elif front_end.describe() != KALDI.describe():
        _before(model, *_fitted(front_end, audio))
    folder.mkdir(parents=True)
    onnx.save(model, folder / "model.onnx")
    shutil.copy(SHIPPED / "tokens.txt", folder)
    describe(folder, table)
    return folder / "model.toml"


def describe(folder: Path, table: dict[str, Any]) -> None:
    """Write the model.toml of a recogniser with another front end, right or wrong."""
    tokens = {"kind": "lines", "style": "word", "file": "tokens.txt", "blank": "<blk>"}
    document = {"schema": "memaudit/model/1", "family": "onnx-ctc", "front_end": table, "tokens": tokens}
    (folder / "model.toml").write_text(tomli_w.dumps(document), encoding="utf-8")


def _fitted(front_end: FrontEnd, audio: Sequence[Samples]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel [MELS, MELS, CONTEXT] and bias [MELS] of the convolution from its features to Kaldi's."""
    rows, targets = [], []
    for samples in audio:
        features, wanted = front_end(samples), KALDI(np.pad(samples, (0, 8000)))
        padded = np.pad(features, ((1, 1), (0, 0)), mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(padded, CONTEXT, axis=0)
        count = min(len(windows), len(wanted))
        rows.append(windows[:count].reshape(count, -1))
        targets.append(wanted[:count])
    x = np.concatenate(rows).astype(np.float64)
    x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    solved = np.linalg.solve(x.T @ x + 1e-3 * len(x) * np.eye(x.shape[1]), x.T @ np.concatenate(targets))
    kernel = solved[:-1].T.reshape(MELS, MELS, CONTEXT)
    return kernel.astype(np.float32), solved[-1].astype(np.float32)


def _before(model: onnx.ModelProto, kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
    new = [
        helper.make_node("Pad", ["features", "edges"], ["fe_padded"], mode="edge"),
        helper.make_node("Transpose", ["fe_padded"], ["fe_turned"], perm=[0, 2, 1]),
        helper.make_node("Conv", ["fe_turned", "fe_kernel", "fe_bias"], ["fe_mapped"]),
        helper.make_node("Transpose", ["fe_mapped"], ["fe_features"], perm=[0, 2, 1]),
    ]
    constants = {"edges": np.array([0, 1, 0, 0, 1, 0]), "fe_kernel": kernel, "fe_bias": bias}
    _put_first(model, new, constants, "features", "fe_features")


def _kaldi_inside(model: onnx.ModelProto) -> None:
    """Kaldi's steps on a frame up to the power spectrum are linear in its samples: one convolution."""
    size, window = 512, 400
    frame = np.eye(window)
    frame = frame - frame.mean(axis=0)
    frame = np.concatenate([frame[:1] * 0.03, frame[1:] - 0.97 * frame[:-1]])
    povey = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / (window - 1))) ** 0.85
    spectrum = np.fft.rfft(frame * povey[:, None], size, axis=0)[:-1]
    mel = 1127 * np.log1p(np.arange(size // 2) * 16000 / size / 700)
    edges = np.linspace(1127 * np.log1p(20 / 700), 1127 * np.log1p(7600 / 700), MELS + 2)
    step = edges[1] - edges[0]
    filters = np.maximum(0, 1 - np.abs(mel[:, None] - edges[None, 1:-1]) / step).astype(np.float32)
    constants: dict[str, NDArray[Any]] = {
        "fe_real": spectrum.real.astype(np.float32)[:, None],
        "fe_imaginary": spectrum.imag.astype(np.float32)[:, None],
        "fe_filters": filters,
        "fe_floor": np.array(np.finfo(np.float32).eps, np.float32),
        "fe_pads": np.array([0, 0, 120, 0, 0, 200]),
        "fe_one": np.array([1]),
        "fe_hop": np.array([160]),
        "fe_half": np.array([80]),
    }
    new = [
        helper.make_node("Unsqueeze", ["features", "fe_one"], ["fe_channel"]),
        helper.make_node("Pad", ["fe_channel", "fe_pads"], ["fe_padded"], mode="reflect"),
        helper.make_node("Conv", ["fe_padded", "fe_real"], ["fe_re"], strides=[160]),
        helper.make_node("Conv", ["fe_padded", "fe_imaginary"], ["fe_im"], strides=[160]),
        helper.make_node("Mul", ["fe_re", "fe_re"], ["fe_re2"]),
        helper.make_node("Mul", ["fe_im", "fe_im"], ["fe_im2"]),
        helper.make_node("Add", ["fe_re2", "fe_im2"], ["fe_power"]),
        helper.make_node("Transpose", ["fe_power"], ["fe_turned"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["fe_turned", "fe_filters"], ["fe_mel"]),
        helper.make_node("Max", ["fe_mel", "fe_floor"], ["fe_floored"]),
        helper.make_node("Log", ["fe_floored"], ["fe_features"]),
        helper.make_node("Add", ["lengths", "fe_half"], ["fe_rounded"]),
        helper.make_node("Div", ["fe_rounded", "fe_hop"], ["fe_frames"]),
    ]
    _put_first(model, new, constants, "features", "fe_features", lengths="fe_frames")
    del model.graph.input[0].type.tensor_type.shape.dim[2]
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "samples"


def _put_first(
    model: onnx.ModelProto,
    new: list[onnx.NodeProto],
    constants: dict[str, NDArray[Any]],
    before: str,
    after: str,
    *,
    lengths: str = "lengths",
) -> None:
    renamed = {before: after, "lengths": lengths}
    for node in model.graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
    old = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*new, *old])
    del model.graph.value_info[:]
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    assert model.graph.input[0].type.tensor_type.elem_type == TensorProto.FLOAT
