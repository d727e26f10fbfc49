"""One part of an audit that several machines share."""

from __future__ import annotations

import re
from dataclasses import dataclass

from memaudit.errors import UsageError


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``number`` (1 and up) of ``of``."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """A shard from "i/n".

        Raises:
            UsageError: if that is no part of a whole.
        """
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip(), re.ASCII)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise UsageError(
                f"{text!r} is no shard", where="--shard", how="give i/n with i from 1 to n, such as 3/8"
            )
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"
