"""An error about one utterance of a batch."""

from __future__ import annotations

from memaudit.errors import ModelError


class BatchItemError(ModelError):
    """What was given for one utterance is wrong; ``index`` is its place in the batch, from 0."""

    def __init__(self, index: int, what: str, *, where: str = "", how: str = "") -> None:
        super().__init__(what, where=where, how=how)
        self.index = index
