"""What reports draw: ROC curves against a naive version and the AUC, and the curve of recall."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memaudit.audit import figures
from memaudit.audit.assess import assess
from memaudit.audit.figures import recall_curve, roc
from memaudit.audit.sheet import Sheet, sheets
from tests.audit.synthetic import COMMITMENT, subject, utterances


def sheet(seed: int, **options: object) -> Sheet:
    by_speed, _ = sheets(utterances(seed, **options), COMMITMENT)  # type: ignore[arg-type]
    return by_speed[4.0]


@pytest.mark.parametrize("ties", [0.0, 0.6])
@pytest.mark.parametrize("loss", [True, False])
@pytest.mark.parametrize("leak", [0.0, 0.2])
def test_roc_is_the_naive_curve_and_holds_the_auc(leak: float, loss: bool, ties: float) -> None:
    found = assess(utterances(3, leak=leak, loss=loss, ties=ties), subject(), [], "0" * 64)
    scored = sheet(3, leak=leak, loss=loss, ties=ties)
    assert [curve.repetitions for curve in found.roc] == scored.levels()
    for curve in found.roc:
        inserted = scored.membership[scored.cell(curve.repetitions)]
        held_out = scored.membership[~scored.inserted]
        naive = {(0.0, 0.0)} | {
            (float((held_out >= at).mean()), float((inserted >= at).mean())) for at in scored.membership
        }
        assert set(zip(curve.fpr, curve.tpr, strict=True)) <= naive
        for fpr, tpr in naive:
            assert np.interp(fpr, curve.fpr, curve.tpr) >= tpr - 1e-12
        (cell,) = (cell for cell in found.cells if cell.repetitions == curve.repetitions)
        area = np.trapezoid(curve.tpr, curve.fpr)
        assert area == pytest.approx(cell.auc.estimate)


def test_roc_of_many_corners_is_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    scored = sheet(5, leak=0.05)
    whole = roc(scored)
    monkeypatch.setattr(figures, "MOST_CORNERS", 6)
    for full, thin in zip(whole, roc(scored), strict=True):
        assert len(thin.fpr) == len(thin.tpr) == min(6, len(full.fpr))
        assert set(zip(thin.fpr, thin.tpr, strict=True)) <= set(zip(full.fpr, full.tpr, strict=True))
        assert (thin.fpr[0], thin.tpr[0], thin.fpr[-1], thin.tpr[-1]) == (0.0, 0.0, 1.0, 1.0)


@given(half=st.floats(0.1, 100), slope=st.floats(0.01, 50), floor=st.floats(0, 0.49))
def test_recall_curve_rises_from_its_floor_through_one_half(half: float, slope: float, floor: float) -> None:
    values = recall_curve(half * 2.0 ** np.arange(-20, 21), half, slope, floor)
    assert values[20] == pytest.approx(0.5)
    assert (np.diff(values) >= 0).all()
    assert (values >= floor).all()
    assert (values <= 1).all()


def test_recall_curve_follows_the_counts_that_it_was_fitted_to() -> None:
    (speed,) = assess(utterances(2, leak=0.15, pairs=40), subject(), [], "0" * 64).speeds
    half = speed.recall_half
    assert half is not None
    assert half.repetitions is not None
    assert half.slope is not None
    assert half.floor is not None
    scored = sheet(2, leak=0.15, pairs=40)
    levels = np.array(scored.levels())
    recalled = np.array([scored.exact[scored.cell(level)].sum() for level in levels])

    def log_likelihood(repetitions: float, slope: float) -> float:
        rates = recall_curve(levels, repetitions, slope, floor)
        return float((recalled * np.log(rates) + (40 - recalled) * np.log1p(-rates)).sum())

    place, slope, floor = half.repetitions, half.slope, half.floor
    best = log_likelihood(place, slope)
    for factor in (0.9, 0.99, 1.01, 1.1):
        assert log_likelihood(place * factor, slope) < best
        assert log_likelihood(place, slope * factor) < best


def test_no_curve_where_half_recall_is_not_reached() -> None:
    (speed,) = assess(utterances(2), subject(), [], "0" * 64).speeds
    assert speed.recall_half is not None
    assert speed.recall_half.repetitions is speed.recall_half.slope is speed.recall_half.floor is None
