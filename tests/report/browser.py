"""A real browser for pages: headless Chromium, what it complains about, asks for and shows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import pytest

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MISSING = "no Chromium here" if CHROMIUM is None else "no playwright here"

needs_browser = pytest.mark.skipif(
    CHROMIUM is None or find_spec("playwright") is None or find_spec("axe_playwright_python") is None,
    reason=MISSING,
)
"""For tests that a machine without a browser skips."""


@contextmanager
def chromium() -> Iterator[Any]:
    """A running browser (a playwright ``Browser``)."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """A page that is open, everything that it told the console, and everything that it asked for."""

    def __init__(
        self,
        browser: Any,
        file: Path,
        width: int = 1280,
        *,
        scheme: Literal["light", "dark"] = "light",
        media: Literal["screen", "print"] = "screen",
        trusted: bool = False,
    ) -> None:
        """``trusted`` lifts the page's content policy, so that a test may run its own script in it."""
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=trusted, offline=True
        )
        self.page = context.new_page()
        self.told: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.told.append(message.text))
        self.page.on("pageerror", lambda error: self.told.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.emulate_media(media=media, color_scheme=scheme)
        self.page.goto(file.as_uri())

    def boxes(self, selector: str) -> list[dict[str, float]]:
        """Where elements are shown: x, y, width and height in CSS pixels; fails for one that is not."""
        found = [element.bounding_box() for element in self.page.query_selector_all(selector)]
        assert None not in found
        return found  # type: ignore[return-value]

    def style(self, selector: str, name: str) -> str:
        """A computed style of the first such element."""
        return str(
            self.page.eval_on_selector(
                selector, f"element => getComputedStyle(element).getPropertyValue('{name}')"
            )
        )

    def close(self) -> None:
        """Close the page."""
        self.page.context.close()
