"""One model over one kit in this process: all that `memaudit score` does before it assesses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from memaudit.audit.audit import model_summary
from memaudit.audit.control_runs import with_other_texts
from memaudit.audit.engine.inline import Inline
from memaudit.audit.front_end_trials import front_end_trials
from memaudit.audit.inspected import inspection_of
from memaudit.audit.results import FrontEndTrial, ModelSummary
from memaudit.audit.run import Hearing, Progress
from memaudit.audit.utterances import Utterance
from memaudit.kit.store import Kit
from memaudit.models.registry import load_recognizer


@dataclass(frozen=True)
class ScoredModel:
    """What `memaudit.audit.audit.finish` is given of a model."""

    utterances: list[Utterance]
    summary: ModelSummary
    trials: list[FrontEndTrial]


def scored_model(kit: Kit, model: Path, progress: Progress | None = None) -> ScoredModel:
    """Load a model, inspect it, hear the kit, and hold the controls against other texts and front ends.

    Args:
        kit: an opened kit.
        model: a model file, a model.toml, or a folder with one model; none that needs trust.
        progress: called with (done, total) after each utterance.

    Raises:
        ModelError, AudioError, TokenError: if it cannot be loaded, or an utterance fails.
    """
    with Inline(load_recognizer(model)) as engine:
        inspection = inspection_of(engine, str(model))
        scored = Hearing(kit, engine).finish(progress)
        audio = {canary.id: str(kit.audio_path(canary)) for canary in kit.canaries}
        utterances = with_other_texts(engine, scored.utterances, audio)
        controls = [row for row in utterances if row.arm == "control"]
        trials = front_end_trials(engine, controls, audio)
        return ScoredModel(utterances, model_summary(engine.info, scored.notes, inspection), trials)
