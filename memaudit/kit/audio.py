"""Audio files: reading any mono or stereo file, writing 16-bit mono FLAC."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from memaudit.errors import AudioError
from memaudit.files import write_bytes

Samples = NDArray[np.float32]


def read_audio(path: Path) -> tuple[Samples, int]:
    """Read a file as float32[S] mono with full scale 1, and its sample rate in Hz.

    Several channels are averaged.

    Raises:
        AudioError: if the file is missing, no audio, empty, or holds values that are no numbers.
    """
    try:
        with path.open("rb") as stream:
            samples, sample_rate = soundfile.read(stream, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AudioError(
            f"cannot be read as audio ({reason})", where=str(path), how="give a WAV or FLAC file"
        ) from error
    if samples.size == 0:
        raise AudioError("holds no samples", where=str(path), how="give a recording that is not empty")
    mono = samples.mean(axis=1, dtype=np.float32) if samples.shape[1] > 1 else samples[:, 0]
    if not np.isfinite(mono).all():
        raise AudioError(
            "holds values that are no numbers", where=str(path), how="record or convert it again"
        )
    return np.ascontiguousarray(mono, dtype=np.float32), int(sample_rate)


def flac_bytes(samples: Samples, sample_rate: int) -> bytes:
    """Encode float32[S] mono as 16-bit FLAC; the same samples always give the same bytes.

    Raises:
        AudioError: if a sample is beyond full scale or no number.
    """
    # A value that is no number is not at most 1 either.
    if samples.size == 0 or not float(np.abs(samples).max()) <= 1:
        raise AudioError(
            "samples beyond full scale, or none at all, cannot be written", how="scale them to within 1"
        )
    # Exact in single precision: the factor is a power of two.
    whole = np.clip(np.rint(samples * np.float32(32768)), -32768, 32767).astype(np.int16)
    stream = io.BytesIO()
    soundfile.write(stream, whole, sample_rate, format="FLAC", subtype="PCM_16")
    return stream.getvalue()


def write_flac(path: Path, samples: Samples, sample_rate: int) -> None:
    """Write float32[S] mono as 16-bit FLAC, whole or not at all.

    Raises:
        AudioError: if the samples cannot be written as such.
        OutputError: if the place cannot be written.
    """
    write_bytes(path, flac_bytes(samples, sample_rate))
