"""Where the recipes and the reference kit that ship with memaudit lie."""

from __future__ import annotations

from pathlib import Path

from memaudit.errors import RecipeError

_PACKAGE = Path(__file__).resolve().parents[1]


def kits_folder() -> Path:
    """``memaudit/canary_kits`` where memaudit is installed, ``canary_kits`` at the top of a clone.

    Raises:
        RecipeError: if neither is there.
    """
    for folder in (_PACKAGE / "canary_kits", _PACKAGE.parent / "canary_kits"):
        if folder.is_dir():
            return folder
    raise RecipeError(
        "the packaged recipes are missing",
        where=str(_PACKAGE),
        how="install memaudit-asr again, or clone it whole",
    )


def packaged_recipes() -> dict[str, Path]:
    """Name and file of every packaged recipe, by name."""
    return {path.stem: path for path in sorted(kits_folder().glob("*.toml"))}
