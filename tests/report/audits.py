"""Audits of every outcome, and hostile ones, for tests of the formats."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from memaudit.audit.assess import assess
from memaudit.audit.results import BlindBaseline, ModelFile, Results
from memaudit.audit.utterances import Utterance, utterances_text
from memaudit.report.renderer import GatePlace, Material, renderer
from tests.audit.synthetic import subject, utterances

LOOSE = ["accuracy_gap <= 0.6"]
MIXED = ["accuracy_gap <= 0.3", "epsilon <= 2"]
SABOTAGED = BlindBaseline(passed=False, auc=0.9, p_value=0.001, features=12, canaries=60)

KINDS: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "failed": ({"leak": 0.3}, {}, []),
    "passed": ({}, {}, LOOSE),
    "inconclusive": ({}, {}, []),
    "mixed": ({"leak": 0.2, "speeds": (2.0, 4.0)}, {}, MIXED),
    "bound": ({}, {}, [*LOOSE, "epsilon <= 2"]),
    "void": ({"leak": 0.3}, {"blind": SABOTAGED}, []),
    "unread": ({"control_accuracy": 0.0}, {}, LOOSE),
    "no evidence": ({}, {"assumed": False}, LOOSE),
    "transcripts": ({"leak": 0.3, "loss": False, "ties": 0.5}, {}, []),
}
"""name -> utterances, subject and gates."""

VERDICTS = {
    "failed": "failed",
    "passed": "passed",
    "inconclusive": "inconclusive",
    "mixed": "failed",
    "bound": "passed",
    "void": "inconclusive",
    "unread": "inconclusive",
    "no evidence": "inconclusive",
    "transcripts": "failed",
    "bare": "inconclusive",
}


@cache
def rows(kind: str) -> tuple[Utterance, ...]:
    """The utterances of an audit of that kind."""
    return tuple(utterances(1, **KINDS["inconclusive" if kind == "bare" else kind][0]))


@cache
def audit(kind: str) -> Results:
    """An audit that ends as its kind says; ``bare`` has null wherever results.json may have it."""
    if kind == "bare":
        return _bare()
    _, about, gates = KINDS[kind]
    digest = hashlib.sha256(utterances_text(rows(kind)).encode()).hexdigest()
    return assess(rows(kind), subject(**about), gates, digest)


def _bare() -> Results:
    document = audit("inconclusive").document()
    document["model"] |= {"files": [], "inspection": None}
    document["controls"] |= {"accuracy": None, "low": None, "chance": None, "n": 0, "passed": False}
    document |= {"self_checks": None, "warnings": [], "examples": [], "feasibility": [], "warning_names": []}
    for cell in document["cells"]:
        cell |= {"epsilon": None, "smallest_detectable_gap": None, "tpr_at_fpr": []}
        for arm in (cell["inserted"], cell["held_out"]):
            arm |= {"chance": None, "loss": None}
    for gate in document["gates"]:
        gate |= {"estimate": None, "low": None, "high": None, "needed": None}
    for speed in document["speeds"]:
        speed["recall_half"] = None
    return Results.model_validate(document)


HOSTILE = [
    "<script>alert(1)</script>",
    "]]><img src=x onerror=alert(1)>",
    "a | b || c \\| d",
    "=cmd|' /C calc'!A0",
    "\x1b[31mred\x1b[0m \x9b31m \x07",
    "\u202eright to left\u200f \u2066x\u2069",
    "# h\n- item\r\n---\n```\nfence\n~~~",
    "@team #12 :tada: https://x.example www.x.example a@x.example [a](http://x.example) ![i](//x.example/i)",
    "`tick` ``two`` *a* _b_ ~~c~~ $x$ {0} {{1}} &amp; &#60;",
    '"quoted", ;=1+1\t=2',
    "1. one\u2028=two\u2029three\x85four\x00five\ufffe",
    "+1",
    "-1",
    "\t=1",
    "@SUM(A1)",
    "\N{FULLWIDTH EQUALS SIGN}1",
    "\U0001f980 crab",
    "   ",
    "",
    "x" * 1_000_000,
]


def foul(text: str, results: Results) -> Results:
    """The same results with every text that a kit, a model or a file's author chooses replaced."""
    document = results.document()
    document["kit"]["name"] = text
    document["created"] = text
    document["tool"]["version"] = text
    document["tool"]["packages"] = {text: text}
    digest = document["model"]["files"][0]["sha256"] if document["model"]["files"] else "0" * 64
    document["model"] = {
        "adapter": text,
        "files": [{"name": text, "sha256": digest}],
        "front_end": {text: text, "kind": text},
        "decoder": {text: [text]},
        "inferred": [text],
        "warnings": [text],
    }
    document["injection"]["format"] = text
    document["controls"] |= {"source": "given", "manifest": {"name": text, "sha256": digest}}
    document["verdict_reason"] = text
    document["warnings"] = [text]
    document["warning_names"] = []
    for gate in document["gates"]:
        gate |= {"gate": text, "reason": text, "metric": text}
    for example in document["examples"]:
        example |= {"id": text, "reference": text, "transcript": text}
    return Results.model_validate(document)


def material(
    kind: str, folder: Path, *, places: tuple[GatePlace, ...] = (), fouled: str | None = None
) -> Material:
    """An audit of that kind on disk, all its foreign texts replaced where ``fouled`` is given."""
    results, lines = audit(kind), rows(kind)
    if fouled is not None:
        results = foul(fouled, results)
        texts = {"reference": fouled, "transcript": fouled, "voice": fouled}
        lines = tuple(row.model_copy(update=texts) for row in lines[: 3 if len(fouled) > 1000 else None])
    text = utterances_text(lines)
    (folder / "utterances.jsonl").write_bytes(text.encode())
    digest = hashlib.sha256(text.encode()).hexdigest()
    kept = results.utterances.model_copy(update={"sha256": digest})
    return Material(results.model_copy(update={"utterances": kept}), folder, places)


def rendered(name: str, kind: str, folder: Path, **more: Any) -> dict[str, str]:
    """The documents of one format."""
    return renderer(name).documents(material(kind, folder, **more))


def only(documents: dict[str, str]) -> str:
    """The text of a format of one file."""
    (text,) = documents.values()
    return text


def with_files(results: Results, *files: ModelFile) -> Results:
    """The same audit of a model of these files."""
    return results.model_copy(update={"model": results.model.model_copy(update={"files": files})})
