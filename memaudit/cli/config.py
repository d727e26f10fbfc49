"""Defaults of options from memaudit.toml, or `[tool.memaudit]` in pyproject.toml; flags win."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from memaudit.errors import UsageError
from memaudit.reading import parse_toml, read_text


def read_config(folder: Path) -> tuple[Path | None, dict[str, Any]]:
    """The settings that hold in ``folder``, and the file that they come from.

    Raises:
        UsageError: if the file is no TOML, or its memaudit part is no table.
    """
    for name in ("memaudit.toml", "pyproject.toml"):
        path = folder / name
        if not path.is_file():
            continue
        try:
            document = parse_toml(read_text(path))
        except OSError as error:
            raise UsageError(
                f"cannot be read ({error.strerror})", where=name, how="mend it or remove it"
            ) from error
        except (ValueError, RecursionError) as error:
            raise UsageError(f"is no TOML file ({error})", where=name, how="mend it or remove it") from error
        table = document if name == "memaudit.toml" else document.get("tool", {}).get("memaudit")
        if table is None:
            continue
        if not isinstance(table, dict):
            raise UsageError("tool.memaudit is no table", where=name, how="write [tool.memaudit]")
        return path, table
    return None, {}


def default_map(commands: Collection[str]) -> dict[str, Any]:
    """click's default map: top-level keys go to every command, a command's table to it alone.

    Raises:
        UsageError: if a table is named like no command.
    """
    path, table = read_config(Path.cwd())
    shared = {_parameter(key): value for key, value in table.items() if not isinstance(value, dict)}
    defaults: dict[str, Any] = {command: dict(shared) for command in commands}
    for key, value in table.items():
        if not isinstance(value, dict):
            continue
        if key not in defaults:
            raise UsageError(
                f"table {key!r} is named like no command",
                where=path.name if path else "",
                how=f"use one of {', '.join(sorted(commands))}",
            )
        defaults[key].update({_parameter(name): item for name, item in value.items()})
    return defaults


def _parameter(key: str) -> str:
    return key.replace("-", "_")
