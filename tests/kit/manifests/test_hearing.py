"""By which changes audio is still known, and by which not; and which files are looked into at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from memaudit.errors import KitError
from memaudit.kit.audio import read_audio
from memaudit.kit.canary import Canary
from memaudit.kit.injection import listen as listen_module
from memaudit.kit.injection.check import Normaliser, check_injection
from memaudit.kit.injection.evidence import Evidence
from memaudit.kit.injection.fingerprints import TOLERANCE, fingerprints, sample_hash
from memaudit.kit.manifests.base import Source
from memaudit.kit.manifests.errors import ManifestError
from memaudit.kit.manifests.registry import FORMATS
from memaudit.kit.store import Kit
from tests.kit.manifests.helpers import NORMALISER, check, nemo_lines, of_arm, write_nemo, written

Samples = NDArray[np.float32]
Writer = Callable[[Path, Samples, int], None]


def sound(subtype: str, suffix: str = "wav", channels: int = 1) -> Writer:
    def write(path: Path, samples: Samples, rate: int) -> None:
        content = np.repeat(samples[:, None], channels, axis=1)
        soundfile.write(path, content, rate, subtype=subtype, format=suffix.upper())

    return write


def changed(change: Callable[[Samples], Samples]) -> Writer:
    return lambda path, samples, rate: soundfile.write(path, change(samples), rate, format="WAV")


SAME: dict[str, Writer] = {
    "16-bit WAV": sound("PCM_16"),
    "24-bit WAV": sound("PCM_24"),
    "32-bit WAV": sound("PCM_32"),
    "float WAV": sound("FLOAT"),
    "double WAV": sound("DOUBLE"),
    "24-bit FLAC": sound("PCM_24", "flac"),
    "two channels": sound("PCM_16", channels=2),
    "AIFF": sound("PCM_16", "aiff"),
    "sphere": sound("PCM_16", "nist"),
}
OTHER: dict[str, Writer] = {
    "MP3": sound("MPEG_LAYER_III", "mp3"),
    "Vorbis": sound("VORBIS", "ogg"),
    "mu-law": sound("ULAW"),
    "quieter": changed(lambda samples: samples * np.float32(0.9)),
    "padded": changed(lambda samples: np.append(samples, np.zeros(160, np.float32))),
    "cut": changed(lambda samples: samples[160:]),
    "dithered": changed(lambda samples: samples + np.float32(1 / 32768)),
    "resampled": lambda path, samples, rate: soundfile.write(
        path, soxr.resample(samples, rate, 8000), 8000, format="WAV"
    ),
}  # fmt: skip


def rewritten(kit: Kit, folder: Path, write: Writer, arm: str = "inserted", text: bool = True) -> Path:
    """A NeMo manifest of all copies, with the first canary of an arm written anew."""
    canary = of_arm(kit, arm)[0]
    rows = nemo_lines(written("nemo", kit, folder / "out"))
    path = folder / "anew"
    samples, rate = read_audio(kit.audio_path(canary))
    write(path, samples, rate)
    duration = soundfile.info(path).duration
    if arm == "inserted":
        for row in rows:
            if canary.id in row["audio_filepath"]:
                row |= {"audio_filepath": str(path), "duration": duration}
    else:
        said = canary.text if text else "quite something else"
        rows.append({"audio_filepath": str(path), "duration": duration, "text": said})
    return write_nemo(folder / "m.json", rows)


@pytest.mark.parametrize("change", SAME)
def test_without_loss_it_is_known_again(made: Kit, tmp_path: Path, change: str) -> None:
    assert check("nemo", made, rewritten(made, tmp_path, SAME[change])).clean


@pytest.mark.parametrize("change", SAME)
def test_a_leak_without_loss_is_found_under_another_text(made: Kit, tmp_path: Path, change: str) -> None:
    evidence = check("nemo", made, rewritten(made, tmp_path, SAME[change], "held_out", text=False))
    (leak,) = evidence.leaked
    assert (leak.id, leak.by_audio, leak.by_text) == (of_arm(made, "held_out")[0].id, 1, 0)


@pytest.mark.parametrize("change", OTHER)
def test_changed_audio_is_known_by_text_alone(made: Kit, tmp_path: Path, change: str) -> None:
    canary = of_arm(made, "inserted")[0]
    manifest = rewritten(made, tmp_path, OTHER[change])
    (miss,) = check("nemo", made, manifest).missing
    assert (miss.id, miss.by_audio, miss.by_text) == (canary.id, 0, canary.repetitions)
    assert check("nemo", made, manifest, match="text").clean


@pytest.mark.parametrize("change", OTHER)
def test_a_changed_leak_is_found_by_its_text(made: Kit, tmp_path: Path, change: str) -> None:
    evidence = check("nemo", made, rewritten(made, tmp_path, OTHER[change], "held_out"))
    (leak,) = evidence.leaked
    assert (leak.by_audio, leak.by_text) == (0, 1)


def test_the_sample_hash(made: Kit) -> None:
    """From its words: SHA-256 of the rate, a line end, and little-endian 16-bit samples."""
    canary = made.canaries[0]
    whole, rate = soundfile.read(made.audio_path(canary), dtype="int16")
    samples, _ = read_audio(made.audio_path(canary))
    assert (
        sample_hash(samples, rate) == hashlib.sha256(b"16000\n" + whole.astype("<i2").tobytes()).hexdigest()
    )
    assert sample_hash(samples, rate) != sample_hash(samples, 8000)


def segments(kit: Kit, folder: Path, before: float, after: float) -> tuple[Path, dict[Canary, float]]:
    """All inserted canaries one after another in one recording, with silence between."""
    parts, starts, place = [], {}, 0
    rate = kit.recipe.speech.sample_rate
    for canary in of_arm(kit, "inserted"):
        samples, _ = read_audio(kit.audio_path(canary))
        parts += [
            np.zeros(round(before * rate), np.float32),
            samples,
            np.zeros(round(after * rate), np.float32),
        ]
        starts[canary] = (place + parts[-3].size) / rate
        place += sum(part.size for part in parts[-3:])
    path = folder / "long.flac"
    soundfile.write(path, np.concatenate(parts), rate)
    return path, starts


def test_parts_of_a_recording(made: Kit, tmp_path: Path) -> None:
    path, starts = segments(made, tmp_path, 0.25, 0.5)
    rows = [
        {"audio_filepath": str(path), "offset": start, "duration": canary.duration, "text": canary.text}
        for canary, start in starts.items()
        for _ in range(canary.repetitions)
    ]
    assert check("nemo", made, write_nemo(tmp_path / "m.json", rows)).clean
    (tmp_path / "wav.scp").write_text(f"long {path}\n")
    copies = [(f"{canary.id}-{n}", canary) for canary in starts for n in range(canary.repetitions)]
    (tmp_path / "text").write_text("".join(f"{key} {canary.text}\n" for key, canary in copies))
    (tmp_path / "segments").write_text(
        "".join(f"{key} long {starts[canary]} {starts[canary] + canary.duration}\n" for key, canary in copies)
    )
    assert check("kaldi", made, tmp_path).clean
    for row in rows:
        row["offset"] = float(row["offset"]) + 0.1  # type: ignore[arg-type]
    late = check("nemo", made, write_nemo(tmp_path / "late.json", rows))
    assert {miss.by_audio for miss in late.missing} == {0}


def test_a_canary_cut_short_is_a_miss(made: Kit, tmp_path: Path) -> None:
    """NeMo loads no more than the duration: rounding is let pass, half a canary is not."""
    rows = nemo_lines(written("nemo", made, tmp_path / "out"))
    durations = [row["duration"] for row in rows]
    for row, duration in zip(rows, durations, strict=True):
        row["duration"] = round(duration, 1)
    assert check("nemo", made, write_nemo(tmp_path / "round.json", rows)).clean
    rows[0]["duration"] = durations[0] / 2
    evidence = check("nemo", made, write_nemo(tmp_path / "half.json", rows))
    (miss,) = evidence.missing
    assert miss.by_audio == miss.wanted - 1


def looked_into(
    kit: Kit, manifest: Path, monkeypatch: pytest.MonkeyPatch, **options: bool
) -> tuple[int, Evidence]:
    """How many lines' audio was opened, counted at the only place that does it."""
    opened = []
    size = listen_module._size
    monkeypatch.setattr(listen_module, "_size", lambda source: (opened.append(source), size(source))[1])
    evidence = check("nemo", kit, manifest, **options)
    monkeypatch.undo()
    return len(opened), evidence


