"""Claims judged from hand-made figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memaudit.lab.study_claims import claims
from memaudit.lab.study_controls import auditor_controls
from memaudit.lab.study_findings import Findings
from memaudit.lab.study_judging import ORDER, Part, judge, status_of
from memaudit.lab.study_numbers import judged_by
from memaudit.lab.study_results import Figure, Privacy, Victim
from tests.lab.study_builders import findings, victim, whole_study

seeds_of_part = st.dictionaries(st.integers(1, 5), st.booleans(), max_size=5)
parts = st.lists(seeds_of_part.map(lambda holds: Part("words", holds)), max_size=5)


@given(parts)
def test_a_status_follows_from_its_parts(found: list[Part]) -> None:
    status = status_of(found)
    measured = [value for part in found for value in part.holds.values()]
    if not found or not found[0].holds:
        assert status == "not run"
    elif not any(found[0].holds.values()):
        assert status == "not shown"
    elif all(measured) and all(part.holds for part in found):
        assert status == "shown"
    else:
        assert status == "partly shown"


@given(parts, st.integers(0, 4), st.integers(1, 5))
def test_more_that_holds_never_weakens_a_claim(found: list[Part], at: int, seed: int) -> None:
    if at >= len(found) or seed not in found[at].holds:
        return
    better = [*found]
    better[at] = Part("words", {**found[at].holds, seed: True})
    assert ORDER.index(status_of(better)) >= ORDER.index(status_of(found))


@given(st.lists(parts, max_size=4))
def test_the_strongest_condition_decides(found: list[list[Part]]) -> None:
    judged = [judged_by(str(number), item, ()) for number, item in enumerate(found)]
    claim = judge(3, "title", "rule", judged)
    assert all(ORDER.index(item.status) <= ORDER.index(claim.status) for item in judged)
    assert (claim.best is None) == (not judged)


def test_a_study_in_which_everything_holds() -> None:
    assert [claim.status for claim in claims(whole_study())] == ["shown"] * 6


Change = Callable[[Victim], Victim]


def changed(condition: str, change: Change, seeds: tuple[int, ...] = (2,)) -> Findings:
    """The whole study with victims of some seeds changed."""
    whole = whole_study()
    victims = [change(v) if v.condition == condition and v.seed in seeds else v for v in whole.victims]
    roles = {name: pooled.role for name, pooled in whole.conditions.items()}
    return findings(roles, victims, whole.costs)


def flat(v: Victim) -> Victim:
    return replace(
        v,
        doses=tuple(replace(d, gap=Figure(0.0, -0.1, 0.1)) for d in v.doses),
        changes=tuple(replace(c, gap=Figure(0.0, -0.1, 0.1)) for c in v.changes),
    )


@pytest.mark.parametrize(
    ("number", "condition", "change"),
    [
        (1, "unclipped", flat),
        (1, "unclipped", lambda v: replace(v, controls=0.3)),
        (1, "unclipped", lambda v: replace(v, speeds=tuple(replace(s, trend_p=0.2) for s in v.speeds))),
        (1, "unclipped", lambda v: replace(v, speeds=tuple(replace(s, held_out=0.6) for s in v.speeds))),
        (2, "ladder", lambda v: replace(v, difference_of_gaps=Figure(0.1, -0.1, 0.3))),
        (2, "ladder", lambda v: replace(v, speeds=tuple(replace(s, held_out=0.3) for s in v.speeds))),
        (2, "ladder", flat),
        (3, "example-1", flat),
        (3, "example-1", lambda v: replace(v, wer=0.0501)),
        (3, "less", lambda v: replace(v, wer=0.03)),
        (3, "less", flat),
        (6, "private", lambda v: replace(v, privacy=(Privacy(1, 0.5, 1e-5, 0.6),))),
        (6, "private", lambda v: replace(v, privacy=())),
    ],
)
def test_one_seed_in_which_a_part_fails_makes_it_partly_shown(
    number: int, condition: str, change: Change
) -> None:
    assert claims(changed(condition, change))[number - 1].status == "partly shown"


@pytest.mark.parametrize(
    ("number", "condition", "change"),
    [
        (1, "unclipped", flat),
        (2, "ladder", lambda v: replace(v, difference_of_gaps=None)),
        (3, "example-1", flat),
        (6, "private", lambda v: replace(v, privacy=(Privacy(16, 0.5, 1e-5, 0.6),))),
    ],
)
def test_a_core_that_holds_in_no_seed_is_not_shown(number: int, condition: str, change: Change) -> None:
    assert claims(changed(condition, change, (1, 2, 3)))[number - 1].status == "not shown"


def test_a_gap_at_any_dose_keeps_per_example_clipping_from_being_shown() -> None:
    victims = [
        victim("unclipped"),
        victim("less", gaps=(0.0, 0.2, 0.4), wer=0.05, change=-0.3),
        victim("example-1", gaps=(0.0, 0.3, 0.0), wer=0.045, change=-0.7),
    ]
    found = findings({"unclipped": "baseline", "less": "less", "example-1": "example"}, victims)
    assert claims(found)[2].status == "partly shown"
    assert not claims(found)[2].judged[0].parts[1].somewhere


def test_of_several_controls_that_of_the_nearest_wer_decides() -> None:
    roles = {"unclipped": "baseline", "a": "less", "b": "less", "c": "less", "example-1": "example"}
    victims = [
        victim("unclipped"),
        victim("a", gaps=(0, 0, 0.9), wer=0.03),  # read better: it was trained more
        victim("b", gaps=(0, 0, 0.0), wer=0.044),
        victim("c", gaps=(0, 0, 0.5), wer=0.08),
        victim("example-1", gaps=(0.0, 0.0, 0.01), wer=0.045, change=-0.7),
    ]
    part = claims(findings(roles, victims))[2].judged[0].parts[3]
    assert part.holds == {1: False}


def test_per_core_clipping_needs_its_cost_measured() -> None:
    whole = whole_study()
    assert claims(replace(whole, costs={}))[3].status == "partly shown"
    dear = {"none": 1.0, "core": 1.3, "adaptive": 1.3}
    assert claims(replace(whole, costs=dear))[3].status == "partly shown"
    one = {"none": 1.0, "core": 1.3, "adaptive": 1.2}
    claim = claims(replace(whole, costs=one))[3]
    assert claim.status == "shown"
    assert claim.best is not None
    assert claim.best.condition == "adaptive"


def test_beyond_the_papers_is_shown_when_all_of_it_was_run() -> None:
    whole = whole_study()
    roles = {name: item.role for name, item in whole.conditions.items() if name != "larger"}
    found = findings(roles, [v for v in whole.victims if v.condition != "larger"], whole.costs)
    assert claims(found)[4].status == "partly shown"


def test_what_was_not_run_is_said_to_be_so() -> None:
    found = findings({"unclipped": "baseline"}, [victim("unclipped")])
    assert [claim.status for claim in claims(found)] == ["shown", *["not run"] * 5]


def test_the_auditors_controls() -> None:
    assert auditor_controls(whole_study()).sound
    missed = auditor_controls(changed("unclipped", lambda v: replace(v, detected=())))
    assert not missed.sound
    assert missed.positive == "memorisation is shown in 2 of 3 victims without clipping"
    broken = auditor_controls(changed("private", lambda v: replace(v, privacy=(Privacy(1, 0.5, 1e-5, 0.6),))))
    assert (broken.found, broken.kept, broken.sound) == (True, False, False)
    alone = auditor_controls(findings({"unclipped": "baseline"}, [victim("unclipped")]))
    assert (alone.kept, alone.sound) == (None, True)


def test_without_a_control_clipping_is_not_set_against_training_less() -> None:
    roles = {"unclipped": "baseline", "example-1": "example", "core-1": "core"}
    victims = [
        victim("unclipped"),
        victim("example-1", gaps=(0.0, 0.0, 0.0), wer=0.045, change=-0.7),
        victim("core-1", gaps=(0.0, 0.1, 0.3), wer=0.03, change=-0.4),
    ]
    example, core = claims(findings(roles, victims, {"core": 1.0}))[2:4]
    assert example.status == "partly shown"
    assert example.judged[0].parts[3].count() == "not measured"
    assert not any("training less" in text for text in core.judged[0].numbers)
