from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memaudit.kit.commitment import commit, salt_of
from memaudit.kit.store import Kit
from tests.kit.recipes import unhurried


def test_the_commitment_can_be_checked_with_nothing_but_a_hash(made: Kit) -> None:
    """As an outsider would do it: two files of the kit and SHA-256."""
    secret = json.loads((made.root / "audit/secret.json").read_text())
    assignment = (made.root / "audit/assignment.jsonl").read_bytes()
    head = b"memaudit/commitment/1\n" + secret["salt"].encode() + b"\n"
    assert hashlib.sha256(head + assignment).hexdigest() == made.commitment
    assert json.loads((made.root / "kit.json").read_text())["commitment"] == made.commitment


def test_order_does_not_matter(made: Kit) -> None:
    assert commit(reversed(made.canaries), "00") == commit(made.canaries, "00")


@pytest.mark.parametrize("change", [{"text": "other words"}, {"sha256": "f" * 64}, {"duration": 9.0}])
def test_any_change_changes_it(made: Kit, change: dict[str, object]) -> None:
    salt = salt_of(11)
    for number, canary in enumerate(made.canaries):
        changed = list(made.canaries)
        changed[number] = canary.model_copy(update=change)
        assert commit(changed, salt) != made.commitment
    assert commit(made.canaries[1:], salt) != made.commitment
    assert commit(made.canaries, salt) == made.commitment


@unhurried
@given(st.integers(0, 2**130), st.integers(0, 2**130))
def test_salts_are_as_many_as_seeds(first: int, second: int) -> None:
    assert (salt_of(first) == salt_of(second)) == (first == second)
    assert len(bytes.fromhex(salt_of(first))) == 32
