"""Would the model read the controls better with another front end? Then the described one is wrong.

A front end that is nearly right leaves a model that still reads a part of the controls, far above chance. So
where they are not read well, the usual front ends of the same size are tried in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from memaudit.audit.engine.attendant import ProcessError
from memaudit.audit.engine.hearing import at_rate
from memaudit.audit.engine.work import Engine
from memaudit.audit.results import FrontEndTrial
from memaudit.audit.text_scores import text_scores
from memaudit.audit.utterances import Utterance
from memaudit.errors import AudioError, ModelError
from memaudit.kit.audio import read_audio
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.frontends.usual import usual_front_ends
from memaudit.stats.sign_test import sign_test

CLEAR = 0.9
"""Controls that are read at least so well need no trial."""

GAIN = 0.1
"""A front end is better only where it brings so much accuracy."""

LEVEL = 0.05
"""And where the controls' texts are likelier with it, by sign tests that together have this level."""

MOST = 30
"""So many controls are enough to tell."""


def front_end_trials(
    engine: Engine, controls: Sequence[Utterance], audio: Mapping[str, str]
) -> list[FrontEndTrial]:
    """What the usual front ends make of the controls; nothing where these are read well, or have no losses.

    Nothing either where the model's process does not survive it: the audit itself has been heard by then.

    Args:
        engine: the model, with no run under way.
        controls: as the model read them.
        audio: the path of each one's recording, by id.

    Raises:
        AudioError, TokenError, ModelError: if a recording or a text cannot be read.
    """
    rows = [row for row in sorted(controls, key=lambda row: row.id) if row.loss is not None][:MOST]
    if engine.sample_rate is None or not rows or _accuracy(rows) >= CLEAR:
        return []
    items = [[audio[row.id], row.reference] for row in rows]
    try:
        heard = engine.call(f"{__name__}:hear_with_others", items)
    except ProcessError:
        return []  # which the engine has told
    return [_trial(rows, found, len(heard)) for found in heard]


def hear_with_others(recognizer: Any, items: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Transcripts and losses of recordings by the same model behind other front ends, as JSON values.

    Args:
        recognizer: the model; one without a front end of its own is not tried.
        items: (path, text) of each recording.
    """
    front_end = getattr(recognizer, "front_end", None)
    if not is_dataclass(recognizer) or not isinstance(front_end, FrontEnd):
        return []
    read = [(*read_audio(Path(path)), text) for path, text in items]
    given = [(at_rate(samples, rate, front_end.sample_rate), text) for samples, rate, text in read]
    found = []
    for other in usual_front_ends(front_end):
        changed: Any = replace(recognizer, front_end=other)  # type: ignore[type-var]
        try:
            heard = [changed.recognize(samples, text) for samples, text in given]
        except (AudioError, ModelError):
            continue  # the model does not take what this one gives: another length, say
        rows = [[recognition.transcript, recognition.loss] for recognition in heard]
        found.append({"front_end": other.describe(), "heard": rows})
    return found


def _trial(rows: Sequence[Utterance], found: Mapping[str, Any], trials: int) -> FrontEndTrial:
    accuracy = [
        text_scores(row.reference, transcript).accuracy
        for row, (transcript, _) in zip(rows, found["heard"], strict=True)
    ]
    likelier = sum(
        loss is not None and row.loss is not None and loss < row.loss
        for row, (_, loss) in zip(rows, found["heard"], strict=True)
    )
    p_value = min(1.0, trials * sign_test(likelier, len(rows)))
    mean = float(np.mean(accuracy))
    return FrontEndTrial(
        front_end=found["front_end"],
        n=len(rows),
        accuracy=mean,
        likelier=likelier,
        p_value=p_value,
        better=p_value <= LEVEL and mean >= _accuracy(rows) + GAIN,
    )


def _accuracy(rows: Sequence[Utterance]) -> float:
    return float(np.mean([row.accuracy for row in rows]))
