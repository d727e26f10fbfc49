"""Does the model read ordinary sentences? If not, it is not loaded as it was trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memaudit.audit.normalise import normalise
from memaudit.audit.results import Controls, FrontEndTrial, ModelFile, OtherTexts
from memaudit.audit.sheet import Sheet
from memaudit.audit.utterances import Utterance
from memaudit.stats.bounded_mean import mean_interval
from memaudit.stats.sign_test import sign_test

MARGIN = 0.2
"""How far above chance the lower bound of the controls' accuracy must lie."""

LEVEL = 0.05
"""Of the sign test of true texts against others."""


def check_controls(sheet: Sheet, confidence: float = 0.95) -> Controls:
    """Controls pass where the lower bound of their mean accuracy is above chance by `MARGIN`.

    Where they have losses of other controls' texts too, true texts must also be likelier than those, by a
    sign test at `LEVEL`; fewer than five controls could not show that, and are not asked to.

    A set without at least two controls cannot show that the model is loaded properly: not passed.
    """
    n = len(sheet.rows)
    if n < 2:
        return Controls(n=n, accuracy=None, low=None, chance=None, passed=False)
    interval = mean_interval(sheet.accuracy, confidence)
    chance = float(np.mean(sheet.chance))
    others = _other_texts(sheet)
    return Controls(
        n=n,
        accuracy=interval.estimate,
        low=interval.low,
        chance=chance,
        passed=interval.low > chance + MARGIN and (others is None or others.passed is not False),
        other_texts=others,
    )


def check_both(
    kit: Sheet,
    given: Sheet,
    manifest: ModelFile | None,
    trials: Sequence[FrontEndTrial] = (),
    confidence: float = 0.95,
) -> tuple[Controls, Controls | None]:
    """The controls that decide; and the kit's, where the user's own decide in their place.

    Args:
        kit: the kit's controls.
        given: the user's own, empty where there are none.
        manifest: the file that names the user's own.
        trials: of other front ends on the controls that decide; one that is better fails them.
        confidence: of the interval of accuracy.
    """
    of_kit = check_controls(kit, confidence)
    if not given.rows:
        return _tried(of_kit, trials), None
    own = check_controls(given, confidence).model_copy(update={"source": "given", "manifest": manifest})
    return _tried(own, trials), of_kit


def _tried(controls: Controls, trials: Sequence[FrontEndTrial]) -> Controls:
    passed = controls.passed and not any(trial.better for trial in trials)
    return controls.model_copy(update={"front_ends": tuple(trials), "passed": passed})


def _other_texts(sheet: Sheet) -> OtherTexts | None:
    pairs = np.array([pair for row in sheet.rows if (pair := _per_token(row)) is not None])
    n = len(pairs)
    if n == 0:
        return None
    own, other = pairs.mean(axis=0)
    likelier = int((pairs[:, 0] < pairs[:, 1]).sum())
    p_value = sign_test(likelier, n)
    return OtherTexts(
        n=n,
        loss=float(own),
        other_loss=float(other),
        likelier=likelier,
        p_value=p_value,
        passed=p_value <= LEVEL if sign_test(n, n) <= LEVEL else None,
    )


def _per_token(row: Utterance) -> tuple[float, float] | None:
    """Nats a token of either text; where tokens are not known, both losses by the own text's characters."""
    if row.loss is None or row.other_loss is None:
        return None
    length = max(1, len(normalise(row.reference)))
    return row.loss / (row.tokens or length), row.other_loss / (row.other_tokens or length)
