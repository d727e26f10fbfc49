"""What several tests of manifests share."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from memaudit.audit import normalise
from memaudit.kit.canary import Canary
from memaudit.kit.injection.check import Normaliser, check_injection
from memaudit.kit.injection.evidence import Evidence
from memaudit.kit.manifests.base import Copy, Job, Source
from memaudit.kit.manifests.copies import copies_of
from memaudit.kit.manifests.registry import FORMATS
from memaudit.kit.store import Kit

NORMALISER = Normaliser(normalise.NAME, normalise.normalise)
#: What a trainer is given of an export: a file, or its folder.
GIVEN = {
    "nemo": "manifest.json",
    "hf-audiofolder": "metadata.jsonl",
    "parquet": ".",
    "lhotse": "cuts.jsonl.gz",
    "kaldi": ".",
    "wenet": "data.list",
    "speechbrain": "train.csv",
    "fairseq": "train.tsv",
    "webdataset": ".",
}


def written(name: str, kit: Kit, folder: Path, copies: Iterable[Copy] | None = None) -> Path:
    """Export these copies (by default, all that the design wants) and return what a trainer is given."""
    folder.mkdir()
    chosen = copies_of(kit) if copies is None else tuple(copies)
    FORMATS[name].export(Job(chosen, kit.root, folder, folder.as_posix()))
    return folder / GIVEN[name]


def check(name: str, kit: Kit, manifest: Path, **options: Any) -> Evidence:
    """check-injection without the command line."""
    source = Source(manifest, options.pop("audio_root", None), options.pop("text_field", None))
    return check_injection(kit, FORMATS[name], source, NORMALISER, **options)


def of_arm(kit: Kit, arm: str) -> list[Canary]:
    return [canary for canary in kit.canaries if canary.arm == arm]


def as_copy(like: Copy, canary: Canary) -> Copy:
    """A copy of another canary, as if somebody had put it into the training set."""
    frames = round(canary.duration * like.sample_rate)
    return dataclasses.replace(like, canary=canary, key=f"{canary.id}-1", text=canary.text, frames=frames)


def nemo_lines(manifest: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]


def write_nemo(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
