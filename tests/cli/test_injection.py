"""export, check-injection and score --injection from the outside."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from memaudit.audit.injection import read_injection
from memaudit.audit.results import Injection, read_results
from memaudit.audit.verdict import decide
from memaudit.cli.main import cli
from memaudit.errors import ResultsError
from memaudit.kit.make import make_kit
from memaudit.kit.store import Kit
from tests.conftest import Hearer
from tests.kit.recipes import tiny


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def refused(result: Result, *parts: str) -> None:
    """Exit code 2, one line on stderr that holds the parts, nothing on stdout, no traceback."""
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    assert all(part in lines[0] for part in parts), lines[0]


@pytest.fixture
def merged(small_kit: Kit, tmp_path: Path) -> Path:
    """The canaries merged into a NeMo manifest of 200 long utterances."""
    mine = tmp_path / "train.json"
    rows = ({"audio_filepath": f"/a/{n}.wav", "duration": 12.5, "text": f"line {n}"} for n in range(200))
    mine.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = run(
        "export",
        small_kit.root,
        "--format",
        "nemo",
        "--out",
        tmp_path / "M",
        "--append-to",
        mine,
        "--seed",
        7,
    )
    assert result.exit_code == 0, result.output
    assert "Relative paths" in result.stderr
    return tmp_path / "M/train.json"


def check(kit: Kit, manifest: Path, out: Path, *words: str) -> Result:
    return run("check-injection", kit.root, "--format", "nemo", "--manifest", manifest, "--out", out, *words)


def inserted_lines(manifest: Path) -> list[int]:
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    return [number for number, row in enumerate(rows) if not row["audio_filepath"].startswith("/a/")]


def drop(manifest: Path) -> str:
    """Takes one canary's line out, and returns the canary's id."""
    lines = manifest.read_text().splitlines()
    gone = json.loads(lines.pop(inserted_lines(manifest)[5]))
    manifest.write_text("\n".join(lines) + "\n")
    return Path(gone["audio_filepath"]).stem


def leak(kit: Kit, manifest: Path) -> str:
    canary = next(canary for canary in kit.canaries if canary.arm == "held_out")
    row = {"audio_filepath": str(kit.audio_path(canary)), "duration": canary.duration, "text": canary.text}
    with manifest.open("a") as stream:
        stream.write(json.dumps(row) + "\n")
    return canary.id


def test_clean(small_kit: Kit, merged: Path, tmp_path: Path) -> None:
    out = tmp_path / "injection.json"
    result = check(small_kit, merged, out)
    assert result.exit_code == 0, result.output
    assert "16 of 16 inserted canaries are in as designed (136 of 136 copies" in result.stdout
    document = json.loads(out.read_text())
    assert document["schema"] == "memaudit/injection/1"
    assert document["kit"]["commitment"] == small_kit.commitment
    assert document["manifest"]["utterances"] == 336
    assert json.loads(check(small_kit, merged, out, "--json").stdout) == document
    quiet = check(small_kit, merged, out, "--quiet")
    assert quiet.stderr == ""


def test_every_miss_and_leak_is_named(small_kit: Kit, merged: Path, tmp_path: Path) -> None:
    out = tmp_path / "injection.json"
    gone = drop(merged)
    wanted = next(canary.repetitions for canary in small_kit.canaries if canary.id == gone)
    result = check(small_kit, merged, out)
    assert result.exit_code == 1
    assert f"missing: {gone} wanted {wanted}, found {wanted - 1}\n" in result.stdout
    leaked = leak(small_kit, merged)
    result = check(small_kit, merged, out)
    assert result.exit_code == 1
    assert f"leaked: held-out {leaked}, 1 by audio, 1 by text, first at {merged}:336" in result.stdout
    assert f"missing: {gone}" in result.stdout
    document = json.loads(out.read_text())
    assert [miss["id"] for miss in document["missing"]] == [gone]
    assert [found["id"] for found in document["leaked"]] == [leaked]
    assert check(small_kit, tmp_path / "train.json", out).stdout.count("wanted") == 16


@pytest.mark.parametrize(("kind", "code"), [("clean", 0), ("miss", 3), ("leak", 3), ("none", 3)])
def test_a_clean_model_passes_only_where_the_canaries_were_in(
    small_kit: Kit, merged: Path, hear: Hearer, tmp_path: Path, kind: str, code: int
) -> None:
    if kind == "miss":
        drop(merged)
    elif kind == "leak":
        leak(small_kit, merged)
    evidence = tmp_path / "injection.json"
    assert check(small_kit, merged, evidence).exit_code == (1 if kind in ("miss", "leak") else 0)
    result = run(
        "score", small_kit.root, "--transcripts", hear(small_kit, inserted=False), "--out", tmp_path / "a",
        "--gate", "accuracy_gap <= 0.6", *(() if kind == "none" else ("--injection", evidence)),
    )  # fmt: skip
    assert result.exit_code == code, result.output
    found = json.loads((tmp_path / "a/results.json").read_text())
    reason = {
        "clean": "passed",
        "miss": "not in it as often as wanted: 1, held-out canaries in it: 0",
        "leak": "not in it as often as wanted: 0, held-out canaries in it: 1",
        "none": "no evidence",
    }
    assert reason[kind] in found["verdict_reason"]
    if kind != "none":
        assert found["injection"] == {
            "checked": True, "assumed": False, "format": "nemo", "inserted": 16,
            "missing": int(kind == "miss"), "leaked": int(kind == "leak"),
        }  # fmt: skip


def test_a_leaky_model_fails_whatever_the_manifest_held(
    small_kit: Kit, merged: Path, hear: Hearer, tmp_path: Path
) -> None:
    leak(small_kit, merged)
    evidence = tmp_path / "injection.json"
    check(small_kit, merged, evidence)
    heard = hear(small_kit, inserted=True)
    result = run(
        "score", small_kit.root, "--transcripts", heard, "--out", tmp_path / "a", "--injection", evidence
    )
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"schema": "memaudit/injection/2"}, "its schema is 'memaudit/injection/2'"),
        ({"kit": {"name": "smoke", "commitment": "0" * 64, "sha256": "0" * 64}}, "is about another kit"),
        ({"inserted": 3}, "counts other canaries"),
        ({"missing": None}, "missing: "),
        ({"extra": 1}, "extra: "),
        ("{", "no injection evidence can be read"),
        ("[]", "its schema is None"),
        (None, "no injection evidence can be read"),
    ],
)
def test_evidence_that_cannot_be_taken(
    small_kit: Kit, merged: Path, hear: Hearer, tmp_path: Path, change: Any, part: str
) -> None:
    path = tmp_path / "injection.json"
    check(small_kit, merged, path)
    if isinstance(change, dict):
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
    elif change is None:
        path.unlink()
    else:
        path.write_text(change)
    with pytest.raises(ResultsError):
        read_injection(path, small_kit)
    heard = hear(small_kit, inserted=False)
    out = tmp_path / "a"
    refused(
        run("score", small_kit.root, "--transcripts", heard, "--out", out, "--injection", path),
        "injection.json",
        part,
    )
    assert not out.exists()
    refused(
        run("score", small_kit.root, "--transcripts", heard, "--out", out, "--injection", path,
            "--assume-injected"),
        "do not go together",
    )  # fmt: skip


def test_evidence_of_another_kit(small_kit: Kit, merged: Path, tmp_path: Path) -> None:
    check(small_kit, merged, tmp_path / "injection.json")
    other = make_kit(tiny(), tmp_path / "other", seed=3)
    with pytest.raises(ResultsError, match="is about another kit"):
        read_injection(tmp_path / "injection.json", other)


@pytest.mark.parametrize(
    ("injection", "verdict"),
    [
        (Injection(checked=True, missing=0, leaked=0), "passed"),
        (Injection(checked=True, missing=1, leaked=0), "inconclusive"),
        (Injection(checked=True, missing=0, leaked=1), "inconclusive"),
        (Injection(checked=False, assumed=True), "passed"),
    ],
)
def test_a_pass_needs_a_training_set_as_designed(
    small_kit: Kit, hear: Hearer, tmp_path: Path, injection: Injection, verdict: str
) -> None:
    heard, out = hear(small_kit, inserted=False), tmp_path / "a"
    gate = ("--gate", "accuracy_gap <= 0.6", "--assume-injected")
    run("score", small_kit.root, "--transcripts", heard, "--out", out, *gate)
    results = read_results(tmp_path / "a")
    assert decide(results.gates, results.controls, injection, results.cells)[0] == verdict


def test_export_says_what_it_wrote(small_kit: Kit, tmp_path: Path) -> None:
    result = run("export", small_kit.root, "--format", "wenet", "--out", tmp_path / "w", "--json")
    document = json.loads(result.stdout)
    assert (document["format"], document["canaries"], document["copies"]) == ("wenet", 16, 136)
    assert document["seconds"] == pytest.approx(small_kit.info.seconds.copies, abs=0.1)
    assert sorted(document["files"]) == sorted(
        path.relative_to(tmp_path / "w").as_posix() for path in (tmp_path / "w").rglob("*") if path.is_file()
    )
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_bad_usage(small_kit: Kit, tmp_path: Path) -> None:
    kit = small_kit.root
    out = tmp_path / "out"
    refused(run("export", kit, "--format", "kaldy", "--out", out), "'kaldy' is no training format", "kaldi?")
    refused(run("export", kit, "--format", "nemo", "--out", kit / "x"), "lies in the kit")
    refused(
        run("export", kit, "--format", "parquet", "--out", out, "--append-to", "x"), "takes no further lines"
    )
    refused(
        run("check-injection", kit, "--format", "nemo", "--manifest", tmp_path / "none"), "none: is no file"
    )
    damaged = tmp_path / "damaged"
    shutil.copytree(kit, damaged)
    next((damaged / "train/audio").iterdir()).unlink()
    for words in (("export", damaged, "--format", "nemo", "--out", out),
                  ("check-injection", damaged, "--format", "nemo", "--manifest", out)):  # fmt: skip
        refused(run(*words), "is missing")
    assert not out.exists()
    assert run("export", kit, "--out", out).exit_code == 2


def test_a_broken_line_is_named_and_nothing_is_written(small_kit: Kit, merged: Path, tmp_path: Path) -> None:
    with merged.open("a") as stream:
        stream.write('{"audio_filepath": \n')
    out = tmp_path / "injection.json"
    refused(check(small_kit, merged, out), "train.json:337: is no JSON")
    assert not out.exists()
    broken = tmp_path / "broken.json"
    broken.write_text("{\n")
    refused(
        run("export", small_kit.root, "--format", "nemo", "--out", tmp_path / "b", "--append-to", broken),
        "broken.json:1: is no JSON",
    )
    assert not (tmp_path / "b").exists()
