"""A kit through a recogniser, or through transcripts that another system made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from memaudit.audit.engine.hearing import Model
from memaudit.audit.engine.hope import hopeful
from memaudit.audit.engine.inline import Inline
from memaudit.audit.engine.work import NO_REASON, Engine, Heard, Item
from memaudit.audit.journal.deal import dealt
from memaudit.audit.journal.shard import Shard
from memaudit.audit.transcripts import read_transcripts
from memaudit.audit.utterances import Place, Utterance, failed, scored
from memaudit.errors import ModelError
from memaudit.kit.canary import Canary
from memaudit.kit.store import Kit
from memaudit.models.recognizer import Recognition

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Scored:
    """A kit that has been heard; ``notes`` are sentences on what was done to its audio for that."""

    utterances: list[Utterance]
    notes: tuple[str, ...]


class Hearing:
    """A kit that is being heard: the engine begins when this is made, and `finish` waits for the end.

    The controls come first: a model that is loaded wrong shows it early. With a ``shard`` only its part of
    the kit is heard.
    """

    def __init__(self, kit: Kit, engine: Engine, shard: Shard | None = None) -> None:
        self._engine = engine
        ordered = sorted(kit.canaries, key=lambda canary: canary.arm != "control")
        items = [Item(canary.id, str(kit.audio_path(canary)), canary.text) for canary in ordered]
        if shard is not None:
            controls = {canary.id for canary in kit.canaries if canary.arm == "control"}
            items = dealt(items, controls, shard, engine.unit)
        wanted = {item.id for item in items}
        self._canaries = {canary.id: canary for canary in kit.canaries if canary.id in wanted}
        self._heard = hopeful(engine.run(items), items)

    def finish(self, progress: Progress | None = None) -> Scored:
        """Score every utterance as it comes, and put them in the kit's order.

        Args:
            progress: called with (done, total) after each utterance.

        Raises:
            AudioError, TokenError, ModelError: naming the utterance that failed; or if some have a loss and
                others have none without being infeasible.
        """
        canaries = self._canaries
        found: dict[str, Utterance] = {}
        rates: set[int] = set()
        for heard in self._heard:
            found[heard.id] = _utterance(canaries[heard.id], heard)
            if heard.failed is None:
                rates.add(heard.rate)
            if progress is not None:
                progress(len(found), len(canaries))
        utterances = [found[name] for name in canaries]
        _check_losses(utterances, self._engine.info.adapter)
        return Scored(utterances, tuple(resampled(rates, self._engine.sample_rate)))


def score_model(kit: Kit, model: Model, progress: Progress | None = None) -> list[Utterance]:
    """Transcribe every canary and control with a model in this process, and measure the losses.

    Args:
        kit: an opened kit.
        model: a loaded model; audio of another rate is resampled to its own.
        progress: called with (done, total) after each utterance.

    Raises:
        AudioError, TokenError, ModelError: naming the utterance that failed.
    """
    return Hearing(kit, Inline(model)).finish(progress).utterances


def resampled(rates: set[int], wanted: int | None) -> Iterator[str]:
    """A sentence for each sample rate that was not the model's."""
    if wanted is not None:
        for rate in sorted(rates - {wanted}):
            yield f"kit audio at {rate} Hz is resampled to {wanted} Hz, the model's rate"


def score_transcripts(kit: Kit, path: Path) -> list[Utterance]:
    """Join a transcripts file to the kit by id.

    Raises:
        TranscriptError: if the file does not cover the kit, each canary once.
    """
    found = read_transcripts(path, [canary.id for canary in kit.canaries])
    return [
        _utterance(canary, Heard(canary.id, Recognition(found[canary.id].text, found[canary.id].loss), 0))
        for canary in kit.canaries
    ]


def _check_losses(utterances: Sequence[Utterance], adapter: str) -> None:
    without = [row.id for row in utterances if row.loss is None and not row.infeasible and row.failed is None]
    if without and any(row.loss is not None for row in utterances):
        raise ModelError(
            f"{adapter} gave no loss for {len(without)} of {len(utterances)} utterances",
            where=without[0],
            how="give a loss for every utterance, or for none",
        )


def _utterance(canary: Canary, heard: Heard) -> Utterance:
    given = heard.recognition
    place: Place = {
        "id": canary.id,
        "arm": canary.arm,
        "pair": canary.pair,
        "repetitions": canary.repetitions,
        "speed": canary.speed,
        "voice": canary.voice,
        "reference": canary.text,
    }
    if given is None:
        return failed(**place, reason=heard.failed or NO_REASON)
    return scored(
        **place,
        transcript=given.transcript,
        loss=given.loss,
        tokens=given.tokens,
        infeasible=given.infeasible,
    )
