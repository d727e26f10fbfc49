"""matplotlib figures as SVG that can stand inside a page: one set of ids each, colours of the page.

Some servers strip or block every style of a page. So the figures have none: each property is an attribute.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

INSERTED = "#d1495b"
HELD_OUT = "#2e86ab"
# A colour that no figure uses: it becomes currentColor, so that text and axes follow light and dark pages.
_PAGE = "#010203"

SMALL: dict[str, Any] = {"width": 4.6, "height": 3.1, "margins": (0.76, 0.12, 0.47, 0.36)}
"""Inches of a figure that is still read at 360 pixels and stands beside another one at 1280.

The margins (left, right, bottom, top) spare matplotlib the trial drawing by which it finds its own.
"""

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "memaudit",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": _PAGE,
    "axes.labelcolor": _PAGE,
    "axes.edgecolor": _PAGE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _PAGE,
    "ytick.color": _PAGE,
    "legend.frameon": False,
    "legend.labelcolor": _PAGE,
}


@dataclass(frozen=True)
class Plot:
    """A figure and the words below it."""

    svg: Markup
    caption: str


@contextmanager
def axes(
    width: float = 6.4, height: float = 3.4, margins: tuple[float, float, float, float] | None = None
) -> Iterator[Axes]:
    """Axes on a new figure (sizes in inches) in the report's style; without margins they are fitted."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout=None if margins else "constrained")
        FigureCanvasSVG(figure)
        if margins:
            left, right, bottom, top = margins
            figure.subplots_adjust(left / width, bottom / height, 1.0 - right / width, 1.0 - top / height)
        yield figure.add_subplot()


def legend_above(plot: Axes) -> None:
    """A legend in one row above the axes, where it covers nothing."""
    plot.legend(
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=3,
        columnspacing=1.0,
        handletextpad=0.4,
        borderpad=0,
    )


def inline_svg(plot: Axes, name: str, title: str, description: str) -> Markup:
    """The figure as an <svg> element with a text alternative.

    Args:
        plot: axes of a figure.
        name: put before every id, so that several figures can share a page.
        title: short name, read first.
        description: what the figure shows, in words and numbers.
    """
    figure = plot.get_figure(root=True)
    if figure is None:
        raise TypeError("the axes belong to no figure")
    buffer = io.StringIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r' style="([^"]*)"', _attributes, text)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text).replace(_PAGE, "currentColor")
    opening, rest = text.split(">", 1)
    opening = re.sub(r' (width|height)="[^"]*"', "", opening)
    look = 'width="640" font-family="system-ui, sans-serif" stroke-linejoin="round"'
    label = f'role="img" aria-labelledby="{name}-title {name}-description"'
    head = f'<title id="{name}-title">{escape(title)}</title>'
    head += f'<desc id="{name}-description">{escape(description)}</desc>'
    # The parts are matplotlib's own output and escaped words; no text of a kit or model is among them.
    return Markup(f"{opening} {look} {label}>{head}{rest}")  # noqa: S704


def _attributes(style: re.Match[str]) -> str:
    """A style as presentation attributes; the font's name is left to the page."""
    pairs = [part.partition(":") for part in style[1].split(";")]
    return "".join(
        f' {name.strip()}="{value.strip()}"' for name, _, value in pairs if name.strip() != "font-family"
    )
