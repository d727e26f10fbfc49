"""The glossary of a report: every link has its entry, every entry a link, and its text is the page's."""

from __future__ import annotations

import re

import pytest

from memaudit.explain import page, pages
from memaudit.report.glossary import Glossary
from memaudit.report.html import RENDERER
from tests.report.audits import audit
from tests.report.test_html import Page


@pytest.mark.parametrize("kind", ["failed", "passed", "mixed", "bare", "transcripts"])
def test_links_and_entries_belong_together(kind: str) -> None:
    text = RENDERER.render(audit(kind))
    linked = set(re.findall(r'href="#(term-[^"]+)"', text))
    entries = re.findall(r'<article id="(term-[^"]+)"', text)
    assert len(entries) == len(set(entries)) > 25
    assert linked == set(entries)
    assert f"term-{audit(kind).verdict}" in linked
    for name in audit(kind).warning_names:
        assert f"term-{page(name).name}" in linked


def test_every_page_renders_whole_and_below_the_headings_of_the_report() -> None:
    glossary = Glossary()
    for name in pages():
        assert f"#term-{name}" in glossary.link(name)
    entries = glossary.entries()
    assert len(entries) == len(pages())
    for entry in entries:
        found = Page(str(entry.text))
        assert {tag for tag, _ in found.tags} <= {"p", "h4", "ul", "ol", "li", "code", "pre", "em", "strong"}
        words = re.findall(r"\w+", page(entry.anchor.removeprefix("term-")).summary)
        assert re.findall(r"\w+", "".join(found.text))[: len(words)] == words


def test_a_term_without_a_page_stays_plain_words() -> None:
    glossary = Glossary()
    assert glossary.link("no <such> page", "a & b") == "a &amp; b"
    assert glossary.link("no <such> page") == "no &lt;such&gt; page"
    assert glossary.entries() == []
