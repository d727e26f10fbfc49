"""When to give up: a model that fails on whatever it is given fails, and not the recordings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from memaudit.audit.engine.work import NO_REASON, Heard, Item
from memaudit.errors import ModelError

#: Where so many recordings fail and none before them went well, it is the model that fails, not they.
HOPELESS = 5


def hopeful(found: Iterable[Heard], items: Sequence[Item]) -> Iterator[Heard]:
    """What a run gives, as long as there is hope.

    Args:
        found: the run over ``items``.
        items: what it was given.

    Raises:
        ModelError: if the first `HOPELESS` recordings fail, or all of fewer.
    """
    lost: list[Heard] = []
    enough = min(HOPELESS, len(items))
    for heard in found:
        if heard.failed is None:
            enough = 0  # for good
        else:
            lost.append(heard)
        if enough and len(lost) == enough:
            raise _hopeless(lost, next(item.audio for item in items if item.id == lost[0].id))
        yield heard


def _hopeless(lost: Sequence[Heard], where: str) -> ModelError:
    each = "the one recording" if len(lost) == 1 else f"each of the first {len(lost)} recordings"
    return ModelError(
        f"the model failed on {each}: {lost[0].failed or NO_REASON}",
        where=where,
        how="run memaudit inspect-model on it, see above what it said, and begin again",
    )
