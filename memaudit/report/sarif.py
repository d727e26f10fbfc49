"""SARIF 2.1.0: a rule a gate metric, a result for each gate that failed (error) or is undecided (warning).

A passed gate is no result, since code scanning shows every result as an alert. Undecided gates are results
of kind "fail" and level "warning", though SARIF has the kind "open" for them: that kind must have the level
"none" (OASIS SARIF 2.1.0, section 3.27.10), which servers don't show.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from memaudit.audit.results import Results
from memaudit.audit.verdict import EXIT_CODES
from memaudit.report.findings import Finding, findings
from memaudit.report.metric_titles import title
from memaudit.report.plain import plain
from memaudit.report.renderer import Material
from memaudit.report.words import headline

FILE_NAME = "memaudit.sarif"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

# Brackets make links and braces placeholders in a SARIF message (sections 3.11.5 and 3.11.6).
_MESSAGE = str.maketrans("[]{}\\", "()()/")


class Sarif:
    """What code scanning reads."""

    def documents(self, material: Material) -> dict[str, str]:
        """One log with one run."""
        log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(material)]}
        return {FILE_NAME: json.dumps(log, indent=2, allow_nan=False) + "\n"}


def _run(material: Material) -> dict[str, Any]:
    results, found = material.results, findings(material)
    rules = list(dict.fromkeys([*(gate.metric for gate in results.gates), *(item.rule for item in found)]))
    return {
        "tool": {
            "driver": {
                "name": "memaudit",
                "version": plain(results.tool.version),
                "rules": [_rule(name) for name in rules],
            }
        },
        "automationDetails": {"id": f"memaudit/{_text(results.kit.name)}/"},
        "invocations": [_invocation(results)],
        "artifacts": [
            {
                "location": {"uri": _uri(file.name), "description": {"text": "a file of the audited model"}},
                "hashes": {"sha-256": plain(file.sha256)},
            }
            for file in dict.fromkeys(results.model.files)
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(item, rules.index(item.rule)) for item in found],
        "properties": {
            "verdict": results.verdict,
            "kitCommitment": plain(results.kit.commitment),
            "utterancesSha256": plain(results.utterances.sha256),
        },
    }


def _rule(metric: str) -> dict[str, Any]:
    text = title(plain(metric))
    return {
        "id": f"memaudit/{plain(metric)}",
        "name": "".join(part.capitalize() for part in plain(metric).split("_")),
        "shortDescription": {"text": f"{text}."},
        "fullDescription": {"text": f"{text}. memaudit explain {plain(metric)} says what that means."},
        "help": {
            "text": "A gate fails only where the whole interval of its figure breaks the bound, and is "
            "undecided where the interval contains it. What was not detected may still be there, below the "
            f"power of the audit. See memaudit explain {plain(metric)}."
        },
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["privacy", "memorisation"]},
    }


def _invocation(results: Results) -> dict[str, Any]:
    return {
        "executionSuccessful": True,
        "exitCode": EXIT_CODES[results.verdict],
        "exitCodeDescription": _text(f"{headline(results)} {results.verdict_reason}", 2000),
        "toolExecutionNotifications": [
            {"level": "warning", "message": {"text": _text(sentence, 2000)}}
            for sentence in dict.fromkeys(results.warnings)
        ],
    }


def _result(item: Finding, rule: int) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": _uri(item.file)}, "region": {"startLine": item.line}}
    return {
        "ruleId": f"memaudit/{plain(item.rule)}",
        "ruleIndex": rule,
        "level": item.level,
        "message": {"text": _text(item.message, 4000)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"memauditGate/v1": item.key},
    }


def _text(text: str, longest: int = 400) -> str:
    return plain(text, longest).translate(_MESSAGE)


def _uri(path: str) -> str:
    """A relative URI reference."""
    return quote(plain(path).lstrip("/") or "unnamed")


RENDERER = Sarif()
