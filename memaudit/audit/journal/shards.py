"""Joining the journals of all shards of an audit: what the whole run would have heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from memaudit.audit.journal.binding import difference
from memaudit.audit.journal.header import Header
from memaudit.audit.journal.lines import read_lines
from memaudit.audit.journal.memory import Memory
from memaudit.audit.journal.opening import NAME
from memaudit.audit.journal.shard import Shard
from memaudit.errors import JournalError, UsageError

_GIVE = "give the --out folder of every shard of one audit, each once"


@dataclass(frozen=True)
class Whole:
    """What all shards heard, under the header of the first one."""

    header: Header
    memory: Memory


@dataclass(frozen=True)
class ShardJournal:
    """One shard as it lies on disk."""

    folder: Path
    shard: Shard
    header: Header
    memory: Memory


def read_shards(folders: Sequence[Path]) -> Whole:
    """The journals of all shards as one.

    Raises:
        UsageError: if there is no folder.
        JournalError: naming the folder that holds no shard, an unfinished one, one of another audit or one
            that another folder holds too; or the shards that are missing.
    """
    if not folders:
        raise UsageError("no shard was given", how=_GIVE)
    found: dict[int, ShardJournal] = {}
    for folder in folders:
        given = _read(folder)
        if found:
            _check_same(next(iter(found.values())), given)
        twin = found.setdefault(given.shard.number, given)
        if twin is not given:
            raise JournalError(f"is shard {given.shard}, as {twin.folder} is", where=str(folder), how=_GIVE)
        if not given.memory.complete:
            raise JournalError(
                f"shard {given.shard} is unfinished",
                where=str(folder),
                how=f"run its memaudit score --shard {given.shard} again, with --resume",
            )
    of = given.shard.of
    missing = [str(Shard(number, of)) for number in range(1, of + 1) if number not in found]
    if missing:
        raise JournalError(
            f"{'shards' if len(missing) > 1 else 'shard'} {', '.join(missing)} missing", how=_GIVE
        )
    whole = Memory(values=found[1].memory.values, complete=True)
    for number in range(1, of + 1):
        for name, run in found[number].memory.runs.items():
            whole.runs.setdefault(name, {}).update(run)
    return Whole(found[1].header, whole)


def _check_same(first: ShardJournal, given: ShardJournal) -> None:
    if given.shard.of != first.shard.of:
        raise JournalError(
            f"is shard {given.shard}, but {first.folder} is shard {first.shard}",
            where=str(given.folder),
            how=_GIVE,
        )
    differs = difference(given.header, first.header, shard=False)
    if differs is not None:
        raise JournalError(f"was scored {differs} than {first.folder}", where=str(given.folder), how=_GIVE)


def _read(folder: Path) -> ShardJournal:
    path = folder / NAME
    memory = Memory()
    try:
        with path.open("rb") as stream:
            read_lines(stream, path, memory.take)
    except OSError as error:
        raise JournalError(
            f"has no journal that can be read ({error.strerror})", where=str(folder), how=_GIVE
        ) from error
    if memory.header is None or memory.header.shard is None:
        what = "is empty" if memory.header is None else "is that of a whole kit, not of a shard"
        raise JournalError(what, where=str(path), how="give the folders of memaudit score --shard")
    return ShardJournal(folder, Shard(*memory.header.shard), memory.header, memory)
