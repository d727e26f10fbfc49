"""Gradients of one utterance at a time, by ordinary backward passes."""

from __future__ import annotations

from torch import Tensor

from memaudit.lab.batch import Batch, ctc_losses
from memaudit.lab.recognizer import ConvRecognizer
from tests.lab.builders import alone

Gradient = dict[str, Tensor]


def plain_gradient(model: ConvRecognizer, batch: Batch) -> Gradient:
    """One ordinary backward pass of the summed loss."""
    model.zero_grad()
    ctc_losses(*model(batch.features, batch.lengths), batch).sum().backward()
    return {name: value.grad.clone() for name, value in model.named_parameters() if value.grad is not None}


def each_gradient(model: ConvRecognizer, batch: Batch) -> list[Gradient]:
    """One for each utterance, computed without the others and without padding."""
    return [plain_gradient(model, alone(batch, number)) for number in range(len(batch))]


def norm_of(gradient: Gradient) -> float:
    return float(sum(float((part**2).sum()) for part in gradient.values()) ** 0.5)
