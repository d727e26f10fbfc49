"""Ordinary speech of one seed: audio files with a manifest to fine-tune on, features of the other sets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from memaudit.files import write_jsonl
from memaudit.kit.audio import flac_bytes, read_audio
from memaudit.kit.speech import SAMPLE_RATE, speak
from memaudit.kit.store import Kit
from memaudit.lab.data import Speech, ordinary_requests
from memaudit.lab.setup import FIRST_VOICES, NEW_VOICES, Sizes
from memaudit.lab.utterances import FrontEnd, Utterances, Vocabulary, featurise

MANIFEST = "ordinary.json"
FEATURES = "features.pt"
#: The sets that are not fine-tuned on; their audio is not kept.
OTHERS = ("pretraining", "validation", "test")


def make_speech(
    folder: Path,
    kits: Iterable[Kit],
    sizes: Sizes,
    vocabulary: Vocabulary,
    front_end: FrontEnd,
    *,
    seed: int,
    progress: Callable[[int, int], None],
) -> None:
    """Speak everything ordinary of one seed into ``folder``.

    It gets audio/ and ordinary.json (a NeMo manifest with paths relative to it) of the fine-tuning set, and
    the features of each set. No sentence is a canary's or control's of any kit, and none is in two sets.
    Fine-tuning, validation and test sets are spoken by the kits' voices and by new ones.
    """
    kits = list(kits)
    spoken_by_kits = dict.fromkeys(voice for kit in kits for voice in kit.recipe.speech.voices)
    voices = (*spoken_by_kits, *NEW_VOICES)
    taken = {canary.text for kit in kits for canary in kit.canaries}
    counts = {
        "fine_tuning": sizes.fine_tuning,
        "pretraining": sizes.pretraining,
        "validation": sizes.validation,
        "test": sizes.test,
    }
    total, before = sum(counts.values()), 0
    (folder / "audio").mkdir()
    for name, count in counts.items():
        speech = Speech(count, FIRST_VOICES if name == "pretraining" else voices)
        requests = ordinary_requests(speech, vocabulary, seed, name, taken)
        texts = [request.text for request in requests]
        taken.update(texts)
        done = before
        audio: Iterable[NDArray[np.float32]] = speak(
            requests,
            progress=lambda at, _, start=done: progress(start + at, total),  # type: ignore[misc]
        )
        if name == "fine_tuning":
            rows: list[dict[str, Any]] = []
            audio = _kept(audio, texts, folder, rows)
        save_features(folder / f"{name}-{FEATURES}", featurise(audio, texts, vocabulary, front_end))
        if name == "fine_tuning":
            write_jsonl(folder / MANIFEST, rows)
        before += count


def _kept(
    audio: Iterable[NDArray[np.float32]], texts: list[str], folder: Path, rows: list[dict[str, Any]]
) -> Iterable[NDArray[np.float32]]:
    """Write each utterance to a file, and give on what a reader of that file gets."""
    for number, (samples, text) in enumerate(zip(audio, texts, strict=True)):
        name = f"audio/{number:06d}.flac"
        loudest = np.float32(max(1.0, float(np.abs(samples).max())))
        (folder / name).write_bytes(flac_bytes(samples / loudest, SAMPLE_RATE))
        duration = round(len(samples) / SAMPLE_RATE, 6)
        rows.append({"audio_filepath": name, "duration": duration, "text": text})
        yield read_audio(folder / name)[0]


def first_lines(speech: Path, count: int, relative: str) -> list[dict[str, Any]]:
    """The first ``count`` lines of the ordinary manifest, with ``relative`` before their paths."""
    lines = (speech / MANIFEST).read_text(encoding="utf-8").splitlines()[:count]
    rows = [json.loads(line) for line in lines]
    return [row | {"audio_filepath": f"{relative}/{row['audio_filepath']}"} for row in rows]


def save_features(path: Path, utterances: Utterances) -> None:
    """Write utterances with their features in half precision (f16[sum T_i, F])."""
    torch.save(
        {
            "features": torch.cat(utterances.features).to(torch.float16),
            "lengths": [len(item) for item in utterances.features],
            "texts": list(utterances.texts),
        },
        path,
    )


def load_features(path: Path, vocabulary: Vocabulary) -> Utterances:
    """What `save_features` wrote; features stay in half precision until they are put into a batch."""
    document = torch.load(path, weights_only=True, mmap=True)
    texts = tuple(document["texts"])
    return Utterances(
        tuple(document["features"].split(document["lengths"])),
        tuple(vocabulary.encode(text) for text in texts),
        texts,
    )
