"""A comparison's page and terminal table: whole, harmless, and readable."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from memaudit.audit.compare import Audit, compare
from memaudit.audit.comparison import Comparison
from memaudit.audit.utterances import Utterance
from memaudit.report.compare_html import render
from memaudit.report.compare_plots import MOST_POINTS
from memaudit.report.compare_terminal import compare_report
from memaudit.report.compare_words import HEADLINES, TONES
from tests.audit.compared import audit, heard, kit
from tests.report.test_html import HOSTILE, Page

CLEAN, LEAKY = {1: 0.0, 4: 0.1, 16: 0.2}, {1: 0.1, 4: 0.5, 16: 0.9}


def both(names: Sequence[str] = ("old", "new"), **options: object) -> tuple[Audit, Audit]:
    rows, rng = kit(2, pairs=24, **options), np.random.default_rng(2)
    return audit(heard(rows, rng, CLEAN), names[0]), audit(heard(rows, rng, LEAKY), names[1])


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare(*both())


@pytest.fixture(scope="module")
def page(found: Comparison) -> Page:
    return Page(render(found))


def test_a_page_that_runs_and_loads_nothing(page: Page) -> None:
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "iframe", "object", "embed", "link", "img", "form"}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("href", "xlink:href", "src"):
            assert (attributes.get(name) or "#").startswith("#"), (tag, attributes)


def test_ids_are_unique_and_every_reference_has_its_target(found: Comparison, page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    references = re.findall(r"url\(#([^)]+)\)", render(found))
    references += [a["xlink:href"][1:] for _, a in page.tags if a.get("xlink:href")]  # type: ignore[index]
    labels = [a["aria-labelledby"] for _, a in page.tags if a.get("aria-labelledby")]
    references += [name for label in labels for name in str(label).split()]
    assert references
    assert set(references) <= set(ids)


def test_figures_have_words_and_every_canary_a_point(found: Comparison, page: Page) -> None:
    figures = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert [figure["role"] for figure in figures] == ["img", "img"]
    text = "".join(page.text)
    cell = found.cells[0]
    for number in (cell.accuracy_gap_a.low, cell.accuracy_gap_b.high, cell.accuracy_gap.change):
        assert f"{number:+.2f}" in text
    risen = sum(item.b > item.a for item in found.canaries if item.arm == "inserted")
    assert f"inserted: {risen} of {cell.inserted * 3} have the higher score by B" in text
    svg = render(found).split('aria-labelledby="scatter-title')[1].split("</svg>")[0]
    points = re.findall(r'<use xlink:href="#scatter-[^"]+" x="[^"]+" y="[^"]+" fill="(#\w+)"', svg)
    # One point a canary and one in the legend, in the colour of its arm.
    inserted = sum(item.arm == "inserted" for item in found.canaries)
    assert sorted(points.count(colour) for colour in set(points)) == sorted(
        (inserted + 1, len(found.canaries) - inserted + 1)
    )


def test_the_verdict_comes_first_and_no_model_is_called_safe(found: Comparison, page: Page) -> None:
    assert found.verdict == "more"
    heading = next(attributes for tag, attributes in page.tags if tag == "h1")
    assert heading["class"] == "verdict failed"
    text = " ".join("".join(page.text).split())
    assert HEADLINES["more"] in text
    for part in (found.verdict_reason, "might as well have got its two scores", "decides nothing"):
        assert part in text
    assert "safe" not in text.lower().split()
    assert HEADLINES.keys() == TONES.keys()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_texts_stay_text(hostile: str) -> None:
    def changed(found: Audit, text: str) -> Audit:
        rows: list[Utterance] = [
            row.model_copy(update={"transcript": text, "reference": text}) for row in found.utterances
        ]
        files = [file.model_copy(update={"name": text}) for file in found.results.model.files]
        model = found.results.model.model_copy(update={"files": tuple(files), "adapter": text})
        return Audit(text, found.results.model_copy(update={"model": model}), rows)

    a, b = both(levels=(1, 4, 16), reserve=8)
    bad, good = (compare(changed(a, text), changed(b, text)) for text in (hostile, "abc"))
    first, second = Page(render(bad)), Page(render(good))
    assert [tag for tag, _ in first.tags] == [tag for tag, _ in second.tags]
    shown = "".join(first.text)
    assert hostile.translate(dict.fromkeys((0x1B, 0x202E, 0), "\ufffd")) in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    printed = terminal(bad, 80)
    assert "\x1b" not in printed
    assert "\u202e" not in printed


def terminal(found: Comparison, width: int) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width).print(compare_report(found))
    return stream.getvalue()


@pytest.mark.parametrize("width", [60, 100])
def test_terminal_fits_and_says_everything(found: Comparison, width: int) -> None:
    text = terminal(found, width)
    assert max(len(line) for line in text.splitlines()) <= width
    joined = " ".join(text.split())
    for part in (HEADLINES["more"], "accuracy_gap@16/4x", "members", "Rose most", "A: old", "B: new"):
        assert part in joined
    for cell in found.cells:
        gap = cell.accuracy_gap
        assert f"{gap.change:+.2f} ({gap.low:+.2f}, {gap.high:+.2f})" in text


def test_no_difference_is_never_called_likeness() -> None:
    rows, rng = kit(4, levels=(16,)), np.random.default_rng(4)
    found = compare(audit(heard(rows, rng, {}), "a"), audit(heard(rows, rng, {}), "b"))
    assert found.verdict == "not shown"
    text = " ".join(terminal(found, 80).split())
    assert "No difference between A and B is shown at this power" in text
    assert "no proof of likeness" in text
    assert f"{found.gates[0].difference.low:+.2f}" in text


def test_tests_that_say_more_than_the_gates_are_told() -> None:
    """Losses tell what transcripts don't: the gaps are alike, the ranks are not."""
    rows, rng = kit(7, levels=(16,), pairs=20, reserve=40), np.random.default_rng(7)
    a = audit(heard(rows, rng, {}), "a")
    quiet = [
        row.model_copy(update={"loss": 0.1 * (row.loss or 0.0)}) if row.arm == "inserted" else row
        for row in a.utterances
    ]
    found = compare(a, audit(quiet, "b"))
    assert (found.verdict, found.settled, found.worse, found.open) == ("more", False, False, True)
    text = " ".join(terminal(found, 80).split())
    assert "B memorises more than A; by how much is not settled." in text
    assert "Mean exposure at 16 copies" in text
    assert "the intervals of all gated figures reach 0" in text


