"""Where two journals differ in what they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from memaudit.audit.journal.header import Header
from memaudit.audit.journal.shard import Shard

Bound = Iterator[tuple[str, Any, Any]]


def difference(old: Header, new: Header, *, shard: bool = True) -> str | None:
    """The first thing that makes what was heard under one header useless under another, as a clause.

    Args:
        old: of the journal that is there.
        new: of what is about to be heard.
        shard: whether the shard counts too.
    """
    for what, before, now in _bound(old, new, shard=shard):
        if before != now:
            return f"with another {what} ({_short(before)}, not {_short(now)})"
    return None


def _bound(old: Header, new: Header, *, shard: bool) -> Bound:
    yield "kit: commitment", old.kit.commitment, new.kit.commitment
    yield "adapter", old.model.adapter, new.model.adapter
    yield from _each("model file:", dict(old.model.files), dict(new.model.files))
    yield from _each("front end:", old.model.front_end, new.model.front_end)
    yield from _each("decoder:", old.model.decoder, new.model.decoder)
    yield "sample rate", old.model.sample_rate, new.model.sample_rate
    yield "batch size", old.model.unit, new.model.unit
    yield "version of memaudit", old.tool.version, new.tool.version
    yield from _each("version of", old.tool.packages, new.tool.packages)
    yield "normaliser", old.normaliser, new.normaliser
    yield "--controls manifest", _manifest(old), _manifest(new)
    recordings = (
        {name: digest for name, _, digest in side.controls.recordings} if side.controls else {}
        for side in (old, new)
    )
    yield from _each("recording of --controls:", *recordings)
    yield from _each("--", old.options, new.options)
    if shard:
        yield "--shard", _shard(old), _shard(new)


def _each(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Bound:
    for name in dict.fromkeys((*old, *new)):
        yield what + name if what.endswith("-") else f"{what} {name}", old.get(name), new.get(name)


def _manifest(side: Header) -> str | None:
    return None if side.controls is None else side.controls.sha256


def _shard(side: Header) -> str | None:
    return None if side.shard is None else str(Shard(*side.shard))


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 20 else f"{text[:12]}..."
