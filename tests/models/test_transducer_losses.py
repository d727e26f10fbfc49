"""RNNT and TDT losses against the formula in plain loops, every alignment counted, and published values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import log_softmax

from memaudit.models.decoding.lattice import columns
from memaudit.models.decoding.rnnt import rnnt_loss
from memaudit.models.decoding.tdt import tdt_loss
from tests.models.naive_lattices import naive_rnnt, naive_tdt

Grid = NDArray[np.float64]


def rnnt(scores: Grid, targets: Sequence[int], blank: int = 0) -> float | None:
    return rnnt_loss(*columns(scores, targets, blank))


def tdt(scores: Grid, targets: Sequence[int], durations: Sequence[int], blank: int = 0) -> float | None:
    size = scores.shape[2] - len(durations)
    spans = log_softmax(scores[:, :, size:], axis=2)
    return tdt_loss(*columns(scores[:, :, :size], targets, blank), spans, durations)


def random_scores(frames: int, targets: int, size: int, seed: int, scale: float = 2.0) -> Grid:
    return np.random.default_rng(seed).normal(0, scale, (frames, targets + 1, size))


def rnnt_alignments(frames: int, targets: int) -> Iterator[list[tuple[int, int, bool]]]:
    """Every way to spread the targets over the frames: (frame, written so far, whether a blank)."""
    for counts in itertools.product(range(targets + 1), repeat=frames):
        if sum(counts) == targets:
            steps, u = [], 0
            for t, count in enumerate(counts):
                for _ in range(count):
                    steps.append((t, u, False))
                    u += 1
                steps.append((t, u, True))
            yield steps


def tdt_alignments(
    frames: int, targets: int, durations: Sequence[int], t: int = 0, u: int = 0
) -> Iterator[list[tuple[int, int, bool, int]]]:
    """Every path from (t, u) to a blank that ends at T: (frame, written, whether a blank, duration)."""
    for k, d in enumerate(durations):
        if d and t + d == frames and u == targets:
            yield [(t, u, True, k)]
        if d and t + d < frames:
            for rest in tdt_alignments(frames, targets, durations, t + d, u):
                yield [(t, u, True, k), *rest]
        if u < targets and t + d < frames:
            for rest in tdt_alignments(frames, targets, durations, t + d, u + 1):
                yield [(t, u, False, k), *rest]


@settings(max_examples=60, deadline=None)
@given(
    frames=st.integers(1, 12),
    targets=st.lists(st.integers(0, 4), max_size=9),
    scale=st.floats(0, 30),
    seed=st.integers(0, 10**6),
)
def test_rnnt_is_the_formula(frames: int, targets: list[int], scale: float, seed: int) -> None:
    scores = random_scores(frames, len(targets), 6, seed, scale)
    assert rnnt(scores, targets, 5) == pytest.approx(naive_rnnt(scores, targets, 5), rel=1e-11, abs=1e-11)


@settings(max_examples=60, deadline=None)
@given(
    frames=st.integers(1, 12),
    targets=st.lists(st.integers(0, 4), max_size=9),
    durations=st.lists(st.integers(0, 5), min_size=1, max_size=5, unique=True),
    seed=st.integers(0, 10**6),
)
def test_tdt_is_the_formula(frames: int, targets: list[int], durations: list[int], seed: int) -> None:
    scores = random_scores(frames, len(targets), 6 + len(durations), seed)
    expected = naive_tdt(scores, targets, durations, 5)
    found = tdt(scores, targets, durations, 5)
    if math.isinf(expected):
        assert found is None
    else:
        assert found == pytest.approx(expected, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize(("frames", "count"), [(1, 0), (1, 3), (2, 2), (4, 0), (4, 3), (5, 2)])
def test_rnnt_sums_every_alignment(frames: int, count: int) -> None:
    targets = [1, 2, 1][:count]
    scores = random_scores(frames, count, 4, seed=frames)
    log_p = log_softmax(scores, axis=2)
    paths = [
        sum(log_p[t, u, 0 if blank else targets[u]] for t, u, blank in steps)
        for steps in rnnt_alignments(frames, count)
    ]
    assert len(paths) == math.comb(frames - 1 + count, count)
    assert rnnt(scores, targets) == pytest.approx(-math.log(math.fsum(map(math.exp, paths))), rel=1e-12)


@pytest.mark.parametrize("durations", [(0, 1, 2, 3, 4), (0, 1), (1, 2), (2, 0), (0, 3, 1)])
@pytest.mark.parametrize(("frames", "count"), [(1, 0), (2, 1), (4, 2), (5, 3)])
def test_tdt_sums_every_alignment(frames: int, count: int, durations: tuple[int, ...]) -> None:
    targets = [1, 2, 1][:count]
    scores = random_scores(frames, count, 4 + len(durations), seed=frames)
    token, span = log_softmax(scores[:, :, :4], axis=2), log_softmax(scores[:, :, 4:], axis=2)
    paths = [
        sum(token[t, u, 0 if blank else targets[u]] + span[t, u, k] for t, u, blank, k in steps)
        for steps in tdt_alignments(frames, count, durations)
    ]
    found = tdt(scores, targets, durations)
    if not paths:
        assert found is None
    else:
        assert found == pytest.approx(-math.log(math.fsum(map(math.exp, paths))), rel=1e-12)


def test_rnnt_published_values() -> None:
    """The two cases of the unit tests of warp-transducer (activations, not log-probabilities; blank 0)."""
    small = np.array(
        [
            [[0.1, 0.6, 0.1, 0.1, 0.1], [0.1, 0.1, 0.6, 0.1, 0.1], [0.1, 0.1, 0.2, 0.8, 0.1]],
            [[0.1, 0.6, 0.1, 0.1, 0.1], [0.1, 0.1, 0.2, 0.1, 0.1], [0.7, 0.1, 0.2, 0.1, 0.1]],
        ]
    )
    assert rnnt(small, [1, 2]) == pytest.approx(4.495666, abs=1e-6)
    big = np.array(
        [
            [
                [0.06535690384862791, 0.7875301411923206, 0.08159176605666074],
                [0.5297155426466327, 0.7506749639230854, 0.7541348379087998],
                [0.6097641124736383, 0.8681404965673826, 0.6225318186056529],
            ],
            [
                [0.6685222872103057, 0.8580392805336061, 0.16453892311765583],
                [0.989779515236694, 0.944298460961015, 0.6031678586829663],
                [0.9467833543605416, 0.666202507295747, 0.28688179752461884],
            ],
            [
                [0.09418426230195986, 0.3666735970751962, 0.736168049462793],
                [0.1666804425271342, 0.7141542198635192, 0.3993997272216727],
                [0.5359823524146038, 0.29182076440286386, 0.6126422611507932],
            ],
            [
                [0.3242405528768486, 0.8007644367291621, 0.5241057606558068],
                [0.779194617063042, 0.18331417220174862, 0.113745182072432],
                [0.24022162381327106, 0.3394695622533106, 0.1341595066017014],
            ],
        ]
    )
    assert rnnt(big, [1, 2]) == pytest.approx(4.2806528590890736, abs=1e-9)


def wave(frames: int, targets: int, size: int) -> Grid:
    """Scores that any program can write down."""
    t, u, v = np.ogrid[:frames, : targets + 1, :size]
    grid: Grid = 2 * np.sin(0.7 * t + 1.3 * u + 2.1 * v) + np.cos(0.3 * t * v + u)
    return grid


def test_values_of_other_programs() -> None:
    """RNNT: warprnnt-numba 0.4.1 in single precision. TDT: NeMo's TDTLossPytorch with sigma 0, in double."""
    targets = [1, 4, 4, 2]
    assert rnnt(wave(9, 4, 6), targets, 5) == pytest.approx(18.430033, abs=1e-5)
    assert tdt(wave(9, 4, 11), targets, range(5), 5) == pytest.approx(10.878649168696573, abs=1e-12)


