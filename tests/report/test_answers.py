"""Answers to a reviewer's questions: each outcome of an audit, in words that do not overstate it."""

from __future__ import annotations

import pytest

from memaudit.audit.assess import assess
from memaudit.audit.results import ModelFile, Results
from memaudit.report.answers import answers
from memaudit.report.words import accuracy_text, half_words, top_cell
from tests.audit.synthetic import subject, utterances
from tests.report.audits import audit, with_files


def told(results: Results) -> dict[str, str]:
    return {item.question: item.answer for item in answers(results)}


def test_a_leak_is_shown_with_its_intervals_and_n() -> None:
    results = audit("failed")
    found = told(results)
    cell = top_cell(results)
    memorised = found["Was anything memorised?"]
    assert memorised.startswith("Yes. At 4 times speed, ")
    for part in (accuracy_text(cell.inserted), accuracy_text(cell.held_out), f"(n = {cell.inserted.n})"):
        assert part in memorised
    assert f"a gap of {cell.accuracy_gap.estimate:.2f} ({cell.accuracy_gap.low:.2f} to " in memorised
    half = results.speeds[0].recall_half
    assert half_words(half) in found["At how many copies?"]


def test_levels_without_evidence_are_named() -> None:
    results = assess(utterances(1, leak=0.1), subject(), [], "0" * 64)
    shown = [cell.repetitions for cell in results.cells if cell.p_adjusted <= 0.05]
    assert sorted(shown) == [4, 16]
    assert told(results)["At how many copies?"].startswith(
        "Shown at 4 and 16 copies, not detected at 1 copy "
    )


@pytest.mark.parametrize(
    ("kind", "start"),
    [
        ("passed", "Memorisation was not detected at this power, which is no proof of its absence: "),
        ("void", "This audit cannot say: it is void: "),
        (
            "unread",
            "The audit cannot say: memorisation was not detected at this power, but the model does not read",
        ),
    ],
)
def test_nothing_more_is_said_than_was_seen(kind: str, start: str) -> None:
    assert told(audit(kind))["Was anything memorised?"].startswith(start)


def test_what_could_have_been_seen() -> None:
    power = told(audit("passed"))["Could the audit have seen it?"]
    assert f"an accuracy gap of {top_cell(audit('passed')).smallest_detectable_gap:.2f} at 16 copies" in power
    assert "assumed on the user's word, not checked" in power
    assert "In the training set: no evidence." in told(audit("no evidence"))["Could the audit have seen it?"]
    bare = told(audit("bare"))["Could the audit have seen it?"]
    assert bare.startswith("With 10 inserted against 60 held out no gap would be shown")
    assert "Controls were not measured" in bare


def test_what_was_audited_names_files_by_digest() -> None:
    files = [ModelFile(name=f"part{number}.bin", sha256=f"{number:064x}") for number in range(5)]
    audited = told(with_files(audit("failed"), *files))["What was audited?"]
    assert "part2.bin (SHA-256 000000000000…) and 2 more files" in audited
    assert "part3.bin" not in audited
    assert told(audit("bare"))["What was audited?"].startswith("No files, transcripts of a system")
