"""A section for a model card or README, and the same figures as metadata (``model-index``) for its head."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from memaudit.audit.results import Cell, Results
from memaudit.report.facts import fact_rows
from memaudit.report.figure_tables import cells_note, cells_table, gates_table
from memaudit.report.markdown_text import code, escape, fit, table
from memaudit.report.plain import plain
from memaudit.report.renderer import Material
from memaudit.report.words import headline, meaning, percent

SECTION, METADATA = "model-card.md", "model-card.yaml"
LIMIT = 200_000
"""Bytes of the section."""

SOURCES = (
    "Method: canaries by Wang, Thakkar and Mathews (arXiv 2310.11739), exposure by Carlini et al. (2019), "
    "epsilon by Steinke, Nasr and Jagielski (2023). The audit speaks of this model, kit and training "
    "run; what it did not detect may still be there, below its power."
)


class ModelCard:
    """For those who publish the model."""

    def documents(self, material: Material) -> dict[str, str]:
        """The section, and the metadata as YAML to merge into the card's own."""
        results = material.results
        return {SECTION: fit(_blocks(results), LIMIT), METADATA: _yaml(_metadata(results))}


def _blocks(results: Results) -> Iterator[list[str]]:
    yield ["## Memorisation of training data"]
    yield [f"**{headline(results)}** {escape(results.verdict_reason, 2000)}."]
    for sentence in meaning(results):
        yield [escape(sentence, 2000)]
    yield gates_table(results)
    yield [f"### Figures at {results.primary_speed:g} times speed"]
    cells = _primary(results)
    yield cells_table(cells)
    yield [cells_note(cells)]
    yield ["### How it was measured"]
    yield table(["Question", "Answer"], fact_rows(results))
    yield [SOURCES]
    yield [f"Made {code(results.created)} by memaudit {escape(results.tool.version)}."]


def _primary(results: Results) -> list[Cell]:
    cells = [cell for cell in results.cells if cell.speed == results.primary_speed]
    return sorted(cells, key=lambda cell: -cell.repetitions)


def _metrics(cell: Cell) -> Iterator[dict[str, Any]]:
    """A name carries interval and n, for which the metadata has no other place."""
    copies = "copy" if cell.repetitions == 1 else "copies"
    place = f"{cell.repetitions} {copies} at {cell.speed:g} times speed"
    size = f"n = {cell.inserted.n} inserted, {cell.held_out.n} held out"
    for key, name, gap in (
        ("accuracy_gap", "accuracy gap", cell.accuracy_gap),
        ("exact_gap", "exact-match gap", cell.exact_gap),
    ):
        limits = f"{percent(gap.confidence)} interval {gap.low:.4f} to {gap.high:.4f}"
        yield {"type": key, "value": round(gap.estimate, 4), "name": f"{name}, {place} ({limits}; {size})"}
    rank = cell.exposure
    limits = f"{percent(rank.confidence)} interval {rank.low:.2f} to {rank.high:.2f}"
    name = f"mean exposure in bits of at most {rank.ceiling:.2f}, {place} ({limits}; {size})"
    yield {"type": "exposure", "value": round(rank.mean, 4), "name": name}


def _metadata(results: Results) -> dict[str, Any]:
    """Hugging Face's ``model-index``."""
    metrics = [metric for cell in _primary(results) for metric in _metrics(cell)]
    first = results.model.files[0].name if results.model.files else results.model.adapter
    return {
        "model-index": [
            {
                "name": plain(first),
                "results": [
                    {
                        "task": {"type": "automatic-speech-recognition", "name": "Memorisation audit"},
                        "dataset": {
                            "name": f"memaudit kit {plain(results.kit.name)}",
                            "type": "memaudit-kit",
                            "revision": plain(results.kit.commitment),
                        },
                        "metrics": metrics,
                    }
                ],
            }
        ]
    }


def _yaml(value: Any) -> str:
    """JSON, which is YAML as well: no text can leave its quotes."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


RENDERER = ModelCard()
