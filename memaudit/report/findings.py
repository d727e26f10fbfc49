"""What stands between an audit and a pass, with the place of each: for SARIF and GitLab's code quality."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from memaudit.audit.gate_syntax import Gate, parse_gate
from memaudit.audit.metrics import METRICS
from memaudit.audit.results import GateResult, Results
from memaudit.errors import GateError
from memaudit.report.json_document import RENDERER as JSON_DOCUMENT
from memaudit.report.judged import JudgedGate, judged, reason
from memaudit.report.renderer import GatePlace, Material

AUDIT_RULE = "verdict"
"""The rule for what is wrong with the audit as a whole; every other rule is a gate's metric."""


@dataclass(frozen=True)
class Finding:
    """One thing to look at: a gate that failed or is undecided, or an audit that decides nothing.

    ``rule`` is the gate's metric or `AUDIT_RULE`; ``key`` is the same in every audit that finds the same.
    """

    rule: str
    level: Literal["error", "warning"]
    message: str
    file: str
    line: int
    key: str


def findings(material: Material) -> list[Finding]:
    """Those of one audit: none where it passed, at least one where it did not."""
    results = material.results
    document = JSON_DOCUMENT.render(results).split("\n")
    gates, verdict = (_lines(document, start) for start in ('      "gate": ', '  "verdict": '))
    found: list[Finding] = []
    seen: Counter[str] = Counter()
    for at, item in enumerate(judged(results)):
        if item.standing not in ("failed", "undecided"):
            continue
        place = _configured(item, results, material.places)
        file, line = (place.file, place.line) if place else (_results_file(material.folder), _at(gates, at))
        seen[item.name] += 1
        level: Literal["error", "warning"] = "error" if item.standing == "failed" else "warning"
        message = f"{item.name}: {item.standing}: {item.sentence}"
        found.append(Finding(item.gate.metric, level, message, file, line, _key(item.name, seen[item.name])))
    # An undecided gate says itself why the audit is open, but not where controls leave it open before that.
    said = results.controls.passed and any(item.level == "warning" for item in found)
    if results.verdict == "inconclusive" and not said:
        message = f"The audit is {results.verdict}: {reason(results)}"
        file, line = _results_file(material.folder), _at(verdict, 0)
        found.append(Finding(AUDIT_RULE, "warning", message, file, line, _key(AUDIT_RULE)))
    return found


def _key(name: str, occurrence: int = 1) -> str:
    """A digest that no other finding of the audit has."""
    return hashlib.sha256(f"memaudit {occurrence} {name}".encode()).hexdigest()


def _lines(document: list[str], start: str) -> list[int]:
    return [number for number, line in enumerate(document, 1) if line.startswith(start)]


def _at(lines: list[int], index: int) -> int:
    return lines[index] if index < len(lines) else 1


def _results_file(folder: Path | None) -> str:
    """Its path from the working folder, where it lies below that."""
    if folder is None:
        return "results.json"
    path = (folder / "results.json").absolute()
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else path.name


def _configured(item: JudgedGate, results: Results, places: tuple[GatePlace, ...]) -> GatePlace | None:
    """The line that asked for this gate: of several the one that names most of its speed and repetitions."""
    asking = []
    for place in places:
        asked = _parsed(place.gate)
        if asked is not None and _covers(asked, item.gate, results):
            asking.append(((asked.speed is not None) + (asked.repetitions is not None), place))
    return max(asking, key=lambda pair: pair[0])[1] if asking else None


def _covers(asked: Gate, gate: GateResult, results: Results) -> bool:
    """Whether ``asked`` was spread over ``gate``: no speed is the fastest, no repetitions are all levels.

    Under a baseline the earlier figure stands in the place of the bound.
    """
    bound = _parsed(gate.gate)
    return (
        asked.metric == gate.metric
        and gate.speed == (results.primary_speed if asked.speed is None else asked.speed)
        and asked.repetitions in (None, gate.repetitions)
        and (bound is None or (asked.operator, asked.bound) == (bound.operator, bound.bound))
    )


def _parsed(text: str) -> Gate | None:
    try:
        return parse_gate(text, METRICS)
    except GateError:
        return None
