"""The auditor's commitment to an assignment, published before training."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

from memaudit.files import canonical_json
from memaudit.kit.canary import Canary, by_id
from memaudit.kit.seeds import key


def salt_of(seed: int) -> str:
    """The salt, 64 hexadecimal digits: fixed by the seed, as hard to guess as the seed."""
    return key(seed, "salt").hex()


def commit(canaries: Iterable[Canary], salt: str, gates: Sequence[str] = ()) -> str:
    """SHA-256, in hexadecimal, over the salt, the canonical assignment and the gates that were fixed with it.

    The canonical assignment is the bytes of audit/assignment.jsonl: a line of canonical JSON a canary,
    sorted by id. It holds the SHA-256 of every audio file, so the commitment binds the audio too. The
    salt keeps anybody from trying out assignments against a published commitment. Where gates were fixed, one
    more line of canonical JSON holds them, so that they cannot be changed after the commitment is published.
    """
    lines = (f"{canonical_json(canary.row())}\n".encode() for canary in by_id(canaries))
    return _over(chain(lines, _gate_lines(gates)), salt)


def commit_file(assignment: Path, salt: str, gates: Sequence[str] = ()) -> str:
    """The same over an audit/assignment.jsonl that was just written, without holding it in memory."""
    with assignment.open("rb") as lines:
        return _over(chain(lines, _gate_lines(gates)), salt)


def _gate_lines(gates: Sequence[str]) -> list[bytes]:
    return [f"{canonical_json({'gates': list(gates)})}\n".encode()] if gates else []


def _over(lines: Iterable[bytes], salt: str) -> str:
    digest = hashlib.sha256(f"memaudit/commitment/1\n{salt}\n".encode())
    for line in lines:
        digest.update(line)
    return digest.hexdigest()
