"""The kit's secrets: who may read them, and that no output has them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from memaudit.kit.store import ASSIGNMENT, SECRET, open_kit

RECIPE = """
schema = "memaudit/recipe/1"
name = "tiny"
[text]
words = [4, 5]
[speech]
voices = ["en-us+f2", "en-us+m3"]
[speed]
factors = [4.0]
[design]
repetitions = [1, 4]
pairs_per_cell = 4
reserve_per_speed = 6
controls = 3
"""
SEED = "918273645546372819"


def memaudit(*words: str | Path) -> str:
    """A command with a umask that hides nothing: all that it says on stdout and stderr."""
    code = "import os; os.umask(0); from memaudit.cli.main import main; main()"
    command = [sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1, 3), done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A kit and everything that making it said."""
    folder = tmp_path_factory.mktemp("secret")
    (folder / "tiny.toml").write_text(RECIPE)
    kit = folder / "kit"
    said = memaudit("make-kit", kit, "--recipe", folder / "tiny.toml", "--seed", SEED, "-v")
    return kit, said + memaudit("make-kit", folder / "other", "--recipe", folder / "tiny.toml", "--json")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(os.name == "nt", reason="no such modes")
def test_only_the_owner_reads_what_is_kept_back(made: tuple[Path, str]) -> None:
    kit, _ = made
    assert mode(kit / SECRET) == 0o600
    assert mode(kit / ASSIGNMENT) == 0o600
    assert mode(kit / "audit") == 0o700
    assert mode(kit / "train") & 0o055 == 0o055  # others are to read this part


def test_no_output_has_the_secret(made: tuple[Path, str], tmp_path: Path) -> None:
    kit, said = made
    secret = json.loads((kit / SECRET).read_text())
    heard = tmp_path / "heard.jsonl"
    rows = [{"id": canary.id, "transcript": canary.text} for canary in open_kit(kit).canaries]
    heard.write_text("".join(json.dumps(row) + "\n" for row in rows))
    audit, out = tmp_path / "audit", tmp_path / "out"
    formats = "csv,gitlab,html,in-toto,json,junit,markdown,model-card,sarif"
    said += memaudit("verify-kit", kit, "-v")
    said += memaudit("score", kit, "--transcripts", heard, "--out", audit, "--assume-injected", "-v")
    said += memaudit("report", audit, "--format", formats, "--out", out, "-v")
    said += memaudit("gate", audit, "--json")
    said += memaudit("export", kit, "--format", "nemo", "--out", tmp_path / "export", "-v")
    written = [
        path for folder in (audit, out, tmp_path / "export", kit / "train") for path in folder.rglob("*")
    ]
    texts = [said, (kit / "kit.json").read_text()]
    texts += [path.read_bytes().decode("latin-1") for path in written if path.is_file()]
    assert len(texts) > 12
    for text in texts:
        assert secret["salt"] not in text
        assert secret["seed"] not in text


def test_nothing_held_out_is_in_train_or_an_export(made: tuple[Path, str], tmp_path: Path) -> None:
    kit, said = made
    memaudit("export", kit, "--format", "nemo", "--out", tmp_path / "export")
    kept = [canary for canary in open_kit(kit).canaries if canary.arm != "inserted"]
    for folder in (kit / "train", tmp_path / "export"):
        for path in (path for path in folder.rglob("*") if path.is_file()):
            text = path.name + path.read_bytes().decode("latin-1")
            for canary in kept:
                assert canary.id not in text
                assert canary.text not in text
    for canary in kept:
        assert canary.id not in said
        assert canary.text not in said
