"""Greedy search and the loss of attention models, against models that are a table of numbers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memaudit.models.decoding.attention import Score, attention_loss, greedy_search

SIZE, END = 4, 3
PROMPT = (0, 2)


def row(seed: int, prefix: Sequence[int]) -> np.ndarray:
    """Logits after a prefix: any function of it is a model."""
    return np.random.default_rng([seed, *prefix]).normal(0, 2, SIZE).astype(np.float32)


def whole(seed: int) -> Score:
    return lambda tokens: np.stack([row(seed, tokens[: i + 1]) for i in range(len(tokens))])


def remembering(seed: int) -> Score:
    given: list[int] = []

    def extend(tokens: Sequence[int]) -> np.ndarray:
        given.extend(tokens)
        return whole(seed)(given)[-len(tokens) :]

    return extend


def probability(seed: int, prefix: Sequence[int], token: int) -> float:
    scores = row(seed, prefix).astype(np.float64)
    return float(np.exp(scores[token]) / np.exp(scores).sum())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.integers(0, SIZE - 2), max_size=6))
def test_the_loss_is_the_product_of_the_steps(seed: int, targets: list[int]) -> None:
    expected = 1.0
    prefix = list(PROMPT)
    for token in [*targets, END]:
        expected *= probability(seed, prefix, token)
        prefix.append(token)
    loss = attention_loss(whole(seed), PROMPT, targets, end=END)
    assert loss == pytest.approx(-np.log(expected), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_probabilities_of_all_texts_sum_to_that_of_having_ended(seed: int) -> None:
    texts = [text for n in range(4) for text in itertools.product(range(SIZE - 1), repeat=n)]
    total = sum(np.exp(-attention_loss(whole(seed), PROMPT, text, end=END)) for text in texts)

    def going_on(prefix: tuple[int, ...], steps: int) -> float:
        if steps == 0:
            return 1.0
        return sum(
            probability(seed, prefix, token) * going_on((*prefix, token), steps - 1)
            for token in range(SIZE - 1)
        )

    assert total == pytest.approx(1.0 - going_on(PROMPT, 4), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 12))
def test_the_search_takes_the_best_token_each_time_until_the_end_or_the_last_position(
    seed: int, limit: int
) -> None:
    found = greedy_search(remembering(seed), PROMPT, end=END, limit=limit)
    prefix = list(PROMPT)
    for token in found:
        assert token == row(seed, prefix).argmax() != END
        prefix.append(token)
    assert len(prefix) <= limit
    assert len(prefix) == limit or row(seed, prefix).argmax() == END


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_suppression_is_the_searchs_alone(seed: int) -> None:
    found = greedy_search(
        remembering(seed), PROMPT, end=END, limit=20, suppressed=[1], suppressed_first=[END, 0]
    )
    assert 1 not in found
    assert found[0] == 2
    prefix = [*PROMPT, 2]
    for token in found[1:]:
        scores = row(seed, prefix)
        scores[1] = -np.inf
        assert token == scores.argmax()
        prefix.append(token)
    assert attention_loss(whole(seed), PROMPT, [1, 1], end=END) < np.inf


def test_a_loop_ends_at_the_last_position_with_what_it_has() -> None:
    steady = np.array([0.0, 5.0, 0.0, 1.0], np.float32)
    found = greedy_search(lambda tokens: np.tile(steady, (len(tokens), 1)), PROMPT, end=END, limit=448)
    assert found == (1,) * 446


def test_large_logits_give_exact_losses() -> None:
    scores = np.array([[1000.0, -1000.0], [0.0, 0.0]], np.float32)
    assert attention_loss(lambda _: scores, [0], [1], end=0) == pytest.approx(2000.0 + np.log(2), rel=1e-12)
    assert attention_loss(lambda _: scores[:1], [0], [], end=0) == 0.0


@pytest.mark.parametrize(("targets", "end"), [([4], 3), ([-1], 3), ([], 4)])
def test_tokens_out_of_range_are_refused(targets: list[int], end: int) -> None:
    with pytest.raises(ValueError, match="not all among 4 tokens"):
        attention_loss(lambda tokens: np.zeros((len(tokens), SIZE)), PROMPT, targets, end=end)
