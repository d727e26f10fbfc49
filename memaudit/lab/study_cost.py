"""What a step of each kind of clipping costs, measured with the study's own recogniser."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from memaudit.files import write_json
from memaudit.lab.device import best_device
from memaudit.lab.step_time import measure_steps
from memaudit.lab.study_speech import FEATURES, load_features
from memaudit.lab.utterances import Vocabulary
from memaudit.lab.victim import load_pretrained

COST = "cost"
FILE_NAME = "cost.json"


def measure_cost(
    folder: Path,
    pretrained: Path,
    speech: Path,
    batch_size: int,
    rounds: int,
    vocabulary: Vocabulary,
    progress: Callable[[int, int], None],
) -> None:
    """Time steps of every kind on fine-tuning speech, and write cost.json into ``folder``."""
    utterances = load_features(speech / f"fine_tuning-{FEATURES}", vocabulary)
    model = load_pretrained(pretrained).to(best_device())
    measured = measure_steps(model, utterances, batch_size=batch_size, rounds=rounds, progress=progress)
    write_json(folder / FILE_NAME, [asdict(item) for item in measured])


def read_costs(study: Path) -> dict[str, float]:
    """Kind of clipping -> time of a step in steps without clipping; empty where it was not measured."""
    path = study / COST / FILE_NAME
    if not path.is_file():
        return {}
    return {item["name"]: item["ratio"] for item in json.loads(path.read_text(encoding="utf-8"))}
