"""A kit that is not as it was made: each way is one clear line."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from memaudit.errors import KitError
from memaudit.files import sha256_file
from memaudit.kit.store import Kit, open_kit
from memaudit.kit.verify import verify_kit


def refused(root: Path) -> str:
    with pytest.raises(KitError) as caught:
        open_kit(root)
    text = str(caught.value)
    assert "\n" not in text
    assert caught.value.where
    assert caught.value.how
    return text


def of_arm(kit: Kit, arm: str) -> Path:
    return kit.audio_path(next(canary for canary in kit.canaries if canary.arm == arm))


def edit_lines(path: Path, change: Callable[[list[str]], list[str]]) -> None:
    lines = path.read_text().splitlines()
    path.write_text("".join(f"{line}\n" for line in change(lines)))


def edit_info(kit: Kit, change: Callable[[dict], None]) -> None:  # type: ignore[type-arg]
    path = kit.root / "kit.json"
    info = json.loads(path.read_text())
    change(info)
    path.write_text(json.dumps(info))


def accept_files(kit: Kit) -> None:
    """What a forger would do: write the hashes of the changed files into kit.json."""

    def rehash(info: dict) -> None:  # type: ignore[type-arg]
        info["files"] = {
            path.relative_to(kit.root).as_posix(): sha256_file(path)
            for path in kit.root.rglob("*")
            if path.is_file() and path.name != "kit.json"
        }

    edit_info(kit, rehash)


def test_a_whole_kit_opens(made: Kit, kit: Kit) -> None:
    again = open_kit(kit.root)
    assert again.canaries == made.canaries
    assert again.commitment == made.commitment
    assert again.info.document() == made.info.document()
    assert [canary.id for canary in again.canaries] == sorted(canary.id for canary in again.canaries)
    assert all(again.audio_path(canary).is_file() for canary in again.canaries)
    seen: list[tuple[int, int]] = []
    verify_kit(again, lambda done, total: seen.append((done, total)))
    assert seen == [(number, 29) for number in range(1, 30)]


@pytest.mark.parametrize("arm", ["inserted", "held_out", "control"])
@pytest.mark.parametrize("place", [0, 50, -1])
def test_one_byte_of_audio(kit: Kit, arm: str, place: int) -> None:
    path = of_arm(kit, arm)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert f"{path}: was changed since the kit was made" in refused(kit.root)


@pytest.mark.parametrize("name", ["train/manifest.jsonl", "audit/secret.json"])
def test_one_byte_of_a_list(kit: Kit, name: str) -> None:
    data = (kit.root / name).read_bytes()
    (kit.root / name).write_bytes(data.replace(b"1", b"2", 1))
    assert f"{name}: was changed" in refused(kit.root)


@pytest.mark.parametrize("arm", ["held_out", "control"])
@pytest.mark.parametrize("name", ["train/audio/{}", "train/notes.txt", "train/deep/er/x.flac"])
def test_kept_back_audio_under_train_by_any_name(kit: Kit, arm: str, name: str) -> None:
    source = of_arm(kit, arm)
    target = kit.root / name.format(source.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
    text = refused(kit.root)
    assert f"{target}: is the audio of the {arm.replace('_', '-')} canary {source.stem}" in text
    accept_files(kit)
    assert "must never be trained on" in refused(kit.root)


def test_kept_back_audio_in_place_of_an_inserted_file(kit: Kit) -> None:
    shutil.copy(of_arm(kit, "held_out"), of_arm(kit, "inserted"))
    assert "must never be trained on" in refused(kit.root)


def test_a_missing_file(kit: Kit) -> None:
    path = of_arm(kit, "control")
    path.unlink()
    assert f"{path}: is missing" in refused(kit.root)


@pytest.mark.parametrize("name", ["train/extra.txt", "audit/audio/x.flac", "notes.md", ".hidden"])
def test_a_foreign_file(kit: Kit, name: str) -> None:
    (kit.root / name).write_text("foreign")
    assert f"{kit.root / name}: is no file of this kit; remove it" in refused(kit.root)
    accept_files(kit)
    assert f"{kit.root / name}: belongs to no canary" in refused(kit.root)


@pytest.mark.parametrize("name", ["kit.json", "audit/assignment.jsonl", "audit/secret.json"])
def test_a_missing_list(kit: Kit, name: str) -> None:
    (kit.root / name).unlink()
    assert ("is no kit" if name == "kit.json" else name) in refused(kit.root)


def swap_arms(lines: list[str]) -> list[str]:
    """Tell the twins of the first pair the other way round, as a cheating auditor would."""
    rows = [json.loads(line) for line in lines]
    first = next(row for row in rows if row["arm"] == "inserted")
    second = next(row for row in rows if row["pair"] == first["pair"] and row is not first)
    for name in ("text", "sha256", "duration"):
        first[name], second[name] = second[name], first[name]
    return [json.dumps(row, sort_keys=True, separators=(",", ":")) for row in rows]


def test_a_changed_assignment(kit: Kit) -> None:
    path = kit.root / "audit/assignment.jsonl"
    edit_lines(path, lambda lines: [lines[0].replace('"language":"en"', '"language":"de"'), *lines[1:]])
    assert f"{path}: was changed" in refused(kit.root)
    accept_files(kit)
    assert "does not fit the commitment" in refused(kit.root)


def test_a_swapped_pair(kit: Kit) -> None:
    edit_lines(kit.root / "audit/assignment.jsonl", swap_arms)
    accept_files(kit)
    assert "must never be trained on" in refused(kit.root)


def test_a_hash_in_the_assignment_that_is_not_the_audios(kit: Kit) -> None:
    canary = kit.canaries[0]
    edit_lines(
        kit.root / "audit/assignment.jsonl",
        lambda lines: [lines[0].replace(canary.sha256, "0" * 64), *lines[1:]],
    )
    accept_files(kit)
    assert f"canary {canary.id}: its audio is not the one in the assignment" in refused(kit.root)


def test_a_swapped_pair_with_its_audio(kit: Kit) -> None:
    before = {canary.id: canary for canary in kit.canaries}
    edit_lines(kit.root / "audit/assignment.jsonl", swap_arms)
    moved = [canary for canary in open_kit(kit.root, verify=False).canaries if canary != before[canary.id]]
    assert len(moved) == 2
    paths = [kit.audio_path(canary) for canary in moved]
    contents = [path.read_bytes() for path in paths]
    for path, data in zip(paths, reversed(contents), strict=True):
        path.write_bytes(data)
    accept_files(kit)
    assert "does not fit the commitment" in refused(kit.root)


def test_a_removed_canary(kit: Kit) -> None:
    edit_lines(kit.root / "audit/assignment.jsonl", lambda lines: lines[1:])
    accept_files(kit)
    assert "belongs to no canary" in refused(kit.root)


def test_a_manifest_that_leaves_one_out(kit: Kit) -> None:
    edit_lines(kit.root / "train/manifest.jsonl", lambda lines: lines[1:])
    accept_files(kit)
    assert "does not list exactly the inserted canaries" in refused(kit.root)


def test_counts_that_are_wrong(kit: Kit) -> None:
    edit_info(kit, lambda info: info["counts"].update(copies=1))
    assert "counts are not those of kit.json" in refused(kit.root)


@pytest.mark.parametrize("commitment", ["0" * 64, "short", None, 3])
def test_another_commitment(kit: Kit, commitment: object) -> None:
    edit_info(kit, lambda info: info.update(commitment=commitment))
    assert "commitment" in refused(kit.root)


@pytest.mark.parametrize("secret", ["{}", "[]", "not json", '{"schema": "memaudit/secret/1"}'])
def test_a_broken_secret(kit: Kit, secret: str) -> None:
    (kit.root / "audit/secret.json").write_text(secret)
    refused(kit.root)
    accept_files(kit)
    text = refused(kit.root)
    assert "secret.json" in text or "commitment" in text


@pytest.mark.parametrize(
    "name", ["../outside.flac", "/etc/passwd", "train/../../x", "C:\\x", "train\\x", "./x", "a//b"]
)
def test_listed_paths_that_leave_the_kit(kit: Kit, name: str) -> None:
    edit_info(kit, lambda info: info["files"].update({name: "0" * 64}))
    assert "may leave the kit" in refused(kit.root)


@pytest.mark.parametrize(
    "audio", ["../../x.flac", "/etc/passwd", "train/audio/other.flac", "audit/../x.flac"]
)
def test_audio_paths_that_leave_their_place(kit: Kit, audio: str) -> None:
    path = kit.root / "audit/assignment.jsonl"

    def change(lines: list[str]) -> list[str]:
        return [json.dumps(json.loads(lines[0]) | {"audio": audio}), *lines[1:]]

    edit_lines(path, change)
    text = refused(kit.root)
    assert text.startswith(f"{path}:1: ")
    assert "the place for its arm" in text
    with pytest.raises(KitError):
        open_kit(kit.root, verify=False)


def test_links(kit: Kit, tmp_path: Path) -> None:
    path = of_arm(kit, "inserted")
    moved = tmp_path / "moved.flac"
    path.rename(moved)
    path.symlink_to(moved)
    assert f"{path}: is a link" in refused(kit.root)


@pytest.mark.parametrize("name", ["audit", "train/audio"])
def test_linked_folders(kit: Kit, tmp_path: Path, name: str) -> None:
    (kit.root / name).rename(tmp_path / "moved")
    (kit.root / name).symlink_to(tmp_path / "moved")
    assert f"{kit.root / name}: is a link" in refused(kit.root)


def test_something_that_is_no_file_at_all(kit: Kit) -> None:
    os.mkfifo(kit.root / "audit/audio/pipe")
    assert f"{kit.root / 'audit/audio/pipe'}: is a link or no plain file" in refused(kit.root)


def test_a_file_that_goes_while_it_is_read(kit: Kit) -> None:
    path = of_arm(kit, "held_out")

    def remove(done: int, total: int) -> None:
        if done == 1:
            path.unlink()

    with pytest.raises(KitError, match=f"{path}: cannot be read"):
        verify_kit(kit, remove)


def test_linked_lists_are_not_even_read(kit: Kit, tmp_path: Path) -> None:
    path = kit.root / "audit/assignment.jsonl"
    path.rename(tmp_path / "moved")
    path.symlink_to(tmp_path / "moved")
    with pytest.raises(KitError, match="is a link"):
        open_kit(kit.root, verify=False)


def test_folders_that_are_no_kit(tmp_path: Path) -> None:
    assert "is no folder" in refused(tmp_path / "none")
    assert "is no kit (it has no kit.json)" in refused(tmp_path)
    (tmp_path / "kit.json").write_text("{")
    assert "is no JSON" in refused(tmp_path)
    (tmp_path / "kit.json").write_bytes(b"\xff")
    assert "no UTF-8 text" in refused(tmp_path)
    for content in ("[]", "3", "{}", '{"schema": "memaudit/kit/2"}'):
        (tmp_path / "kit.json").write_text(content)
        assert "its schema is" in refused(tmp_path)
    (tmp_path / "kit.json").write_text('{"schema": "memaudit/kit/1"}')
    assert "kit.json: name: is missing" in refused(tmp_path)
    assert "is no folder" in refused(tmp_path / "kit.json")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "is no JSON"),
        ("3", ""),
        ("{}", "id: is missing"),
        (None, "there twice or out of order"),
        ({"arm": "both"}, "arm = 'both': is not allowed"),
        ({"repetitions": -1}, "repetitions = -1"),
        ({"repetitions": 1.5}, "repetitions = 1.5"),
        ({"duration": 0}, "duration = 0"),
        ({"id": "UPPER"}, "id = 'UPPER'"),
        ({"surprise": 1}, "surprise: there is no such key"),
        ({"pair": None, "arm": "inserted", "repetitions": 1}, "has a coin"),
        ({"arm": "held_out", "repetitions": 3}, "an inserted canary has repetitions"),
        ({"arm": "control", "pair": "p1", "repetitions": 0}, "a control has no coin"),
    ],
)
def test_broken_lines_of_the_assignment(kit: Kit, line: object, what: str) -> None:
    path = kit.root / "audit/assignment.jsonl"

    def change(lines: list[str]) -> list[str]:
        if line is None:
            return [lines[0], lines[0], *lines[1:]]
        broken = line if isinstance(line, str) else json.dumps(json.loads(lines[1]) | dict(line))  # type: ignore[call-overload]
        return [lines[0], broken, *lines[2:]]

    edit_lines(path, change)
    text = refused(kit.root)
    assert text.startswith(f"{path}:2:")
    assert what in text


def test_an_empty_assignment(kit: Kit) -> None:
    (kit.root / "audit/assignment.jsonl").write_text("")
    assert "holds no canary" in refused(kit.root)
