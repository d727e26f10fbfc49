"""Checks of the audit on itself: labels drawn anew find nothing, and no arm can be told without the model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from memaudit.audit.kit_features import Floats, kit_features
from memaudit.audit.results import AACheck, BlindBaseline
from memaudit.audit.sheet import Sheet, tie_key
from memaudit.kit.store import Kit
from memaudit.stats.a_a import a_a_check
from memaudit.stats.blind_baseline import blind_baseline

Ints = npt.NDArray[np.int64]

BLIND_LEVEL = 0.01
"""The blind baseline fails at or below this p-value: so many fair kits are void for nothing."""

AUDITS = 100
FOLDS = 5
LARGEST = 600
"""Of more canaries a random choice is looked at, so that a kit of any size takes less than a second."""


def a_a(sheet: Sheet) -> AACheck:
    """The relabelling test on the fastest speed's canaries, with arms drawn anew `AUDITS` times."""
    rows = _chosen(sheet)
    found = a_a_check(
        sheet.membership[rows],
        sheet.inserted[rows],
        sheet.stratum[rows],
        seed=tie_key(sheet.commitment, "a/a"),
        audits=AUDITS,
    )
    return AACheck(passed=found.passed, rate=found.rate, audits=found.audits, level=found.level)


def blind(kit: Kit) -> BlindBaseline | None:
    """Whether the kit's texts, audio and voices tell its arms apart; None where an arm has under 5 canaries.

    Labels are dealt anew inside a speed, not inside a voice or length, so that an arm that goes with the
    voice is seen as well. The design balances voices and lengths, which makes the test err on the side of
    passing.

    Raises:
        AudioError: naming a file of the kit that cannot be read.
    """
    canaries = [canary for canary in kit.canaries if canary.arm != "control"]
    rng = np.random.default_rng(tie_key(kit.commitment, "blind"))
    if len(canaries) > LARGEST:
        picked = np.sort(rng.choice(len(canaries), LARGEST, replace=False))
        canaries = [canaries[row] for row in picked.tolist()]
    inserted = np.array([canary.arm == "inserted" for canary in canaries])
    if min(inserted.sum(), (~inserted).sum()) < FOLDS:
        return None
    speeds = np.unique([canary.speed for canary in canaries], return_inverse=True)[1]
    found = blind_baseline(
        _within(kit_features(kit, canaries), speeds),
        inserted,
        speeds,
        seed=tie_key(kit.commitment, "blind labels"),
        folds=FOLDS,
    )
    return BlindBaseline(
        passed=found.p_value > BLIND_LEVEL,
        auc=found.auc,
        p_value=found.p_value,
        features=found.features,
        canaries=found.canaries,
    )


def _within(features: Floats, speeds: Ints) -> Floats:
    """The features with each speed's mean taken off: arms differ in size between speeds, by design."""
    centred = features.copy()
    for speed in np.unique(speeds):
        centred[speeds == speed] -= features[speeds == speed].mean(axis=0)
    return centred


def _chosen(sheet: Sheet) -> Ints:
    if len(sheet.rows) <= LARGEST:
        return np.arange(len(sheet.rows))
    rng = np.random.default_rng(tie_key(sheet.commitment, "a/a rows"))
    return np.sort(rng.choice(len(sheet.rows), LARGEST, replace=False))
