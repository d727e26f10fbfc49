"""results.json again, as one of the formats."""

from __future__ import annotations

import json

from memaudit.audit.results import Results
from memaudit.report.renderer import OneFile


class JsonDocument(OneFile):
    """The results as JSON (schema memaudit/results/1)."""

    file_name = "results.json"

    def render(self, results: Results) -> str:
        """Indented JSON."""
        return json.dumps(results.document(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


RENDERER = JsonDocument()
