"""Where things run. The whole way to a GPU and back is only taken where there is one."""

from __future__ import annotations

import pytest
import torch

from memaudit.lab.clipping import Clipping
from memaudit.lab.device import best_device, device_of, fixed_threads
from memaudit.lab.evaluate import read, transcribe
from memaudit.lab.train import Plan, train
from tests.lab.builders import random_batch
from tests.lab.test_train import WORDS, fresh, tones


def test_a_gpu_where_there_is_one() -> None:
    assert best_device().type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_a_batch_moves_with_all_its_parts() -> None:
    moved = random_batch(3).to(torch.device("meta"))
    assert {part.device.type for part in vars(moved).values()} == {"meta"}
    assert device_of(fresh().to("meta")).type == "meta"


def test_threads_are_as_before_afterwards() -> None:
    before = torch.get_num_threads()
    seen = []

    def fail() -> None:
        with fixed_threads(before + 1):
            seen.append(torch.get_num_threads())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert seen == [before + 1]
    assert torch.get_num_threads() == before


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize(
    "clipping", [Clipping(), Clipping("example", 1.0), Clipping("dp", 1.0, noise_multiplier=0.1)]
)
def test_a_gpu_trains_and_reads_the_same(clipping: Clipping) -> None:
    data, plan = tones(64, 1), Plan("sgd", 1e-2, epochs=1, clipping=clipping)
    here, there = fresh(), fresh().to(best_device())
    one, other = (train(model, data, plan, seed=3) for model in (here, there))
    assert one.losses == pytest.approx(other.losses, rel=1e-3)
    assert read(here, data, WORDS).loss == pytest.approx(read(there, data, WORDS).loss, rel=1e-3)
    torch.testing.assert_close(
        transcribe(here, data, WORDS)[1], transcribe(there, data, WORDS)[1], rtol=1e-3, atol=1e-3
    )
