"""All that a model is asked for one audit: beginning it."""

from __future__ import annotations

from collections.abc import Sequence

from memaudit.audit.control_runs import hear_given
from memaudit.audit.given_controls import GivenControl
from memaudit.audit.inspected import inspection_of
from memaudit.audit.journal.recording import Recorder
from memaudit.audit.journal.shard import Shard
from memaudit.audit.run import Hearing
from memaudit.kit.store import Kit


class Listening:
    """A model that hears a kit: it begins when this is made; `memaudit.audit.scored_model.finished` waits.

    The model's inspection and the user's own controls come first, and belong to the first shard.

    Args:
        kit: an opened kit.
        recorder: the model.
        model: as the user named it.
        recordings: the user's own controls.
        shard: the part of the kit that is heard; None: all of it.

    Raises:
        AudioError, TokenError, ModelError: if the model fails on made-up audio or on a recording.
    """

    def __init__(
        self,
        kit: Kit,
        recorder: Recorder,
        model: str,
        recordings: Sequence[GivenControl] = (),
        shard: Shard | None = None,
    ) -> None:
        first = shard is None or shard.number == 1
        self.kit = kit
        self.recorder = recorder
        self.recordings = recordings
        self.inspection = inspection_of(recorder.part("inspection"), model) if first else None
        self.given = hear_given(recorder.part("given"), recordings) if recordings and first else None
        self.hearing = Hearing(kit, recorder.part("kit"), shard)
