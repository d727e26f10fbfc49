"""The main path through the installed console script, and the demo on the shipped recognisers."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(sysconfig.get_path("scripts")) / "memaudit"


def memaudit(*words: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [PROGRAM, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_from_kit_to_gate(tmp_path: Path) -> None:
    made = memaudit("make-kit", "kit", "--recipe", "smoke", "--json", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    commitment = json.loads(made.stdout)["commitment"]
    assert memaudit("verify-kit", "kit", "--commitment", commitment, folder=tmp_path).returncode == 0
    lines = (tmp_path / "kit/audit/assignment.jsonl").read_text().splitlines()
    canaries = [json.loads(line) for line in lines]
    heard = [
        {"id": item["id"], "transcript": item["text"] if item["arm"] != "held_out" else "nothing heard"}
        for item in canaries
    ]
    (tmp_path / "heard.jsonl").write_text("".join(json.dumps(row) + "\n" for row in heard))
    scored = memaudit("score", "kit", "--transcripts", "heard.jsonl", "--out", "audit", folder=tmp_path)
    assert scored.returncode == 1, scored.stderr
    assert "Failed" in scored.stdout
    assert "\x1b" not in scored.stdout
    assert (tmp_path / "audit/report.html").is_file()
    assert memaudit("gate", "audit", "--gate", "accuracy_gap <= 1", folder=tmp_path).returncode == 0
    refused = memaudit("gate", "audit", "--gate", "accuracy <= 1", folder=tmp_path)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr.startswith("memaudit: error: ")
    assert refused.stderr.count("\n") == 1


@pytest.mark.slow
def test_demo(tmp_path: Path) -> None:
    done = memaudit("demo", "--json", "--quiet", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert document["audits"]["unclipped"]["verdict"] == "failed"
    results = {
        name: json.loads((tmp_path / entry["results"]).read_text())
        for name, entry in document["audits"].items()
    }
    for name, found in results.items():
        assert found["verdict"] == document["audits"][name]["verdict"]
        # The models read ordinary sentences, and cannot read the held-out canaries: what the unclipped one
        # reads of the inserted ones, it has memorised.
        assert found["controls"]["passed"], name
        held_out = found["speeds"][0]["held_out"]
        assert held_out["exact"] == 0.0
        assert held_out["accuracy"] < 0.35
        assert (tmp_path / "memaudit-demo" / name / "report.html").is_file()
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    for level, *_ in _gaps(results["unclipped"]):
        row = next(line for line in readme.splitlines() if line.startswith(f"{level} "))
        for found in results.values():
            gap = next(text for number, text in _gaps(found) if number == level)
            assert gap in row
    gaps = {
        name: {cell["repetitions"]: cell["accuracy_gap"]["estimate"] for cell in found["cells"]}
        for name, found in results.items()
    }
    assert gaps["unclipped"][16] > 0.5
    assert gaps["clipped"][16] < gaps["unclipped"][16] / 2
    assert memaudit("verify-kit", document["kit"]["path"], folder=tmp_path).returncode == 0


def _gaps(results: dict[str, Any]) -> list[tuple[int, str]]:
    """(repetitions, gap with its interval as the demo prints it)."""
    return [
        (cell["repetitions"], "{estimate:+.2f} ({low:+.2f}, {high:+.2f})".format(**cell["accuracy_gap"]))
        for cell in results["cells"]
    ]
