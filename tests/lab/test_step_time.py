"""Timing steps: who is timed, and that nothing is changed by it, however long it takes."""

from __future__ import annotations

import copy

import pytest
import torch

from memaudit.errors import UsageError
from memaudit.lab.clipping import Clipping
from memaudit.lab.step_time import KINDS, measure_steps
from tests.lab.test_train import fresh, tones


def test_every_kind_is_timed_and_the_first_is_the_unit() -> None:
    model, data = fresh(), tones(40, 1)
    before = copy.deepcopy(model)
    done: list[tuple[int, int]] = []
    found = measure_steps(model, data, batch_size=8, rounds=3, progress=lambda *pair: done.append(pair))
    assert [step.name for step in found] == list(KINDS) == ["none", "example", "core", "adaptive", "dp"]
    assert found[0].ratio == 1
    assert all(step.seconds > 0 and step.ratio > 0 for step in found)
    assert done[-1] == (3, 3)
    for moved, start in zip(model.parameters(), before.parameters(), strict=True):
        assert torch.equal(moved, start)
        assert moved.grad is None


def test_kinds_of_ones_own() -> None:
    kinds = {"plain": Clipping(), "by example": Clipping("example", 0.5)}
    found = measure_steps(fresh(), tones(16, 1), kinds, batch_size=16, rounds=1)
    assert [step.name for step in found] == ["plain", "by example"]


@pytest.mark.parametrize(("count", "rounds"), [(7, 3), (16, 0)])
def test_too_little_to_time(count: int, rounds: int) -> None:
    with pytest.raises(UsageError, match="utterances, batches of 8"):
        measure_steps(fresh(), tones(count, 1), batch_size=8, rounds=rounds)
