"""Can the arms be told apart without the model? A cross-validated classifier on what the kit itself shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import cho_factor, cho_solve

from memaudit.stats.arms import split_strata
from memaudit.stats.checks import (
    Bools,
    Floats,
    Ints,
    StatisticError,
    count,
    flags,
    labels,
    same_length,
)

RIDGE = 0.1
"""Penalty on the squared weights, a share of the number of canaries that are learnt from."""


@dataclass(frozen=True, slots=True)
class BlindBaseline:
    """How well the kit's own features tell the arms apart.

    Args:
        auc: area under the ROC curve of the out-of-fold scores; 0.5 where the features say nothing.
        p_value: share of relabellings, the drawn labels counted among them, whose AUC is at least as large.
        features: how many features vary.
        canaries: how many canaries were looked at.
    """

    auc: float
    p_value: float
    features: int
    canaries: int


def blind_baseline(
    features: ArrayLike,
    inserted: ArrayLike,
    strata: ArrayLike,
    *,
    seed: int,
    folds: int = 5,
    relabellings: int = 999,
) -> BlindBaseline:
    """Test whether features that no model has touched predict the arm.

    A ridge regression of the label on the standardised features (for two classes its direction is that of
    Fisher's linear discriminant) is learnt on all folds but one and scores the last. The AUC of these scores
    is compared with the same figure under labels dealt anew within strata, each with its classifiers learnt
    anew: P[p <= a] <= a where the labels were dealt at random within the strata, however many features there
    are. The way of asking is that of Das, Zhang and Tramer, "Blind baselines beat membership inference
    attacks for foundation models" (2024).

    Args:
        features: f8[n, d]; columns that do not vary are left out.
        inserted: bool[n].
        strata: labels [n] inside which the labels are dealt; one label for all asks whether anything at all,
            the strata themselves included, differs between the arms.
        seed: of the folds and the relabellings.
        folds: how many.
        relabellings: how many besides the drawn labels.

    Raises:
        StatisticError: for a feature that is not finite, an arm with fewer canaries than folds, or lengths
            that differ.
    """
    table = np.asarray(features, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise StatisticError("is no table of finite numbers", where="features", how="give one row a canary")
    arm, groups = flags(inserted, "inserted"), labels(strata, "strata")
    same_length(arm, groups, "inserted and strata")
    same_length(arm, table[:, :1].ravel() if table.shape[1] else arm[:0], "inserted and features")
    parts, drawn = count(folds, "folds", least=2), count(relabellings, "relabellings", least=1)
    if min(int(arm.sum()), int((~arm).sum())) < parts:
        raise StatisticError(f"an arm has fewer canaries than {parts} folds", where="inserted")
    varies = table.std(axis=0) > 1e-12 * np.maximum(1.0, np.abs(table).max(axis=0))
    rng = np.random.default_rng(count(seed, "seed"))
    fold = rng.permutation(np.arange(arm.size) % parts)
    dealt = _dealt(arm, groups, drawn, rng)
    areas = _areas(_out_of_fold(table[:, varies], dealt, fold), dealt)
    reached = int((areas >= areas[0] - 1e-12).sum())
    return BlindBaseline(float(areas[0]), reached / (drawn + 1), int(varies.sum()), arm.size)


def _dealt(arm: Bools, groups: Ints, draws: int, rng: np.random.Generator) -> Bools:
    """bool[n, draws + 1]: the labels that were drawn, then labels dealt anew within strata."""
    table = np.empty((arm.size, draws + 1), dtype=np.bool_)
    table[:, 0] = arm
    for members in split_strata(groups):
        again = np.tile(arm[members], (draws, 1))
        table[members, 1:] = rng.permuted(again, axis=1).T
    return table


def _out_of_fold(table: Floats, dealt: Bools, fold: Ints) -> Floats:
    """f8[n, B]: each canary's score by classifiers that have not seen its fold."""
    scores = np.zeros(dealt.shape)
    if table.shape[1] == 0:
        return scores
    for part in range(int(fold.max()) + 1):
        tested = fold == part
        learnt = table[~tested]
        centre, scale = learnt.mean(axis=0), learnt.std(axis=0)
        scale[scale == 0.0] = 1.0
        x = (learnt - centre) / scale
        y = dealt[~tested].astype(np.float64)
        gram = x.T @ x
        gram[np.diag_indices_from(gram)] += RIDGE * x.shape[0]
        weights = cho_solve(cho_factor(gram), x.T @ (y - y.mean(axis=0)))
        scores[tested] = (table[tested] - centre) / scale @ weights
    return scores


def _areas(scores: Floats, dealt: Bools) -> Floats:
    """f8[B]: the Mann-Whitney area of each column of scores for its labels, ties counting half."""
    inserted = int(dealt[:, 0].sum())
    others = dealt.shape[0] - inserted
    sums = np.where(dealt, ranks(scores), 0.0).sum(axis=0)
    areas: Floats = (sums - inserted * (inserted + 1) / 2.0) / (inserted * others)
    return areas


def ranks(scores: Floats) -> Floats:
    """f8[n, B]: ranks 1 to n in each column, equal scores share the mean of theirs."""
    order = np.argsort(scores, axis=0)
    ordered = np.take_along_axis(scores, order, axis=0)
    rows = np.arange(scores.shape[0])[:, None]
    new = np.ones(scores.shape, dtype=np.bool_)
    new[1:] = ordered[1:] != ordered[:-1]
    last = np.ones(scores.shape, dtype=np.bool_)
    last[:-1] = new[1:]
    lowest = np.maximum.accumulate(np.where(new, rows, 0), axis=0)
    highest = np.minimum.accumulate(np.where(last, rows, scores.shape[0])[::-1], axis=0)[::-1]
    ranks = np.empty(scores.shape)
    np.put_along_axis(ranks, order, (lowest + highest) / 2.0 + 1.0, axis=0)
    return ranks
