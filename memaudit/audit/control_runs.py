"""Controls through a model: whose recordings, and each held against another control's text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from memaudit.audit.engine.hope import hopeful
from memaudit.audit.engine.work import NO_REASON, Engine, Heard, Item
from memaudit.audit.given_controls import GivenControl
from memaudit.audit.normalise import normalise
from memaudit.audit.utterances import Place, Utterance, failed, scored


@dataclass(frozen=True)
class GivenRun:
    """The user's own controls, scored; ``notes`` say what was done to their audio."""

    utterances: list[Utterance]
    notes: tuple[str, ...]


def hear_given(engine: Engine, given: Sequence[GivenControl]) -> GivenRun:
    """The user's own recordings as controls, each with another's text too.

    Args:
        engine: the model, with no run under way.
        given: the recordings, of any sample rate.

    Raises:
        AudioError, TokenError, ModelError: naming the recording that failed.
    """
    by_id = {control.id: control for control in given}
    items = [Item(control.id, str(control.audio), control.text) for control in given]
    rows, rates = [], Counter[int]()
    for heard in hopeful(engine.run(items), items):
        rows.append(_utterance(by_id[heard.id], heard))
        if heard.failed is None:
            rates[heard.rate] += 1
    audio = {control.id: str(control.audio) for control in given}
    notes = [
        f"{count} of {len(given)} given controls, at {rate} Hz, are resampled to {engine.sample_rate} Hz"
        for rate, count in sorted(rates.items())
        if engine.sample_rate is not None and rate != engine.sample_rate
    ]
    return GivenRun(with_other_texts(engine, rows, audio), tuple(notes))


def with_other_texts(engine: Engine, rows: Sequence[Utterance], audio: Mapping[str, str]) -> list[Utterance]:
    """The utterances, controls among them with the losses of other controls' texts on their audio.

    Nothing is run where no control has a loss of its own, and where the model fails on one with another's
    text, that one stays as it was.

    Args:
        engine: the model, with no run under way.
        rows: scored utterances.
        audio: the path of each one's recording, by id.

    Raises:
        AudioError, TokenError, ModelError: naming the recording that failed.
    """
    controls = [row for row in rows if row.arm == "control"]
    # A control that failed still lends its text: the others get what they would have got.
    others = dict(other_texts([row for row in controls if row.loss is not None or row.failed is not None]))
    heard = {row.id for row in controls if row.loss is not None}
    items = [Item(name, audio[name], text) for name, text in others.items() if name in heard]
    found = {heard.id: heard for heard in engine.run(items)} if items else {}
    return [_with_other(row, found[row.id]) if row.id in found else row for row in rows]


def other_texts(controls: Sequence[Utterance]) -> Iterator[tuple[str, str]]:
    """(id, another control's text): the next longer one's, and of the longest the next shorter one's.

    The lengths are alike, so that neither text wins by its length. Were the loss a matter of the text alone,
    as of a model that does not listen, either text of a pair would win as often as the other, and the number
    of wins would vary less than that of fair coins: the sign test is on the careful side.
    """
    ordered = sorted(controls, key=lambda row: (len(normalise(row.reference)), row.id))
    for place, row in enumerate(ordered):
        own = normalise(row.reference)
        candidates = [*ordered[place + 1 :], *reversed(ordered[:place])]
        for other in candidates:
            if normalise(other.reference) != own:
                yield row.id, other.reference
                break


def _with_other(row: Utterance, heard: Heard) -> Utterance:
    found = heard.recognition
    if found is None:  # its own text was heard all the same
        return row
    return row.model_copy(update={"other_loss": found.loss, "other_tokens": found.tokens})


def _utterance(control: GivenControl, heard: Heard) -> Utterance:
    found = heard.recognition
    place: Place = {
        "id": control.id,
        "arm": "control",
        "pair": None,
        "repetitions": 0,
        "speed": 1.0,
        "voice": "given",
        "reference": control.text,
    }
    if found is None:
        return failed(**place, reason=heard.failed or NO_REASON)
    return scored(
        **place,
        transcript=found.transcript,
        loss=found.loss,
        tokens=found.tokens,
        infeasible=found.infeasible,
    )
