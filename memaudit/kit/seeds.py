"""Everything random in a kit, drawn from its seed by name.

Each draw has a key of its own, SHA-256 over the seed and the draw's name. So one draw tells nothing of
another (the trainers see the ids and texts of the inserted canaries, which must not help them to guess the
coins), and a new kind of draw changes none of the old ones.
"""

from __future__ import annotations

import hashlib
import secrets

import numpy as np

#: Bits of a seed that is drawn where none is given: too many to try them all against the commitment.
SEED_BITS = 128


def draw_seed() -> int:
    """A seed that nobody can guess."""
    return secrets.randbits(SEED_BITS)


def key(seed: int, *names: object) -> bytes:
    """32 bytes that are fixed by the seed and the names, and look random without the seed."""
    label = "/".join([str(seed), *(str(name) for name in names)])
    return hashlib.sha256(f"memaudit/kit/1/{label}".encode()).digest()


def stream(seed: int, *names: object) -> np.random.Generator:
    """A random generator of its own for the draw of that name."""
    return np.random.Generator(np.random.PCG64(int.from_bytes(key(seed, *names), "big")))


def token(seed: int, *names: object, digits: int = 12) -> str:
    """A random-looking name of hexadecimal digits, at most 64."""
    return key(seed, *names).hex()[:digits]
