from __future__ import annotations

import json
import math
import stat
from pathlib import Path

import numpy as np
import pytest
import soundfile

from memaudit.errors import OutputError, RecipeError, SpeechError
from memaudit.files import sha256_file
from memaudit.kit.audio import read_audio
from memaudit.kit.finish import LEVEL
from memaudit.kit.make import make_kit
from memaudit.kit.speakers.espeak_ng import CHUNK
from memaudit.kit.store import Kit, open_kit
from tests.kit.apart import run_apart
from tests.kit.recipes import tiny


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def test_the_layout_is_that_of_the_design(made: Kit) -> None:
    inserted = [canary for canary in made.canaries if canary.arm == "inserted"]
    kept_back = [canary for canary in made.canaries if canary.arm != "inserted"]
    names = {"kit.json", "train/manifest.jsonl", "audit/assignment.jsonl", "audit/secret.json"}
    names |= {f"train/audio/{canary.id}.flac" for canary in inserted}
    names |= {f"audit/audio/{canary.id}.flac" for canary in kept_back}
    assert set(contents(made.root)) == names
    assert (len(inserted), len(kept_back)) == (8, 8 + 6 + 3)
    assert stat.S_IMODE((made.root / "audit/secret.json").stat().st_mode) == 0o600


def test_kit_json_counts_what_is_there(made: Kit) -> None:
    info = json.loads((made.root / "kit.json").read_text())
    assert info["schema"] == "memaudit/kit/1"
    assert info["recipe"] == tiny().document()
    assert info["counts"] == {
        "utterances": 25, "coins": 8, "inserted": 8, "held_out": 14, "reserve": 6, "controls": 3,
        "copies": 4 * 1 + 4 * 4,
    }  # fmt: skip
    assert info["entropy"] == {"alphabet": 2048, "least_bits": 44.0, "most_bits": 55.0}
    assert info["files"] == {
        name: sha256_file(made.root / name) for name in contents(made.root) if name != "kit.json"
    }
    seconds = {canary.id: soundfile.info(made.audio_path(canary)).duration for canary in made.canaries}
    for arm in ("inserted", "held_out"):
        total = sum(seconds[canary.id] for canary in made.canaries if canary.arm == arm)
        assert info["seconds"][arm] == pytest.approx(total, abs=1e-3)
    copies = sum(seconds[canary.id] * canary.repetitions for canary in made.canaries)
    assert info["seconds"]["copies"] == pytest.approx(copies, abs=1e-3)
    assert {"memaudit", "espeak-ng", "python-stretch", "soxr", "numpy", "platform"} <= info["versions"].keys()


def test_the_manifest_lists_the_inserted_and_tells_no_more(made: Kit) -> None:
    rows = [json.loads(line) for line in (made.root / "train/manifest.jsonl").read_text().splitlines()]
    inserted = {canary.id: canary for canary in made.canaries if canary.arm == "inserted"}
    assert [row["id"] for row in rows] == sorted(inserted)
    for row in rows:
        canary = inserted[row["id"]]
        assert row.keys() == {
            "id", "audio", "text", "duration", "speed", "voice", "language", "repetitions",
        }  # fmt: skip
        assert (made.root / "train" / row["audio"]).is_file()
        assert (row["text"], row["repetitions"], row["duration"]) == (
            canary.text, canary.repetitions, canary.duration,
        )  # fmt: skip
    everything = b"".join(data for name, data in contents(made.root / "train").items())
    for canary in made.canaries:
        if canary.arm != "inserted":
            assert canary.text.encode() not in everything
            assert canary.id.encode() not in everything


def test_audio_is_what_the_lines_say(made: Kit) -> None:
    for canary in made.canaries:
        info = soundfile.info(made.audio_path(canary))
        assert (info.format, info.subtype, info.channels, info.samplerate) == ("FLAC", "PCM_16", 1, 16000)
        samples, rate = read_audio(made.audio_path(canary))
        assert canary.duration == samples.size / rate
        assert canary.sha256 == sha256_file(made.audio_path(canary))
        assert math.sqrt(np.mean(samples.astype(float) ** 2)) == pytest.approx(LEVEL, rel=0.02)


def test_fast_canaries_are_fast(tmp_path: Path) -> None:
    recipe = tiny(
        speed={"factors": [1.0, 4.0]},
        text={"words": [5, 5]},
        design={"repetitions": [1], "pairs_per_cell": 12},
    )
    kit = make_kit(recipe, tmp_path / "kit", seed=1)
    mean = {
        speed: np.mean(
            [canary.duration for canary in kit.canaries if canary.speed == speed and canary.arm != "control"]
        )
        for speed in (1.0, 4.0)
    }
    assert mean[1.0] / mean[4.0] == pytest.approx(4.0, rel=0.1)


