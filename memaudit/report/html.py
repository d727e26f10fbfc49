"""The audit as one HTML file: no script, no network, readable without its styles."""

from __future__ import annotations

import jinja2

from memaudit.audit.results import Results
from memaudit.models.inspection_text import inspection_sentences
from memaudit.report.answers import answers, injection_words
from memaudit.report.differences import differences
from memaudit.report.glossary import Glossary
from memaudit.report.judged import found, judged, reason, sizes
from memaudit.report.plain import plain
from memaudit.report.plots import plots
from memaudit.report.renderer import OneFile
from memaudit.report.words import (
    accuracy_text,
    controls_words,
    exact_text,
    half_words,
    headline,
    interval,
    listed,
    next_steps,
    p_text,
    percent,
    percent_interval,
)


class HtmlReport(OneFile):
    """What a privacy reviewer opens."""

    file_name = "report.html"

    def render(self, results: Results) -> str:
        """The page; all text from kits and models is escaped."""
        glossary = Glossary()
        environment = jinja2.Environment(
            loader=jinja2.PackageLoader("memaudit.report"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters.update(
            accuracy=accuracy_text,
            exact=exact_text,
            listed=listed,
            p=p_text,
            percent=percent,
            plain=plain,
        )
        environment.globals.update(
            differences=differences,
            found=found,
            interval=interval,
            percent_interval=percent_interval,
            half_words=half_words,
            sizes=sizes,
            term=glossary.link,
        )
        inspection = results.model.inspection
        names = results.warning_names or ("",) * len(results.warnings)
        return environment.get_template("report.html.j2").render(
            results=results,
            headline=headline(results),
            reason=reason(results),
            answers=answers(results),
            injection=injection_words(results),
            gates=judged(results),
            warnings=list(zip(names, results.warnings, strict=True)),
            next_steps=next_steps(results),
            controls=controls_words(results),
            inspection=[] if inspection is None else inspection_sentences(inspection),
            cells=sorted(results.cells, key=lambda cell: (-cell.speed, cell.repetitions)),
            speeds=sorted(results.speeds, key=lambda item: -item.speed),
            plots=plots(results),
            glossary=glossary,
        )


RENDERER = HtmlReport()