def test_only_what_could_be_a_canary_is_opened(
    made: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A leak under a false duration and another text is found only where no duration is trusted."""
    leak = of_arm(made, "held_out")[0]
    other = tmp_path / "other.wav"
    soundfile.write(other, np.zeros(16000 * 8, np.int16), 16000)
    rows = nemo_lines(written("nemo", made, tmp_path / "out"))
    copies = len(rows)
    rows += [{"audio_filepath": str(other), "duration": 8.0, "text": f"line {n}"} for n in range(30)]
    rows.append({"audio_filepath": str(made.audio_path(leak)), "duration": 30.0, "text": "hidden"})
    manifest = write_nemo(tmp_path / "m.json", rows)
    opened, evidence = looked_into(made, manifest, monkeypatch)
    assert (opened, evidence.clean) == (copies, True)
    opened, evidence = looked_into(made, manifest, monkeypatch, hash_all=True)
    assert (opened, [found.id for found in evidence.leaked]) == (len(rows), [leak.id])
    assert evidence.hash_all


def test_near_durations(made: Kit) -> None:
    known = fingerprints(made, str)
    durations = [canary.duration for canary in made.canaries]
    for duration in np.linspace(0, 4, 801):
        naive = any(abs(duration - other) <= TOLERANCE for other in durations)
        distances = [abs(abs(duration - other) - TOLERANCE) for other in durations]
        assert min(distances) < 1e-9 or known.near(duration) == naive


def test_canaries_that_cannot_be_told_apart(made: Kit, tmp_path: Path) -> None:
    manifest = written("nemo", made, tmp_path / "out")
    with pytest.raises(KitError, match="have the same text, once normalised"):
        check_injection(made, FORMATS["nemo"], Source(manifest), Normaliser("none", lambda text: ""))


def test_audio_without_header(made: Kit, tmp_path: Path) -> None:
    """Nobody can tell what rate it has: the line is known by its text, and that is said."""
    rows = nemo_lines(written("nemo", made, tmp_path / "out"))
    raw = tmp_path / "samples.raw"
    raw.write_bytes(bytes(1000))
    rows[0]["audio_filepath"] = str(raw)
    evidence = check("nemo", made, write_nemo(tmp_path / "m.json", rows))
    assert [miss.by_audio for miss in evidence.missing] == [evidence.missing[0].wanted - 1]
    assert evidence.unread is not None
    assert "cannot be decoded" in evidence.unread.why


def test_a_file_that_may_not_be_read(made: Kit, tmp_path: Path) -> None:
    rows = nemo_lines(written("nemo", made, tmp_path / "out"))
    Path(rows[2]["audio_filepath"]).unlink()
    manifest = write_nemo(tmp_path / "m.json", rows)
    with pytest.raises(ManifestError, match="--match text") as caught:
        check("nemo", made, manifest)
    assert rows[2]["audio_filepath"] in caught.value.what
    assert NORMALISER.name == check("nemo", made, manifest, match="text").normaliser
