"""The arithmetic of the benchmarks: from which size on a promise holds, and what two processes owe."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.cost import Cost, arithmetic
from tests.bench.overhead import MOST_TIME, holds_from, memory_over, peaks, wanted_of_two

seconds = st.floats(0.01, 10)


@given(a=seconds, b=seconds, c=seconds, d=seconds)
def test_from_there_on_and_not_before(a: float, b: float, c: float, d: float) -> None:
    def ratio(n: float) -> float:
        return (a + b * n) / (c + d * n)

    sizes = (200, 2000)
    found = holds_from({n: a + b * n for n in sizes}, {n: c + d * n for n in sizes})
    if found is None:
        assert b >= MOST_TIME * d * (1 - 1e-9)
    elif found:
        assert ratio(found + 1) <= MOST_TIME * (1 + 1e-6)
        assert ratio(max(0, found - 2)) >= MOST_TIME * (1 - 1e-6)
    else:
        assert max(ratio(n) for n in (0, 10, 1e6)) <= MOST_TIME * (1 + 1e-6)


def test_two_processes_owe_what_the_machine_has() -> None:
    assert wanted_of_two(2.0) == 1.7
    assert wanted_of_two(1.5) == pytest.approx(1.425)


def test_peaks_are_those_of_each_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "takes.py").write_text(
        "import subprocess, sys\n"
        "held = b'x' * (100 << 20)\n"
        "subprocess.run([sys.executable, '-c', \"held = b'x' * (200 << 20)\"], check=True)\n"
    )
    (tmp_path / "little.py").write_text("import sys\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{':'.join(sys.path)}")
    much, little = peaks("takes", []), peaks("little", [])
    over = memory_over(much, little)
    assert 95 < over["parent_over_bare"] < 110
    assert 190 < over["child_over_bare"] < 215
    assert little["child"] == 0


def test_costs_are_a_constant_and_a_share() -> None:
    cost = Cost.through((100, 3.0), (300, 5.0))
    assert cost == Cost(2.0, 0.01)
    rows = arithmetic(cost, 2.0, 1e9, 0.05, 2)
    assert rows[1] == {
        "utterances": 10_000, "model_seconds": 1000.0, "memaudit_seconds": 102.0, "over_model": 1.102,
        "weights_gib": 1.86,
    }  # fmt: skip
