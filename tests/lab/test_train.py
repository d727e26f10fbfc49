"""Training on patterns that can be learnt in a second."""

from __future__ import annotations

import copy

import jiwer
import numpy as np
import pytest
import torch

from memaudit.errors import UsageError
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
    ],
    ids=["muon", "sgd", "example", "core", "adaptive"],
)
def test_it_learns(plan: Plan) -> None:
    model, unseen = fresh(), tones(60, 9)
    before = read(model, unseen, WORDS)
    steps: list[tuple[int, int]] = []
    history = train(model, tones(320, 2), plan, seed=3, progress=lambda *pair: steps.append(pair))
    after = read(model, unseen, WORDS)
    assert after.wer < 0.1 < before.wer
    assert after.loss < before.loss / 5
    assert len(history.losses) == 20 * plan.epochs
    assert steps[-1] == (20 * plan.epochs, 20 * plan.epochs)


def test_the_same_seed_gives_the_same_weights() -> None:
    data, plan = tones(64, 1), Plan("sgd", 1e-2, epochs=2, clipping=Clipping("example", 1.0))
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
