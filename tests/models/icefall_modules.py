"""Modules with the parts and signatures that icefall's export.py --jit 1 scripts, small and random.

Classes, arguments and their names are those of icefall's recipes (encoder of features and feature_lengths,
stateless decoder, joiner with projections, CTC head); the networks inside are a few layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from tests.models.builders import script, write_tokens
from tests.models.transducers import ICEFALL_PIECES, Size, icefall_transducer

TEXT = "the cat sat"
SMALL = Size(blank=2.0)


class EncoderModel(nn.Module):
    """[N, T, 80] to [N, T', D]; nothing after an utterance's end changes it."""

    def __init__(self, first: NDArray[np.float32], second: NDArray[np.float32], stride: int) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.from_numpy(first.copy()))
        self.second = nn.Parameter(torch.from_numpy(second.copy()))
        self.stride = stride
        self.dropout = nn.Dropout(0.1)

    def forward(self, features: Tensor, feature_lengths: Tensor) -> tuple[Tensor, Tensor]:
        x = nn.functional.pad(features.transpose(1, 2), [self.first.size(2) - 1, 0])
        x = torch.tanh(nn.functional.conv1d(x, self.first, stride=[self.stride]))
        x = nn.functional.pad(self.dropout(x), [self.second.size(2) - 1, 0])
        x = nn.functional.conv1d(x, self.second)
        return x.transpose(1, 2), (feature_lengths - 1) // self.stride + 1


class Decoder(nn.Module):
    """[N, U] to [N, U, H], or of the last ``context_size`` tokens to [N, 1, H]."""

    def __init__(self, table: NDArray[np.float32], mix: NDArray[np.float32], blank_id: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(torch.from_numpy(table.copy()))
        self.conv = nn.Conv1d(table.shape[1], table.shape[1], mix.shape[2], bias=False)
        self.conv.weight = nn.Parameter(torch.from_numpy(mix.copy()))
        self.blank_id = blank_id
        self.context_size: int = mix.shape[2]

    def forward(self, y: Tensor, need_pad: bool = True) -> Tensor:
        known = (y >= 0).unsqueeze(-1)
        embedded = (self.embedding(y.clamp(min=0)) * known).permute(0, 2, 1)
        if need_pad:
            embedded = nn.functional.pad(embedded, pad=[self.context_size - 1, 0])
        else:
            assert embedded.size(-1) == self.context_size
        return nn.functional.relu(self.conv(embedded).permute(0, 2, 1))


class Joiner(nn.Module):
    def __init__(self, encoder: int, decoder: int, joiner: int, vocab: int) -> None:
        super().__init__()
        self.encoder_proj = nn.Linear(encoder, joiner)
        self.decoder_proj = nn.Linear(decoder, joiner)
        self.output_linear = nn.Linear(joiner, vocab)

    def forward(self, encoder_out: Tensor, decoder_out: Tensor, project_input: bool = True) -> Tensor:
        assert encoder_out.ndim == decoder_out.ndim
        assert encoder_out.ndim in (2, 4)
        assert encoder_out.shape[:-1] == decoder_out.shape[:-1]
        if project_input:
            logit = self.encoder_proj(encoder_out) + self.decoder_proj(decoder_out)
        else:
            logit = encoder_out + decoder_out
        return self.output_linear(torch.tanh(logit))


class PlainJoiner(nn.Module):
    """That of the first recipes: no projections of its own."""

    def __init__(self, joiner: Joiner) -> None:
        super().__init__()
        self.inner_linear = nn.Linear(joiner.output_linear.in_features, joiner.output_linear.in_features)
        self.output_linear = joiner.output_linear

    def forward(self, encoder_out: Tensor, decoder_out: Tensor) -> Tensor:
        assert encoder_out.ndim == decoder_out.ndim == 4
        return self.output_linear(torch.tanh(self.inner_linear(encoder_out + decoder_out)))


class AsrModel(nn.Module):
    """The model whose forward icefall does not script."""

    def __init__(self, encoder: nn.Module, **heads: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        for name, head in heads.items():
            setattr(self, name, head)

    @torch.jit.ignore  # type: ignore[untyped-decorator]
    def forward(self, x: Tensor) -> Tensor:
        """Left out of the file, as icefall's training loss is."""
        raise RuntimeError("an icefall model is run by its parts")


def onnx_weights(path: Path, kind: str) -> list[list[NDArray[np.float32]]]:
    """The constants that each node of a kind takes in an ONNX file."""
    graph = onnx.load(path).graph
    constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    return [
        [constants[name] for name in node.input if name in constants]
        for node in graph.node
        if node.op_type == kind
    ]


def asr_model(
    folder: Path, size: Size = SMALL, *, ctc: bool = False, transducer: bool = True, context: int = 2
) -> AsrModel:
    """The weights of what `icefall_transducer` writes into ``folder``, as torch modules."""
    path = icefall_transducer(folder, size, suffix="", context=context)
    (first,), (second,) = onnx_weights(path, "Conv")
    heads: dict[str, nn.Module] = {}
    vocab = len(ICEFALL_PIECES)
    if transducer:
        ((table,),) = onnx_weights(folder / "decoder.onnx", "Gather")
        ((mix,),) = onnx_weights(folder / "decoder.onnx", "Conv")
        ((projection,),) = onnx_weights(folder / "decoder.onnx", "MatMul")
        ((weight, bias),) = onnx_weights(folder / "joiner.onnx", "Gemm")
        joiner = Joiner(size.joint, size.hidden, size.joint, vocab)
        for layer, matrix in (
            (joiner.encoder_proj, np.eye(size.joint, dtype=np.float32)),
            (joiner.decoder_proj, projection.T),
            (joiner.output_linear, weight.T),
        ):
            layer.weight = nn.Parameter(torch.from_numpy(matrix.copy()))
            layer.bias = nn.Parameter(torch.zeros(len(matrix)))
        joiner.output_linear.bias = nn.Parameter(torch.from_numpy(bias.copy()))
        heads = {"decoder": Decoder(table, mix, 0), "joiner": joiner}
    if ctc:
        head = nn.Linear(size.joint, vocab)
        generator = torch.Generator().manual_seed(size.seed)
        head.weight = nn.Parameter(torch.randn(vocab, size.joint, generator=generator) * 0.8)
        heads["ctc_output"] = nn.Sequential(nn.Dropout(0.1), head, nn.LogSoftmax(dim=-1))
    return AsrModel(EncoderModel(first, second, size.stride), **heads).eval()


def write_icefall(
    folder: Path,
    module: nn.Module,
    *,
    name: str = "jit_script.pt",
    pieces: Sequence[str] = ICEFALL_PIECES,
) -> Path:
    """jit_script.pt and tokens.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tokens(folder, tuple(pieces))
    return script(module, folder / name)
