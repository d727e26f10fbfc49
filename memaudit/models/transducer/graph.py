"""The interface of what follows a transducer's encoder: prediction network and joiner, however exported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Encoded = NDArray[np.float32]
P = TypeVar("P")


class TransducerGraph(Protocol[P]):
    """Prediction network and joiner. P is a prediction: what the former gives, after some tokens or several.

    Attributes are read-only.
    """

    @property
    def width(self) -> int | None:
        """How many scores a node has, durations included; None where the graphs leave it open."""
        ...

    @property
    def quantised(self) -> bool:
        """Whether its scores depend on what else is in the same call, so that frames go one at a time."""
        ...

    @property
    def where(self) -> str:
        """The file that gives the scores."""
        ...

    def start(self) -> P:
        """The prediction before any token."""
        ...

    def after(self, written: Sequence[int], previous: P, /) -> P:
        """The prediction after ``written``; ``previous`` is that without its last token, once scored."""
        ...

    def along(self, targets: Sequence[int]) -> P:
        """The U + 1 predictions before, between and after ``targets``, as one."""
        ...

    def score(self, encoded: Encoded, prediction: P) -> NDArray[Any]:
        """The scores [t, U + 1, V] of every frame of ``encoded``, [t, D], with every one of the predictions.

        `TransducerGraph.start` and `TransducerGraph.after` give one, so that the scores are [t, 1, V].
        """
        ...
