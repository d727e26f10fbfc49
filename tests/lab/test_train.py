"""Training on patterns that can be learnt in a second."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import replace

import jiwer
import numpy as np
import pytest
import torch

from memaudit.errors import UsageError
from memaudit.lab.augment import Augmentation
from memaudit.lab.clipping import Clipping
from memaudit.lab.evaluate import read, transcribe
from memaudit.lab.recognizer import ConvRecognizer, Shape, make_recognizer
from memaudit.lab.train import Plan, learning_rate_share, train
from memaudit.lab.utterances import Utterances, Vocabulary, featurise

WORDS = Vocabulary(("low", "middle", "high"))


def tones(count: int, seed: int) -> Utterances:
    """Each word is twelve frames of energy in a band of its own, with noise."""
    rng = np.random.default_rng(seed)
    audio, texts = [], []
    for _ in range(count):
        words = rng.integers(0, 3, size=int(rng.integers(2, 5)))
        frames = rng.normal(0, 0.3, (16 * len(words), 6)).astype(np.float32)
        for place, word in enumerate(words):
            frames[16 * place + 2 : 16 * place + 14, 2 * word : 2 * word + 2] += 3
        audio.append(frames)
        texts.append(" ".join(WORDS.words[word] for word in words))
    return featurise(audio, texts, WORDS, lambda samples: samples)


def fresh() -> ConvRecognizer:
    return make_recognizer(Shape(tokens=4, mel_bins=6, width=24, blocks=1, kernel=3), 1)


@pytest.mark.parametrize(
    "plan",
    [
        Plan("muon", 5e-3, epochs=4),
        Plan("sgd", 1e-2, epochs=6),
        Plan("sgd", 0.1, epochs=6, clipping=Clipping("example", 1.0)),
        Plan("sgd", 0.1, epochs=6, clipping=Clipping("core", 1.0, cores=4)),
        Plan("sgd", 0.02, epochs=6, clipping=Clipping("adaptive", cores=4)),
        Plan("sgd", 0.1, epochs=6, clipping=Clipping("dp", 1.0, noise_multiplier=0.1)),
        Plan("sgd", 1e-2, epochs=6, augment=Augmentation(1, 1, 1, 4)),
    ],
    ids=["muon", "sgd", "example", "core", "adaptive", "dp", "masks"],
)
def test_it_learns(plan: Plan) -> None:
    model, unseen = fresh(), tones(60, 9)
    before = read(model, unseen, WORDS)
    steps: list[tuple[int, int]] = []
    history = train(model, tones(320, 2), plan, seed=3, progress=lambda *pair: steps.append(pair))
    after = read(model, unseen, WORDS)
    assert after.wer < 0.1 < before.wer
    assert after.loss < before.loss / 5
    assert len(history.losses) == 20 * plan.epochs == plan.steps(320)
    assert steps[-1] == (20 * plan.epochs, 20 * plan.epochs)


@pytest.mark.parametrize(
    "plan",
    [
        Plan("sgd", 1e-2, epochs=2, clipping=Clipping("example", 1.0)),
        Plan("sgd", 1e-2, epochs=2, clipping=Clipping("dp", 1.0, noise_multiplier=0.5)),
        Plan("sgd", 1e-3, epochs=2, augment=Augmentation()),
    ],
    ids=["example", "dp", "masks"],
)
def test_the_same_seed_gives_the_same_weights(plan: Plan) -> None:
    data = tones(64, 1)
    first, second, other = fresh(), fresh(), fresh()
    histories = [train(first, data, plan, seed=3), train(second, data, plan, seed=3)]
    train(other, data, plan, seed=4)
    assert histories[0].losses == histories[1].losses
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not torch.equal(first.output.weight, other.output.weight)


def test_sgd_steps_are_those_of_the_formula() -> None:
    """One batch, one step: the weights move by the learning rate times the gradient."""
    data, model = tones(16, 1), fresh()
    before = copy.deepcopy(model)
    loss = torch.nn.functional.ctc_loss
    batch = data.batch(range(16))
    log_probs, lengths = before(batch.features, batch.lengths)
    total = loss(log_probs.transpose(0, 1), batch.targets, lengths, batch.target_lengths, reduction="none")
    total.mean().backward()
    train(model, data, Plan("sgd", 0.01, epochs=1, warmup=0.0), seed=1)
    for moved, start in zip(model.parameters(), before.parameters(), strict=True):
        torch.testing.assert_close(moved, start - 0.01 * start.grad, rtol=1e-4, atol=1e-6)


def test_learning_rate_rises_then_falls_to_a_tenth() -> None:
    shares = [learning_rate_share(step, 100, 0.1) for step in range(1, 101)]
    assert shares[0] == pytest.approx(0.1)
    peak = max(range(100), key=shares.__getitem__)
    assert shares[: peak + 1] == sorted(shares[: peak + 1])
    assert shares[peak:] == sorted(shares[peak:], reverse=True)
    assert 0.9 < shares[peak] <= 1
    assert shares[-1] == pytest.approx(0.109)


def test_too_few_utterances() -> None:
    with pytest.raises(UsageError, match="7 utterances make no batch of 16"):
        train(fresh(), tones(7, 1), Plan("sgd", 0.1, epochs=1), seed=0)


def test_a_run_that_diverges_says_so() -> None:
    with pytest.raises(UsageError, match=r"the loss is .* at step .*; lower the learning rate"):
        train(fresh(), tones(64, 1), Plan("sgd", 1e25, epochs=8, warmup=0.0), seed=0)


def test_reading_against_its_definitions() -> None:
    model, data = fresh(), tones(40, 5)
    train(model, tones(160, 2), Plan("muon", 5e-3, epochs=1), seed=3)
    found = read(model, data, WORDS)
    said, losses = transcribe(model, data, WORDS)
    pairs = list(zip(data.texts, said, strict=True))
    assert found.count == 40
    assert found.wer == pytest.approx(jiwer.wer(list(data.texts), said))
    assert found.exact == sum(text == heard for text, heard in pairs) / 40
    assert found.accuracy == pytest.approx(
        sum(1 - min(1, jiwer.process_characters(text, heard).cer) for text, heard in pairs) / 40
    )
    assert found.loss == pytest.approx(float(losses.mean()))


def test_masks_and_noise_leave_the_order_as_it_was() -> None:
    """Masks of width 0 change nothing, so neither do the draws of their places."""
    data, without, with_masks = tones(64, 1), fresh(), fresh()
    plan = Plan("sgd", 1e-3, epochs=2)
    train(without, data, plan, seed=3)
    train(with_masks, data, replace(plan, augment=Augmentation(1, 0, 1, 0)), seed=3)
    pairs = zip(without.parameters(), with_masks.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_dp_sees_poisson_samples_and_some_of_them_empty() -> None:
    steps: list[tuple[int, int]] = []
    plan = Plan("sgd", 1e-3, epochs=5, batch_size=1, clipping=Clipping("dp", 1.0, noise_multiplier=0.0))
    history = train(fresh(), tones(8, 1), plan, seed=1, progress=lambda *pair: steps.append(pair))
    assert plan.steps(8) == 40
    assert plan.sample_rate(8) == 1 / 8
    assert steps == [(number, 40) for number in range(1, 41)]
    assert 10 < len(history.losses) < 40
    assert all(math.isfinite(loss) for loss in history.losses)


def test_noise_alone_moves_the_weights_as_far_as_it_promises() -> None:
    """With a bound that leaves nothing of the gradients, a run is a sum of noise."""
    model, start = fresh(), fresh()
    clipping = Clipping("dp", 1e-6, noise_multiplier=1e6)
    train(model, tones(64, 1), Plan("sgd", 1e-3, epochs=1, warmup=0.0, clipping=clipping), seed=1)
    moved = torch.cat(
        [(a - b).flatten() for a, b in zip(model.parameters(), start.parameters(), strict=True)]
    )
    rates = [1e-3 * learning_rate_share(step, 4, 0.0) for step in range(1, 5)]
    # The noise of step s is in the velocity of every later step, times 0.9 each.
    shares = [sum(rates[t] * 0.9 ** (t - s) for t in range(s, 4)) for s in range(4)]
    promised = sum(share**2 for share in shares) ** 0.5 / 16
    assert float(moved.detach().double().std()) == pytest.approx(promised, rel=0.05)


def test_plans_as_json_say_only_what_there_is() -> None:
    plain = Plan("sgd", 0.1, epochs=1).as_dict()
    assert set(plain) == {"optimiser", "learning_rate", "epochs", "batch_size", "warmup", "clipping"}
    assert set(plain["clipping"]) == {"kind", "bound", "cores"}
    clipping = Clipping("dp", 1.0, noise_multiplier=0.5)
    full = Plan("sgd", 0.1, epochs=1, clipping=clipping, augment=Augmentation()).as_dict()
    assert full["clipping"]["noise_multiplier"] == 0.5
    assert Augmentation(**full["augment"]) == Augmentation()
    assert json.loads(json.dumps(full)) == full