@pytest.mark.parametrize("durations", [None, (0, 1, 2), (1, 2)])
def test_the_probabilities_of_all_texts_add_up_to_at_most_one(durations: tuple[int, ...] | None) -> None:
    """Scores that depend on frame and last token only, so that one table serves every text."""
    rng = np.random.default_rng(3)
    extra = len(durations or ())
    table = rng.normal(0, 0.5, (3, 3, 3 + extra))  # [frame, last token, V]
    table[:, :, 0] += 2.5  # mostly blank, so that long texts are rare
    totals, total = [], 0.0
    for length in range(8):
        for targets in itertools.product((1, 2), repeat=length):
            scores = table[:, [0, *targets]]
            loss = rnnt(scores, targets) if durations is None else tdt(scores, targets, durations)
            total += 0.0 if loss is None else math.exp(-loss)
        totals.append(total)
    assert all(a <= b for a, b in itertools.pairwise(totals))
    assert totals[-1] <= 1 + 1e-12
    if durations is None:  # what is missing is the texts of 8 tokens and more
        assert totals[-1] > 0.999
        assert totals[-1] - totals[-2] < 0.001
    else:  # steps beyond the end, and blanks that stay, belong to no text
        assert 0.05 < totals[-1] < 1


@given(shift=st.floats(-50, 50), seed=st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_a_constant_on_the_logits_changes_nothing(shift: float, seed: int) -> None:
    targets = [1, 3, 3, 2]
    scores = random_scores(7, 4, 5 + 3, seed)
    moved = scores.copy()
    moved[2, 3] += shift
    assert rnnt(moved, targets) == pytest.approx(rnnt(scores, targets), rel=1e-10)
    durations = (0, 1, 2)
    apart = moved.copy()
    apart[4, 1, 5:] -= shift
    assert tdt(apart, targets, durations) == pytest.approx(tdt(scores, targets, durations), rel=1e-10)


@given(t=st.integers(0, 5), u=st.integers(0, 3), rise=st.floats(0.01, 20), seed=st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_a_likelier_target_lowers_the_loss(t: int, u: int, rise: float, seed: int) -> None:
    """Log-probabilities of a lattice are not renormalised: raising one raises every path through it."""
    blank, label = columns(random_scores(6, 4, 5, seed), [1, 2, 3, 1], 0)
    span = log_softmax(random_scores(6, 4, 3, seed + 1), axis=2)
    higher = label.copy()
    higher[t, u] = min(0.0, label[t, u] + rise)
    before, after = rnnt_loss(blank, label), rnnt_loss(blank, higher)
    assert before is not None
    assert after is not None
    assert after <= before
    before, after = tdt_loss(blank, label, span, (0, 1, 2)), tdt_loss(blank, higher, span, (0, 1, 2))
    assert before is not None
    assert after is not None
    assert after <= before


def test_durations_of_one_only() -> None:
    """With the one duration 1, and no choice about it, each frame but the last may write one token."""
    scores = random_scores(5, 2, 4 + 1, seed=1)
    log_p = log_softmax(scores[:, :, :4], axis=2)
    paths = []
    for first, second in itertools.combinations(range(4), 2):
        path = [log_p[first, 0, 1], log_p[second, 1, 2]]
        written = 0
        for t in range(5):
            if t in (first, second):
                written += 1
            else:
                path.append(log_p[t, written, 0])
        paths.append(sum(path))
    assert tdt(scores, [1, 2], (1,)) == pytest.approx(-math.log(sum(map(math.exp, paths))), rel=1e-12)


@pytest.mark.parametrize("scale", [1e3, 1e8, 1e30])
def test_far_apart_scores_stay_exact(scale: float) -> None:
    scores = np.asarray(random_scores(6, 3, 5, 2) * scale, np.float32)
    wide = scores.astype(np.float64)
    assert rnnt(scores, [1, 2, 3]) == pytest.approx(naive_rnnt(wide, [1, 2, 3]), rel=1e-12)


def test_no_frames() -> None:
    empty = np.zeros((0, 1)), np.zeros((0, 0))
    assert rnnt_loss(*empty) == 0.0
    assert rnnt_loss(np.zeros((0, 2)), np.zeros((0, 1))) is None
    assert tdt_loss(*empty, np.zeros((0, 1, 2)), (0, 1)) == 0.0
    assert tdt_loss(np.zeros((0, 2)), np.zeros((0, 1)), np.zeros((0, 2, 2)), (0, 1)) is None


def test_infeasible_durations() -> None:
    scores = random_scores(5, 0, 4 + 2, seed=0)
    assert tdt(scores, [], (0, 2)) is None  # steps of 2 never sum to 5
    assert tdt(scores[:4], [], (0, 2)) is not None
    crowded = random_scores(3, 3, 4 + 2, seed=0)
    assert tdt(crowded, [1, 2, 3], (1, 2)) is None  # three tokens and a blank take four frames
    assert tdt(crowded, [1, 2, 3], (0, 1)) is not None


@pytest.mark.parametrize("targets", [[0], [5], [-1], [1, 2]])
def test_wrong_targets(targets: list[int]) -> None:
    with pytest.raises(ValueError, match="targets"):
        columns(random_scores(3, 1, 5, 0), targets, 0)


@pytest.mark.parametrize("durations", [(0, 1, 1), (-1, 1)])
def test_wrong_durations(durations: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="durations"):
        tdt(random_scores(3, 1, 4 + len(durations), 0), [1], durations)
