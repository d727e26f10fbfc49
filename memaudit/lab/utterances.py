"""What a recogniser is trained and tested on: features, word numbers and texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from memaudit.errors import UsageError
from memaudit.lab.batch import BLANK, Batch, collate
from memaudit.lab.recognizer import output_frames

FrontEnd = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Vocabulary:
    """The words that a recogniser knows; word i has token i + 1, token 0 is the blank."""

    words: tuple[str, ...]

    @cached_property
    def _tokens(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words, BLANK + 1)}

    @property
    def size(self) -> int:
        """How many tokens there are, the blank included."""
        return len(self.words) + 1

    def encode(self, text: str) -> Tensor:
        """i64[U]: the tokens of a text's words.

        Raises:
            UsageError: naming the first word that is not in the vocabulary.
        """
        for word in text.split():
            if word not in self._tokens:
                raise UsageError(f"the word {word!r} is not in the recogniser's vocabulary", where=text)
        return torch.tensor([self._tokens[word] for word in text.split()])

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of tokens that are no blanks."""
        return " ".join(self.words[token - 1] for token in tokens)


@dataclass(frozen=True)
class Utterances:
    """N utterances: f32[T_i, F] features, i64[U_i] targets, texts. One may stand in it many times."""

    features: tuple[Tensor, ...]
    targets: tuple[Tensor, ...]
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def __add__(self, other: Utterances) -> Utterances:
        """Both, one after the other."""
        return Utterances(
            self.features + other.features, self.targets + other.targets, self.texts + other.texts
        )

    def select(self, numbers: Iterable[int]) -> Utterances:
        """The utterances of those numbers, in that order, as often as they are named."""
        chosen = list(numbers)
        return Utterances(
            tuple(self.features[number] for number in chosen),
            tuple(self.targets[number] for number in chosen),
            tuple(self.texts[number] for number in chosen),
        )

    def batch(self, numbers: Sequence[int]) -> Batch:
        """Some of them, padded to a batch."""
        return collate([self.features[i] for i in numbers], [self.targets[i] for i in numbers])

    def batches(self, size: int) -> Iterator[Batch]:
        """All of them in order; the last batch may be smaller."""
        for start in range(0, len(self), size):
            yield self.batch(range(start, min(start + size, len(self))))


def featurise(
    audio: Iterable[NDArray[np.float32]], texts: Sequence[str], vocabulary: Vocabulary, front_end: FrontEnd
) -> Utterances:
    """Features and targets of ``audio`` (f32[S] each) that speaks ``texts``.

    Raises:
        UsageError: if a text has a foreign word, or does not fit into its audio's 40 ms frames: such an
            utterance would train nothing, or make every weight NaN.
    """
    features = []
    targets = []
    for samples, text in zip(audio, texts, strict=True):
        target = vocabulary.encode(text)
        frames = torch.from_numpy(front_end(samples))
        needed = needed_frames(target)
        if output_frames(len(frames)) < needed:
            raise UsageError(
                f"{text!r} needs {needed} frames of 40 ms and has {output_frames(len(frames))}",
                how="make it shorter, or speak it more slowly",
            )
        features.append(frames)
        targets.append(target)
    return Utterances(tuple(features), tuple(targets), tuple(texts))


def needed_frames(target: Tensor) -> int:
    """The fewest frames that an alignment of i64[U] takes: one a word, and a blank between equal ones."""
    return len(target) + int((target[1:] == target[:-1]).sum())
