"""The CTC loss against torch, against enumeration of every alignment, and by its own laws."""

from __future__ import annotations

from itertools import groupby, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import log_softmax, logsumexp

from memaudit.models.decoding.ctc import ctc_loss, frames_needed, greedy_path


def collapse(path: tuple[int, ...], blank: int) -> tuple[int, ...]:
    return tuple(token for token, _ in groupby(path) if token != blank)


def enumerated(scores: NDArray[np.float64], blank: int) -> dict[tuple[int, ...], float]:
    """log p of every label sequence, by adding up all V ** T paths."""
    logp = log_softmax(scores, axis=1)
    paths: dict[tuple[int, ...], list[float]] = {}
    for path in product(range(scores.shape[1]), repeat=scores.shape[0]):
        paths.setdefault(collapse(path, blank), []).append(sum(logp[t, v] for t, v in enumerate(path)))
    return {labels: float(logsumexp(values)) for labels, values in paths.items()}


def by_torch(scores: NDArray[np.floating], targets: list[int], blank: int) -> float:
    logp = torch.from_numpy(scores.astype(np.float64)).log_softmax(-1).unsqueeze(1)
    loss = torch.nn.functional.ctc_loss(
        logp,
        torch.tensor([targets], dtype=torch.long),
        torch.tensor([len(scores)]),
        torch.tensor([len(targets)]),
        blank=blank,
        reduction="none",
    )
    return float(loss[0])


cases = st.tuples(st.integers(1, 5), st.integers(2, 4), st.integers(0, 2**32 - 1))


@given(cases)
@settings(max_examples=40, deadline=None)
def test_loss_equals_the_sum_over_every_alignment(case: tuple[int, int, int]) -> None:
    frames, size, seed = case
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 3, (frames, size))
    blank = int(rng.integers(size))
    table = enumerated(scores, blank)
    others = [v for v in range(size) if v != blank]
    for length in range(frames + 1):
        for labels in product(others, repeat=length):
            loss = ctc_loss(scores, labels, blank)
            if labels in table:
                assert loss == pytest.approx(-table[labels], abs=1e-9)
            else:
                assert loss is None
                assert frames_needed(labels) > frames


@given(cases)
@settings(max_examples=40, deadline=None)
def test_probabilities_of_all_label_sequences_add_up_to_one(case: tuple[int, int, int]) -> None:
    frames, size, seed = case
    scores = np.random.default_rng(seed).normal(0, 3, (frames, size))
    losses = (
        ctc_loss(scores, labels, 0)
        for length in range(frames + 1)
        for labels in product(range(1, size), repeat=length)
    )
    assert sum(np.exp(-loss) for loss in losses if loss is not None) == pytest.approx(1.0, abs=1e-9)


@given(
    st.integers(0, 60),
    st.integers(2, 40),
    st.integers(0, 25),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["uniform", "repeats"]),
)
@settings(max_examples=150, deadline=None)
def test_loss_equals_torch(frames: int, size: int, length: int, seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    frames = max(frames, 1)
    scores = rng.normal(0, rng.uniform(0.1, 12), (frames, size)).astype(np.float32)
    blank = int(rng.integers(size))
    others = [v for v in range(size) if v != blank]
    if kind == "repeats":
        others = others[:2]
    targets = [int(v) for v in rng.choice(others, length)]
    loss = ctc_loss(scores, targets, blank)
    expected = by_torch(scores, targets, blank)
    if frames < frames_needed(targets):
        assert loss is None
        assert expected == np.inf
    else:
        assert loss == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("frames", "length"), [(1500, 200), (75, 7), (400, 0), (60, 60)])
def test_loss_equals_torch_on_long_utterances(frames: int, length: int) -> None:
    rng = np.random.default_rng(frames)
    scores = rng.normal(0, 20, (frames, 200)).astype(np.float32)
    targets = list(rng.permutation(np.arange(1, 200)))[:length] + [1] * max(0, length - 199)
    assert ctc_loss(scores, [int(v) for v in targets], 0) == pytest.approx(
        by_torch(scores, [int(v) for v in targets], 0), abs=1e-4
    )


@given(st.integers(1, 30), st.integers(2, 12), st.floats(-1e3, 1e3), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_adding_a_constant_to_a_frames_logits_changes_nothing(
    frames: int, size: int, shift: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 3, (frames, size))
    shifts = rng.uniform(-1, 1, (frames, 1)) * shift
    targets = [int(v) for v in rng.integers(1, size, frames // 3)]
    loss = ctc_loss(scores, targets, 0)
    assert ctc_loss(scores + shifts, targets, 0) == (None if loss is None else pytest.approx(loss, abs=1e-8))
    assert ctc_loss(log_softmax(scores, axis=1), targets, 0) == (
        None if loss is None else pytest.approx(loss, abs=1e-8)
    )
    assert loss is None or loss >= 0


def test_a_certain_alignment_has_loss_zero_and_never_a_negative_one() -> None:
    scores = np.full((5, 3), -200.0)
    scores[np.arange(5), [0, 1, 0, 2, 0]] = 200.0
    loss = ctc_loss(scores, [1, 2], 0)
    assert loss == 0.0
    assert not np.signbit(loss)


def test_infeasible_references_have_no_loss() -> None:
    scores = np.zeros((3, 4))
    assert ctc_loss(scores, [1, 2, 3], 0) is not None
    assert ctc_loss(scores, [1, 1], 0) is not None
    assert ctc_loss(scores, [1, 1, 2], 0) is None
    assert ctc_loss(scores, [1, 2, 3, 1], 0) is None
    assert ctc_loss(np.zeros((0, 4)), [], 0) == 0.0
    assert ctc_loss(np.zeros((0, 4)), [1], 0) is None


@pytest.mark.parametrize("targets", [[0], [1, 4], [-1]])
def test_targets_outside_the_vocabulary_are_refused(targets: list[int]) -> None:
    with pytest.raises(ValueError, match="not all among 4 tokens"):
        ctc_loss(np.zeros((9, 4)), targets, 0)


@given(st.integers(0, 25), st.integers(2, 5), st.integers(0, 2**32 - 1))
@settings(max_examples=80, deadline=None)
def test_greedy_path_is_the_collapsed_best_path(frames: int, size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(frames, size))
    blank = int(rng.integers(size))
    best = tuple(max(range(size), key=lambda v: row[v]) for row in scores)
    path = greedy_path(scores, blank)
    assert path == collapse(best, blank)
    assert frames_needed(path) <= frames
