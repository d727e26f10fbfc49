"""Which part of a kit a shard hears."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from memaudit.audit.engine.hearing import units
from memaudit.audit.engine.work import Item
from memaudit.audit.journal.shard import Shard


def dealt(items: Sequence[Item], controls: set[str], shard: Shard, unit: int | None) -> list[Item]:
    """The items of one shard, in order.

    Batches are dealt whole, as the whole run cuts them, so that every recording is heard in the company that
    it would have there. The first shard gets the controls, which are looked at again when they have been
    heard; each further batch goes to the shard that has least to do.

    Args:
        items: all that is heard, the same order for every shard.
        controls: ids of the controls among them.
        shard: the part that is wanted.
        unit: how many items make a batch; None, for a model that takes all it is given at once: single items.
    """
    batches = list(units(items, unit or 1))
    first = [any(item.id in controls for item in batch) for batch in batches]
    load = [(0, number) for number in range(2, shard.of + 1)]
    heapq.heappush(load, (2 * sum(first), 1))  # controls are heard twice
    found: list[Item] = []
    for batch, is_first in zip(batches, first, strict=True):
        number = 1
        if not is_first:
            least, number = load[0]
            heapq.heapreplace(load, (least + 1, number))
        if number == shard.number:
            found += batch
    return found
