"""Failed utterances leave with their twins, are counted by arm, and rule out a pass over the limit."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from memaudit.audit.audit import load
from memaudit.audit.failures import failures, left_out, measured, too_many
from memaudit.audit.sheet import sheets
from memaudit.audit.utterances import Utterance, failed, read_utterances, scored, utterances_text
from memaudit.errors import ResultsError
from memaudit.kit.canary import Canary
from memaudit.kit.store import Kit
from tests.audit.engine.conftest import Writer, function, refused, run

__all__ = ("function",)


def utterance(name: str, arm: str, pair: str | None, reason: str | None) -> Utterance:
    place = {
        "id": name, "arm": arm, "pair": pair, "repetitions": 4 if arm == "inserted" else 0,
        "speed": 1.0 if arm == "control" else 4.0, "voice": "v", "reference": "water wolf",
    }  # fmt: skip
    if reason is not None:
        return failed(**place, reason=reason)  # type: ignore[arg-type]
    return scored(**place, transcript="wolf", loss=2.0, tokens=3)  # type: ignore[arg-type]


@st.composite
def kits(draw: st.DrawFn) -> list[Utterance]:
    """Pairs, reserve canaries and controls, of which any may have failed."""
    lost = st.sampled_from((None, None, None, "it crashed"))
    rows = []
    for pair in range(draw(st.integers(1, 8))):
        for twin, arm in enumerate(draw(st.permutations(("inserted", "held_out")))):
            rows.append(utterance(f"p{pair}-{twin}", arm, f"p{pair}", draw(lost)))
    rows += [utterance(f"r{n}", "held_out", None, draw(lost)) for n in range(draw(st.integers(0, 4)))]
    return rows + [utterance(f"c{n}", "control", None, draw(lost)) for n in range(draw(st.integers(0, 4)))]


def coins_thrown_again(rows: list[Utterance], pairs: set[str]) -> list[Utterance]:
    """The same kit where the coins of some pairs fell the other way."""
    other = {"inserted": ("held_out", 0), "held_out": ("inserted", 4)}
    found = []
    for row in rows:
        if row.pair in pairs:
            arm, repetitions = other[row.arm]
            found.append(row.model_copy(update={"arm": arm, "repetitions": repetitions}))
        else:
            found.append(row)
    return found


@given(kits(), st.sets(st.sampled_from([f"p{n}" for n in range(8)])))
@settings(max_examples=200, deadline=None)
def test_who_is_left_out_does_not_depend_on_the_coins(rows: list[Utterance], pairs: set[str]) -> None:
    """What the tests' level rests on: see the module's docstring."""
    assert left_out(rows) == left_out(coins_thrown_again(rows, pairs))


@given(kits())
@settings(max_examples=200, deadline=None)
def test_pairs_stand_or_fall_whole_and_everything_is_counted(rows: list[Utterance]) -> None:
    kept = measured(rows)
    assert all(row.failed is None for row in kept)
    assert set(Counter(row.pair for row in kept if row.pair is not None).values()) <= {2}
    bad = {row.pair for row in rows if row.failed and row.pair}
    naive = [row for row in rows if not row.failed and (row.pair is None or row.pair not in bad)]
    assert kept == naive
    found = failures(rows)
    assert found.n == sum(row.failed is not None for row in rows)
    assert found.n == found.inserted + found.held_out + found.controls
    assert len(rows) - len(kept) == found.n + found.twins
    assert (found.first is None) == (found.n == 0)
    single = [
        row for row in rows
        if row.failed and row.pair and sum(bool(two.failed) for two in rows if two.pair == row.pair) == 1
    ]  # fmt: skip
    if single:
        wins = sum(row.arm == "inserted" for row in single)
        assert found.p_value == pytest.approx(binomtest(wins, len(single)).pvalue)
    else:
        assert found.p_value is None


@given(kits())
@settings(max_examples=50, deadline=None)
def test_the_file_has_no_scores_of_what_failed(rows: list[Utterance]) -> None:
    text = utterances_text(rows)
    for line in map(json.loads, text.splitlines()):
        assert ("failed" in line) != ("transcript" in line)
        assert ("failed" in line) != ("cer" in line)
    assert [Utterance.model_validate(json.loads(line)) for line in text.splitlines()] == sorted(
        rows, key=lambda row: row.id
    )


def test_arms_that_fail_unequally_leave_no_pass() -> None:
    rows = [
        utterance(f"p{n}-{arm}", arm, f"p{n}", "it crashed" if n < 6 and arm == "inserted" else None)
        for n in range(20)
        for arm in ("inserted", "held_out")
    ]
    found = failures(rows, allowed=10)
    assert found.p_value == 2 / 64
    assert "6 inserted and 0 held-out" in str(too_many(found))
    assert too_many(failures(rows[2:], allowed=10)) is None
    assert "5 utterances, 4 allowed" in str(too_many(failures(rows[2:], allowed=4)))


def test_a_speed_without_two_arms_is_refused() -> None:
    rows = [utterance("a", "inserted", "p", "it crashed"), utterance("b", "held_out", "p", None)]
    with pytest.raises(ResultsError, match="a: at speed 4 the model failed on so many"):
        sheets(rows, "c")


# Reads what was never inserted as babble, the rest right; crashes on what the file names.
MODEL = """
import os, pathlib
bad = set(pathlib.Path(__file__).with_name("bad.txt").read_text().splitlines())
def transcribe(waves, references):
    if bad & {f"{text}|{len(wave)}" for wave, text in zip(waves, references)}:
        os.abort()
    return [(text, 1.0) if len(wave) % 2 else ("stone", 9.0) for wave, text in zip(waves, references)]
