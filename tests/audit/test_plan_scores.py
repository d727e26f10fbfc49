"""What canaries that nobody memorised are supposed to score."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from memaudit.audit.plan_scores import MEASURED, supposed_scores
from memaudit.audit.text_scores import text_scores
from memaudit.errors import RecipeError
from memaudit.kit.draft import draft_kit
from memaudit.kit.packaged import packaged_recipes
from memaudit.kit.recipe import load_recipe
from memaudit.kit.seeds import stream
from memaudit.kit.text import WordSource, text_source

ROUTINE = text_source(load_recipe("routine"))


def test_at_chance_a_transcript_is_another_text() -> None:
    found = supposed_scores(ROUTINE, 4.0, "tempo")
    texts = [draft.text for draft in draft_kit(load_recipe("routine"), 7) if draft.lot.arm != "control"]
    others = [text_scores(one, other).accuracy for one, other in itertools.pairwise(texts)]
    assert found.mean == pytest.approx(np.mean(others), abs=0.012)
    assert found.deviation == pytest.approx(np.std(others), abs=0.008)
    assert found.values.size == 6000


@pytest.mark.parametrize(("speed", "mean", "deviation"), MEASURED[:3])
def test_slower_canaries_score_as_measured(speed: float, mean: float, deviation: float) -> None:
    found = supposed_scores(ROUTINE, speed, "tempo")
    assert found.mean == pytest.approx(mean, abs=1e-3)
    assert found.deviation == pytest.approx(deviation, abs=2e-3)


def test_faster_is_harder_and_chance_is_the_floor() -> None:
    means = [
        supposed_scores(ROUTINE, speed, "tempo").mean for speed in (1.0, 1.5, 2.0, 2.5, 3.0, 3.6, 4.0, 9.0)
    ]
    assert means == sorted(means, reverse=True)
    assert means[-1] == means[-2]
    # Ten digits agree by chance more often than a recogniser reads words at speed 3.
    digits = text_source(load_recipe("smoke", ["text.style=digits"]))
    assert supposed_scores(digits, 3.0, "tempo").mean > 0.22
    assert "random text" in supposed_scores(digits, 3.0, "tempo").basis


def test_a_raised_pitch_is_as_hard_as_the_square_of_the_tempo() -> None:
    for method in ("resample", "pitch"):
        assert supposed_scores(ROUTINE, 2.0, method).mean == supposed_scores(ROUTINE, 4.0, "tempo").mean
        assert supposed_scores(ROUTINE, 1.0, method).mean == supposed_scores(ROUTINE, 1.0, "tempo").mean


def test_every_packaged_recipe_has_scores() -> None:
    for name in packaged_recipes():
        values = supposed_scores(text_source(load_recipe(name)), 4.0, "tempo").values
        assert ((values >= 0) & (values <= 1)).all()


def test_one_text_alone_is_refused() -> None:
    with pytest.raises(RecipeError, match="no two different texts"):
        supposed_scores(WordSource(("one",), (1,)), 4.0, "tempo")


def test_accuracies_are_those_of_the_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memaudit.audit.plan_scores.TEXTS", 7)
    monkeypatch.setattr("memaudit.audit.plan_scores.OTHERS", 6)
    drawn = stream(0, "plan")
    texts = [ROUTINE.draw(drawn, (5, 6, 7)[number % 3]) for number in range(7)]
    naive = [text_scores(one, other).accuracy for one in texts for other in texts if one != other]
    assert sorted(supposed_scores(ROUTINE, 4.0, "tempo").values) == pytest.approx(sorted(naive))
