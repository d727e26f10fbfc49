"""Gates: reading them, three outcomes, and the error rates that they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memaudit.audit.gate_syntax import OPERATORS, Gate, expand, parse_gate
from memaudit.audit.gates import evaluate
from memaudit.audit.metrics import METRICS
from memaudit.audit.sheet import Sheet, sheets
from memaudit.audit.utterances import Utterance
from memaudit.errors import GateError
from memaudit.stats.mean_gap import mean_gap
from tests.audit.synthetic import COMMITMENT, utterances


def by_speed(seed: int, **options: object) -> dict[float, Sheet]:
    return sheets(utterances(seed, **options), COMMITMENT)[0]  # type: ignore[arg-type]


@given(
    st.sampled_from(sorted(METRICS)),
    st.none() | st.integers(0, 999_999),
    st.none() | st.decimals(0, 999, places=2).map(float),
    st.sampled_from(sorted(OPERATORS)),
    st.floats(-1e6, 1e6).map(lambda value: float(f"{value:.4g}")),
)
def test_a_gate_reads_back(
    metric: str, repetitions: int | None, speed: float | None, operator: str, bound: float
) -> None:
    gate = Gate(metric, repetitions, speed, OPERATORS[operator], bound)
    assert parse_gate(str(gate), METRICS) == gate


def test_a_gate_keeps_its_writing() -> None:
    assert str(parse_gate(" accuracy_gap@16/4x<=0.10 ", METRICS)) == "accuracy_gap@16/4x <= 0.10"


@pytest.mark.parametrize(
    "text",
    ["", "accuracy_gap", "accuracy_gap = 1", "accuracy_gap <= ", "accuracy_gap@ <= 1", "accuracy_gap/4 <= 1",
     "accuracy_gap <= 1.2.3", "accuracy_gap <= nan", "accuracy_gap <= inf", "accuracy_gap <= 1e999",
     "accuracy_gap@16 <= 1; rm", "safety <= 1", "accuracy_gap@\u0661 <= 1"],
)  # fmt: skip
def test_bad_gates(text: str) -> None:
    with pytest.raises(GateError):
        parse_gate(text, METRICS)


@given(st.text(max_size=40))
def test_any_text_is_a_gate_or_a_gate_error(text: str) -> None:
    try:
        gate = parse_gate(text, METRICS)
    except GateError:
        return
    assert np.isfinite(gate.bound)


def test_expansion() -> None:
    levels = {4.0: [1, 16], 1.0: [1]}
    gate = parse_gate("exposure <= 3", METRICS)
    assert [str(item) for item in expand(gate, levels)] == ["exposure@16/4x <= 3", "exposure@1/4x <= 3"]
    with pytest.raises(GateError, match="no speed 2x; use one of 1x, 4x"):
        expand(parse_gate("exposure/2x <= 3", METRICS), levels)
    with pytest.raises(GateError, match="no canary at 2 repetitions; use one of 1, 16"):
        expand(parse_gate("exposure@2 <= 3", METRICS), levels)


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_every_metric_can_be_gated(metric: str) -> None:
    found = evaluate([f"{metric}@16 <= 0"], by_speed(1, leak=0.5))
    assert [gate.status for gate in found] == ["failed"]
    assert found[0].estimate is not None
    assert found[0].low is not None
    assert found[0].low > 0
    generous = evaluate([f"{metric}@16 <= 1e6"], by_speed(1, leak=0.5))[0]
    assert generous.status == ("inconclusive" if METRICS[metric].lower_only else "passed")


def test_the_limits_are_those_of_the_family() -> None:
    found = evaluate(["accuracy_gap <= 0.1"], by_speed(2, leak=0.1))
    sheet = by_speed(2, leak=0.1)[4.0]
    assert [gate.repetitions for gate in found] == [16, 4, 1]
    for gate in found:
        assert gate.repetitions is not None
        arms = sheet.accuracy[sheet.cell(gate.repetitions)], sheet.accuracy[~sheet.inserted]
        assert gate.low == pytest.approx(mean_gap(*arms, 1 - 2 * 0.05 / 3).low)
        assert gate.high == pytest.approx(mean_gap(*arms, 0.90).high)


def test_a_lower_gate_mirrors_an_upper_one() -> None:
    sheet = by_speed(3, leak=0.5)
    assert evaluate(["accuracy_gap@16 >= 0.1"], sheet)[0].status == "passed"
    assert evaluate(["accuracy_gap@16 > 0.999"], sheet)[0].status == "failed"
    assert evaluate(["accuracy_gap@16 > 0.8"], sheet)[0].status == "inconclusive"


@pytest.mark.parametrize("metric", sorted(METRICS))
@pytest.mark.parametrize("sign", sorted(OPERATORS))
def test_a_large_family_of_any_gates_is_decided(metric: str, sign: str) -> None:
    found = evaluate([f"{metric} {sign} 0.{step}" for step in range(1, 8)], by_speed(3, leak=0.5))
    assert len(found) == 3 * 7
    for gate in found:
        assert gate.estimate is not None
        assert gate.low is None or gate.low <= gate.estimate
        assert gate.high is None or gate.estimate <= gate.high


def test_an_undecided_gate_says_how_many_pairs_would_decide() -> None:
    gate = evaluate(["accuracy_gap@1 <= 0.1"], by_speed(4, pairs=8))[0]
    assert gate.status == "inconclusive"
    assert gate.needed is not None
    assert gate.needed > 8
    assert str(gate.needed) in gate.reason
    decided = [
        evaluate(["accuracy_gap@1 <= 0.1"], by_speed(seed, pairs=gate.needed, levels=(1,), reserve=100))[
            0
        ].status
        for seed in range(10)
    ]
    assert decided.count("passed") >= 8


def drawn_from(rows: list[Utterance], pairs: int, rng: np.random.Generator) -> dict[float, Sheet]:
    """An audit with so many inserted canaries, and as many times more held out, that score as these do."""
    arms = [[row for row in rows if row.arm == arm] for arm in ("inserted", "held_out")]
    sizes = pairs, round(len(arms[1]) * pairs / len(arms[0]))
    chosen = [arm[at] for arm, n in zip(arms, sizes, strict=True) for at in rng.integers(len(arm), size=n)]
    new = [
        # Losses are continuous: canaries drawn twice must not tie.
        row.model_copy(update={"id": f"c{number:06d}", "loss": (row.loss or 0.0) + 1e-9 * rng.random()})
        for number, row in enumerate(chosen)
    ]
    return sheets(new, COMMITMENT)[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gate", "leak"), [("accuracy_gap <= 0.1", 0.0), ("accuracy_gap <= 0.1", 0.3), ("exposure <= 3", 0.5)]
)
def test_half_of_audits_decide_with_the_number_that_is_named(gate: str, leak: float) -> None:
    rng, decided = np.random.default_rng(1), []
    for seed in range(50):
        rows = utterances(seed, leak=leak, pairs=20, levels=(1,), reserve=40, controls=0)
        (found,) = evaluate([gate], sheets(rows, COMMITMENT)[0])
        if found.needed is not None and found.needed < 300:
            (again,) = evaluate([gate], drawn_from(rows, found.needed, rng))
            decided.append(again.status != "inconclusive")
    assert len(decided) >= 15
    # 2.33 standard errors below one half.
    assert np.mean(decided) >= 0.5 - 2.33 * 0.5 / np.sqrt(len(decided))


@pytest.mark.slow
@pytest.mark.parametrize("ties", [0.0, 0.9])
def test_a_clean_model_fails_in_at_most_5_percent_of_audits(ties: float) -> None:
    audits = 1000
    failed = sum(
        any(
            gate.status == "failed"
            for gate in evaluate(["accuracy_gap <= 0"], by_speed(seed, ties=ties, pairs=5, reserve=10))
        )
        for seed in range(audits)
    )
    # The bound lies exactly at the truth, the hardest case; 2.33 standard errors above 5 %.
    assert failed / audits <= 0.05 + 2.33 * np.sqrt(0.05 * 0.95 / audits)


@pytest.mark.slow
def test_a_leaking_model_passes_in_at_most_5_percent_of_audits() -> None:
    audits = 600
    # Every copy is read whole with chance 0.15: the gap at one copy is 0.15 * (1 - 0.12) = 0.13, above 0.10.
    passed = sum(
        all(
            gate.status == "passed"
            for gate in evaluate(["accuracy_gap <= 0.1"], by_speed(seed, leak=0.15, levels=(1,), pairs=30))
        )
        for seed in range(audits)
    )
    assert passed / audits <= 0.05 + 2.33 * np.sqrt(0.05 * 0.95 / audits)
