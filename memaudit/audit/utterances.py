"""What an audit keeps of each canary: one line of utterances.jsonl."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from memaudit.audit.text_scores import text_scores
from memaudit.errors import ResultsError
from memaudit.files import canonical_json
from memaudit.limits import MOST_COPIES
from memaudit.reading import read_text

Arm = Literal["inserted", "held_out", "control"]

#: Characters of the reason why an utterance failed; a model's own words can be long.
LONGEST_REASON = 500

_HALVES = re.compile("[\ud800-\udfff]")
#: What stands for the scores of an utterance without any; never written.
_NOTHING: dict[str, Any] = {"transcript": "", "cer": 1.0, "wer": 1.0, "accuracy": 0.0, "exact": False}
#: The keys that a line of a failed utterance does not have.
SCORES = {*_NOTHING, "loss", "tokens", "infeasible", "other_loss", "other_tokens"}


class Place(TypedDict):
    """What the kit says of a canary or control."""

    id: str
    arm: Arm
    pair: str | None
    repetitions: int
    speed: float
    voice: str
    reference: str


class Utterance(BaseModel):
    """One canary or control with its place in the design and its scores.

    ``loss`` is -log p(reference | audio) in nats, null where the model cannot give it; ``tokens`` is the
    length of the reference in the model's tokens; ``infeasible`` marks a reference that does not fit the
    frames of its audio, so that no alignment exists and no finite loss either. ``other_loss`` and
    ``other_tokens`` are those of another control's text on the same audio, for controls alone.

    ``failed`` says in a clause why the model gave nothing for it. Then there are no scores: the file has none
    on that line, the values here mean nothing, and `memaudit.audit.failures` keeps them out of every figure.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    arm: Arm
    pair: str | None
    repetitions: int = Field(ge=0, le=MOST_COPIES)
    speed: float = Field(gt=0)
    voice: str
    reference: str
    transcript: str
    cer: float = Field(ge=0, allow_inf_nan=False)
    wer: float = Field(ge=0, allow_inf_nan=False)
    accuracy: float = Field(ge=0, le=1)
    exact: bool
    loss: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    tokens: int | None = Field(default=None, ge=1)
    infeasible: bool = False
    other_loss: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    other_tokens: int | None = Field(default=None, ge=1)
    failed: str | None = Field(default=None, min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _without_scores(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("failed") is not None:
            return {**_NOTHING, **given}
        return given

    @model_serializer(mode="wrap")
    def _as_told(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        told: dict[str, Any] = whole(self)
        if self.failed is None:
            told.pop("failed", None)
            return told
        return {name: value for name, value in told.items() if name not in SCORES}

    @property
    def words(self) -> int:
        """The number of words of the reference."""
        return len(self.reference.split())


def scored(
    *,
    id: str,  # noqa: A002 - the key's name in the file
    arm: Arm,
    pair: str | None,
    repetitions: int,
    speed: float,
    voice: str,
    reference: str,
    transcript: str,
    loss: float | None = None,
    tokens: int | None = None,
    infeasible: bool = False,
) -> Utterance:
    """An `Utterance` with its text scores computed.

    Halves of characters (lone surrogates, which JSON escapes can give) become U+FFFD: no file can hold them.
    """
    transcript = _HALVES.sub("\N{REPLACEMENT CHARACTER}", transcript)
    scores = text_scores(reference, transcript)
    return Utterance(
        id=id,
        arm=arm,
        pair=pair,
        repetitions=repetitions,
        speed=speed,
        voice=voice,
        reference=reference,
        transcript=transcript,
        cer=scores.cer,
        wer=scores.wer,
        accuracy=scores.accuracy,
        exact=scores.exact,
        loss=loss,
        tokens=tokens,
        infeasible=infeasible,
    )


def failed(*, reason: str, **place: Unpack[Place]) -> Utterance:
    """An `Utterance` for which the model gave nothing, with the reason as a clause."""
    return Utterance(
        **place,
        failed=" ".join(_HALVES.sub("\N{REPLACEMENT CHARACTER}", reason).split())[:LONGEST_REASON],
        **_NOTHING,
    )


def utterances_text(utterances: Iterable[Utterance]) -> str:
    """The text of utterances.jsonl: a line a canary, sorted by id."""
    rows = sorted(utterances, key=lambda item: item.id)
    return "".join(canonical_json(item.model_dump()) + "\n" for item in rows)


def read_utterances(path: Path) -> list[Utterance]:
    """Read utterances.jsonl.

    Raises:
        ResultsError: if the file is missing or a line is no utterance; the message names the line.
    """
    how = "run memaudit score again"
    try:
        # Not splitlines, which would also split inside a text, at U+2028 and its like.
        lines = read_text(path).removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ResultsError("the audit's utterances cannot be read", where=str(path), how=how) from error
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            rows.append(Utterance.model_validate(json.loads(line)))
        except (ValueError, RecursionError) as error:
            raise ResultsError("is no line of an audit", where=f"{path}:{number}", how=how) from error
    return rows
