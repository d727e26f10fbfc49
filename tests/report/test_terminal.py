"""The terminal report: numbers with their intervals, readable when narrow, nothing hidden in it."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from memaudit.audit.assess import assess
from memaudit.report.side_by_side import side_by_side
from memaudit.report.terminal import terminal_report
from memaudit.report.words import accuracy_text, percent
from tests.audit.synthetic import subject, utterances
from tests.report.audits import HOSTILE, VERDICTS, audit, foul
from tests.report.readers import clean


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


@pytest.mark.parametrize("width", [60, 120])
def test_each_figure_has_its_interval_and_chance(width: int) -> None:
    results = assess(utterances(1, leak=0.5), subject(), [], "0" * 64)
    text = shown(width)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    for cell in results.cells:
        arm, rank, gap = cell.inserted, cell.exposure, cell.accuracy_gap
        assert arm.chance is not None
        found = " ".join(line for line in lines if line.startswith(f"{cell.repetitions} "))
        for part in (
            f" {arm.n} ",
            f"{100 * arm.accuracy:.0f} ({100 * arm.accuracy_low:.0f}-{100 * arm.accuracy_high:.0f}) %",
            f"{100 * arm.exact:.0f} ({100 * arm.exact_low:.0f}-{100 * arm.exact_high:.0f}) %",
            f"{gap.estimate:+.2f} ({gap.low:+.2f}, {gap.high:+.2f})",
            f"{rank.mean:.1f} ({rank.low:.1f}-{rank.high:.1f})",
            percent(arm.chance),
        ):
            assert part in found
    held_out = results.cells[0].held_out
    joined = " ".join(lines)
    assert f"Held out: accuracy {accuracy_text(held_out)}, chance {percent(held_out.chance or 0)}" in joined
    assert "Controls: passed: " in joined
    assert "Power: an accuracy gap of " in joined


@pytest.mark.parametrize("kind", VERDICTS)
def test_every_outcome_is_readable_at_60_columns(kind: str) -> None:
    stream = io.StringIO()
    Console(file=stream, width=60).print(terminal_report(audit(kind)))
    text = stream.getvalue()
    assert max(len(line) for line in text.splitlines()) <= 60
    assert "safe" not in text.lower().split()
    assert not re.search(r"[\u2500-\u259f]", text)  # neither boxes nor bars
    for item in audit(kind).warnings:
        assert item.split()[-1] in text


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_hostile_texts_do_not_reach_the_terminal(hostile: str) -> None:
    stream = io.StringIO()
    Console(file=stream, width=60, force_terminal=True, no_color=True).print(
        terminal_report(foul(hostile, audit("mixed")))
    )
    text = re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())  # bold of our own
    clean(text)
    assert len(text) < 100_000


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
