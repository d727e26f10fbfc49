"""Jobs of a study: their order, and what happens when a worker fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memaudit.errors import UsageError
from memaudit.lab.study import BASELINE, Profile, profile_from
from memaudit.lab.study_commands import Place, StudyError
from memaudit.lab.study_folder import begin, read_study
from memaudit.lab.study_jobs import jobs_of
from memaudit.lab.study_profiles import FULL, PROFILES, QUICK, chosen_profile
from memaudit.lab.study_run import Board
from tests.lab.study_builders import TINY


@pytest.mark.parametrize("profile", [QUICK, FULL, TINY], ids=lambda profile: profile.name)
def test_every_job_comes_after_what_it_needs(profile: Profile) -> None:
    before: set[str] = set()
    for job in jobs_of(profile):
        assert before.issuperset(job.needs)
        assert job.weight > 0
        before.add(job.name)
    assert len(before) == len(jobs_of(profile))
    victims = {f"seed-{s}/victims/{c}" for s in profile.seeds for c in profile.conditions}
    assert victims <= before


@given(data=st.data(), workers=st.integers(1, 4))
def test_a_board_gives_each_job_once_and_never_too_early(data: st.DataObject, workers: int) -> None:
    jobs = jobs_of(TINY)
    shown: list[tuple[int, int]] = []
    notes: list[str] = []
    board = Board(Path("/nowhere"), jobs, lambda done, whole: shown.append((done, whole)), notes.append)
    under_way = []
    finished: set[str] = set()
    taken = []
    while len(finished) < len(jobs):
        ready = [j for j in jobs if j.name not in taken and finished.issuperset(j.needs)]
        while ready and len(under_way) < workers:
            job = board.take()
            assert job is not None
            assert finished.issuperset(job.needs)
            under_way.append(job)
            taken.append(job.name)
            ready = [j for j in jobs if j.name not in taken and finished.issuperset(j.needs)]
        job = under_way.pop(data.draw(st.integers(0, len(under_way) - 1)))
        board.tell(job, 0.5)
        board.finish(job)
        finished.add(job.name)
    assert board.take() is None
    assert sorted(taken) == sorted(job.name for job in jobs)
    assert len(notes) == len(jobs)
    assert shown[-1][0] == shown[-1][1]
    assert all(0 <= done <= whole for done, whole in shown)


def test_after_a_failure_nothing_more_is_begun() -> None:
    board = Board(Path("/nowhere"), jobs_of(TINY), lambda done, whole: None, lambda text: None)
    first = board.take()
    assert first is not None
    board.stop(StudyError("broke", where=first.name))
    board.stop(StudyError("broke later", where="another"))
    assert board.take() is None
    assert str(board.error) == f"{first.name}: broke"


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_profiles_survive_their_json(profile: Profile, tmp_path: Path) -> None:
    assert profile_from(profile.as_dict(), "here") == profile
    begun = begin(tmp_path / "out", profile)
    assert read_study(tmp_path / "out") == begun
    assert begin(tmp_path / "out", profile) == begun


def test_only_keeps_the_baseline_and_what_the_named_ones_need() -> None:
    some = chosen_profile("full", [7], ["deduplicated", "example-1"])
    assert list(some.conditions) == [BASELINE, "example-1", "deduplicated"]
    assert list(some.sets) == ["main", "deduplicated"]
    assert list(some.kits) == ["main"]
    assert some.seeds == (7,)
    assert chosen_profile("full", [], []) == FULL


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"conditions": {}}, "has no condition 'unclipped'"),
        ({"seeds": ()}, "has the seeds"),
        ({"kits": {}}, "which is no kit"),
        ({"sets": {}}, "which is no set"),
        ({"kits": {"../main": QUICK.kits["main"]}}, "is no folder's"),
        ({"sizes": replace(QUICK.sizes, fine_tuning=10)}, "3000 of 10 ordinary utterances"),
        ({"seeds": "one"}, "seeds: "),
    ],
)
def test_a_profile_that_does_not_hold_together(change: dict[str, object], said: str) -> None:
    document = replace(QUICK, **change).as_dict()  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="here: ") as caught:
        profile_from(document, "here")
    assert said in str(caught.value)


def test_a_study_of_another_version_is_not_gone_on_with(tmp_path: Path) -> None:
    begin(tmp_path / "out", QUICK)
    path = tmp_path / "out" / "study.json"
    path.write_text(path.read_text().replace('"torch": "', '"torch": "0.0.'))
    with pytest.raises(UsageError, match=r"made with torch 0\.0\."):
        begin(tmp_path / "out", QUICK)


def test_a_command_that_fails_says_which_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMAUDIT_KITS_JSON", "true")  # a user's own settings change nothing
    place = Place(tmp_path, tmp_path / ".new.part", tmp_path / "new")
    ran = place.command("kits")
    assert (ran.command, ran.exit_code) == ("memaudit kits", 0)
    with pytest.raises(StudyError) as caught:
        place.command("verify-kit", tmp_path / ".new.part" / "kit")
    assert str(caught.value).startswith("memaudit verify-kit new/kit: ended with exit code 2: ")
