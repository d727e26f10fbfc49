"""Markdown for step summaries and pull-request comments.

It holds no transcript and no text of a canary: such a comment is read by those who train, and a kit whose
held-out texts they know is spent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from memaudit.audit.results import Results
from memaudit.report.facts import fact_rows
from memaudit.report.figure_tables import cells_note, cells_table, gates_table
from memaudit.report.markdown_text import code, escape, fit, table
from memaudit.report.renderer import OneFile
from memaudit.report.words import headline, meaning, next_steps

LIMIT = 65_000
"""Bytes: GitHub takes comments of up to 65,536 characters, and step summaries of up to 1 MiB."""


class Markdown(OneFile):
    """The audit on one screen of a pull request."""

    file_name: ClassVar[str] = "report.md"

    def render(self, results: Results) -> str:
        """The document, cut with a note where it grows beyond `LIMIT`."""
        return fit(_blocks(results), LIMIT)


def _blocks(results: Results) -> Iterator[list[str]]:
    yield [f"## memaudit: {headline(results)}"]
    yield [f"{escape(results.verdict_reason, 2000)}."]
    for sentence in meaning(results):
        yield [escape(sentence, 2000)]
    yield table(["Question", "Answer"], fact_rows(results))
    yield ["### What was asked"]
    yield gates_table(results)
    yield ["### What was found"]
    yield cells_table(results.cells)
    yield [cells_note(results.cells)]
    if results.warnings:
        yield ["### Warnings"]
        yield [f"- {escape(item, 2000)}" for item in results.warnings]
    yield ["### Next"]
    yield [f"- {escape(item, 2000)}" for item in next_steps(results)]
    made = f"Made {code(results.created)} by memaudit {escape(results.tool.version)}"
    yield [f"{made} from {results.utterances.n} utterances (SHA-256 {code(results.utterances.sha256)})."]


RENDERER = Markdown()
