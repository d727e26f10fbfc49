"""Utterances of an imagined model, for tests of what comes after scoring."""

from __future__ import annotations

from typing import Any

import numpy as np

from memaudit.audit.assess import Subject
from memaudit.audit.results import Injection, KitSummary, ModelFile, ModelSummary
from memaudit.audit.utterances import Utterance

WORDS = ["abandon", "ability", "able", "about", "above", "absent", "absorb", "abstract"]
COMMITMENT = "5e" * 32


def utterances(
    seed: int,
    *,
    leak: float = 0.0,
    levels: tuple[int, ...] = (1, 4, 16),
    pairs: int = 10,
    reserve: int = 30,
    controls: int = 20,
    speeds: tuple[float, ...] = (4.0,),
    loss: bool = True,
    ties: float = 0.0,
    control_accuracy: float = 0.95,
) -> list[Utterance]:
    """A null model reads no canary; ``leak`` is the chance a copy gives of a canary read whole.

    ``ties`` is the share of unread canaries that get nothing right at all.
    """
    rng = np.random.default_rng(seed)
    rows: list[Utterance] = []

    def add(arm: str, pair: str | None, repetitions: int, speed: float, read: bool, right: float) -> None:
        reference = " ".join(rng.choice(WORDS, 4))
        accuracy = 1.0 if read else (0.0 if rng.random() < ties else float(np.clip(right, 0.0, 0.9)))
        rows.append(
            Utterance(
                id=f"c{rng.integers(1 << 60):015x}",
                arm=arm,
                pair=pair,
                repetitions=repetitions,
                speed=speed,
                voice=f"en-us+{'fm'[int(rng.integers(2))]}1",
                reference=reference,
                transcript=reference if read else "a",
                cer=1.0 - accuracy,
                wer=0.0 if read else 1.0,
                accuracy=accuracy,
                exact=read,
                loss=float(rng.gamma(4.0, 1.0) if read else rng.gamma(40.0, 1.0)) if loss else None,
                tokens=4 if loss else None,
            )
        )

    for speed in speeds:
        for level in levels:
            for number in range(pairs):
                pair = f"p{speed:g}-{level}-{number}"
                read = bool(rng.random() < 1.0 - (1.0 - leak) ** level)
                add("inserted", pair, level, speed, read, rng.normal(0.12, 0.1))
                add("held_out", pair, 0, speed, False, rng.normal(0.12, 0.1))
        for _ in range(reserve):
            add("held_out", None, 0, speed, False, rng.normal(0.12, 0.1))
    for _ in range(controls):
        add("control", None, 0, 1.0, False, 0.0)
        if control_accuracy > 0:
            last = rows[-1]
            right = float(np.clip(rng.normal(control_accuracy, 0.02), 0.0, 1.0))
            rows[-1] = last.model_copy(
                update={"accuracy": right, "cer": 1.0 - right, "transcript": last.reference, "loss": 1.0}
            )
    return rows


def subject(*, assumed: bool = True, checked: bool = False, **more: Any) -> Subject:
    """A kit and a model that exist only by name."""
    return Subject(
        KitSummary(
            name="synthetic",
            commitment=COMMITMENT,
            commitment_verified=True,
            pairs=30,
            inserted=30,
            held_out=60,
            controls=20,
        ),
        ModelSummary(adapter="transcripts", files=(ModelFile(name="heard.jsonl", sha256="0" * 64),)),
        Injection(checked=checked, assumed=assumed),
        **more,
    )
