"""A small word-level CTC recogniser: a stack of convolutions over log-mel features.

Words, not characters: speech that is four times as fast has too few 40 ms frames for its characters, and an
alignment that does not fit trains nothing. Nothing in the network looks across a batch or past an
utterance's end, so each example has a gradient of its own and padding changes no result.
"""

# No annotations from __future__ here: torch.jit.script does not read those of a class from texts.
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

SUBSAMPLING = 4  # two convolutions of stride 2: 10 ms in, 40 ms out


@dataclass(frozen=True)
class Shape:
    """The sizes of a recogniser; ``tokens`` counts the blank, which is token 0."""

    tokens: int
    mel_bins: int = 40
    width: int = 128
    blocks: int = 3
    kernel: int = 5

    def as_dict(self) -> dict[str, Any]:
        """The sizes as JSON-able values."""
        return asdict(self)


class Convolution(nn.Module):
    """A convolution over time whose weight is a matrix, because Muon takes matrices only.

    f32[B, inputs, T] -> f32[B, outputs, ceil(T / stride)]
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.view = (outputs, inputs, kernel)
        self.stride = stride
        self.padding = kernel // 2
        fan_in = inputs * kernel
        self.weight = nn.Parameter(torch.randn(outputs, fan_in) / fan_in**0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Convolve; zeros stand before the beginning and after the end."""
        weight = self.weight.reshape(self.view)
        y: Tensor = functional.conv1d(x, weight, self.bias, stride=self.stride, padding=self.padding)
        return y


class Block(nn.Module):
    """Residual block: x + convolution(gelu(norm(x))), with the norm over the channels of one frame.

    f32[B, width, T] -> f32[B, width, T]
    """

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.convolution = Convolution(width, width, kernel)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """``mask`` is f32[B, 1, T]: 1 inside the utterance, 0 in the padding."""
        normed = self.norm(x.transpose(1, 2)).transpose(1, 2)
        change: Tensor = self.convolution(functional.gelu(normed) * mask)
        return (x + change) * mask


class ConvRecognizer(nn.Module):
    """Log-mel features to log-probabilities over words.

    The mean and deviation of the training features are buffers of the model, so that the front end beside
    the model stays a plain one.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width, kernel = shape.width, shape.kernel
        self.register_buffer("mean", torch.zeros(shape.mel_bins))
        self.register_buffer("deviation", torch.ones(shape.mel_bins))
        first = Convolution(shape.mel_bins, width, kernel, stride=2)
        self.subsampling = nn.ModuleList([first, Convolution(width, width, kernel, stride=2)])
        self.blocks = nn.ModuleList(Block(width, kernel) for _ in range(shape.blocks))
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, shape.tokens)

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Run the network.

        Args:
            features: f32[B, T, mel_bins], padded at the end with anything finite.
            lengths: i64[B], the frames of each utterance, at least 1.

        Returns:
            log-probabilities f32[B, ceil(T / 4), tokens], and their lengths i64[B].
        """
        x = (features - self.mean) / self.deviation
        x = x.transpose(1, 2) * _mask(x.shape[1], lengths)
        for convolution in self.subsampling:
            lengths = (lengths + 1) // 2
            x = functional.gelu(convolution(x))
            x = x * _mask(x.shape[2], lengths)
        mask = _mask(x.shape[2], lengths)
        for block in self.blocks:
            x = block(x, mask)
        logits = self.output(self.norm(x.transpose(1, 2)))
        return functional.log_softmax(logits, dim=-1), lengths


def _mask(frames: int, lengths: Tensor) -> Tensor:
    """f32[B, 1, T]: 1 before each length, 0 from there on."""
    inside = torch.arange(frames, device=lengths.device) < lengths.unsqueeze(-1)
    return inside.unsqueeze(-2).to(torch.float32)


def output_frames(frames: int) -> int:
    """How many 40 ms frames the recogniser makes of ``frames`` 10 ms frames: ceil(frames / 4)."""
    return -(-frames // SUBSAMPLING)


def make_recognizer(shape: Shape, seed: int) -> ConvRecognizer:
    """A recogniser with random weights that depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ConvRecognizer(shape)
