"""log-softmax against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax as golden

from memaudit.models.decoding.softmax import log_softmax


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 40),
    st.integers(1, 300),
    st.floats(1e-3, 1e4),
    st.sampled_from([0, 1]),
)
def test_it_is_scipys(seed: int, rows: int, columns: int, scale: float, axis: int) -> None:
    scores = np.random.default_rng(seed).normal(0, scale, (rows, columns))
    assert np.array_equal(log_softmax(scores, axis), golden(scores, axis=axis))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_and_impossible_tokens(dtype: type[np.floating]) -> None:
    scores = np.array([[0.0, -np.inf, 3.0], [1e4, -1e4, 0.0]], dtype=dtype)
    found = log_softmax(scores)
    assert found.dtype == dtype
    assert found[0, 1] == -np.inf
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1, rtol=1e-6)
