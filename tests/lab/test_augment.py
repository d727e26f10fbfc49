"""Masks on features: where, how wide, how many, and what stays."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from memaudit.errors import UsageError
from memaudit.lab.augment import Augmentation, spec_augment
from memaudit.lab.batch import Batch

BINS = 12
FILL = torch.arange(BINS) + 100.0


def batch_of(size: int, seed: int = 0) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(20, 61, (size,), generator=generator)
    features = torch.randn(size, 60, BINS, generator=generator)
    targets = torch.ones(size, 2, dtype=torch.int64)
    return Batch(features, lengths, targets, torch.full((size,), 2))


def masked(batch: Batch, augmentation: Augmentation, seed: int = 1) -> torch.Tensor:
    """bool[B, T, F]: the places that were filled; all others are checked to be as they were."""
    found = spec_augment(batch, augmentation, FILL, torch.Generator().manual_seed(seed))
    changed = found.features != batch.features
    assert torch.equal(found.features[changed], FILL.expand_as(changed)[changed])
    for name in ("lengths", "targets", "target_lengths"):
        assert torch.equal(getattr(found, name), getattr(batch, name))
    return changed


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    masks=st.integers(0, 3),
    width=st.integers(0, 20),
    share=st.floats(0, 1),
)
def test_a_time_mask_is_a_stretch_inside_its_utterance(
    seed: int, masks: int, width: int, share: float
) -> None:
    batch = batch_of(8, seed)
    places = masked(batch, Augmentation(0, 0, masks, width, share), seed)
    rows = places.any(2)
    assert torch.equal(places, rows.unsqueeze(2).expand_as(places))  # all bins of a frame, or none
    for row, length in zip(rows, batch.lengths.tolist(), strict=True):
        assert not row[length:].any()
        edges = (row[1:] & ~row[:-1]).sum() + row[0]
        assert edges <= masks
        assert row.sum() <= masks * min(width, int(share * length))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), masks=st.integers(0, 3), width=st.integers(0, 30))
def test_a_frequency_mask_is_a_band_over_all_frames(seed: int, masks: int, width: int) -> None:
    places = masked(batch_of(8, seed), Augmentation(masks, width, 0, 0), seed)
    bands = places.any(1)
    assert torch.equal(places, bands.unsqueeze(1).expand_as(places))
    edges = (bands[:, 1:] & ~bands[:, :-1]).sum(1) + bands[:, 0]
    assert bool((edges <= masks).all())
    assert bool((bands.sum(1) <= masks * min(width, BINS)).all())


def test_widths_are_even_from_none_to_the_widest_and_every_place_is_reached() -> None:
    batch = batch_of(6000)
    places = masked(batch, Augmentation(1, 4, 1, 6, 1.0))
    bands = places[:, -1] & ~places[:, -1].all(1, keepdim=True)
    widths = torch.bincount(bands.sum(1)[batch.lengths < 60], minlength=5)
    assert len(widths) == 5
    assert bool(((widths / widths.sum() - 1 / 5).abs() < 0.03).all())
    assert bool(bands.any(0).all())
    stretches = places.all(2)
    lengths = torch.bincount(stretches.sum(1), minlength=7)
    assert len(lengths) == 7
    assert bool(((lengths / 6000 - 1 / 7).abs() < 0.03).all())
    assert bool(stretches[batch.lengths == 60].any(0).all())


def test_each_utterance_has_masks_of_its_own_and_new_ones_each_time() -> None:
    batch = batch_of(4)
    twin = Batch(*(part[:1].expand(2, *part.shape[1:]) for part in vars(batch).values()))
    generator = torch.Generator().manual_seed(3)
    first, second = (spec_augment(twin, Augmentation(), FILL, generator).features for _ in range(2))
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first, second)
    again = spec_augment(twin, Augmentation(), FILL, torch.Generator().manual_seed(3)).features
    assert torch.equal(first, again)


@pytest.mark.parametrize("wrong", [{"time_masks": -1}, {"frequency_width": -2}, {"time_share": 1.1}])
def test_numbers_out_of_range(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="at least 0"):
        Augmentation(**wrong)  # type: ignore[arg-type]
