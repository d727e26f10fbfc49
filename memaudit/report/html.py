"""The audit as one HTML file: no script, no network, readable without its styles."""

from __future__ import annotations

import jinja2

from memaudit.audit.results import Results
from memaudit.models.inspection_text import inspection_sentences
from memaudit.report.plots import plots
from memaudit.report.renderer import OneFile
from memaudit.report.words import (
    controls_words,
    headline,
    meaning,
    next_steps,
    p_text,
    percent,
    printable,
    with_chance,
)


class HtmlReport(OneFile):
    """What a privacy reviewer opens."""

    file_name = "report.html"

    def render(self, results: Results) -> str:
        """The page; all text from kits and models is escaped."""
        environment = jinja2.Environment(
            loader=jinja2.PackageLoader("memaudit.report"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters.update(percent=percent, p=p_text, printable=printable, with_chance=with_chance)
        inspection = results.model.inspection
        cells = sorted(results.cells, key=lambda cell: (-cell.speed, cell.repetitions))
        return environment.get_template("report.html.j2").render(
            results=results,
            headline=headline(results),
            meaning=meaning(results),
            next_steps=next_steps(results),
            controls=controls_words(results),
            inspection=[] if inspection is None else inspection_sentences(inspection),
            cells=cells,
            plots=plots(results),
        )


RENDERER = HtmlReport()
