"""JUnit XML: one case a gate and one for the verdict.

A gate that failed is a failure. One that is undecided is an error, not skipped: servers count a skipped case
as no trouble, and an audit that could not decide is no pass. Skipped are gates that can't pass by nature (a
lower bound that did not fail) and those of an audit that a failed self-check voids: there the verdict's case
is the error. So a suite without failures and errors is a passed audit, and no other is.
"""

from __future__ import annotations

from typing import ClassVar
from xml.etree import ElementTree

from memaudit.audit.results import Results
from memaudit.report.judged import Standing, judged, reason
from memaudit.report.plain import plain
from memaudit.report.renderer import OneFile
from memaudit.report.words import controls_words, headline, meaning

OUTCOMES: dict[Standing, str | None] = {
    "passed": None,
    "failed": "failure",
    "undecided": "error",
    "no pass possible": "skipped",
    "void": "skipped",
}
VERDICTS = {"passed": None, "failed": "failure", "inconclusive": "error"}


class JUnit(OneFile):
    """What a CI server lists as test results."""

    file_name: ClassVar[str] = "junit.xml"

    def render(self, results: Results) -> str:
        """The document; a test suite named after the kit."""
        cases = [
            _case("memaudit.gates", item.name, OUTCOMES[item.standing], item.standing, item.sentence)
            for item in judged(results)
        ]
        verdict = _case("memaudit", "verdict", VERDICTS[results.verdict], results.verdict, reason(results))
        words = (headline(results), *meaning(results), *controls_words(results), *results.warnings)
        ElementTree.SubElement(verdict, "system-out").text = "\n".join(plain(line, 2000) for line in words)
        cases.append(verdict)
        counts = {
            "tests": str(len(cases)),
            "failures": str(sum(case.find("failure") is not None for case in cases)),
            "errors": str(sum(case.find("error") is not None for case in cases)),
            "skipped": str(sum(case.find("skipped") is not None for case in cases)),
            "time": "0",
        }
        root = ElementTree.Element("testsuites", {"name": "memaudit", **counts})
        name = f"memaudit {plain(results.kit.name)}"
        suite = ElementTree.SubElement(
            root, "testsuite", {"name": name, "timestamp": plain(results.created), **counts}
        )
        _properties(suite, results)
        suite.extend(cases)
        ElementTree.indent(root)
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _case(group: str, name: str, outcome: str | None, standing: str, sentence: str) -> ElementTree.Element:
    case = ElementTree.Element("testcase", {"classname": group, "name": name, "time": "0"})
    if outcome is None:
        ElementTree.SubElement(case, "system-out").text = sentence
    else:
        attributes = {"message": f"{standing}: {sentence}"}
        if outcome != "skipped":
            attributes["type"] = f"memaudit.{standing}"
        ElementTree.SubElement(case, outcome, attributes)
    return case


def _properties(suite: ElementTree.Element, results: Results) -> None:
    """What was audited, by digest."""
    parts = ElementTree.SubElement(suite, "properties")
    known = {
        "memaudit.version": results.tool.version,
        "kit.commitment": results.kit.commitment,
        "model.adapter": results.model.adapter,
        **{f"model.sha256.{file.name}": file.sha256 for file in results.model.files},
        f"sha256.{results.utterances.name}": results.utterances.sha256,
    }
    for name, value in known.items():
        ElementTree.SubElement(parts, "property", {"name": plain(name), "value": plain(value)})


RENDERER = JUnit()
