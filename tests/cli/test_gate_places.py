"""Where gates stand in the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memaudit.cli.gate_places import _line, gate_places

GATE = "accuracy_gap <= 0.10"


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def found(folder: Path) -> list[tuple[str, str, int]]:
    return [(place.gate, place.file, place.line) for place in gate_places(folder)]


def test_an_array_over_several_lines(tmp_path: Path) -> None:
    write(
        tmp_path,
        "pyproject.toml",
        f'[project]\nname = "{GATE}"\n# gate = ["{GATE}"]\n[tool.memaudit]\ngate = [\n  "{GATE}",\n'
        "  # a comment\n  'exposure@1 <= 3', \"auc <= 0.9\",\n]\n",
    )
    assert found(tmp_path) == [
        (GATE, "pyproject.toml", 6),
        ("exposure@1 <= 3", "pyproject.toml", 8),
        ("auc <= 0.9", "pyproject.toml", 8),
    ]


def test_tables_of_commands_and_both_files(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", '[tool.memaudit]\ngate = ["auc <= 0.7"]\n')
    write(
        tmp_path,
        "memaudit.toml",
        f'gate = ["{GATE}"]\n\n[score]\nreport = ["sarif"]\ngate = ["{GATE}", "auc <= 1"]\n',
    )
    # memaudit.toml wins, and in it the command's own table
    assert found(tmp_path) == [
        (GATE, "memaudit.toml", 5),
        ("auc <= 1", "memaudit.toml", 5),
        (GATE, "memaudit.toml", 1),
    ]


def test_one_gate_may_hold_another_as_text(tmp_path: Path) -> None:
    write(tmp_path, "memaudit.toml", 'gate = [\n"auc <= 0.95",\n"auc <= 0.9",\n"auc <= 0.9",\n]\n')
    assert found(tmp_path) == [
        ("auc <= 0.95", "memaudit.toml", 2),
        ("auc <= 0.9", "memaudit.toml", 3),
        ("auc <= 0.9", "memaudit.toml", 4),
    ]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (f'gate = "{GATE}"\r\n', [(GATE, "memaudit.toml", 1)]),
        ('gate = ["auc \\u003c= 0.9"]\n', []),
        ("gate = [1, true]\n", []),
        ("gate = 3\n", []),
        ('gate = [""]\n', []),
        ("", []),
    ],
)
def test_other_forms(text: str, places: list[tuple[str, str, int]], tmp_path: Path) -> None:
    write(tmp_path, "memaudit.toml", text)
    assert found(tmp_path) == places


def test_without_a_file(tmp_path: Path) -> None:
    assert found(tmp_path) == []
    write(tmp_path, "pyproject.toml", f'[tool.other]\ngate = ["{GATE}"]\n')
    assert found(tmp_path) == []


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["auc <= 0.9", "auc <= 0.95", "exposure@1 <= 3"]), max_size=6), st.integers(0, 3)
)
def test_every_gate_of_an_array_has_its_own_line(gates: list[str], above: int) -> None:
    text = (
        "# auc <= 0.9\n" * above + "gate = [\n" + "".join(f"  '{gate}', # {gate}\n" for gate in gates) + "]\n"
    )
    lines = [_line(text, gate, ("gate", number)) for number, gate in enumerate(gates)]
    assert lines == [above + 2 + number for number in range(len(gates))]
