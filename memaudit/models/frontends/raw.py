"""The waveform itself (wav2vec 2.0 and its family, and other models with a learnt front end)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from memaudit.models.frontends.base import FrontEndOptions, usable
from memaudit.models.recognizer import Samples


class RawFrontEnd(FrontEndOptions):
    """The samples as they are, or brought to zero mean and unit variance.

    Attributes:
        normalise: (x - mean) / sqrt(variance + 1e-7) over the utterance, variance with divisor S, as the
            wav2vec 2.0 family of transformers does where its preprocessor_config.json says do_normalize.
        waveform_scale: factor on the samples, 32768 where training saw 16-bit integers.
    """

    kind: Literal["raw"] = "raw"
    normalise: bool = False
    waveform_scale: float = Field(1.0, gt=0)

    @property
    def num_features(self) -> None:
        """None: there are no features, only samples."""
        return

    def __call__(self, samples: Samples) -> NDArray[np.float32]:
        """float32 [S] in [-1, 1] -> float32 [S]; `AudioError` if the samples are empty or not finite."""
        wave = usable(samples)
        if self.waveform_scale != 1.0:
            wave = wave * np.float32(self.waveform_scale)
        if self.normalise:
            wide = wave.astype(np.float64)
            wave = ((wide - wide.mean()) / np.sqrt(wide.var() + 1e-7)).astype(np.float32)
        return wave
