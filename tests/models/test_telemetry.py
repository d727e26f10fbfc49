"""onnxruntime's telemetry is off before onnxruntime is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from memaudit.kit.packaged import kits_folder

LOAD = """
import sys
from pathlib import Path
from memaudit.models.registry import load_recognizer
print(load_recognizer(Path(sys.argv[1])).info.adapter)
"""


def _home_after_loading(home: Path, **environment: str) -> tuple[str, list[str]]:
    """What was said, and the files that a process left in its home folder."""
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(kits_folder() / "recognisers" / "unclipped")],
        env={**kept, "HOME": str(home), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip(), [path.name for path in home.rglob("*") if path.is_file()]


@pytest.mark.skipif(sys.platform == "win32", reason="the home folder is found in another way there")
def test_loading_a_model_records_nothing_at_home(tmp_path: Path) -> None:
    assert _home_after_loading(tmp_path / "home") == ("onnx-ctc", [])


def test_the_user_may_decide_otherwise() -> None:
    code = "import memaudit.models, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    found = [
        subprocess.run(
            [sys.executable, "-c", code], env=given, capture_output=True, text=True, check=True
        ).stdout.strip()
        for given in ({**os.environ, "ORT_DISABLE_TELEMETRY": "0"}, _without(os.environ))
    ]
    assert found == ["0", "1"]


def _without(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name != "ORT_DISABLE_TELEMETRY"}
