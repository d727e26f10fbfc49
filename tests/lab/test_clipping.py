"""Clipped gradients against a plain loop, finite differences and the bound that they promise."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from memaudit.errors import UsageError
from memaudit.lab.batch import Batch, ctc_losses
from memaudit.lab.clipping import Clipping, group_gradients, group_norms, step_gradient
from memaudit.lab.recognizer import ConvRecognizer
from tests.lab.builders import random_batch, small_recognizer
from tests.lab.naive import Gradient, each_gradient, norm_of


def naive(model: ConvRecognizer, batch: Batch, clipping: Clipping) -> Gradient:
    """The formula, one utterance at a time: g / max(norm(g) / C, 1) of each group's mean, then their mean."""
    each = each_gradient(model, batch)
    groups = clipping.groups(len(batch))
    size = len(batch) // groups
    means = []
    for group in range(groups):
        part = each[group * size : (group + 1) * size]
        means.append({name: sum(g[name] for g in part) / size for name in each[0]})
    norms = [norm_of(mean) for mean in means]
    bound = {"none": float("inf"), "adaptive": min(norms)}.get(clipping.kind, clipping.bound)
    factors = [1 / max(norm / bound, 1) for norm in norms]
    return {
        name: sum(factor * mean[name] for factor, mean in zip(factors, means, strict=True)) / groups
        for name in each[0]
    }


@pytest.mark.parametrize(
    "clipping",
    [
        Clipping(),
        Clipping("example", 0.7),
        Clipping("example", 1e6),
        Clipping("core", 0.5, cores=4),
        Clipping("core", 2.0, cores=1),
        Clipping("adaptive", cores=4),
        Clipping("adaptive", cores=2),
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_gradients_are_those_of_a_plain_loop(clipping: Clipping, seed: int) -> None:
    model, batch = small_recognizer(seed), random_batch(8, seed, spread=1.0)
    step = step_gradient(model, batch, clipping)
    expected = naive(model, batch, clipping)
    assert step.gradients.keys() == expected.keys() == dict(model.named_parameters()).keys()
    for name, gradient in step.gradients.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-9, atol=1e-11)


def test_the_bounds_of_these_batches_clip_some_groups_and_not_others() -> None:
    model, batch = small_recognizer(), random_batch(8, spread=1.0)
    norms = step_gradient(model, batch, Clipping("example", 0.7)).norms
    each = [norm_of(gradient) for gradient in each_gradient(model, batch)]
    torch.testing.assert_close(norms, torch.tensor(each, dtype=torch.float64), rtol=1e-9, atol=0)
    assert norms.max() > 2 * norms.min()


def test_gradient_is_the_slope_of_the_loss() -> None:
    model, batch = small_recognizer(3), random_batch(6, 3)
    step = step_gradient(model, batch, Clipping())
    generator = torch.Generator().manual_seed(1)
    directions = {
        name: torch.randn(g.shape, generator=generator).double() for name, g in step.gradients.items()
    }
    slope = sum(float((directions[name] * g).sum()) for name, g in step.gradients.items())

    def mean_loss(distance: float) -> float:
        moved = {name: v + distance * directions[name] for name, v in model.named_parameters()}
        outputs = torch.func.functional_call(model, moved, (batch.features, batch.lengths))
        return float(ctc_losses(*outputs, batch).detach().mean())

    assert (mean_loss(1e-5) - mean_loss(-1e-5)) / 2e-5 == pytest.approx(slope, rel=1e-6)
    assert mean_loss(0.0) == pytest.approx(float(step.losses.mean()), rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    bound=st.floats(0.01, 50),
    louder=st.floats(0, 100),
    kind=st.sampled_from(["example", "core"]),
)
def test_no_group_moves_the_gradient_by_more_than_its_share(
    seed: int, bound: float, louder: float, kind: str
) -> None:
    """Without one group, the mean of the clipped gradients changes by at most C / groups."""
    model, batch = small_recognizer(seed), random_batch(4, seed, spread=louder)
    clipping = Clipping(kind, bound, cores=2) if kind == "core" else Clipping("example", bound)
    groups = clipping.groups(4)
    whole = step_gradient(model, batch, clipping).gradients
    size = 4 // groups
    rest = Batch(
        batch.features[size:], batch.lengths[size:], batch.targets[size:], batch.target_lengths[size:]
    )
    without = naive(model, rest, Clipping(kind, bound, cores=groups - 1) if kind == "core" else clipping)
    share = {name: whole[name] - without[name] * (groups - 1) / groups for name in whole}
    assert norm_of(share) <= bound / groups * (1 + 1e-6)


def test_adaptive_bound_is_the_smallest_core() -> None:
    model, batch = small_recognizer(), random_batch(8, spread=2.0)
    adaptive = step_gradient(model, batch, Clipping("adaptive", cores=4))
    fixed = step_gradient(model, batch, Clipping("core", float(adaptive.norms.min()), cores=4))
    for name, gradient in adaptive.gradients.items():
        torch.testing.assert_close(gradient, fixed.gradients[name])


def test_norms_are_of_all_parameters_together() -> None:
    stacked = {"a": torch.tensor([[3.0], [0.0]]), "b": torch.tensor([[[4.0]], [[2.0]]])}
    torch.testing.assert_close(group_norms(stacked), torch.tensor([5.0, 2.0]))


def test_gradients_of_the_model_itself_are_left_alone() -> None:
    model = small_recognizer()
    group_gradients(model, random_batch(4), 4)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_batch_must_fall_into_equal_parts() -> None:
    with pytest.raises(UsageError, match="a batch of 6 has no 4 equal parts"):
        step_gradient(small_recognizer(), random_batch(6), Clipping("adaptive", cores=4))


@pytest.mark.parametrize(
    ("kind", "bound", "cores"),
    [
        ("example", None, 1),
        ("core", None, 2),
        ("none", 1.0, 1),
        ("adaptive", 1.0, 2),
        ("example", 0.0, 1),
        ("example", float("inf"), 1),
        ("example", float("nan"), 1),
        ("core", 1.0, 0),
        ("example", 1.0, 2),
        ("none", None, 2),
        ("dp", None, 1),
        ("dp", 1.0, 2),
    ],
)
def test_what_does_not_go_together_is_refused(kind: str, bound: float | None, cores: int) -> None:
    with pytest.raises(UsageError):
        Clipping(kind, bound, cores)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "bound", "noise"),
    [
        ("dp", 1.0, None),
        ("dp", 1.0, -0.1),
        ("dp", 1.0, float("inf")),
        ("dp", 1.0, float("nan")),
        ("example", 1.0, 0.5),
        ("none", None, 0.0),
    ],
)
def test_noise_goes_with_dp_alone(kind: str, bound: float | None, noise: float | None) -> None:
    with pytest.raises(UsageError, match="noise"):
        Clipping(kind, bound, noise_multiplier=noise)  # type: ignore[arg-type]


def test_a_step_with_noise_needs_more_than_a_batch() -> None:
    with pytest.raises(UsageError, match="private_step"):
        step_gradient(small_recognizer(), random_batch(4), Clipping("dp", 1.0, noise_multiplier=0.0))
