"""Sound files that claim, hold or cost too much."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from memaudit.errors import AudioError
from memaudit.kit.audio import read_audio
from memaudit.limits import LONGEST_AUDIO
from tests.fuzz.kits import tone
from tests.hostile.bounded import attempt

HOUR = 3600


def flac(path: Path, samples: np.typing.NDArray[np.float32], rate: int = 16000) -> bytearray:
    soundfile.write(path, samples, rate, format="FLAC", subtype="PCM_16")
    return bytearray(path.read_bytes())


def claim(data: bytearray, count: int) -> bytes:
    """A FLAC file whose header says another number of samples (36 bits of STREAMINFO)."""
    assert data[:4] == b"fLaC"
    at = 8 + 13
    data[at] = data[at] & 0xF0 | count >> 32
    data[at + 1 : at + 5] = (count & 0xFFFFFFFF).to_bytes(4, "big")
    return bytes(data)


def refused(path: Path) -> str:
    with pytest.raises(AudioError) as caught:
        read_audio(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("count", [1 << 35, (1 << 36) - 1, LONGEST_AUDIO + 1])
def test_flac_that_claims_a_huge_length(tmp_path: Path, count: int) -> None:
    path = tmp_path / "bomb.flac"
    path.write_bytes(claim(flac(path, tone(0.2, 300)), count))
    assert f"too long ({count} samples" in refused(path)
    assert attempt(f"from pathlib import Path; memaudit.kit.audio.read_audio(Path({str(path)!r}))", 64)


def test_flac_that_claims_more_than_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "cut.flac"
    path.write_bytes(claim(flac(path, tone(0.2, 300)), 1 << 22))
    found = refused(path)
    assert "cut off" in found or "cannot be read as audio" in found


def test_flac_without_a_length(tmp_path: Path) -> None:
    """As encoders write it into a pipe: libsndfile cannot read it in parts, so it is refused."""
    path = tmp_path / "stream.flac"
    path.write_bytes(claim(flac(path, tone(0.2, 300)), 0))
    assert "cannot be read as audio" in refused(path)


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFE])
def test_wav_that_claims_a_huge_length(tmp_path: Path, size: int) -> None:
    path = tmp_path / "bomb.wav"
    soundfile.write(path, tone(0.2, 300), 16000, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[4:8] = data[at : at + 4] = struct.pack("<I", size)
    path.write_bytes(data)
    found = attempt(f"from pathlib import Path; memaudit.kit.audio.read_audio(Path({str(path)!r}))", 64)
    assert found == "taken"  # libsndfile goes by what is there
    assert read_audio(path)[0].size == 3200


@pytest.mark.slow
def test_flac_that_packs_hours_of_silence_into_little(tmp_path: Path) -> None:
    path = tmp_path / "hours.flac"
    with soundfile.SoundFile(path, "w", 16000, 1, format="FLAC", subtype="PCM_16") as stream:
        minute = np.zeros(60 * 16000, np.int16)
        for _ in range(75):
            stream.write(minute)
    assert path.stat().st_size < 1 << 20
    code = f"from pathlib import Path; memaudit.kit.audio.read_audio(Path({str(path)!r}))"
    found = attempt(code, 64)
    assert found.startswith("refused:")
    assert "too long (72000000 samples at 16000 Hz" in found
    # The same without a length in its header is decoded up to the limit at most.
    path.write_bytes(claim(bytearray(path.read_bytes()), 0))
    assert attempt(code, 1200).startswith("refused:")


def test_ten_hours_in_a_sparse_wav(tmp_path: Path) -> None:
    """A gigabyte that takes no room on the disk."""
    path = tmp_path / "hours.wav"
    soundfile.write(path, tone(0.1, 300), 16000, subtype="PCM_16")
    size = 10 * HOUR * 16000 * 2
    data = bytearray(path.read_bytes()[:44])
    data[4:8], data[40:44] = struct.pack("<I", size + 36), struct.pack("<I", size)
    with path.open("wb") as stream:
        stream.write(data)
        stream.truncate(size + 44)
    assert "too long (576000000 samples" in refused(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers(tmp_path: Path, value: float) -> None:
    path = tmp_path / "nan.wav"
    samples = np.stack([tone(0.2, 300), tone(0.2, 400)], axis=1)
    samples[1000, 0] = value
    soundfile.write(path, samples, 16000, subtype="FLOAT")
    assert "no numbers" in refused(path)


def test_infinities_that_cancel_to_nothing(tmp_path: Path) -> None:
    path = tmp_path / "inf.wav"
    samples = np.zeros((100, 2), np.float32)
    samples[3] = np.inf, -np.inf
    soundfile.write(path, samples, 16000, subtype="FLOAT")
    assert "no numbers" in refused(path)


def test_one_sample(tmp_path: Path) -> None:
    path = tmp_path / "one.wav"
    soundfile.write(path, np.array([0.5], np.float32), 16000)
    assert read_audio(path)[0].tolist() == [0.5]


def test_no_sample(tmp_path: Path) -> None:
    path = tmp_path / "none.wav"
    soundfile.write(path, np.zeros(0, np.float32), 16000)
    assert "no samples" in refused(path)


def test_eight_channels_at_192_khz(tmp_path: Path) -> None:
    path = tmp_path / "wide.flac"
    wide = np.stack([tone(0.5, 100 * channel, 192000) for channel in range(1, 9)], axis=1)
    soundfile.write(path, wide, 192000, subtype="PCM_24")
    samples, rate = read_audio(path)
    assert rate == 192000
    np.testing.assert_allclose(samples, wide.mean(axis=1), atol=1e-6)


def test_a_thousand_channels_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "wide.wav"
    soundfile.write(path, np.zeros((20000, 1000), np.int16), 16000)
    code = f"from pathlib import Path; memaudit.kit.audio.read_audio(Path({str(path)!r}))"
    assert attempt(code, 64) == "taken"


@pytest.mark.parametrize("name", ["x.raw", "x.vox", "x.txt"])
def test_names_and_contents_that_are_no_audio(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"no audio at all" * 50)
    assert "cannot be read as audio" in refused(path)


def test_devices_and_pipes_are_no_recordings(tmp_path: Path) -> None:
    assert "cannot be read as audio" in refused(Path("/dev/null"))
    assert "cannot be read as audio" in refused(tmp_path)


def test_in_memory_reading_is_the_same_as_by_file(tmp_path: Path) -> None:
    """The blocks put together are what libsndfile reads at once."""
    path = tmp_path / "long.flac"
    samples = np.random.default_rng(1).uniform(-0.9, 0.9, (1 << 20, 3)).astype(np.float32)
    soundfile.write(path, samples, 48000, subtype="PCM_16")
    whole, _ = soundfile.read(io.BytesIO(path.read_bytes()), dtype="float32")
    np.testing.assert_array_equal(read_audio(path)[0], whole.mean(axis=1, dtype=np.float32))
