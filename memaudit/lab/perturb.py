"""Speed perturbation: training audio a little slower or faster, with its pitch (Ko et al. 2015)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from memaudit.errors import UsageError
from memaudit.kit.seeds import stream
from memaudit.kit.speech import SAMPLE_RATE
from memaudit.kit.speed import change_speed
from memaudit.lab.recognizer import output_frames
from memaudit.lab.utterances import needed_frames

Samples = NDArray[np.float32]
#: The factors of the paper.
FACTORS = (0.9, 1.0, 1.1)
#: Samples from one frame of features to the next, and frames that some front ends lose at the end.
HOP, EDGE = SAMPLE_RATE // 100, 3


@dataclass(frozen=True)
class Speeds:
    """A factor for each utterance, drawn evenly; the seed decides which.

    The paper trains on three copies of everything, one at each factor. Here each utterance (each copy of a
    canary) gets one factor, as toolkits that perturb while loading do: so a run with it is as long as the run
    without, and the canaries' dose is the same.

    Raises:
        UsageError: if there is no factor, or one that is not above 0.
    """

    seed: int
    factors: tuple[float, ...] = FACTORS

    def __post_init__(self) -> None:
        if not self.factors or not all(0 < factor < float("inf") for factor in self.factors):
            raise UsageError(f"speed factors {self.factors}", how="give numbers above 0")

    def perturbed(self, audio: Iterable[Samples], targets: Sequence[Tensor], name: str) -> Iterator[Samples]:
        """The audio (float32[S] at 16 kHz), each resampled by its factor.

        An utterance whose words would not fit into the frames of 40 ms that are left keeps its own speed:
        canaries at 4 times speed have few to spare, and one that does not fit trains nothing.

        Args:
            audio: in order.
            targets: i64[U] tokens of each.
            name: of the set, for another draw than that of other sets.
        """
        generator = stream(self.seed, "lab", "speeds", name)
        for samples, target in zip(audio, targets, strict=True):
            factor = float(generator.choice(self.factors))
            changed = change_speed(samples, factor, SAMPLE_RATE, method="resample")
            fits = output_frames(len(changed) // HOP - EDGE) >= needed_frames(target)
            yield changed if fits else samples
