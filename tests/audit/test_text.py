"""Normalisation, text scores and chance against other implementations and naive versions."""

from __future__ import annotations

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memaudit.audit.normalise import normalise
from memaudit.audit.text_scores import chance_accuracy, text_scores

LETTERS = st.text(alphabet="abc ", min_size=1, max_size=12).filter(lambda text: text.strip())


def naive_distance(first: list[str] | str, second: list[str] | str) -> int:
    """Levenshtein by the textbook recursion, filled row by row."""
    row = list(range(len(second) + 1))
    for i, left in enumerate(first, 1):
        above, row[0] = row[0], i
        for j, right in enumerate(second, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (left != right))
    return row[-1]


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's  WELL-known.", "its well known"),
        ("\u201cHello\u201d \u2013 world\u2026", "hello world"),
        ("Stra\u00dfe", "strasse"),
        ("caf\u0065\u0301", "caf\u00e9"),
        ("\uff11\uff12 3", "12 3"),
        ("a\u200bb\u202ec", "abc"),
        ("a\x00b\tc", "a b c"),
        ("?!", ""),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


@given(LETTERS, LETTERS)
def test_rates_are_the_naive_ones(reference: str, transcript: str) -> None:
    truth, guess = normalise(reference), normalise(transcript)
    scores = text_scores(reference, transcript)
    assert scores.cer == pytest.approx(naive_distance(truth, guess) / len(truth))
    assert scores.wer == pytest.approx(naive_distance(truth.split(), guess.split()) / len(truth.split()))
    assert scores.accuracy == pytest.approx(1.0 - min(1.0, scores.cer))
    assert scores.exact == (truth == guess)


@given(
    st.text(alphabet="ab\u00e9\U0001f600 ", max_size=30), st.text(alphabet="ab\u00e9\U0001f600 ", max_size=60)
)
def test_rates_are_jiwers(reference: str, transcript: str) -> None:
    truth, guess = normalise(f"a {reference}"), normalise(transcript)
    scores = text_scores(f"a {reference}", transcript)
    assert scores.cer == jiwer.cer(truth, guess)
    assert scores.wer == jiwer.wer(truth, guess)


def test_an_empty_transcript_is_all_wrong_and_an_empty_reference_refused() -> None:
    assert text_scores("abandon", " . ").cer == 1.0
    with pytest.raises(ValueError, match="empty once normalised"):
        text_scores("...", "abandon")


@given(st.lists(st.tuples(LETTERS, LETTERS), min_size=2, max_size=7))
def test_chance_is_the_mean_over_other_texts(rows: list[tuple[str, str]]) -> None:
    references, transcripts = [row[0] for row in rows], [row[1] for row in rows]
    found = chance_accuracy(references, transcripts, others=3)
    for i, transcript in enumerate(transcripts):
        others = [references[(i + shift) % len(rows)] for shift in range(1, min(3, len(rows) - 1) + 1)]
        expected = np.mean([text_scores(other, transcript).accuracy for other in others])
        assert found[i] == pytest.approx(expected)


def test_one_text_has_no_chance_level() -> None:
    assert np.isnan(chance_accuracy(["a"], ["a"])).all()
