"""How well a recogniser reads a set of utterances, by greedy CTC search on the torch module."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import jiwer
import torch
from torch import Tensor

from memaudit.lab.batch import BLANK, ctc_losses
from memaudit.lab.device import device_of
from memaudit.lab.recognizer import ConvRecognizer
from memaudit.lab.utterances import Utterances, Vocabulary


@dataclass(frozen=True)
class Reading:
    """Means over utterances, but for the word error rate, which is over words.

    Attributes:
        count: how many utterances.
        wer: word errors by words.
        accuracy: mean of 1 - min(1, CER) (design section 3).
        exact: share of exact transcripts.
        loss: mean of -log p(text | audio) in nats.
    """

    count: int
    wer: float
    accuracy: float
    exact: float
    loss: float

    def as_dict(self) -> dict[str, float]:
        """The figures, rounded for a record."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def read(model: ConvRecognizer, utterances: Utterances, vocabulary: Vocabulary) -> Reading:
    """Measure ``model`` on utterances."""
    transcripts, losses = transcribe(model, utterances, vocabulary)
    texts = list(utterances.texts)
    accuracies = [1 - min(1.0, jiwer.cer(text, said)) for text, said in zip(texts, transcripts, strict=True)]
    exact = [text == said for text, said in zip(texts, transcripts, strict=True)]
    return Reading(
        count=len(texts),
        wer=float(jiwer.wer(texts, transcripts)),
        accuracy=sum(accuracies) / len(texts),
        exact=sum(exact) / len(texts),
        loss=float(losses.mean()),
    )


def transcribe(
    model: ConvRecognizer, utterances: Utterances, vocabulary: Vocabulary
) -> tuple[list[str], Tensor]:
    """The greedy transcripts, and the losses f32[N] of the true texts in nats."""
    transcripts: list[str] = []
    losses = []
    device = device_of(model)
    with torch.inference_mode():
        for batch in (batch.to(device) for batch in utterances.batches(64)):
            log_probs, lengths = model(batch.features, batch.lengths)
            losses.append(ctc_losses(log_probs, lengths, batch).cpu())
            best = log_probs.argmax(-1).cpu()
            for tokens, length in zip(best, lengths.tolist(), strict=True):
                kept = torch.unique_consecutive(tokens[:length])
                transcripts.append(vocabulary.decode(kept[kept != BLANK].tolist()))
    return transcripts, torch.cat(losses)
