"""log-softmax in plain numpy: scipy.special takes longer to import than a small model takes to load."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Float = TypeVar("Float", bound=np.floating)


def log_softmax(scores: NDArray[Float], axis: int = -1) -> NDArray[Float]:
    """x - log sum exp x along an axis, in the precision of ``scores``; the same bits as scipy.special's.

    Args:
        scores: finite along the axis, or -inf; the axis is not empty, and not all of it is -inf.
    """
    shifted = scores - scores.max(axis=axis, keepdims=True)
    result: NDArray[Float] = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return result
