"""One victim: trained from the pre-trained recogniser, exported, and audited by `memaudit score`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from memaudit.files import write_json
from memaudit.kit.recipe import Recipe
from memaudit.kit.store import open_kit
from memaudit.lab.device import best_device
from memaudit.lab.evaluate import read
from memaudit.lab.export import export_onnx, export_torchscript
from memaudit.lab.privacy import Adjacency, epsilon_of
from memaudit.lab.recognizer import ConvRecognizer, Shape, make_recognizer
from memaudit.lab.record import file_digests, training_figures
from memaudit.lab.study import Condition
from memaudit.lab.study_commands import Place
from memaudit.lab.study_sets import INJECTION
from memaudit.lab.study_speech import FEATURES, load_features
from memaudit.lab.train import Plan, train
from memaudit.lab.utterances import Utterances, Vocabulary
from memaudit.models.frontends.base import FrontEnd

DELTA = 1e-5
"""Of the guarantees that DP-SGD gives."""
Progress = Callable[[int, int], None]
RECORD = "victim.json"
WEIGHTS = "weights.pt"
#: A verdict is no failure of the command: passed, a gate failed, inconclusive.
VERDICTS = (0, 1, 3)


def pretrain(
    folder: Path,
    speech: Path,
    shape: Shape,
    plan: Plan,
    vocabulary: Vocabulary,
    *,
    seed: int,
    progress: Progress,
) -> None:
    """Teach a new recogniser ordinary speech; its weights and figures go into ``folder``."""
    utterances = load_features(speech / f"pretraining-{FEATURES}", vocabulary)
    model = make_recognizer(shape, seed)
    frames = torch.cat(utterances.features).to(torch.float32)
    model.mean.copy_(frames.mean(0))
    model.deviation.copy_(frames.std(0))
    model.to(best_device())
    history = train(model, utterances, plan, seed=seed, progress=progress)
    figures = {**training_figures(history), **readings(model, speech, vocabulary)}
    torch.save(model.to("cpu").state_dict(), folder / WEIGHTS)
    write_json(folder / "pretrained.json", {"shape": shape.as_dict(), **figures})


def load_pretrained(folder: Path) -> ConvRecognizer:
    """The recogniser that `pretrain` made."""
    shape = json.loads((folder / "pretrained.json").read_text(encoding="utf-8"))["shape"]
    model = ConvRecognizer(Shape(**shape))
    model.load_state_dict(torch.load(folder / WEIGHTS, weights_only=True))
    return model


def readings(model: ConvRecognizer, speech: Path, vocabulary: Vocabulary) -> dict[str, Any]:
    """How well a model reads ordinary sentences that it was not trained on, of both sets."""
    return {
        name: read(model, load_features(speech / f"{name}-{FEATURES}", vocabulary), vocabulary).as_dict()
        for name in ("validation", "test")
    }


def promises(plan: Plan, utterances: int, recipe: Recipe) -> list[dict[str, float]]:
    """What training promises for the copies of one canary, a row for each number with a finite epsilon.

    A kit's pairs put one of two canaries in, so its audits bound the epsilon of exchanging all copies
    ("replace-one"); coins bound that of leaving them out.
    """
    noise = plan.clipping.noise_multiplier
    if not noise:
        return []
    adjacency: Adjacency = "replace-one" if recipe.design.assignment == "pairs" else "add-remove"
    rate, steps = plan.sample_rate(utterances), plan.steps(utterances)
    found = {
        copies: epsilon_of(noise, rate, steps, DELTA, copies=copies, adjacency=adjacency)
        for copies in recipe.design.repetitions
    }
    return [
        {"repetitions": copies, "promised": promised, "delta": DELTA}
        for copies, promised in found.items()
        if math.isfinite(promised)
    ]


def make_victim(
    place: Place,
    condition: Condition,
    utterances: Utterances,
    vocabulary: Vocabulary,
    front_end: FrontEnd,
    *,
    pretrained: Path,
    speech: Path,
    kit: Path,
    data: Path,
    seed: int,
    progress: Progress,
) -> None:
    """Fine-tune, export and audit; everything goes into the place's folder.

    Args:
        place: gets model.onnx with model.toml and tokens.txt, torchscript/, audit/ and victim.json.
        condition: how it is trained.
        utterances: what it is trained on, read from the manifest of ``data``.
        vocabulary: the recogniser's words.
        front_end: of the recogniser, for the exports.
        pretrained: the folder of the recogniser that it starts from.
        speech: the folder of the seed's ordinary speech.
        kit: the kit whose canaries were in.
        data: the folder of the training set.
        seed: decides the order of the utterances.
        progress: called with steps done and their number.
    """
    model = load_pretrained(pretrained).to(best_device())
    history = train(model, utterances, condition.plan, seed=seed, progress=progress)
    read_by = readings(model, speech, vocabulary)
    table = front_end.describe()
    files = export_onnx(model, place.building, vocabulary, table)
    files += export_torchscript(model, place.building / "torchscript", vocabulary, table)[:1]
    ran = place.command(
        *("score", kit, "--model", place.building / "model.onnx", "--injection", data / INJECTION),
        *("--out", place.building / "audit", "--quiet"),
        accepted=VERDICTS,
    )
    write_json(
        place.building / RECORD,
        {
            "seed": seed,
            "plan": condition.plan.as_dict(),
            "utterances": len(utterances),
            "training": training_figures(history),
            **read_by,
            "privacy": promises(condition.plan, len(utterances), open_kit(kit).recipe),
            "files": file_digests(files),
            "commands": [ran.as_dict()],
        },
    )
