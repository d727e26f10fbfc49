"""GitLab's code quality report: an issue for each gate that failed (critical) or is undecided (major)."""

from __future__ import annotations

import json

from memaudit.report.findings import findings
from memaudit.report.plain import plain
from memaudit.report.renderer import Material

FILE_NAME = "gl-code-quality-report.json"
SEVERITIES = {"error": "critical", "warning": "major"}


class CodeQuality:
    """What a merge request's code quality widget reads."""

    def documents(self, material: Material) -> dict[str, str]:
        """A JSON array, empty where the audit passed."""
        issues = [
            {
                "description": plain(item.message, 4000),
                "check_name": f"memaudit/{plain(item.rule)}",
                "fingerprint": item.key,
                "severity": SEVERITIES[item.level],
                "location": {"path": plain(item.file), "lines": {"begin": item.line}},
            }
            for item in findings(material)
        ]
        return {FILE_NAME: json.dumps(issues, indent=2) + "\n"}


RENDERER = CodeQuality()
