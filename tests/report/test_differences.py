"""Differences between a reference and its transcript: texts stay whole, marks are those of the WER."""

from __future__ import annotations

import itertools

import jiwer
from hypothesis import given
from hypothesis import strategies as st

from memaudit.report.differences import Stretch, differences

WORDS = st.lists(st.sampled_from(["abandon", "ability", "able", "about"]), max_size=8)


@given(WORDS, WORDS)
def test_both_texts_stay_whole_and_what_agrees_agrees(spoken: list[str], heard: list[str]) -> None:
    first, second = differences(" ".join(spoken), " ".join(heard))
    assert " ".join(stretch.text for stretch in first) == " ".join(spoken)
    assert " ".join(stretch.text for stretch in second) == " ".join(heard)
    same = [" ".join(part.text for part in side if not part.differs).split() for side in (first, second)]
    assert same[0] == same[1]
    for side in (first, second):
        assert all(one.differs != other.differs for one, other in itertools.pairwise(side))


@given(WORDS.filter(bool), WORDS)
def test_as_few_edits_are_marked_as_jiwer_counts(spoken: list[str], heard: list[str]) -> None:
    counted = jiwer.process_words(" ".join(spoken), " ".join(heard))
    first, second = differences(" ".join(spoken), " ".join(heard))
    marked = [sum(len(part.text.split()) for part in side if part.differs) for side in (first, second)]
    edits = counted.substitutions + counted.deletions + counted.insertions
    # A substitution marks a word on either side, a deletion or an insertion on one.
    assert max(marked) <= edits <= sum(marked)
    assert marked[0] - marked[1] == len(spoken) - len(heard)


def test_case_and_punctuation_make_no_difference() -> None:
    assert differences("Abandon, ability!", "abandon ABILITY") == (
        [Stretch("Abandon, ability!", differs=False)],
        [Stretch("abandon ABILITY", differs=False)],
    )


def test_nothing_heard() -> None:
    assert differences("abandon ability", "") == ([Stretch("abandon ability", differs=True)], [])
