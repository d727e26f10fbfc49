from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from memaudit.kit.make import make_kit
from memaudit.kit.store import Kit, open_kit
from tests.kit.recipes import tiny


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """A kit that no test changes."""
    return make_kit(tiny(), tmp_path_factory.mktemp("made") / "kit", seed=11)


@pytest.fixture
def kit(made: Kit, tmp_path: Path) -> Kit:
    """A copy of it, to be broken."""
    shutil.copytree(made.root, tmp_path / "kit")
    return open_kit(tmp_path / "kit")
