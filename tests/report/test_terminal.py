"""The terminal report: numbers with their intervals, readable when narrow, nothing hidden in it."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from memaudit.audit.assess import assess
from memaudit.report.side_by_side import side_by_side
from memaudit.report.terminal import terminal_report
from memaudit.report.words import percent
from tests.audit.synthetic import subject, utterances


def shown(width: int, leak: float = 0.5, **options: bool) -> str:
    results = assess(utterances(1, leak=leak), subject(), [], "0" * 64)
    stream = io.StringIO()
    Console(file=stream, width=width, **options).print(terminal_report(results))  # type: ignore[arg-type]
    return stream.getvalue()


@pytest.mark.parametrize("width", [60, 80, 200])
def test_fits_and_says_everything(width: int) -> None:
    text = shown(width)
    assert max(len(line) for line in text.splitlines()) <= width
    joined = " ".join(text.split())
    for part in ("Failed", "accuracy_gap@16/4x <= 0.10", "failed", "Warnings", "Next", "exposure"):
        assert part in joined


def test_colour_only_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[" not in shown(80)
    colour = re.compile(r"\x1b\[[0-9;]*3[0-7]m")
    assert colour.search(shown(80, force_terminal=True))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colour.search(shown(80, force_terminal=True))


def test_nothing_detected_is_never_called_absence() -> None:
    text = " ".join(shown(80, leak=0.0).split())
    assert "not detected at this power" in text
    assert "no proof of its absence" in text
    assert "safe" not in text.lower()


def test_chance_stands_beside_each_accuracy() -> None:
    results = assess(utterances(1, leak=0.5), subject(), [], "0" * 64)
    text = shown(100)
    for cell in results.cells:
        for arm in (cell.inserted, cell.held_out):
            assert arm.chance is not None
        assert f"{100 * cell.inserted.accuracy:.0f} / {100 * (cell.inserted.chance or 0):.0f} %" in text
        assert (
            f"accuracy {percent(cell.held_out.accuracy)} (chance {percent(cell.held_out.chance or 0)})"
            in text
        )
    assert "Controls: passed: " in text
    assert "by chance" not in text


def test_side_by_side_holds_both() -> None:
    audits = {
        name: assess(utterances(1, leak=leak), subject(), [], "0" * 64)
        for name, leak in (("first", 0.5), ("second", 0.0))
    }
    stream = io.StringIO()
    Console(file=stream, width=80).print(side_by_side(audits))
    text = stream.getvalue()
    assert "first: failed" in text
    assert "second: inconclusive" in text
    cell = audits["first"].cells[0]
    assert f"{cell.accuracy_gap.estimate:+.2f}" in text
