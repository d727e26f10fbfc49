"""Whether a model that has been loaded behaves as one that is loaded right."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict

from memaudit.errors import ModelError
from memaudit.models.frontends.registry import FRONT_ENDS, make_front_end
from memaudit.models.probe_audio import babble, faint_noise
from memaudit.models.recognizer import Recognizer, Samples, Trace, Traceable

Padding = Literal["invariant", "varies", "fails", "one at a time"]

LEAST_BLANK = 0.5
"""The share of blank frames on faint noise below which something is probably wrong."""

TOLERANCE = 1e-3
"""How far padding may move a value, as a share of the largest one (at least 1): above it, results change."""

SECOND = 1.0
LONGER = 1.96
"""Seconds of the two probes. Their difference is a whole number of frames for every usual frame shift (20,
24, 32, 40, 60, 80 ms), so that the frame rate comes out exact."""


class Inspection(BaseModel):
    """What a few seconds of made-up audio showed. Nothing here decides an audit: the controls do.

    Attributes:
        features: features a frame of the model's input; null where it takes the waveform.
        frames: output frames of a second of audio.
        frames_per_second: output frames by which longer audio has more; null where every audio has as many.
        blank: share of the frames of faint noise whose best token is the blank; null where there is none.
        deterministic: whether two runs on the same audio gave the same numbers.
        padding: what padding in a batch does to a short utterance: nothing ("invariant"), another result
            ("varies"), an error ("fails"); or the model takes utterances "one at a time". memaudit runs them
            one at a time in any case.
        padding_difference: the largest difference of its values; null where there was no batch, and where
            the number of frames changed.
        quantised: operators of the model files that work on quantised numbers.
        warnings: what is probably wrong, a sentence each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    features: int | None
    frames: int
    frames_per_second: float | None
    blank: float | None
    deterministic: bool
    padding: Padding
    padding_difference: float | None
    quantised: tuple[str, ...]
    warnings: tuple[str, ...]


class Inspectable(Recognizer, Traceable, Protocol):
    """What can be looked at: the recognisers of every built-in family."""


def inspect(recognizer: Inspectable, *, quantised: tuple[str, ...] = ()) -> Inspection:
    """Run a model on faint noise and on babble.

    Args:
        recognizer: what was loaded.
        quantised: the quantised operators of its files (`memaudit.models.quantised.quantised_files`).

    Raises:
        AudioError, TokenError, ModelError: as the model does: it would on every utterance.
    """
    rate = recognizer.sample_rate
    noise = faint_noise(SECOND, rate)
    first, second = recognizer.trace(noise), recognizer.trace(noise)
    short, long = babble(SECOND, rate), babble(LONGER, rate)
    alone = recognizer.trace(long)
    grown = alone.frames - first.frames
    padding, difference = _padding(recognizer, short, long)
    deterministic = np.array_equal(first.values, second.values)
    return Inspection(
        features=_features(recognizer),
        frames=first.frames,
        frames_per_second=round(grown / (LONGER - SECOND), 3) if grown > 0 else None,
        blank=first.blank,
        deterministic=deterministic,
        padding=padding,
        padding_difference=difference,
        quantised=quantised,
        warnings=tuple(_warnings(first, deterministic=deterministic)),
    )


def _padding(recognizer: Traceable, short: Samples, long: Samples) -> tuple[Padding, float | None]:
    try:
        batch = recognizer.trace_batch([long, short])
    except ModelError:
        # Its inputs let a batch in, but its insides do not take one.
        return "fails", None
    if batch is None:
        return "one at a time", None
    alone, padded = recognizer.trace(short), batch[1]
    if alone.values.shape != padded.values.shape:
        return "varies", None
    if alone.frames == 0:
        return "invariant", 0.0
    difference = float(np.abs(alone.values.astype(np.float64) - padded.values).max())
    largest = max(1.0, float(np.abs(alone.values).max()))
    return ("invariant" if difference <= TOLERANCE * largest else "varies"), difference


def _features(recognizer: Recognizer) -> int | None:
    table = recognizer.info.front_end
    return make_front_end(table).num_features if table.get("kind") in FRONT_ENDS else None


def _warnings(noise: Trace, *, deterministic: bool) -> list[str]:
    found = []
    if noise.frames == 0:
        found.append("a second of audio gives no output frame")
    elif noise.blank is not None and noise.blank < LEAST_BLANK:
        found.append(
            f"only {noise.blank:.0%} of the frames of faint noise are blank: "
            "front end, tokens or blank may be wrong"
        )
    if not deterministic:
        found.append("two runs on the same audio differ: losses are random, as if dropout were on")
    return found