def test_a_large_kit_is_drawn_as_a_sample(found: Comparison) -> None:
    row = found.canaries[0]
    many = tuple(
        row.model_copy(update={"id": f"c{n}", "arm": "held_out" if n % 5 else "inserted"})
        for n in range(5 * MOST_POINTS)
    )
    text = render(found.model_copy(update={"canaries": many}))
    assert text.count('<use xlink:href="#scatter-') <= 2 * MOST_POINTS + 60
    assert "an even sample is drawn" in text
    assert f"held out (n = {4 * MOST_POINTS})" in text


def test_the_same_comparison_gives_the_same_page(found: Comparison) -> None:
    assert render(found) == render(found)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium here")
@pytest.mark.parametrize("width", [360, 1280])
def test_a_browser_shows_it_and_asks_for_nothing(found: Comparison, tmp_path: Path, width: int) -> None:
    (tmp_path / "compare.html").write_text(render(found), encoding="utf-8")
    done = subprocess.run(
        [
            str(shutil.which("chromium")), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},900",
            "--enable-logging=stderr", "--dump-dom", (tmp_path / "compare.html").as_uri(),
        ],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.count("<svg") == 2
    assert HEADLINES["more"] in done.stdout
    # Console messages: what a content policy refuses or a page gets wrong is told there.
    assert "CONSOLE" not in done.stderr
