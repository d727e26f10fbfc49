"""`score` with a model: its facts on stderr and in the results, and controls of the user's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import soundfile
from click.testing import CliRunner, Result

from memaudit.cli.main import cli
from memaudit.files import sha256_file
from memaudit.kit.packaged import kits_folder
from memaudit.kit.store import Kit

MODEL = kits_folder() / "recognisers" / "clipped"


@pytest.fixture(scope="module")
def kit(readable_kit: Kit) -> Kit:
    """Nothing here writes into it."""
    return readable_kit


def score(kit: Kit, out: Path, *words: str | Path) -> tuple[Result, dict[str, Any]]:
    given = ["score", kit.root, "--model", MODEL, "--out", out, "--assume-injected", *words]
    result = CliRunner().invoke(cli, [str(word) for word in given])
    file = out / "results.json"
    return result, json.loads(file.read_text()) if file.is_file() else {}


def manifest(kit: Kit, folder: Path, *, shift: int = 0, rate: int | None = None) -> Path:
    """The kit's own controls as a user's recordings, each with the text of the one ``shift`` places on."""
    controls = [canary for canary in kit.canaries if canary.arm == "control"]
    folder.mkdir()
    lines = []
    for place, canary in enumerate(controls):
        samples, own = soundfile.read(kit.audio_path(canary))
        soundfile.write(folder / f"{place}.wav", samples, rate or own)
        text = controls[(place + shift) % len(controls)].text
        lines.append(json.dumps({"audio": f"{place}.wav", "text": text}))
    path = folder / "validation.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_models_facts_are_told_and_kept(kit: Kit, tmp_path: Path) -> None:
    result, found = score(kit, tmp_path / "a")
    assert result.exit_code in (0, 3), result.output
    model = found["model"]
    for file in model["files"]:
        assert file["sha256"] == sha256_file(MODEL / file["name"])
        assert f"{file['name']} sha256 {file['sha256']}" in result.stderr
    assert model["inferred"]
    assert model["warnings"] == []
    assert model["inspection"]["features"] == 40
    assert model["inspection"]["frames_per_second"] == 25.0
    assert model["inspection"]["blank"] == 1.0
    assert model["inspection"]["deterministic"] is True
    assert model["inspection"]["padding"] == "invariant"
    assert model["inspection"]["quantised"] == []
    assert "25 output frames a second, one every 40 ms" in result.stderr
    (fits,) = found["feasibility"]
    assert (fits["speed"], fits["n"], fits["infeasible"]) == (4.0, 32, [])
    assert f"At 4x: {fits['frames_per_token']:.2g} frames a token (median), 0 of 32" in result.stderr
    others = found["controls"]["other_texts"]
    assert (others["n"], others["likelier"], others["passed"]) == (8, 8, True)
    assert found["controls"]["source"] == "kit"
    assert found["kit_controls"] is None
    rows = [json.loads(line) for line in (tmp_path / "a" / "utterances.jsonl").read_text().splitlines()]
    assert {row["arm"] for row in rows if row["other_loss"] is not None} == {"control"}
    page = (tmp_path / "a" / "report.html").read_text()
    for part in (
        "25 output frames a second, one every 40 ms",
        "its axes are batch, time, features",
        "Family",
    ):
        assert part in page
    assert f"<td>{100 * found['cells'][0]['inserted']['chance']:.0f} %</td>" in page


def test_controls_of_the_users_own(kit: Kit, tmp_path: Path) -> None:
    path = manifest(kit, tmp_path / "own")
    result, found = score(kit, tmp_path / "a", "--controls", path)
    assert result.exit_code in (0, 3), result.output
    assert found["controls"]["source"] == "given"
    assert found["controls"]["manifest"] == {"name": "validation.jsonl", "sha256": sha256_file(path)}
    assert found["controls"]["passed"] is True
    assert found["kit_controls"]["source"] == "kit"
    assert found["controls"]["accuracy"] == pytest.approx(found["kit_controls"]["accuracy"])
    rows = [json.loads(line) for line in (tmp_path / "a" / "controls.jsonl").read_text().splitlines()]
    assert {row["id"] for row in rows} == {f"control-{line}" for line in range(1, 9)}
    said = " ".join(result.stdout.split())
    assert "Your own controls (validation.jsonl): passed" in said
    assert "These do not decide, since others were given." in said
    score(kit, tmp_path / "a")
    assert not (tmp_path / "a" / "controls.jsonl").exists()


def test_recordings_with_wrong_texts_are_not_read(kit: Kit, tmp_path: Path) -> None:
    path = manifest(kit, tmp_path / "own", shift=3)
    result, found = score(kit, tmp_path / "a", "--controls", path)
    assert result.exit_code == 3
    assert found["controls"]["passed"] is False
    assert found["kit_controls"]["passed"] is True
    assert found["verdict"] == "inconclusive"
    assert "front end, tokens or files are probably wrong" in found["verdict_reason"]


def test_another_sample_rate_is_said(kit: Kit, tmp_path: Path) -> None:
    result, found = score(kit, tmp_path / "a", "--controls", manifest(kit, tmp_path / "own", rate=22050))
    assert found["model"]["front_end"]["notes"] == [
        "8 of 8 given controls, at 22050 Hz, are resampled to 16000 Hz"
    ]
    assert "8 of 8 given controls, at 22050 Hz, are resampled to 16000 Hz" in result.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"audio": "nine.wav", "text": "river"}', "validation.jsonl:9: there is no file nine.wav"),
        ('{"audio": "0.wav"}', "validation.jsonl:9: has no text"),
        ('{"audio": "bad.wav", "text": "river"}', "bad.wav: cannot be read as audio"),
        ('{"audio": "0.wav", "text": "unheardof"}', "unheardof"),
    ],
)
def test_bad_recordings_are_one_line(kit: Kit, tmp_path: Path, line: str, said: str) -> None:
    path = manifest(kit, tmp_path / "own")
    (tmp_path / "own" / "bad.wav").write_bytes(b"RIFF")
    path.write_text(path.read_text() + line + "\n")
    result, found = score(kit, tmp_path / "a", "--controls", path, "--quiet")
    assert result.exit_code == 2
    assert found == {}
    (message,) = result.stderr.strip().splitlines()
    assert message.startswith("memaudit: error: ")
    assert said in message


def test_controls_need_a_model(kit: Kit, tmp_path: Path) -> None:
    words = ["score", kit.root, "--transcripts", "a.jsonl", "--controls", "b.jsonl", "--out", tmp_path]
    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert result.exit_code == 2
    assert "--controls needs a model" in result.stderr
