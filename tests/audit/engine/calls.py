"""A function for `Engine.call`."""

from __future__ import annotations

from typing import Any


def rate_and(recognizer: Any, number: int) -> list[int]:
    return [recognizer.sample_rate, number]
