"""`score`, `gate` and `report` from the outside, on a real kit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from memaudit.cli.main import cli
from memaudit.kit import draft
from memaudit.kit.assignment import Lot, deal
from memaudit.kit.make import make_kit
from memaudit.kit.recipe import load_recipe
from memaudit.kit.store import Kit
from tests.conftest import Hearer


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def refused(result: Result, *parts: str) -> None:
    """Exit code 2, one line on stderr that holds the parts, nothing on stdout, no traceback."""
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("memaudit: error: ")
    for part in parts:
        assert part in lines[0]


def test_a_leak_fails(small_kit: Kit, hear: Hearer, tmp_path: Path) -> None:
    out = tmp_path / "audit"
    result = run("score", small_kit.root, "--transcripts", hear(small_kit, inserted=True), "--out", out)
    assert result.exit_code == 1, result.output
    assert "Failed" in result.stdout
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "results.json", "utterances.jsonl"]
    document = json.loads((out / "results.json").read_text())
    assert document["schema"] == "memaudit/results/1"
    assert document["verdict"] == "failed"
    assert {gate["status"] for gate in document["gates"]} == {"failed"}
    assert document["kit"]["commitment"] == small_kit.commitment


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 3),
        (("--assume-injected",), 0),
    ],
)
def test_a_clean_model_passes_only_with_evidence(
    small_kit: Kit, hear: Hearer, tmp_path: Path, options: tuple[str, ...], code: int
) -> None:
    result = run(
        "score", small_kit.root, "--transcripts", hear(small_kit, inserted=False), "--out", tmp_path / "a",
        "--gate", "accuracy_gap <= 0.6", *options,
    )  # fmt: skip
    assert result.exit_code == code, result.output
    assert ("assumed, not proved" in result.stdout) == bool(options)


def test_a_model_that_cannot_read_the_controls_never_passes(
    small_kit: Kit, hear: Hearer, tmp_path: Path
) -> None:
    heard = hear(small_kit, inserted=False, controls=False)
    result = run(
        "score", small_kit.root, "--transcripts", heard, "--out", tmp_path / "a", "--assume-injected",
        "--gate", "accuracy_gap <= 0.6",
    )  # fmt: skip
    assert result.exit_code == 3
    assert "does not read" in result.stdout


def test_json_is_one_document(small_kit: Kit, hear: Hearer, tmp_path: Path) -> None:
    out = tmp_path / "audit"
    result = run(
        "score", small_kit.root, "--transcripts", hear(small_kit, inserted=True), "--out", out, "--json"
    )
    assert json.loads(result.stdout) == json.loads((out / "results.json").read_text())


def test_gates_again(small_kit: Kit, hear: Hearer, tmp_path: Path) -> None:
    out = tmp_path / "audit"
    run("score", small_kit.root, "--transcripts", hear(small_kit, inserted=True), "--out", out)
    again = run("gate", out, "--json")
    scored = json.loads((out / "results.json").read_text())
    assert again.exit_code == 1
    assert json.loads(again.stdout)["gates"] == scored["gates"]
    assert run("gate", out, "--gate", "accuracy_gap <= 1").exit_code == 0
    refused(run("gate", out, "--gate", "safety <= 1"), "'safety' is no metric", "accuracy_gap")
    refused(run("gate", out, "--gate", "accuracy_gap@3 <= 1"), "no canary at 3 repetitions")
    with (out / "utterances.jsonl").open("a") as stream:
        stream.write("\n")
    refused(run("gate", out), "utterances.jsonl")


def test_report_again(small_kit: Kit, hear: Hearer, tmp_path: Path) -> None:
    out = tmp_path / "audit"
    run("score", small_kit.root, "--transcripts", hear(small_kit, inserted=True), "--out", out)
    assert run("report", out, "--format", "html,json", "--out", tmp_path / "again").exit_code == 0
    for name in ("report.html", "results.json"):
        assert (tmp_path / "again" / name).read_bytes() == (out / name).read_bytes()
    refused(
        run("report", out, "--format", "docx", "--out", tmp_path / "b"), "'docx' is no report format", "html"
    )
    assert not (tmp_path / "b").exists()


def test_the_same_transcripts_give_the_same_results(
    small_kit: Kit, hear: Hearer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    heard = hear(small_kit, inserted=True)
    lines = heard.read_text().splitlines()
    turned = tmp_path / "turned.jsonl"
    turned.write_text("\n".join(reversed(lines)) + "\n")
    for name in ("a", "b"):
        run("score", small_kit.root, "--transcripts", heard, "--out", tmp_path / name)
    run("score", small_kit.root, "--transcripts", turned, "--out", tmp_path / "c")
    assert (tmp_path / "a/results.json").read_bytes() == (tmp_path / "b/results.json").read_bytes()
    assert (tmp_path / "a/utterances.jsonl").read_bytes() == (tmp_path / "c/utterances.jsonl").read_bytes()


def damaged(kit: Kit, folder: Path) -> Path:
    copy = folder / "damaged"
    shutil.copytree(kit.root, copy)
    return copy


def first(kit: Kit, arm: str) -> Path:
    return Path(next(canary.audio for canary in kit.canaries if canary.arm == arm))


def test_damaged_kits(small_kit: Kit, hear: Hearer, tmp_path: Path) -> None:
    heard = hear(small_kit, inserted=True)
    out = tmp_path / "audit"

    def score(kit: Path) -> Result:
        return run("score", kit, "--transcripts", heard, "--out", out)

    empty = tmp_path / "empty"
    empty.mkdir()
    refused(score(empty), "kit.json")

    kit = damaged(small_kit, tmp_path / "audio")
    changed = kit / first(small_kit, "inserted")
    content = bytearray(changed.read_bytes())
    content[-1] ^= 1
    changed.write_bytes(content)
    refused(score(kit), changed.name)

    kit = damaged(small_kit, tmp_path / "assignment")
    table = kit / "audit/assignment.jsonl"
    table.write_text(table.read_text().replace('"inserted"', '"held_out"', 1))
    refused(score(kit), "assignment.jsonl")

    kit = damaged(small_kit, tmp_path / "leak")
    shutil.copy(kit / first(small_kit, "held_out"), kit / "train/audio/zzz.flac")
    refused(score(kit), "zzz.flac")
    assert not out.exists()


def test_bad_transcripts_leave_no_results(small_kit: Kit, hear: Hearer, tmp_path: Path) -> None:
    heard, out = hear(small_kit, inserted=True), tmp_path / "audit"
    lines = heard.read_text().splitlines()
    for change, part in [
        (lines[1:], "1 of 62 canaries have no line"),
        ([*lines, lines[0]], "occurs twice"),
        ([*lines, '{"id": "zz", "transcript": ""}'], "'zz' is not in the kit"),
        ([lines[0][:-1] + ', "loss": NaN}', *lines[1:]], "has loss nan"),
    ]:
        heard.write_text("\n".join(change) + "\n")
        refused(run("score", small_kit.root, "--transcripts", heard, "--out", out), part)
    assert not out.exists()


def test_bad_usage(small_kit: Kit, hear: Hearer, tmp_path: Path) -> None:
    heard = hear(small_kit, inserted=True)
    refused(
        run("score", small_kit.root, "--out", tmp_path / "a"),
        "give one of --model, --model-command and --transcripts",
    )
    refused(
        run("score", small_kit.root, "--transcripts", heard, "--out", tmp_path / "a", "--gate", "nonsense"),
        "'nonsense' is no gate",
    )
    file = tmp_path / "file"
    file.write_text("")
    refused(run("score", small_kit.root, "--transcripts", heard, "--out", file), "is a file")
    refused(run("score", small_kit.root, "--transcripts", heard, "--out", file / "x"), "cannot be written")
    assert run("score", tmp_path / "none", "--transcripts", heard, "--out", tmp_path / "a").exit_code == 2
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    "content", ["[]", "{", '{"schema": "memaudit/results/2"}', "\u2028", '{"cells": 1e999}']
)
def test_bad_results(tmp_path: Path, content: str) -> None:
    (tmp_path / "results.json").write_text(content)
    for command in (("gate", tmp_path), ("report", tmp_path, "--out", tmp_path / "b")):
        refused(run(*command), "results.json")


def test_a_bad_model_is_refused_in_one_line(small_kit: Kit, tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(b"this is no model")
    refused(run("score", small_kit.root, "--model", model, "--out", tmp_path / "a"), "model")
    refused(
        run("score", small_kit.root, "--model", tmp_path / "none.onnx", "--out", tmp_path / "a"), "none.onnx"
    )


def test_a_sabotaged_kit_voids_the_verdict(
    tmp_path: Path, hear: Hearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kit whose coins were not fair: what went in has the first voices. Its commitment holds."""

    def unfair(*given: Any) -> list[Lot]:
        return sorted(deal(*given), key=lambda lot: lot.arm != "inserted")

    monkeypatch.setattr(draft, "deal", unfair)
    overrides = ("design.reserve_per_speed=24", "design.repetitions=[1, 16]")
    kit = make_kit(load_recipe("smoke", overrides), tmp_path / "kit", seed=7)
    out = tmp_path / "audit"
    heard = hear(kit, inserted=True)
    result = run("score", kit.root, "--transcripts", heard, "--out", out, "--assume-injected")
    assert result.exit_code == 3, result.output
    document = json.loads((out / "results.json").read_text())
    assert document["verdict_reason"].startswith(
        "void: the kit's texts, audio and voices tell its arms apart"
    )
    assert document["self_checks"]["blind_baseline"]["passed"] is False
    assert document["self_checks"]["a_a"]["passed"] is True
    assert run("gate", out).exit_code == 3
