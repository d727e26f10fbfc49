"""Kits and transcripts that several tests share."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from memaudit.kit.make import make_kit
from memaudit.kit.recipe import load_recipe
from memaudit.kit.store import Kit

LEVEL_OVERRIDES = ("design.reserve_per_speed=24", "design.repetitions=[1, 16]")


@pytest.fixture(scope="session")
def small_kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """A kit with real speech: 16 pairs at speed 4 in two levels, 24 reserve, 6 controls. Never changed."""
    return make_kit(load_recipe("smoke", LEVEL_OVERRIDES), tmp_path_factory.mktemp("kit") / "kit", seed=7)


Hearer = Callable[..., Path]


@pytest.fixture
def hear(tmp_path: Path) -> Hearer:
    """Writes transcripts of a kit as some imagined system would: what it reads, it reads right."""

    def write(kit: Kit, *, inserted: bool, controls: bool = True, name: str = "heard.jsonl") -> Path:
        rng = random.Random(5)
        babble = ["tree", "stone", "cold", "river", "hat", "maple", "of", "and", "the"]
        lines = []
        for canary in kit.canaries:
            reads = controls if canary.arm == "control" else inserted and canary.arm == "inserted"
            text = canary.text if reads else " ".join(rng.sample(babble, 4))
            lines.append(json.dumps({"id": canary.id, "transcript": text}))
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write
