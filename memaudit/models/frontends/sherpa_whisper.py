"""Whisper's log-mel features as sherpa-onnx computes them: a tail of zeros in place of a full window."""

from __future__ import annotations

from typing import Literal

import kaldi_native_fbank as knf
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from memaudit.errors import AudioError
from memaudit.models.frontends.base import FrontEndOptions, usable
from memaudit.models.recognizer import Samples


class SherpaWhisperFrontEnd(FrontEndOptions):
    """Whisper's features of kaldi-native-fbank, normalised, and then zeros behind the audio.

    Frames lie as Kaldi's do without snip_edges, 5 ms later than Whisper's own; the audio is followed by
    ``tail_frames`` of zeros (which are no silence, but what sherpa-onnx gives) up to ``max_frames``.

    Attributes:
        num_mels: F, 80 or, since large-v3, 128.
        tail_frames: how many frames of zeros follow.
        max_frames: the most frames that the encoder takes.
    """

    kind: Literal["sherpa-whisper"] = "sherpa-whisper"
    sample_rate: int = Field(16000, ge=16000, le=16000)
    num_mels: int = Field(80, ge=3, le=1024)
    tail_frames: int = Field(1000, ge=0)
    max_frames: int = Field(3000, ge=100)

    @property
    def num_features(self) -> int:
        """F."""
        return self.num_mels

    def __call__(self, samples: Samples) -> NDArray[np.float32]:
        """float32 [S] in [-1, 1] -> float32 [T, F].

        Raises:
            AudioError: if the samples are empty, not finite, too few for a frame or too many for the encoder.
        """
        wave = usable(samples)
        options = knf.WhisperFeatureOptions()
        options.dim = self.num_mels
        extractor = knf.OnlineWhisperFbank(options)
        extractor.accept_waveform(self.sample_rate, wave.tolist())
        extractor.input_finished()
        heard = extractor.num_frames_ready
        # sherpa-onnx cuts here: fifty frames are always left for the tail.
        if not 0 < heard < self.max_frames - 50:
            raise AudioError(
                f"the audio lasts {wave.size / self.sample_rate:.2f} s, and the model hears one frame "
                f"at least and less than {(self.max_frames - 50) / 100:g} s",
                how="cut it, or leave the utterance out",
            )
        energies = np.stack([extractor.get_frame(index) for index in range(heard)])
        values = np.log10(np.maximum(energies, np.float32(1e-10)))
        values = np.maximum(values, values.max() - 8.0)
        features = np.zeros((min(heard + self.tail_frames, self.max_frames), self.num_mels), np.float32)
        features[:heard] = (values + 4.0) / 4.0
        return features
