"""Markdown: foreign text stays text, and the summary fits a pull-request comment."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from memaudit.audit.results import Results
from memaudit.report.markdown import LIMIT, RENDERER
from memaudit.report.markdown_text import code, escape, fit, table
from memaudit.report.plain import plain
from tests.report.audits import HOSTILE, audit, foul, rows
from tests.report.readers import read_markdown, shown

SIGNS = st.text(alphabet="ab1 \t\n\\`*_{}[]<>()#+-.!|~&$@:/^=;\"'wx", max_size=30)


def seen(markdown: str) -> str:
    """What a reader sees of it."""
    return shown(read_markdown(markdown))


@settings(deadline=None)
@given(SIGNS | st.text(max_size=30))
@example("&#8203;")
@example("1) a")
@example("--- a")
@example("--")
@example("![](x)")
def test_prose_says_what_it_was(text: str) -> None:
    # No whitespace but blanks survives `plain`, and a paragraph keeps none at its ends.
    wanted = plain(text).strip()
    assert seen(f"{escape(text)}\n").strip() == wanted
    assert seen(f"- {escape(text)}\n").strip() == wanted


@settings(deadline=None)
@given(st.lists(SIGNS, min_size=1, max_size=4))
def test_cells_stay_in_their_columns(texts: list[str]) -> None:
    lines = table(["head"] * len(texts), [[escape(text) for text in texts], [code(text) for text in texts]])
    tokens = read_markdown("\n".join(lines))
    cells = [token.content for token in tokens if token.type == "inline"]
    assert len([token for token in tokens if token.type == "tr_open"]) == 3
    assert len(cells) == 3 * len(texts)
    said = [[plain(text).strip(), plain(text).strip() or "(empty)"] for text in texts]
    for column, (prose, span) in enumerate(said):
        inline = [token for token in tokens if token.type == "inline"]
        assert shown([inline[len(texts) + column]]).strip() == prose
        assert shown([inline[2 * len(texts) + column]]).strip() == span


def test_hostile_names_change_no_structure() -> None:
    harmless = [token.type for token in read_markdown(RENDERER.render(foul("abc", audit("mixed"))))]
    for text in HOSTILE:
        if text.strip():
            assert [
                token.type for token in read_markdown(RENDERER.render(foul(text, audit("mixed"))))
            ] == harmless


def test_verdict_gates_and_figures() -> None:
    results = audit("mixed")
    text = seen(RENDERER.render(results))
    for gate in results.gates:
        assert gate.gate in text
    assert results.verdict_reason in text
    for warning in results.warnings:
        assert warning in text
    cell = max(results.cells, key=lambda cell: (cell.speed, cell.repetitions))
    gap = cell.accuracy_gap
    assert f"{gap.estimate:+.2f} ({gap.low:+.2f} to {gap.high:+.2f})" in text
    assert f"{cell.inserted.n} / {cell.held_out.n}" in text
    assert results.kit.commitment in text
    assert results.model.files[0].sha256 in text
    assert (
        f"An accuracy gap of {cell.smallest_detectable_gap:.2f} at 16 copies and 4 times speed would be"
        in text
    )
    assert "No gap at 16 copies and 4 times speed would be shown" in seen(RENDERER.render(audit("bare")))


def test_no_text_of_a_canary() -> None:
    for kind in ("failed", "transcripts"):
        text = RENDERER.render(audit(kind))
        assert not [row.reference for row in rows(kind) if row.reference in text]


def _many(results: Results, times: int) -> Results:
    return results.model_copy(update={"gates": results.gates * times, "warnings": ("w" * 2000,) * times})


def test_a_large_audit_is_cut_with_a_note() -> None:
    results = _many(audit("mixed"), 400)
    text = RENDERER.render(results)
    assert 0.9 * LIMIT < len(text.encode()) <= LIMIT < 65_536
    assert seen(text).rstrip().endswith("report.html and results.json have everything.")
    assert "Cut here" not in RENDERER.render(audit("mixed"))


@settings(deadline=None)
@given(st.lists(st.lists(st.text(alphabet="aé", max_size=30), max_size=3), max_size=5), st.integers(200, 400))
def test_fit_never_passes_its_limit(blocks: list[list[str]], limit: int) -> None:
    assert len(fit(blocks, limit).encode()) <= limit
