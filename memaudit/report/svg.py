"""matplotlib figures as SVG that can stand inside a page: one set of ids each, colours of the page."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
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

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "memaudit",
    "font.family": "sans-serif",
    "font.size": 10,
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


@contextmanager
def axes(width: float = 6.4, height: float = 3.4) -> Iterator[Axes]:
    """Axes on a new figure (sizes in inches) in the report's style."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        yield figure.add_subplot()


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
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text).replace(_PAGE, "currentColor")
    opening, rest = text.split(">", 1)
    opening = re.sub(r' (width|height)="[^"]*"', "", opening)
    label = f'role="img" aria-labelledby="{name}-title {name}-description"'
    head = f'<title id="{name}-title">{escape(title)}</title>'
    head += f'<desc id="{name}-description">{escape(description)}</desc>'
    # The parts are matplotlib's own output and escaped words; no text of a kit or model is among them.
    return Markup(f"{opening} {label}>{head}{rest}")  # noqa: S704
