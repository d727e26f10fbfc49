"""Ordinary speech to train and test on, and the inserted canaries as a trainer gets them."""

from __future__ import annotations

import json
from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memaudit.errors import KitError
from memaudit.kit.audio import read_audio
from memaudit.kit.seeds import stream
from memaudit.kit.speech import SpeechRequest, speak
from memaudit.kit.text.draw import draw_texts
from memaudit.kit.text.words import WordSource
from memaudit.lab.utterances import FrontEnd, Utterances, Vocabulary, featurise

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Speech:
    """A set of ordinary utterances: random sentences, each in a random voice, rate and number of words.

    Attributes:
        count: how many.
        voices: espeak-ng voices.
        rates: the least and the most words a minute.
        words: the least and the most words of a sentence.
    """

    count: int
    voices: tuple[str, ...]
    rates: tuple[int, int] = (140, 220)
    words: tuple[int, int] = (3, 7)


def ordinary_requests(
    speech: Speech, vocabulary: Vocabulary, seed: int, name: str, taken: Set[str] = frozenset()
) -> list[SpeechRequest]:
    """What to speak: different sentences, none of them in ``taken``; seed and name decide which."""
    generator = stream(seed, "lab", name)
    low, high = speech.words
    lengths = generator.integers(low, high + 1, size=speech.count).tolist()
    texts = draw_texts(WordSource(vocabulary.words), lengths, seed, f"lab/{name}", taken)
    voices = generator.integers(len(speech.voices), size=speech.count)
    rates = generator.integers(speech.rates[0], speech.rates[1] + 1, size=speech.count)
    return [
        SpeechRequest(text, speech.voices[voice], int(rate))
        for text, voice, rate in zip(texts, voices, rates, strict=True)
    ]


def ordinary_speech(
    requests: list[SpeechRequest],
    vocabulary: Vocabulary,
    front_end: FrontEnd,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Utterances:
    """Speak and featurise ordinary sentences."""
    audio = speak(requests, jobs=jobs, progress=progress)
    return featurise(audio, [request.text for request in requests], vocabulary, front_end)


def canaries_to_train_on(kit: Path, vocabulary: Vocabulary, front_end: FrontEnd) -> Utterances:
    """The inserted canaries of a kit, each as often as its repetitions say, read from ``train/`` alone.

    Raises:
        KitError: if there is no manifest, or a line of it is not one of an inserted canary.
        UsageError: as in `featurise`.
    """
    folder = kit / "train"
    rows = _manifest(folder / "manifest.jsonl")
    audio = (read_audio(folder / row["audio"])[0] for row in rows)
    once = featurise(audio, [row["text"] for row in rows], vocabulary, front_end)
    return once.select(number for number, row in enumerate(rows) for _ in range(row["repetitions"]))


def _manifest(path: Path) -> list[dict[str, Any]]:
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise KitError(
            f"cannot be read ({error})", where=str(path), how="give the folder of a kit"
        ) from error
    for number, row in enumerate(rows, 1):
        missing = {"audio", "text", "repetitions"} - set(row if isinstance(row, dict) else ())
        if missing:
            raise KitError(
                f"lacks {', '.join(sorted(missing))}", where=f"{path}:{number}", how="make the kit again"
            )
    return rows
