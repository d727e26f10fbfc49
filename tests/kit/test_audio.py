from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from memaudit.errors import AudioError, OutputError
from memaudit.kit.audio import flac_bytes, read_audio, write_flac
from tests.kit.recipes import unhurried


@unhurried
@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=300), st.sampled_from([8000, 16000]))
def test_16_bit_samples_survive_exactly(
    tmp_path_factory: pytest.TempPathFactory, values: list[int], rate: int
) -> None:
    samples = np.array(values, dtype=np.float32) / np.float32(32768)
    path = tmp_path_factory.mktemp("flac") / "a.flac"
    write_flac(path, samples, rate)
    back, back_rate = read_audio(path)
    assert back_rate == rate
    assert back.dtype == np.float32
    assert np.array_equal(back, samples)
    assert path.read_bytes() == flac_bytes(samples, rate)


def test_the_file_is_mono_16_bit_flac(tmp_path: Path) -> None:
    write_flac(tmp_path / "a.flac", np.zeros(160, dtype=np.float32), 16000)
    info = soundfile.info(tmp_path / "a.flac")
    assert (info.format, info.subtype, info.channels, info.samplerate, info.frames) == (
        "FLAC", "PCM_16", 1, 16000, 160,
    )  # fmt: skip


def test_full_scale_does_not_wrap() -> None:
    import io

    back, _ = soundfile.read(
        io.BytesIO(flac_bytes(np.array([1.0, -1.0], dtype=np.float32), 16000)), dtype="int16"
    )
    assert back.tolist() == [32767, -32768]


def test_channels_are_averaged(tmp_path: Path) -> None:
    stereo = np.stack([np.full(100, 0.5), np.full(100, -0.25)], axis=1)
    soundfile.write(tmp_path / "a.wav", stereo, 22050, subtype="FLOAT")
    samples, rate = read_audio(tmp_path / "a.wav")
    assert rate == 22050
    assert samples == pytest.approx(np.full(100, 0.125))


@pytest.mark.parametrize("samples", [[], [float("nan")], [1.5], [float("inf")]])
def test_unwritable_samples(samples: list[float], tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cannot be written"):
        write_flac(tmp_path / "a.flac", np.array(samples, dtype=np.float32), 16000)
    assert list(tmp_path.iterdir()) == []


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"none\.wav.*cannot be read"):
        read_audio(tmp_path / "none.wav")
    (tmp_path / "text.wav").write_text("this is no audio")
    with pytest.raises(AudioError, match=r"text\.wav.*cannot be read as audio"):
        read_audio(tmp_path / "text.wav")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16000)
    with pytest.raises(AudioError, match=r"empty\.wav.*no samples"):
        read_audio(tmp_path / "empty.wav")
    soundfile.write(tmp_path / "nan.wav", np.full(10, np.nan), 16000, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"nan\.wav.*no numbers"):
        read_audio(tmp_path / "nan.wav")


def test_unwritable_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write_flac(tmp_path / "file" / "a.flac", np.zeros(10, dtype=np.float32), 16000)
