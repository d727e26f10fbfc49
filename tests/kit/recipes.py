"""Recipes and kits that several tests of this folder use."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings

from memaudit.kit.recipe import Recipe, parse_recipe

#: No test depends on the time: a busy machine draws and runs slowly.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def document(**tables: dict[str, Any]) -> dict[str, Any]:
    """A small recipe's tables, with some fields replaced."""
    base: dict[str, Any] = {
        "schema": "memaudit/recipe/1",
        "name": "tiny",
        "text": {"words": [4, 5]},
        "speech": {"voices": ["en-us+f2", "en-us+m3"]},
        "speed": {"factors": [4.0]},
        "design": {"repetitions": [1, 4], "pairs_per_cell": 4, "reserve_per_speed": 6, "controls": 3},
    }
    for name, fields in tables.items():
        base[name] = base.get(name, {}) | fields
    return base


def tiny(**tables: dict[str, Any]) -> Recipe:
    """A recipe of 25 utterances, with some fields replaced."""
    return parse_recipe(document(**tables), where="tiny.toml")
