"""Kits and models that may be at a URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from memaudit.cli.common import Output
from memaudit.remote import fetch, is_url


class Place(click.Path):
    """A path; a URL is let through as text."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:  # as click.Path has it
        """The path, checked as click.Path does; or the URL."""
        if isinstance(value, str) and is_url(value):
            return value
        return super().convert(value, param, ctx)


KIT_PLACE = Place(exists=True, file_okay=False, path_type=Path)
PATH_PLACE = Place(path_type=Path)


def local_kit(place: Path | str, output: Output) -> Path:
    """Where the kit is on this machine: itself, or its copy, which was checked against its hashes.

    Raises:
        KitError: if what is at the URL is no kit, or not as it was when it was made.
        UsageError, OutputError, MissingExtraError: see `memaudit.remote.fetch`.
    """
    if isinstance(place, Path):
        return place
    from memaudit.kit.store import open_kit

    return fetch(place, open_kit, told=output.note)


def local_model(place: str, output: Output) -> str:
    """Where the model is on this machine; what is no URL is left as it is.

    Raises:
        UsageError, OutputError, MissingExtraError: see `memaudit.remote.fetch`.
    """
    return str(fetch(place, told=output.note)) if is_url(place) else place