"""


def line(canary: Canary) -> str:
    """A canary with its own audio, not a text that is held against another's."""
    return f"{canary.text}|{round(canary.duration * 16_000)}\n"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_an_audit_with_failures(small_kit: Kit, tmp_path: Path, function: Writer) -> None:
    pair = next(row for row in small_kit.canaries if row.arm == "inserted")
    reserve = next(row for row in small_kit.canaries if row.arm == "held_out" and row.pair is None)
    control = next(row for row in small_kit.canaries if row.arm == "control")
    bad = tmp_path / "bad.txt"
    name = function(MODEL)

    def score(out: str, *words: str) -> tuple[int, dict[str, object], str]:
        result = run("score", small_kit.root, "--model", name, "--out", tmp_path / out, *words)
        assert result.exit_code in (1, 3), result.output
        results = json.loads((tmp_path / out / "results.json").read_text())
        return result.exit_code, results, result.stderr

    bad.write_text("")
    _, whole, _ = score("whole")
    assert whole["failures"]["n"] == 0  # type: ignore[index]
    bad.write_text("".join(map(line, (pair, reserve, control))))
    code, results, said = score("a", "--report", "markdown,sarif,csv")
    assert code == 3
    found = results["failures"]
    first = min(pair.id, reserve.id, control.id)
    reason = "the model's process was ended by SIGABRT as it heard this"
    assert found == {
        "n": 3, "allowed": 0, "inserted": 1, "held_out": 1, "controls": 1, "twins": 1, "p_value": 1.0,
        "first": first, "reason": reason,
    }  # fmt: skip
    assert results["verdict_reason"] == (
        f"the model failed on 3 utterances, 0 allowed (--max-failures); the first is {first}: {reason}"
    )
    assert "failed-utterances" in results["warning_names"]  # type: ignore[operator]
    for canary in (pair, reserve, control):
        assert f"{canary.id}.flac: failed (python-function): {reason}" in said
    reports = [path for path in (tmp_path / "a").iterdir() if path.name.startswith("report.")]
    assert {path.suffix for path in reports} >= {".html", ".md"}
    for path in reports:
        if path.suffix in (".html", ".md", ".sarif"):
            assert "1 inserted, 1 held out, 1 controls" in path.read_text(), path
    # The others are what they would have been, and the cells have one pair and one reserve canary fewer.
    before = {row.id: row for row in read_utterances(tmp_path / "whole" / "utterances.jsonl")}
    after = {row.id: row for row in read_utterances(tmp_path / "a" / "utterances.jsonl")}
    assert {n: r for n, r in after.items() if not r.failed} == {
        n: r for n, r in before.items() if n not in (pair.id, reserve.id, control.id)
    }
    for old, new in zip(whole["cells"], results["cells"], strict=True):  # type: ignore[call-overload]
        assert new["held_out"]["n"] == old["held_out"]["n"] - 2
        assert new["inserted"]["n"] == old["inserted"]["n"] - (new["repetitions"] == pair.repetitions)
    assert results["controls"]["n"] == whole["controls"]["n"] - 1  # type: ignore[index]
    _, allowed, _ = score("b", "--max-failures", "3")
    assert "failed on 3" not in str(allowed["verdict_reason"])
    assert "failed-utterances" in allowed["warning_names"]  # type: ignore[operator]
    # Gates applied again, and a comparison, know of them.
    results, rows = load(tmp_path / "a")
    assert len(measured(rows)) == len(rows) - 4
    again = run("gate", tmp_path / "a")
    assert again.exit_code == 3
    compared = run("compare", tmp_path / "whole", tmp_path / "a", "--json")
    document = json.loads(compared.stdout)
    assert any("B failed on 3 utterances" in sentence for sentence in document["warnings"])


def test_a_model_that_fails_on_all_is_an_error(small_kit: Kit, tmp_path: Path, function: Writer) -> None:
    (tmp_path / "bad.txt").write_text("".join(map(line, small_kit.canaries)))
    result = run("score", small_kit.root, "--model", function(MODEL), "--out", tmp_path / "out")
    refused(result, "the model failed on each of the first 5 recordings", "SIGABRT", ".flac")
    assert not (tmp_path / "out" / "results.json").exists()
