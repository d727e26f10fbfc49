"""The interface of a front end, and the options that every front end has."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from memaudit.errors import AudioError
from memaudit.models.recognizer import Samples
from memaudit.models.validation import Table


@runtime_checkable
class FrontEnd(Protocol):
    """A pure function of the samples: the same samples always give the same features."""

    @property
    def sample_rate(self) -> int:
        """The rate in Hz of the samples that it takes."""
        ...

    @property
    def num_features(self) -> int | None:
        """F, or None for a waveform front end."""
        ...

    def __call__(self, samples: Samples) -> NDArray[np.float32]:
        """float32 [S] -> float32 [T, F], or [S] of a waveform front end; AudioError on unusable samples."""
        ...

    def describe(self) -> dict[str, Any]:
        """Its name and every option, as JSON values."""
        ...


class FrontEndOptions(Table):
    """Base of the front ends: a [front_end] table whose fields are its options."""

    kind: str
    sample_rate: int = Field(16000, ge=1000, le=192000)

    def describe(self) -> dict[str, Any]:
        """The front end's kind and every option, as JSON values."""
        values = self.model_dump(mode="json")
        return {"kind": values.pop("kind"), **values}


def usable(samples: Samples) -> Samples:
    """The samples as float32 [S], contiguous.

    Raises:
        AudioError: if there are none, more than one channel, or any that is not finite.
    """
    array = np.ascontiguousarray(samples, dtype=np.float32)
    if array.ndim != 1:
        raise AudioError(f"audio of shape {array.shape} is not mono", how="give one channel")
    if array.size == 0:
        raise AudioError("the audio has no samples", how="leave the utterance out or mend its file")
    if not np.isfinite(array).all():
        raise AudioError("the audio has samples that are not finite", how="mend the file")
    return array
