"""What the utterances of a kit are known by: text, file, and decoded samples.

A file with the canary's bytes is known by its SHA-256. A file that was written anew without loss (another
container, bit depth or number of equal channels) is known by the SHA-256 of its samples, as 16-bit mono
with the sample rate. Audio that was resampled, cut, padded, made louder or packed with loss is not known
again by its sound: of such a line only the text tells.
"""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memaudit.errors import KitError
from memaudit.kit.audio import read_audio
from memaudit.kit.canary import Canary
from memaudit.kit.store import Kit

#: Manifests round durations: seconds by which one may be off.
TOLERANCE = 0.05


def sample_hash(samples: NDArray[np.float32], sample_rate: int) -> str:
    """SHA-256 of float32[S] mono as 16-bit samples, and of their rate in Hz."""
    whole = np.clip(np.rint(np.nan_to_num(samples.astype(np.float64)) * 32768), -32768, 32767).astype("<i2")
    return hashlib.sha256(f"{sample_rate}\n".encode() + whole.tobytes()).hexdigest()


@dataclass(frozen=True)
class Fingerprints:
    """Look-ups from a text, a file's hash or a sample hash to the canary.

    ``sizes`` are the canaries' file sizes in bytes, ``shapes`` their (samples, rate): what fits neither need
    not be hashed. ``durations`` ascend.
    """

    by_text: dict[str, Canary]
    by_file: dict[str, Canary]
    by_samples: dict[str, Canary]
    sizes: frozenset[int]
    shapes: frozenset[tuple[int, int]]
    durations: tuple[float, ...]

    def near(self, duration: float) -> bool:
        """Whether any canary lasts about so long, in seconds."""
        place = bisect.bisect_left(self.durations, duration - TOLERANCE)
        return place < len(self.durations) and self.durations[place] <= duration + TOLERANCE


def fingerprints(kit: Kit, normalise: Callable[[str], str]) -> Fingerprints:
    """Fingerprints of every utterance of an opened kit.

    Args:
        kit: whose audio is whole (see `memaudit.kit.verify`).
        normalise: makes texts alike on both sides.

    Raises:
        KitError: if two canaries cannot be told apart by text or by samples.
        AudioError: if an audio file cannot be read.
    """
    by_text: dict[str, Canary] = {}
    by_samples: dict[str, Canary] = {}
    sizes, shapes, durations = set(), set(), []
    for canary in kit.canaries:
        path = kit.audio_path(canary)
        samples, rate = read_audio(path)
        _add(by_text, normalise(canary.text), canary, "text, once normalised", kit)
        _add(by_samples, sample_hash(samples, rate), canary, "samples", kit)
        sizes.add(path.stat().st_size)
        shapes.add((samples.size, rate))
        durations.append(samples.size / rate)
    return Fingerprints(
        by_text=by_text,
        by_file={canary.sha256: canary for canary in kit.canaries},
        by_samples=by_samples,
        sizes=frozenset(sizes),
        shapes=frozenset(shapes),
        durations=tuple(sorted(durations)),
    )


def _add(known: dict[str, Canary], key: str, canary: Canary, what: str, kit: Kit) -> None:
    other = known.setdefault(key, canary)
    if other is not canary:
        raise KitError(
            f"canaries {other.id} and {canary.id} have the same {what}",
            where=str(kit.root),
            how="make a kit whose texts differ",
        )
