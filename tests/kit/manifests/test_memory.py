"""Manifests of any length in the same memory: ten times the lines, no more of it."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from memaudit.kit.manifests.export import export_kit
from memaudit.kit.manifests.registry import FORMATS
from memaudit.kit.store import Kit
from tests.kit.manifests.helpers import check

FEW, MANY = 3_000, 30_000


def peak(work: Callable[[], object]) -> int:
    """Most bytes that Python held at once while working, beyond what it held before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def nemo(path: Path, lines: int) -> Path:
    with path.open("w") as stream:
        for number in range(lines):
            row = {"audio_filepath": f"/a/{number}.wav", "duration": 60.0, "text": f"line {number} of many"}
            stream.write(json.dumps(row) + "\n")
    return path


def kaldi(folder: Path, lines: int) -> Path:
    folder.mkdir()
    for name, value in (
        ("wav.scp", "cat x |"),
        ("text", "some words here"),
        ("utt2spk", "s"),
        ("spk2utt", "u"),
    ):
        (folder / name).write_text("".join(f"u{number:09d} {value}\n" for number in range(lines)))
    return folder


def speechbrain(path: Path, lines: int) -> Path:
    rows = (f'u{number},60.0,/a/{number}.wav,s,"line, {number}"\n' for number in range(lines))
    path.write_text("ID,duration,wav,spk_id,wrd\n" + "".join(rows))
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("name", "make"), [("nemo", nemo), ("kaldi", kaldi), ("speechbrain", speechbrain)])
def test_memory_does_not_grow(
    made: Kit, tmp_path: Path, name: str, make: Callable[[Path, int], Path]
) -> None:
    merging, checking = [], []
    for lines in (FEW, FEW, MANY):  # the first round only warms caches
        mine = make(tmp_path / f"mine-{len(merging)}", lines)
        out = tmp_path / f"out-{len(merging)}"
        merging.append(peak(lambda mine=mine, out=out: export_kit(made, FORMATS[name], out, append_to=mine)))  # type: ignore[misc]
        merged = out if name == "kaldi" else out / mine.name
        checking.append(peak(lambda merged=merged: check(name, made, merged)))  # type: ignore[misc]
        assert check(name, made, merged).manifest.utterances == lines + made.info.counts.copies
    assert merging[2] < 1.2 * merging[1]
    assert checking[2] < 1.2 * checking[1]
