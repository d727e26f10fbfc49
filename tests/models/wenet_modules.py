"""A module with the methods and signatures that WeNet's export_jit.py scripts, small and random."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from tests.models.builders import script
from tests.models.ctc_families import HIDDEN, PIECES, TEXT, wenet, write_symbols
from tests.models.icefall_modules import onnx_weights

UNITS = ("<blank>", "<unk>", *PIECES, "<sos/eos>")
__all__ = ["TEXT", "UNITS", "AsrModel", "wenet_model", "write_wenet"]
EMPTY = torch.zeros(0, 0, 0, 0)


class Encoder(nn.Module):
    def __init__(self, kernel: Tensor) -> None:
        super().__init__()
        self.kernel = nn.Parameter(kernel)

    def forward_chunk(
        self, xs: Tensor, offset: int, required_cache_size: int, att_cache: Tensor, cnn_cache: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        assert xs.size(0) == 1
        assert offset == 0
        assert required_cache_size < 0
        hidden = nn.functional.conv1d(xs.transpose(1, 2), self.kernel, stride=[4], padding=[4])
        return torch.tanh(hidden).transpose(1, 2), att_cache, cnn_cache


class AsrModel(nn.Module):
    """WeNet's ASRModel: only what is exported."""

    def __init__(self, kernel: Tensor, weight: Tensor, bias: Tensor, seed: int) -> None:
        super().__init__()
        self.encoder = Encoder(kernel)
        self.ctc_lo = nn.Linear(HIDDEN, len(bias))
        self.ctc_lo.weight, self.ctc_lo.bias = nn.Parameter(weight), nn.Parameter(bias)
        self.sos = self.eos = len(bias) - 1
        generator = torch.Generator().manual_seed(seed)
        self.table = nn.Parameter(torch.randn(len(bias), HIDDEN, generator=generator))
        self.query = nn.Parameter(torch.randn(HIDDEN, HIDDEN, generator=generator) * 0.5)
        self.out = nn.Parameter(torch.randn(HIDDEN, len(bias), generator=generator))

    @torch.jit.export
    def subsampling_rate(self) -> int:
        return 4

    @torch.jit.export
    def right_context(self) -> int:
        return 6

    @torch.jit.export
    def sos_symbol(self) -> int:
        return self.sos

    @torch.jit.export
    def eos_symbol(self) -> int:
        return self.eos

    @torch.jit.export
    def forward_encoder_chunk(
        self,
        xs: Tensor,
        offset: int,
        required_cache_size: int,
        att_cache: Tensor = EMPTY,
        cnn_cache: Tensor = EMPTY,
    ) -> tuple[Tensor, Tensor, Tensor]:
        return self.encoder.forward_chunk(xs, offset, required_cache_size, att_cache, cnn_cache)

    @torch.jit.export
    def ctc_activation(self, xs: Tensor) -> Tensor:
        return nn.functional.log_softmax(self.ctc_lo(xs), dim=2)

    @torch.jit.export
    def is_bidirectional_decoder(self) -> bool:
        return False

    @torch.jit.export
    def forward_attention_decoder(
        self, hyps: Tensor, hyps_lens: Tensor, encoder_out: Tensor, reverse_weight: float = 0
    ) -> tuple[Tensor, Tensor]:
        assert encoder_out.size(0) == 1
        assert hyps_lens.size(0) == hyps.size(0)
        assert reverse_weight == 0.0
        state = self.table[hyps].cumsum(1) / torch.arange(1, hyps.size(1) + 1).unsqueeze(1)
        attention = (state @ self.query) @ encoder_out.transpose(1, 2)
        context = torch.softmax(attention, dim=-1) @ encoder_out
        scores = (torch.tanh(state) + 2 * context) @ self.out
        return torch.log_softmax(scores, dim=-1), torch.zeros_like(scores)

    def forward(self, speech: Tensor) -> Tensor:
        none = torch.zeros(0, 0, 0, 0)
        return self.ctc_lo(self.encoder.forward_chunk(speech, 0, -1, none, none)[0])


def wenet_model(folder: Path, *, seed: int = 0) -> AsrModel:
    """The weights of the ONNX model that `ctc_families.wenet` writes into ``folder``, as a torch module."""
    path = wenet(folder, seed=seed)
    ((kernel,),) = onnx_weights(path, "Conv")
    ((weight,),) = onnx_weights(path, "MatMul")
    ((bias,),) = [found for found in onnx_weights(path, "Add") if found and found[0].ndim == 1]
    return AsrModel(*(torch.from_numpy(part.copy()) for part in (kernel, weight.T, bias)), seed=seed)


def write_wenet(folder: Path, module: nn.Module, *, name: str = "final.zip") -> Path:
    """final.zip and units.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    write_symbols(folder / "units.txt", UNITS)
    return script(module, folder / name)
