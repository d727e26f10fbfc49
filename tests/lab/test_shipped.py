"""The shipped kit and recognisers: what the record says of them, and what the demo rests on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memaudit.audit.run import score_model
from memaudit.audit.utterances import Utterance
from memaudit.files import sha256_file
from memaudit.kit.packaged import kits_folder
from memaudit.kit.store import Kit, open_kit
from memaudit.lab.setup import REFERENCE
from memaudit.models.registry import load_recognizer

RECOGNISERS = kits_folder() / "recognisers"
NAMES = ("unclipped", "clipped")


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECOGNISERS / "record.json").read_text())
    return found


@pytest.fixture(scope="module")
def kit() -> Kit:
    return open_kit(kits_folder() / "reference")


@pytest.fixture(scope="module")
def heard(kit: Kit) -> dict[str, list[Utterance]]:
    return {name: score_model(kit, load_recognizer(RECOGNISERS / name)) for name in NAMES}


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_files_are_those_of_the_record(record: dict[str, Any], kit: Kit) -> None:
    assert record["kit"] == {"commitment": kit.commitment, "kit.json": sha256_file(kit.root / "kit.json")}
    assert set(record["recognisers"]) == set(NAMES)
    for name in NAMES:
        files = record["recognisers"][name]["files"]
        assert {path.name for path in (RECOGNISERS / name).iterdir()} == set(files)
        for file, facts in files.items():
            assert sha256_file(RECOGNISERS / name / file) == facts["sha256"]
        assert files["model.onnx"]["bytes"] <= 5_000_000


def test_the_record_is_of_the_setup_in_the_code(record: dict[str, Any]) -> None:
    assert record["setup"] == json.loads(json.dumps(REFERENCE.as_dict()))
    assert record["command"] == "memaudit lab reference --out DIR --seed 1"


def test_a_clone_stays_small(kit: Kit) -> None:
    assert size(kit.root) <= 7_500_000
    assert size(RECOGNISERS) <= 4_000_000


def of(utterances: list[Utterance], arm: str, repetitions: int = 0) -> list[Utterance]:
    return [u for u in utterances if u.arm == arm and u.repetitions == repetitions]


def accuracy(utterances: list[Utterance]) -> float:
    return float(np.mean([1 - min(1, u.cer) for u in utterances]))


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_those_of_the_record(
    record: dict[str, Any], heard: dict[str, list[Utterance]], name: str
) -> None:
    """To within what another build of onnxruntime may turn: the odd word."""
    told = record["recognisers"][name]["audit"]
    assert accuracy(of(heard[name], "control")) == pytest.approx(told["controls_accuracy"], abs=0.01)
    assert accuracy(of(heard[name], "held_out")) == pytest.approx(told["held_out"]["accuracy"], abs=0.01)
    for row in told["inserted"]:
        found = of(heard[name], "inserted", row["repetitions"])
        assert len(found) == row["n"]
        assert accuracy(found) == pytest.approx(row["accuracy"], abs=0.01)


def test_what_the_demo_rests_on(heard: dict[str, list[Utterance]]) -> None:
    plain, clipped = heard["unclipped"], heard["clipped"]
    for utterances in (plain, clipped):
        assert accuracy(of(utterances, "control")) >= 0.95
        assert accuracy(of(utterances, "held_out")) <= 0.35
        assert not any(u.exact for u in of(utterances, "held_out"))
    levels = [accuracy(of(plain, "inserted", repetitions)) for repetitions in (1, 2, 4, 8, 16)]
    assert levels == sorted(levels)
    assert all(u.exact for u in of(plain, "inserted", 16))
    assert np.mean([u.exact for u in of(plain, "inserted", 8)]) >= 0.7
    assert not any(u.exact for u in clipped if u.arm == "inserted")
    assert accuracy(of(clipped, "inserted", 16)) - accuracy(of(clipped, "held_out")) <= 0.1
