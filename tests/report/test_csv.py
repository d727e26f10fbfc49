"""CSV: the figures of results.json under their keys, and nothing that a spreadsheet runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memaudit.report.csv_tables import LONGEST, neutral
from memaudit.report.plain import plain
from tests.report.audits import audit, material, rendered, rows
from tests.report.readers import read_csv

SIGNS = "=+-@\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH COMMERCIAL AT}"


def leaves(value: Any, prefix: str = "") -> dict[str, Any]:
    """Joined keys of a JSON object -> values, rates of tpr_at_fpr in their keys."""
    found: dict[str, Any] = {}
    for key, item in value.items():
        if key == "tpr_at_fpr":
            for entry in item:
                found |= leaves(entry, f"{prefix}{key}_{entry['fpr']:g}_")
        elif isinstance(item, dict):
            found |= leaves(item, f"{prefix}{key}_")
        elif item is not None:
            found[prefix + key] = item
    return found


def text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


@pytest.mark.parametrize("kind", ["mixed", "transcripts", "bare"])
def test_cells_are_those_of_the_results(kind: str, tmp_path: Path) -> None:
    table = read_csv(rendered("csv", kind, tmp_path))["cells.csv"]
    cells = sorted(audit(kind).document()["cells"], key=lambda cell: (cell["speed"], cell["repetitions"]))
    assert len(table) == len(cells)
    for row, cell in zip(table, cells, strict=True):
        assert {name: value for name, value in row.items() if value} == {
            name: text(value) for name, value in leaves(cell).items()
        }


def test_columns_are_the_same_whatever_is_null(tmp_path: Path) -> None:
    full, bare = (read_csv(rendered("csv", kind, tmp_path)) for kind in ("mixed", "bare"))
    for name in full:
        assert list(full[name][0]) == list(bare[name][0])


def test_each_inserted_canary_has_its_own_exposure(tmp_path: Path) -> None:
    table = read_csv(rendered("csv", "mixed", tmp_path))["utterances.csv"]
    found = {row["id"]: row["exposure"] for row in table}
    assert {row.id for row in rows("mixed") if row.arm == "inserted"} == {
        name for name in found if found[name]
    }
    for cell in audit("mixed").cells:
        own = [
            float(found[row.id])
            for row in rows("mixed")
            if (row.speed, row.repetitions) == (cell.speed, cell.repetitions) and row.arm == "inserted"
        ]
        assert sum(own) / len(own) == pytest.approx(cell.exposure.mean)
    for example in audit("mixed").examples:
        assert found[example.id] == ("" if example.exposure is None else repr(example.exposure))


def test_utterances_are_those_of_the_file(tmp_path: Path) -> None:
    table = read_csv(rendered("csv", "mixed", tmp_path))["utterances.csv"]
    wanted = sorted(rows("mixed"), key=lambda row: row.id)
    assert [row["id"] for row in table] == [row.id for row in wanted]
    for row, utterance in zip(table, wanted, strict=True):
        assert float(row["cer"]) == utterance.cer
        assert row["reference"] == utterance.reference
        assert row["pair"] == (utterance.pair or "")


@settings(deadline=None)
@given(st.text(max_size=40) | st.from_regex(rf"\A[ \t\r\n;]*[{SIGNS}\-][ -~]{{0,10}}\Z"))
def test_no_cell_begins_as_a_formula(foreign: str) -> None:
    for cell in neutral(foreign).split(";"):
        assert cell.strip()[:1] not in SIGNS or not cell.strip()
    assert neutral(foreign).replace("'", "") == plain(foreign, LONGEST).replace("'", "")


def test_ordinary_texts_are_left_alone() -> None:
    for ordinary in ("abandon ability", "it's 5 - 3", "a=b", "naïve 東京"):
        assert neutral(ordinary) == ordinary


def test_a_million_characters_fit_a_cell(tmp_path: Path) -> None:
    documents = material("mixed", tmp_path, fouled="y" * 1_000_000)
    from memaudit.report.csv_tables import RENDERER

    table = read_csv(RENDERER.documents(documents))["utterances.csv"]
    assert {len(row["transcript"]) < 32_767 for row in table} == {True}
    assert table[0]["transcript"].endswith("y… (1000000 characters)")
