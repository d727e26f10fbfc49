"""The pages, and finding the one that a term means."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from memaudit.errors import UsageError

KINDS = ("statistic", "gate metric", "self-check", "verdict", "warning", "exit code", "key")
"""What a page may be about, in the order of a list."""

_FRONT = re.compile(r"\+\+\+\n(?P<front>.*?)\n\+\+\+\n(?P<text>.*)", re.DOTALL)
_GATE = re.compile(r"\s*(?P<metric>[a-z_]+)\s*(?:[@/<>]|[0-9])")


class UnknownTermError(UsageError):
    """A term that no page explains."""


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        name: what it is asked for by; of a metric, a warning or most JSON keys their own name.
        title: in words.
        kind: one of `KINDS`.
        summary: its first sentences, without Markdown headings.
        body: the Markdown after the summary: sections such as Meaning, Formula, Source, Limits, Example, Fix.
        keys: the JSON keys of results.json that it explains, with as many parents as tell them apart.
        also: other names.
    """

    name: str
    title: str
    kind: str
    summary: str
    body: str
    keys: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The whole page as Markdown."""
        return f"# {self.title}\n\n{self.summary}\n\n{self.body}\n"

    def section(self, heading: str) -> str | None:
        """The text under one heading, or None."""
        found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", self.body, re.DOTALL | re.MULTILINE)
        return None if found is None else found[1].strip()


@cache
def pages() -> Mapping[str, Page]:
    """Every page by its name, kind by kind."""
    folder = files("memaudit.explain") / "pages"
    found = [
        _read(item.name.removesuffix(".md"), item.read_text(encoding="utf-8"))
        for item in folder.iterdir()
        if item.name.endswith(".md")
    ]
    found.sort(key=lambda one: (KINDS.index(one.kind), one.name))
    return MappingProxyType({one.name: one for one in found})


def page(term: str) -> Page:
    """The page that explains a term.

    Args:
        term: a page's name, title or other name; a metric, or a whole gate; a warning's name; an exit code
            ("3", "exit 3"); a key of results.json, as its path (``cells[0].accuracy_gap.low``) or alone.

    Raises:
        UnknownTermError: naming near terms.

    >>> page("accuracy_gap@16/4x <= 0.10").name
    'accuracy_gap'
    """
    index = _index()
    for candidate in _candidates(term):
        if candidate in index:
            return index[candidate]
    near = difflib.get_close_matches(_plain(term), index, n=8, cutoff=0.5)
    names = list(dict.fromkeys(index[name].name for name in near))[:4]
    raise UnknownTermError(
        f"no page explains {term.strip()[:60]!r}",
        where="memaudit explain",
        how=f"near: {', '.join(names)}" if names else "run memaudit explain for the list",
    )


def _candidates(term: str) -> Iterator[str]:
    """What a term may be in the index, the most specific first."""
    plain = _plain(term)
    yield plain
    parts = plain.split(".")
    yield from (".".join(parts[start:]) for start in range(1, len(parts)))
    code = re.fullmatch(r"(?:exit|exit-code|code)-([0-9]+)", plain)
    if code is not None:
        yield f"exit-{code[1]}"
    gate = _GATE.match(term)
    if gate is not None:
        yield _plain(gate["metric"])


def _plain(term: str) -> str:
    """A term without case, array marks and the many ways to join words."""
    return re.sub(r"[\s_-]+", "-", re.sub(r"\[[0-9]*\]", "", term.strip().casefold()))


@cache
def _index() -> Mapping[str, Page]:
    """Page by plain term: names come before other names, these before keys, these before titles."""
    index: dict[str, Page] = {}
    for terms in (lambda one: (one.name,), lambda one: one.also, lambda one: one.keys, _titles):
        for one in pages().values():
            for term in terms(one):
                index.setdefault(_plain(term), one)
    return MappingProxyType(index)


def _titles(one: Page) -> tuple[str, ...]:
    return (one.title, one.title.partition(": ")[2] or one.title)


def _read(name: str, text: str) -> Page:
    found = _FRONT.fullmatch(text)
    if found is None:
        raise ValueError(f"{name}.md has no front matter")
    front = tomllib.loads(found["front"])
    summary, _, body = found["text"].strip().partition("\n\n")
    return Page(
        name=name,
        title=front["title"],
        kind=front["kind"],
        summary=summary,
        body=body,
        keys=tuple(front["keys"]),
        also=tuple(front.get("also", ())),
    )
