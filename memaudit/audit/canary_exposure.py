"""The exposure of each inserted canary among the held-out ones of its speed."""

from __future__ import annotations

from memaudit.audit.sheet import Sheet
from memaudit.stats.exposure import exposures


def canary_exposures(sheet: Sheet) -> dict[str, float]:
    """id -> bits, for the inserted canaries of every level of one speed; see `memaudit.stats.exposure`."""
    bits = exposures(sheet.membership[sheet.inserted], sheet.membership[~sheet.inserted]).tolist()
    inserted = [row.id for row in sheet.rows if row.arm == "inserted"]
    return dict(zip(inserted, bits, strict=True))
