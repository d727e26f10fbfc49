"""All that a model is asked for one audit: waiting for it, before it is assessed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from memaudit.audit.audit import model_summary
from memaudit.audit.control_runs import with_other_texts
from memaudit.audit.engine.inline import Inline
from memaudit.audit.front_end_trials import front_end_trials
from memaudit.audit.journal.recording import Recorder
from memaudit.audit.listening import Listening
from memaudit.audit.results import FrontEndTrial, ModelSummary
from memaudit.audit.run import Progress
from memaudit.audit.utterances import Utterance
from memaudit.kit.store import Kit
from memaudit.models.registry import load_recognizer


@dataclass(frozen=True)
class ScoredModel:
    """What `memaudit.audit.audit.finish` is given of a model; ``notes`` are what was done to the audio."""

    utterances: list[Utterance]
    summary: ModelSummary
    trials: list[FrontEndTrial] = field(default_factory=list)
    given: list[Utterance] = field(default_factory=list)
    notes: tuple[str, ...] = ()


def finished(listening: Listening, progress: Progress | None = None) -> ScoredModel:
    """Wait until the kit is heard, and hold the controls against other texts and front ends.

    Args:
        listening: what has begun.
        progress: called with (done, total) after each utterance.

    Raises:
        AudioError, TokenError, ModelError: if an utterance fails.
    """
    kit, recorder, given = listening.kit, listening.recorder, listening.given
    scored = listening.hearing.finish(progress)
    audio = {canary.id: str(kit.audio_path(canary)) for canary in kit.canaries}
    utterances = with_other_texts(recorder.part("other texts"), scored.utterances, audio)
    if given is None:
        controls = [row for row in utterances if row.arm == "control"]
    else:
        controls = given.utterances
        audio = {control.id: str(control.audio) for control in listening.recordings}
    trials = front_end_trials(recorder.part("front ends"), controls, audio)
    notes = (*scored.notes, *(() if given is None else given.notes))
    summary = model_summary(recorder.engine.info, notes, listening.inspection)
    return ScoredModel(utterances, summary, trials, [] if given is None else given.utterances, notes)


def scored_model(kit: Kit, model: Path, progress: Progress | None = None) -> ScoredModel:
    """The whole in this process.

    Args:
        kit: an opened kit.
        model: a model file, a model.toml, or a folder with one model; none that needs trust.
        progress: called with (done, total) after each utterance.

    Raises:
        ModelError, AudioError, TokenError: if it cannot be loaded, or an utterance fails.
    """
    with Inline(load_recognizer(model)) as engine:
        return finished(Listening(kit, Recorder(engine), str(model)), progress)
