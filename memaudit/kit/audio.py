"""Audio files: reading any mono or stereo file, writing 16-bit mono FLAC."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from memaudit.errors import AudioError
from memaudit.files import write_bytes
from memaudit.limits import LONGEST_AUDIO

Samples = NDArray[np.float32]

_BLOCK = 1 << 20
"""Values of all channels that are decoded at a time."""
_UNKNOWN = 1 << 62
"""libsndfile's number of samples, or more, where a stream does not say how long it is."""
_EXACT = ("FLAC", "WAV", "WAVEX", "RF64", "AIFF")
"""Formats whose header says how many samples there are."""


def read_audio(path: Path) -> tuple[Samples, int]:
    """Read a file as float32[S] mono with full scale 1, and its sample rate in Hz.

    Several channels are averaged. The file is decoded in blocks, so that memory goes with what is in it and
    not with what its header says.

    Raises:
        AudioError: if the file is missing, no audio, empty, cut off, longer than
            `memaudit.limits.LONGEST_AUDIO`, or holds values that are no numbers.
    """
    try:
        with path.open("rb") as stream, soundfile.SoundFile(stream) as audio:
            blocks = _blocks(audio, path)
            sample_rate = int(audio.samplerate)
    # TypeError: a name of headerless audio, such as x.raw.
    except (OSError, soundfile.LibsndfileError, TypeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AudioError(
            f"cannot be read as audio ({reason})", where=str(path), how="give a WAV or FLAC file"
        ) from error
    if not blocks:
        raise AudioError("holds no samples", where=str(path), how="give a recording that is not empty")
    mono = np.concatenate(blocks)
    if not np.isfinite(mono).all():
        raise AudioError(
            "holds values that are no numbers", where=str(path), how="record or convert it again"
        )
    return mono, sample_rate


def _blocks(audio: soundfile.SoundFile, path: Path) -> list[Samples]:
    """Everything in an open file, as mono blocks."""
    claimed, count = audio.frames, 0
    if LONGEST_AUDIO < claimed < _UNKNOWN:
        raise _too_long(path, claimed, audio.samplerate)
    size = max(1, _BLOCK // audio.channels)
    blocks = []
    with np.errstate(invalid="ignore", over="ignore"):  # values that are no numbers are refused in the end
        while (block := audio.read(size, dtype="float32", always_2d=True)).size:
            count += len(block)
            if count > LONGEST_AUDIO:
                raise _too_long(path, count, audio.samplerate)
            mono = block.mean(axis=1, dtype=np.float32) if block.shape[1] > 1 else block[:, 0]
            blocks.append(np.ascontiguousarray(mono, dtype=np.float32))
    if audio.format in _EXACT and count < claimed < _UNKNOWN:
        raise AudioError(
            f"is cut off: its header says {claimed} samples and {count} are there",
            where=str(path),
            how="copy or record it again",
        )
    return blocks


def _too_long(path: Path, count: int, sample_rate: int) -> AudioError:
    return AudioError(
        f"is too long ({count} samples at {sample_rate} Hz or more; at most {LONGEST_AUDIO} are read)",
        where=str(path),
        how="cut it into utterances",
    )


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
