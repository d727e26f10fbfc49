"""What the tests of several commands share."""

from __future__ import annotations

import pytest

from memaudit.kit.make import make_kit
from memaudit.kit.recipe import load_recipe
from memaudit.kit.store import Kit


@pytest.fixture(scope="session")
def readable_kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """New canaries and controls in the vocabulary of the shipped recognisers."""
    overrides = (
        "design.pairs_per_cell=6",
        "design.repetitions=[16]",
        "design.reserve_per_speed=20",
        "design.controls=8",
    )
    return make_kit(load_recipe("reference", overrides), tmp_path_factory.mktemp("kit") / "kit", seed=12)
