"""Steps of DP-SGD: their sum against a plain loop, their noise against its distribution."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from memaudit.errors import UsageError
from memaudit.lab.batch import Batch
from memaudit.lab.clipping import Clipping
from memaudit.lab.private_step import private_step
from tests.lab.builders import random_batch, small_recognizer
from tests.lab.naive import each_gradient, norm_of


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def flat(gradients: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat([value.flatten() for value in gradients.values()])


@pytest.mark.parametrize(("size", "expected"), [(8, 8), (5, 8), (1, 16)])
@pytest.mark.parametrize("bound", [0.7, 1e6])
def test_without_noise_it_is_the_clipped_sum_by_the_expected_size(
    size: int, expected: int, bound: float
) -> None:
    model, batch = small_recognizer(), random_batch(size, spread=1.0)
    clipping = Clipping("dp", bound, noise_multiplier=0.0)
    step = private_step(model, batch, clipping, expected=expected, generator=generator())
    each = each_gradient(model, batch)
    factors = [min(1.0, bound / norm_of(gradient)) for gradient in each]
    assert list(step.gradients) == [name for name, _ in model.named_parameters()]
    for name, found in step.gradients.items():
        total = sum(factor * gradient[name] for factor, gradient in zip(factors, each, strict=True))
        torch.testing.assert_close(found, total / expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("size", [0, 4])
def test_noise_is_normal_with_the_promised_deviation(size: int) -> None:
    model = small_recognizer()
    batch = random_batch(size) if size else None
    still = Clipping("dp", 0.5, noise_multiplier=0.0)
    noisy = Clipping("dp", 0.5, noise_multiplier=3.0)
    rng = generator(4)
    base = flat(private_step(model, batch, still, expected=16, generator=generator()).gradients)
    draws = torch.stack(
        [
            flat(private_step(model, batch, noisy, expected=16, generator=rng).gradients) - base
            for _ in range(20)
        ]
    )
    promised = 3.0 * 0.5 / 16
    assert float(draws.std()) == pytest.approx(promised, rel=0.02)
    assert stats.kstest(draws.flatten().numpy() / promised, "norm").pvalue > 1e-3
    # Neither between parameters nor between steps is there anything in common.
    assert float(draws.mean(0).std()) == pytest.approx(promised / 20**0.5, rel=0.1)
    assert float(draws.mean(1).abs().max()) < 5 * promised / draws.shape[1] ** 0.5


def test_an_empty_sample_has_no_losses() -> None:
    model = small_recognizer()
    step = private_step(
        model, None, Clipping("dp", 1.0, noise_multiplier=0.0), expected=4, generator=generator()
    )
    assert len(step.losses) == len(step.norms) == 0
    assert all(not value.any() for value in step.gradients.values())


def test_the_generator_decides_the_noise() -> None:
    model, batch, clipping = small_recognizer(), random_batch(4), Clipping("dp", 1.0, noise_multiplier=1.0)
    first, again, other = (
        flat(private_step(model, batch, clipping, expected=4, generator=generator(seed)).gradients)
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), bound=st.floats(0.01, 20), louder=st.floats(0, 100))
def test_one_utterance_more_moves_the_sum_by_at_most_the_bound(
    seed: int, bound: float, louder: float
) -> None:
    """The sensitivity that the accountant counts on."""
    model, batch = small_recognizer(seed), random_batch(4, seed, spread=louder)
    rest = Batch(batch.features[:3], batch.lengths[:3], batch.targets[:3], batch.target_lengths[:3])
    clipping = Clipping("dp", bound, noise_multiplier=0.0)
    both = [
        flat(private_step(model, part, clipping, expected=16, generator=generator()).gradients)
        for part in (batch, rest)
    ]
    assert float((both[0] - both[1]).norm()) <= bound / 16 * (1 + 1e-6)


def test_other_kinds_are_refused() -> None:
    with pytest.raises(UsageError, match="give clipping 'dp'"):
        private_step(
            small_recognizer(), random_batch(2), Clipping("example", 1.0), expected=2, generator=generator()
        )