@pytest.mark.parametrize("assignment", ["pairs", "coins"])
def test_jobs_and_repetition_give_the_same_bytes(tmp_path: Path, assignment: str) -> None:
    recipe = tiny(design={"pairs_per_cell": 20, "assignment": assignment})
    one = make_kit(recipe, tmp_path / "one", seed=5)
    two = make_kit(recipe, tmp_path / "two", seed=5, jobs=2)
    three = make_kit(recipe, tmp_path / "three", seed=5)
    assert len(one.canaries) > CHUNK
    assert contents(one.root) == contents(two.root) == contents(three.root)
    open_kit(two.root)


def test_another_process_gives_the_same_bytes(tmp_path: Path, made: Kit) -> None:
    run_apart(f"make_kit(recipe, Path({str(tmp_path / 'kit')!r}), seed=11, jobs=2)", check=True)
    assert contents(tmp_path / "kit") == contents(made.root)


def test_seeds_matter_and_are_secret(tmp_path: Path) -> None:
    recipe = tiny()
    kits = [make_kit(recipe, tmp_path / str(number)) for number in range(2)]
    kits.append(make_kit(recipe, tmp_path / "given", seed=1))
    assert len({kit.commitment for kit in kits}) == 3
    texts = [{canary.text for canary in kit.canaries if canary.arm != "control"} for kit in kits]
    assert not texts[0] & texts[1]
    secrets = [json.loads((kit.root / "audit/secret.json").read_text()) for kit in kits]
    assert secrets[2]["seed"] == "1"
    assert all(int(secret["seed"]).bit_length() > 100 for secret in secrets[:2])
    for kit, secret in zip(kits, secrets, strict=True):
        public = (kit.root / "kit.json").read_text() + (kit.root / "train/manifest.jsonl").read_text()
        assert secret["salt"] not in public
    again = make_kit(recipe, tmp_path / "again", seed=int(secrets[0]["seed"]))
    assert contents(again.root) == contents(kits[0].root)


def test_telephone_rate(tmp_path: Path) -> None:
    kit = make_kit(tiny(speech={"sample_rate": 8000}), tmp_path / "kit", seed=1)
    assert {soundfile.info(kit.audio_path(canary)).samplerate for canary in kit.canaries} == {8000}
    open_kit(kit.root)


def test_progress_ends_at_the_number_of_utterances(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    make_kit(tiny(), tmp_path / "kit", seed=1, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(number, 25) for number in range(1, 26)]


def test_an_empty_folder_is_taken_and_a_full_one_is_not(tmp_path: Path) -> None:
    out = tmp_path / "kit"
    out.mkdir()
    first = make_kit(tiny(), out, seed=1)
    with pytest.raises(OutputError, match=r"already holds a kit.*--force"):
        make_kit(tiny(), out, seed=2)
    assert open_kit(out).commitment == first.commitment
    second = make_kit(tiny(), out, seed=2, force=True)
    assert open_kit(out).commitment == second.commitment != first.commitment
    assert [path.name for path in tmp_path.iterdir()] == ["kit"]


def test_other_peoples_files_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(OutputError, match="holds files that are no kit"):
        make_kit(tiny(), tmp_path, seed=1, force=True)
    with pytest.raises(OutputError, match=r"thesis\.tex: is no folder"):
        make_kit(tiny(), tmp_path / "thesis.tex", seed=1, force=True)
    with pytest.raises(OutputError, match="cannot be written"):
        make_kit(tiny(), tmp_path / "thesis.tex" / "kit", seed=1)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="link: is no folder"):
        make_kit(tiny(), tmp_path / "link", seed=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "thesis.tex"]


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match="near names"):
        make_kit(tiny(speech={"voices": ["en-us+f22"]}), tmp_path / "kit", seed=1)
    with pytest.raises(RecipeError, match=r"feasibility\.min_seconds = 2.*speed 4"):
        make_kit(tiny(feasibility={"min_seconds": 2.0}), tmp_path / "kit", seed=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("filters", "what"),
    [
        ({"max_seconds": 0.1}, "would drop 22 of the 22 canaries at speed 4"),
        ({"max_chars_per_second": 20.0}, "max_chars_per_second = 20"),
    ],
)
def test_filters_that_would_drop_canaries(tmp_path: Path, filters: dict[str, float], what: str) -> None:
    with pytest.raises(RecipeError, match=what):
        make_kit(tiny(feasibility=filters), tmp_path / "kit", seed=1)


def test_filters_that_drop_nothing(tmp_path: Path) -> None:
    limits = {"min_seconds": 0.1, "max_seconds": 20.0, "max_chars_per_second": 200.0}
    assert open_kit(make_kit(tiny(feasibility=limits), tmp_path / "kit", seed=1).root)
