"""Every format: what it writes it reads back, and what is wrong with a training set is named."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from pathlib import Path

import pytest

from memaudit.errors import UsageError
from memaudit.kit.manifests.base import Mergeable, Source
from memaudit.kit.manifests.copies import copies_of
from memaudit.kit.manifests.registry import FORMATS, manifest_format
from memaudit.kit.store import Kit
from tests.kit.manifests.helpers import GIVEN, as_copy, check, of_arm, written

EVERY = pytest.mark.parametrize("name", sorted(FORMATS))
README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")


def test_the_registry() -> None:
    assert FORMATS.keys() == GIVEN.keys()
    assert all(name == chosen.name for name, chosen in FORMATS.items())
    assert {name for name, chosen in FORMATS.items() if not isinstance(chosen, Mergeable)} == {
        "parquet",
        "webdataset",
    }
    with pytest.raises(UsageError, match="did you mean webdataset"):
        manifest_format("webdatset")


@EVERY
def test_the_readme_tells_how_a_canary_is_repeated(name: str) -> None:
    row = next(line for line in README.splitlines() if line.startswith(f"| `{name}` |"))
    assert FORMATS[name].repetition in row
    assert FORMATS[name].paths in row


@EVERY
def test_clean(made: Kit, tmp_path: Path, name: str) -> None:
    evidence = check(name, made, written(name, made, tmp_path / "out"))
    assert evidence.clean, evidence
    assert evidence.inserted == made.info.counts.inserted
    assert evidence.found == evidence.wanted == made.info.counts.copies == evidence.manifest.utterances
    assert evidence.unread is None


@EVERY
def test_what_is_written_is_the_kit(made: Kit, tmp_path: Path, name: str) -> None:
    manifest = written(name, made, tmp_path / "out")
    entries = list(FORMATS[name].read(Source(manifest)))
    texts = Counter(entry.text.strip() for entry in entries if entry.text)
    assert texts == {canary.text: canary.repetitions for canary in of_arm(made, "inserted")}
    for entry in entries:
        if entry.duration is not None:
            assert entry.duration in {canary.duration for canary in of_arm(made, "inserted")}
    everything = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    for canary in (*of_arm(made, "held_out"), *of_arm(made, "control")):
        assert canary.id.encode() not in everything
        assert canary.text.encode() not in everything
    assert not re.search(
        rb"insert|held|control|audit", b"".join(p.name.encode() for p in tmp_path.rglob("*"))
    )


def test_keys(made: Kit) -> None:
    copies = copies_of(made)
    assert all(re.fullmatch(r"[a-z0-9-]+", copy.key) for copy in copies)
    assert len({copy.key for copy in copies}) == len(copies) == made.info.counts.copies
    assert copies_of(made, seed=1) != copies == copies_of(made)
    assert {copy.text for copy in copies_of(made, case="upper")} == {copy.text.upper() for copy in copies}


@EVERY
def test_one_copy_dropped(made: Kit, tmp_path: Path, name: str) -> None:
    copies = list(copies_of(made))
    gone = copies.pop(7)
    evidence = check(name, made, written(name, made, tmp_path / "out", copies))
    (miss,) = evidence.missing
    assert (miss.id, miss.wanted) == (gone.canary.id, gone.canary.repetitions)
    assert miss.found == miss.by_audio == miss.by_text == gone.canary.repetitions - 1
    assert not evidence.leaked
    assert not evidence.clean


@EVERY
def test_one_copy_too_many(made: Kit, tmp_path: Path, name: str) -> None:
    copies = list(copies_of(made))
    extra = dataclasses.replace(copies[3], key=f"{copies[3].canary.id}-99")
    evidence = check(name, made, written(name, made, tmp_path / "out", [*copies, extra]))
    (miss,) = evidence.missing
    assert (miss.id, miss.found) == (extra.canary.id, miss.wanted + 1)


@EVERY
@pytest.mark.parametrize("arm", ["held_out", "control"])
def test_one_that_must_not_be_in(made: Kit, tmp_path: Path, name: str, arm: str) -> None:
    copies = list(copies_of(made))
    leak = as_copy(copies[0], of_arm(made, arm)[2])
    evidence = check(name, made, written(name, made, tmp_path / "out", [*copies, leak]))
    assert not evidence.missing
    (found,) = evidence.leaked
    assert (found.id, found.arm, found.by_audio, found.by_text) == (leak.canary.id, arm, 1, 1)
    assert str(tmp_path / "out") in found.where


@EVERY
def test_right_audio_with_another_text(made: Kit, tmp_path: Path, name: str) -> None:
    copies = list(copies_of(made))
    changed = copies[0]
    copies[0] = dataclasses.replace(changed, text="something else that nobody said")
    manifest = written(name, made, tmp_path / "out", copies)
    (miss,) = check(name, made, manifest).missing
    assert (miss.id, miss.by_audio, miss.by_text) == (changed.canary.id, miss.wanted, miss.wanted - 1)
    assert check(name, made, manifest, match="audio").clean
    (miss,) = check(name, made, manifest, match="text").missing
    assert (miss.found, miss.by_audio) == (miss.wanted - 1, None)


@EVERY
def test_right_text_with_other_audio(made: Kit, tmp_path: Path, name: str) -> None:
    """Two canaries whose texts were swapped are there neither way."""
    inserted = of_arm(made, "inserted")
    one, two = inserted[:2]
    swapped = {one.id: two.text, two.id: one.text}
    copies = [
        dataclasses.replace(copy, text=swapped.get(copy.canary.id, copy.text)) for copy in copies_of(made)
    ]
    evidence = check(name, made, written(name, made, tmp_path / "out", copies))
    assert {miss.id for miss in evidence.missing} == {one.id, two.id}
    assert {miss.found for miss in evidence.missing} == {0}


@EVERY
def test_the_same_export_twice_has_the_same_bytes(made: Kit, tmp_path: Path, name: str) -> None:
    def content(folder: Path) -> dict[str, bytes]:
        written(name, made, folder)
        return {
            str(path.relative_to(folder)): path.read_bytes().replace(str(folder).encode(), b"")
            for path in folder.rglob("*")
            if path.is_file() and path.suffix != ".gz"
        }

    assert content(tmp_path / "a") == content(tmp_path / "b")
