"""Families that need torch, where it is not installed."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from memaudit.models.registry import built_in

NAMES = sorted(name for name, adapter in built_in().items() if adapter.runtime == "torch")

CODE = """
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from memaudit.errors import MissingExtraError
from memaudit.models.registry import load_recognizer
try:
    load_recognizer(Path(sys.argv[1]), trust_model=True)
except MissingExtraError as error:
    print(error)
"""


@pytest.mark.parametrize("name", NAMES)
def test_one_line_names_the_extra(tmp_path: Path, name: str) -> None:
    path = import_module(f"tests.models.examples.{name.replace('-', '_')}").make(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(path)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.endswith(
        "needs packages that are not installed; run: pip install 'memaudit-asr[torch]'\n"
    )
    assert done.stdout.count("\n") == 1


def test_there_are_four() -> None:
    assert {"exported-program", "icefall-torchscript", "torchscript-ctc", "wenet-torchscript"} <= set(NAMES)
