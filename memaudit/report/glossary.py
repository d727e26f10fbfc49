"""The pages of ``memaudit explain`` as a glossary: what a report names is linked to its entry."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from memaudit.explain import Page, UnknownTermError, page

_DEEPER = {"h1": "h4", "h2": "h4", "h3": "h5"}


@dataclass(frozen=True)
class Entry:
    """One entry: its anchor, title and text."""

    anchor: str
    title: Markup
    text: Markup


@dataclass
class Glossary:
    """Collects the pages that a report has linked to."""

    _pages: dict[str, Page] = field(default_factory=dict)

    def link(self, term: str, words: str = "") -> Markup:
        """``words`` (by default the page's title) as a link to the entry of a term.

        A term without a page stays plain words.
        """
        try:
            found = page(term)
        except UnknownTermError:
            return escape(words or term)
        self._pages[found.name] = found
        return Markup('<a href="#{}">{}</a>').format(_anchor(found), words or found.title)

    def entries(self) -> list[Entry]:
        """The entries by title, of all terms that were linked so far."""
        chosen = sorted(self._pages.values(), key=lambda found: found.title.casefold())
        return [
            Entry(_anchor(found), _inline(found.title), _block(f"{found.summary}\n\n{found.body}"))
            for found in chosen
        ]


def _anchor(found: Page) -> str:
    return f"term-{found.name}"


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(["link", "image", "autolink"])


def _inline(text: str) -> Markup:
    return Markup(_parser().renderInline(text))  # noqa: S704 - HTML in it is escaped by the parser


def _block(text: str) -> Markup:
    """Markdown with its headings below those of the report."""
    parser = _parser()
    tokens = parser.parse(text)
    for token in tokens:
        _deepen(token)
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704 - as above


def _deepen(token: Token) -> None:
    token.tag = _DEEPER.get(token.tag, token.tag)
