"""The HTML report in headless Chromium: nothing run, nothing asked for, shown on any screen, accessible."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from memaudit.report.html import RENDERER
from tests.report.audits import HOSTILE, audit, foul
from tests.report.browser import Visit, chromium, needs_browser

pytestmark = [needs_browser, pytest.mark.slow]

QUESTIONS = (
    "Was anything memorised?",
    "At how many copies?",
    "How sure is that?",
    "Could the audit have seen it?",
    "What was audited?",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


Open = Callable[..., Visit]


@cache
def rendered(kind: str) -> str:
    return RENDERER.render(audit(kind))


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Opens a report; every page must stay silent and ask for nothing but itself."""
    opened: list[tuple[Visit, str]] = []

    def start(page: str, width: int = 1280, **more: Any) -> Visit:
        file = tmp_path / f"report-{len(opened)}.html"
        file.write_text(page, encoding="utf-8")
        found = Visit(browser, file, width, **more)
        opened.append((found, file.as_uri()))
        return found

    yield start
    for found, address in opened:
        assert found.told == []
        assert {url.partition("#")[0] for url in found.asked} == {address}
        found.close()


@pytest.mark.parametrize("kind", ["failed", "passed", "mixed", "void", "bare"])
def test_the_first_screen_answers_a_reviewer(visit: Open, kind: str) -> None:
    opened = visit(rendered(kind))
    questions = opened.page.locator("dl.facts dt").all_inner_texts()
    assert tuple(questions) == QUESTIONS
    for box in (*opened.boxes("h1"), *opened.boxes("dl.facts div")):
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 800
    for answer in opened.page.locator("dl.facts dd").all_inner_texts():
        assert re.search(
            r"\bn = [0-9]+|[0-9]+ (inserted|trials)|[0-9a-f]{12}|void|not checked on itself|not two controls",
            answer,
        )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_figures_are_shown_and_nothing_sticks_out(visit: Open, width: int, scheme: str) -> None:
    opened = visit(rendered("mixed"), width, scheme=scheme)
    assert opened.page.evaluate("document.documentElement.scrollWidth") == width
    figures = opened.boxes("figure svg")
    assert len(figures) == 6
    for box in figures:
        assert box["width"] >= min(width - 40, 400)
        assert box["height"] >= box["width"] / 2
        assert box["x"] + box["width"] <= width
    # Nothing of a drawing is cut off at its edges.
    cut = opened.page.eval_on_selector_all(
        "figure svg text",
        """texts => texts.filter(text => {
            const inner = text.getBoundingClientRect(), outer = text.ownerSVGElement.getBoundingClientRect();
            return inner.left < outer.left - 1 || inner.right > outer.right + 1
                || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
        }).map(text => text.textContent)""",
    )
    assert cut == []
    smallest = opened.page.eval_on_selector_all(
        "figure svg text", "texts => Math.min(...texts.map(text => text.getBoundingClientRect().height))"
    )
    assert smallest >= 7


def luminance(colour: str) -> float:
    channels = [int(part) / 255 for part in re.findall(r"[0-9]+", colour)[:3]]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_of_figures_stand_out_in_both_modes(visit: Open, scheme: str) -> None:
    """At least 3 to 1 against the page, as WCAG 2.2, criterion 1.4.11, asks of graphics."""
    opened = visit(rendered("mixed"), scheme=scheme)
    paper = luminance(opened.style("body", "background-color"))
    assert (paper < 0.2) == (scheme == "dark")
    strokes = opened.page.eval_on_selector_all(
        "figure svg [stroke]", "found => found.map(element => getComputedStyle(element).stroke)"
    )
    drawn = {colour for colour in strokes if colour.startswith("rgb")}
    assert len(drawn) >= 5
    for colour in drawn:
        bright, dark = sorted((luminance(colour), paper), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 3.0, colour


def test_printed_in_dark_mode_it_is_black_on_white(visit: Open) -> None:
    opened = visit(rendered("mixed"), 794, scheme="dark", media="print")
    assert luminance(opened.style("body", "color")) < 0.05
    assert luminance(opened.style("body", "background-color")) > 0.95
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 794
    for box in opened.boxes("table"):
        assert box["x"] + box["width"] <= 794
    assert opened.page.pdf(format="A4").startswith(b"%PDF")


def test_without_its_styles_it_reads_in_order_and_figures_stay_drawings(visit: Open) -> None:
    page = rendered("mixed")
    bare = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert 'style="' not in bare
    opened = visit(bare)
    text = opened.page.inner_text("body")
    order = [text.index(part) for part in (*QUESTIONS, "What was asked", "What was found", "How sure\n")]
    assert order == sorted(order)
    assert opened.style("figure svg path[fill=none]", "fill") == "none"
    assert opened.style("figure svg [stroke=currentColor]", "stroke") == "rgb(0, 0, 0)"
    assert {box["width"] for box in opened.boxes("figure svg")} == {640}


@pytest.mark.parametrize(
    ("kind", "width", "scheme"),
    [("mixed", 1280, "light"), ("mixed", 360, "dark"), ("bare", 1280, "dark"), ("passed", 360, "light")],
)
def test_axe_finds_nothing(visit: Open, kind: str, width: int, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    opened = visit(rendered(kind), width, scheme=scheme, trusted=True)
    found = Axe().run(opened.page).response
    assert [(item["id"], item["impact"], item["nodes"][0]["html"]) for item in found["violations"]] == []
    assert len(found["passes"]) > 20


def test_tables_that_scroll_are_reached_by_keyboard(visit: Open) -> None:
    opened = visit(rendered("mixed"), 360)
    reached = set()
    for _ in range(opened.page.locator("a, .wide").count() + 1):
        opened.page.keyboard.press("Tab")
        label = opened.page.evaluate("document.activeElement.getAttribute('aria-label')")
        if label:
            reached.add(label)
    assert reached == set(opened.page.eval_on_selector_all(".wide", "all => all.map(x => x.ariaLabel)"))
    assert "Gates" in reached


def test_links_lead_to_the_words_of_the_glossary(visit: Open) -> None:
    opened = visit(rendered("mixed"))
    for link in ("#term-accuracy_gap", "#term-exposure", "#term-failed", "#found"):
        opened.page.locator(f'a[href="{link}"]').first.click()
        assert opened.page.evaluate("location.hash") == link
        assert opened.page.locator(link).count() == 1
        assert -1 <= opened.boxes(link)[0]["y"] <= 800


@pytest.mark.parametrize(
    "hostile", [*HOSTILE[:2], *HOSTILE[4:6], HOSTILE[7], HOSTILE[-1]], ids=lambda text: ascii(text[:12])
)
def test_hostile_texts_run_and_load_nothing(visit: Open, hostile: str) -> None:
    page = RENDERER.render(foul(hostile, audit("mixed")))
    assert len(page) < 1_000_000
    opened = visit(page, 360)
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 360
    assert opened.page.locator("script, img, iframe, object, form, base, link").count() == 0
    assert opened.page.locator("h2").all_inner_texts()[-1] == "Glossary"
