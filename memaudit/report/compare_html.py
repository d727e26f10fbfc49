"""A comparison as one HTML file: no script, no network, readable without its styles."""

from __future__ import annotations

import jinja2

from memaudit.audit.comparison import Comparison
from memaudit.printable import printable
from memaudit.report.compare_plots import UNITS, compare_plots
from memaudit.report.compare_words import (
    CHANGES,
    TONES,
    VALIDITY,
    difference_text,
    headline,
    meaning,
    sides,
)
from memaudit.report.words import p_text, percent

FILE_NAME = "compare.html"


def render(found: Comparison) -> str:
    """The page; all text from kits, models and folders is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("memaudit.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, p=p_text, printable=printable, moved=difference_text)
    cells = sorted(found.cells, key=lambda cell: (-cell.speed, cell.repetitions or 0))
    rows = [row for whole in found.speeds for row in (*(c for c in cells if c.speed == whole.speed), whole)]
    return environment.get_template("compare.html.j2").render(
        found=found,
        headline=headline(found),
        tone=TONES[found.verdict],
        tones=TONES,
        changes=CHANGES,
        meaning=meaning(found),
        sides=sides(found),
        rows=rows,
        unit=UNITS[found.scale],
        plots=compare_plots(found),
        validity=VALIDITY,
    )
