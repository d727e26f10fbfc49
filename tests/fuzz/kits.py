"""A whole kit of six tones, made without a speech engine."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from memaudit.files import sha256_file, write_json, write_jsonl
from memaudit.kit.audio import write_flac
from memaudit.kit.canary import Arm, Canary, audio_name
from memaudit.kit.commitment import commit_file, salt_of
from memaudit.kit.info import SCHEMA, Entropy, KitInfo, Tally
from memaudit.kit.store import ASSIGNMENT, INFO, MANIFEST, SECRET, SECRET_SCHEMA, Kit, open_kit
from tests.kit.recipes import tiny

_ARMS: tuple[Arm, ...] = ("inserted", "held_out", "inserted", "held_out", "held_out", "control")
_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord")
RATE = 16000
SEED = 5


def tone_kit(root: Path) -> Kit:
    """Two pairs, a reserve canary and a control, each two words long and a fifth of a second."""
    canaries = [_canary(root, number, arm) for number, arm in enumerate(_ARMS)]
    for name in ("train", "audit"):
        (root / name).mkdir(exist_ok=True, parents=True)
    write_jsonl(root / ASSIGNMENT, (canary.row() for canary in canaries))
    inserted = [canary for canary in canaries if canary.arm == "inserted"]
    write_jsonl(root / MANIFEST, (canary.manifest_row() for canary in inserted))
    write_json(root / SECRET, {"schema": SECRET_SCHEMA, "salt": salt_of(SEED), "seed": str(SEED)})
    rehash(root, canaries)
    return open_kit(root)


def rehash(root: Path, canaries: list[Canary]) -> None:
    """Write kit.json for what lies in the folder, as a forger would who has the secret."""
    tally = Tally.of(canaries)
    found = [Path(folder, name) for folder, _, names in os.walk(root) for name in names if name != INFO]
    info = KitInfo(
        schema=SCHEMA,
        name="tones",
        recipe=tiny(),
        versions={},
        counts=tally.counts,
        seconds=tally.seconds,
        entropy=Entropy(alphabet=2048, least_bits=44.0, most_bits=55.0),
        exclusion=None,
        gates=(),
        commitment=commit_file(root / ASSIGNMENT, salt_of(SEED), ()),
        files={path.relative_to(root).as_posix(): sha256_file(path) for path in sorted(found)},
    )
    write_json(root / INFO, info.document())


def _canary(root: Path, number: int, arm: Arm) -> Canary:
    name = f"c{number}"
    path = root / audio_name(name, arm)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_flac(path, tone(0.2, 200 + 50 * number), RATE)
    return Canary(
        id=name,
        pair=f"p{number // 2}" if number < 4 else None,
        text=f"{_WORDS[number]} {_WORDS[number - 1]}",
        arm=arm,
        repetitions=1 + 3 * (number // 2) if arm == "inserted" else 0,
        speed=1.0 if arm == "control" else 4.0,
        voice="en-us+f2",
        language="en",
        duration=0.2,
        audio=audio_name(name, arm),
        sha256=sha256_file(path),
    )


def tone(seconds: float, pitch: float, rate: int = RATE) -> np.typing.NDArray[np.float32]:
    """float32[S], half of full scale."""
    time = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * pitch * time)).astype(np.float32)
