"""Kits whose making is interrupted, killed or out of room: the same call goes on, any other is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from memaudit.errors import MemauditError, OutputError
from memaudit.kit.job import Job
from memaudit.kit.make import Inputs, make_kit
from memaudit.kit.recipe import Recipe
from memaudit.kit.speakers import Source, SpeechRequest
from memaudit.kit.store import Kit, open_kit
from memaudit.kit.worker_client import start
from tests.bench.kit_kills import campaign
from tests.kit.apart import run_apart
from tests.kit.recipes import tiny
from tests.kit.test_make import contents

MANY = tiny(design={"pairs_per_cell": 40})
"""Of 169 utterances: more than two chunks."""


def interrupted(recipe: Recipe, out: Path, at: int, seed: int | None = 11, **options: object) -> Path:
    """Make a kit up to that many utterances; what it leaves."""

    def stop(done: int, total: int) -> None:
        if done == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        make_kit(recipe, out, seed=seed, progress=stop, **options)  # type: ignore[arg-type]
    assert caught.value.__notes__ == [f"{at} utterances are done, and the same command goes on from there"]
    assert not out.exists()
    (left,) = out.parent.glob(f".{out.name}.*.part")
    return left


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    return make_kit(MANY, tmp_path_factory.mktemp("many") / "kit", seed=11)


@pytest.mark.parametrize(("at", "jobs"), [(20, 1), (64, 1), (65, 2), (150, 2), (169, 1)])
def test_the_same_call_goes_on(tmp_path: Path, many: Kit, at: int, jobs: int) -> None:
    out = tmp_path / "kit"
    interrupted(MANY, out, at, jobs=jobs)
    seen: list[int] = []
    said: list[str] = []
    again = make_kit(MANY, out, seed=11, progress=lambda done, total: seen.append(done), note=said.append)
    assert seen == list(range(at, 170))
    assert said == [f"Going on with an unfinished kit: {at} of 169 utterances are done."]
    assert contents(again.root) == contents(many.root)
    assert os.listdir(tmp_path) == ["kit"]  # noqa: PTH208


def test_it_may_be_interrupted_again_and_again(tmp_path: Path, many: Kit) -> None:
    out = tmp_path / "kit"
    for at in (10, 70, 71, 140):
        interrupted(MANY, out, at)
    assert contents(make_kit(MANY, out, seed=11).root) == contents(many.root)


def test_controls_of_another_speaker(tmp_path: Path) -> None:
    pytest.importorskip("hibari")
    recipe = tiny(speech={"controls_engine": "hibari"}, design={"pairs_per_cell": 20})
    whole = make_kit(recipe, tmp_path / "whole", seed=3)
    controls = [place for place, canary in enumerate(whole.canaries, 1) if canary.arm == "control"]
    interrupted(recipe, tmp_path / "kit", controls[1], seed=3, jobs=2)
    assert contents(make_kit(recipe, tmp_path / "kit", seed=3).root) == contents(whole.root)


def tear_line(kit: Path) -> None:
    path = kit / "audit/assignment.jsonl"
    path.write_bytes(path.read_bytes()[:-40])


def change_line(kit: Path) -> None:
    path = kit / "audit/assignment.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:30], lines[30].replace(b'"duration":', b'"duration":1'), *lines[31:]]))


def audio_of(kit: Path, place: int) -> Path:
    line = (kit / "audit/assignment.jsonl").read_bytes().splitlines()[place]
    return kit / str(json.loads(line)["audio"])


def tear_audio(kit: Path) -> None:
    path = audio_of(kit, 50)
    path.write_bytes(path.read_bytes()[:-1])


def lose_audio(kit: Path) -> None:
    audio_of(kit, 80).unlink()


def plant(kit: Path) -> None:
    (kit / "train/audio/.c00.flac").write_bytes(b"half")
    (kit / "audit/audio/elsewhere").symlink_to(kit)


def lose_journal(kit: Path) -> None:
    (kit / "audit/assignment.jsonl").unlink()


@pytest.mark.parametrize(
    ("harm", "kept"),
    [(tear_line, 99), (change_line, 30), (tear_audio, 50), (lose_audio, 80), (plant, 100), (lose_journal, 0)],
)
def test_what_was_torn_is_made_again(
    tmp_path: Path, many: Kit, harm: Callable[[Path], None], kept: int
) -> None:
    harm(interrupted(MANY, tmp_path / "kit", 100) / "kit")
    said: list[str] = []
    again = make_kit(MANY, tmp_path / "kit", seed=11, note=said.append)
    assert contents(again.root) == contents(many.root)
    assert said == ([f"Going on with an unfinished kit: {kept} of 169 utterances are done."] if kept else [])
    open_kit(again.root)


def test_a_drawn_seed_is_gone_on_with(tmp_path: Path) -> None:
    left = interrupted(tiny(), tmp_path / "kit", 5, seed=None)
    secret = (left / "kit/audit/secret.json").read_bytes()
    assert (left / "kit/audit/secret.json").stat().st_mode & 0o777 == 0o600
    assert (left / "kit/audit/assignment.jsonl").stat().st_mode & 0o777 == 0o600
    kit = make_kit(tiny(), tmp_path / "kit")
    assert (kit.root / "audit/secret.json").read_bytes() == secret
    assert "seed" not in json.loads((left.parent / "kit/kit.json").read_text())


def corpus(tmp_path: Path, text: str) -> Inputs:
    path = tmp_path / "corpus.txt"
    path.write_text(text)
    return Inputs(exclude=(path,))


def test_anything_else_is_refused_and_says_what(tmp_path: Path, made: Kit) -> None:
    out = tmp_path / "kit"
    left = interrupted(tiny(), out, 5)
    head = json.loads((left / "unfinished.json").read_text())
    first = made.canaries[0].text if made.canaries[0].arm != "control" else made.canaries[1].text
    others: list[tuple[Callable[[], object], str]] = [
        (lambda: make_kit(tiny(), out, seed=12), "it has another seed"),
        (lambda: make_kit(tiny(), out), "it was begun with a --seed, and none is given"),
        (
            lambda: make_kit(tiny(design={"controls": 2}), out, seed=11),
            "the recipe's design.controls is 2, not 3",
        ),
        (
            lambda: make_kit(tiny(), out, seed=11, inputs=Inputs(gates=("exposure@1 <= 3",))),
            "gates are exposure@1 <= 3, not none",
        ),
        (
            lambda: make_kit(tiny(), out, seed=11, inputs=corpus(tmp_path, first)),
            "other texts are drawn, since a word list or the excluded texts have changed",
        ),
    ]
    for make, what in others:
        with pytest.raises(OutputError) as caught:
            make()
        assert what in str(caught.value)
        assert str(caught.value).startswith(f"{out}: an unfinished kit lies there")
        assert "--force" in str(caught.value)
        assert (left / "kit/audit/assignment.jsonl").read_bytes().count(b"\n") == 5
    head["versions"]["espeak-ng"] = "1.51"
    (left / "unfinished.json").write_text(json.dumps(head))
    with pytest.raises(OutputError, match=r"version of espeak-ng is [0-9.]+, not 1\.51"):
        make_kit(tiny(), out, seed=11)
    kit = make_kit(tiny(), out, seed=11, force=True)
    assert contents(kit.root) == contents(made.root)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus.txt", "kit"]


def test_force_with_other_texts(tmp_path: Path, made: Kit) -> None:
    interrupted(tiny(), tmp_path / "kit", 5)
    text = next(canary.text for canary in made.canaries if canary.arm == "held_out")
    kit = make_kit(tiny(), tmp_path / "kit", seed=11, inputs=corpus(tmp_path, text), force=True)
    assert text not in {canary.text for canary in kit.canaries}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus.txt", "kit"]


def test_what_another_user_laid_there_is_not_taken(
    tmp_path: Path, made: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = interrupted(tiny(), tmp_path / "kit", 5, seed=None)
    planted = (left / "kit/audit/secret.json").read_bytes()
    another = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: another)
    kit = make_kit(tiny(), tmp_path / "kit")
    assert (kit.root / "audit/secret.json").read_bytes() != planted


def test_links_in_an_unfinished_kit_are_not_followed(tmp_path: Path, made: Kit) -> None:
    left = interrupted(tiny(), tmp_path / "kit", 5)
    audio = audio_of(left / "kit", 4)
    (tmp_path / "mine.flac").write_bytes(audio.read_bytes())
    audio.unlink()
    audio.symlink_to(tmp_path / "mine.flac")
    before = (tmp_path / "mine.flac").read_bytes()
    kit = make_kit(tiny(), tmp_path / "kit", seed=11)
    assert contents(kit.root) == contents(made.root)
    assert not any(path.is_symlink() for path in kit.root.rglob("*"))
    assert (tmp_path / "mine.flac").read_bytes() == before


def test_errors_of_the_recipe_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(MemauditError, match="min_seconds"):
        make_kit(tiny(feasibility={"min_seconds": 2.0}), tmp_path / "kit", seed=1)
    assert list(tmp_path.iterdir()) == []


SHORT = tiny(text={"words": [3, 3]}, design={"pairs_per_cell": 60, "controls": 0})
"""Whose audio files are small."""

FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
recipe = parse_recipe(json.loads(RECIPE), where="tiny.toml")
from memaudit.errors import OutputError
try:
    make_kit(recipe, Path(OUT), seed=11, jobs=2)
except OutputError as error:
    print(error)
"""


def test_where_no_more_can_be_written(tmp_path: Path) -> None:
    """The journal grows beyond what a file may have, as on a full disk; every audio file is smaller."""
    out = tmp_path / "kit"
    recipe = json.dumps(SHORT.document())
    done = run_apart(FULL.replace("RECIPE", repr(recipe)).replace("OUT", repr(str(out))), check=True)
    assert done.stdout.count("\n") == 1
    assert done.stdout.startswith(f"{out}: cannot be written (File too large); free some space")
    assert "utterances are done, and the same command goes on from there" in done.stdout
    assert not out.exists()
    said: list[str] = []
    again = make_kit(SHORT, out, seed=11, note=said.append)
    assert contents(again.root) == contents(make_kit(SHORT, tmp_path / "whole", seed=11).root)
    assert said


INTERRUPT = """
import sys
import memaudit.cli.common
from memaudit.cli.main import main
def at_ten(done, total):
    if done == 10:
        os.kill(os.getpid(), signal.SIGINT)
memaudit.cli.common._no_progress = at_ten
signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background ignores it
sys.argv = ["memaudit", "make-kit", OUT, "--recipe", "smoke", "--jobs", "2"]
main()
"""


def test_ctrl_c_is_one_line_and_exit_2(tmp_path: Path) -> None:
    out = tmp_path / "kit"
    done = run_apart(INTERRUPT.replace("OUT", repr(str(out))))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert f"{out}: interrupted; 10 utterances are done, and the same command goes on" in done.stderr
    assert not out.exists()
    words = [sys.executable, "-m", "memaudit", "make-kit", str(out), "--recipe", "smoke"]
    again = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "Going on with an unfinished kit: 10 of" in again.stderr
    open_kit(out)
    assert os.listdir(tmp_path) == ["kit"]  # noqa: PTH208


@pytest.mark.skipif(os.name != "posix", reason="needs poll on pipes")
def test_a_speaking_process_that_nobody_waits_for_writes_nothing(tmp_path: Path) -> None:
    process = start(Source())
    requests = [SpeechRequest(f"number {word}", "en-us+f2") for word in ("one", "two", "three")]
    jobs = [Job(request) for request in requests]
    line = json.dumps([asdict(job) for job in jobs]).encode() + b"\n"
    answer, _ = process.communicate(line)  # which closes its input at once
    assert b'"done"' not in answer
    assert process.returncode == 0


@pytest.mark.slow
def test_kits_survive_kills_at_random_moments() -> None:
    tally = campaign(kills=3, seed=2, utterances=70, jobs=2)
    assert tally.kills >= 3
    assert (tally.lost, tally.different, tally.left_behind) == (0, 0, 0)


# Where a process kills itself, as code that runs in it before make_kit.
KILLS = {
    "before the first utterance": "memaudit.kit.make.render = kill",
    "after some utterances": "progress = lambda done, total: done == 10 and kill()",
    "after the last utterance": "progress = lambda done, total: done == total and kill()",
    "before the secret": "memaudit.kit.unfinished._write_secret = kill",
    "before kit.json": "memaudit.kit.make.KitInfo = kill",
    "before the first rename": "at_rename(1)",
    "before the second rename": "at_rename(2)",
    "before clearing up": "memaudit.kit.building.shutil.rmtree = kill",
}


@pytest.mark.parametrize("moment", sorted(KILLS))
@pytest.mark.parametrize("older", [False, True])
def test_a_kill_leaves_no_half_kit(tmp_path: Path, made: Kit, moment: str, older: bool) -> None:
    out = tmp_path / "kit"
    if older:
        make_kit(tiny(), out, seed=1)
    done = run_apart(
        f"{KILLS[moment]}\nmake_kit(recipe, Path({str(out)!r}), seed=11, force=True, progress=progress)"
    )
    killed = done.returncode == -signal.SIGKILL
    # Only a rename onto an older kit takes two steps.
    assert killed or (done.returncode == 0 and moment == "before the second rename" and not older)
    if out.exists():
        assert open_kit(out).commitment in {made.commitment, *([] if not older else [_first(tmp_path)])}
    kit = make_kit(tiny(), out, seed=11, force=True)
    assert contents(kit.root) == contents(made.root)


def _first(tmp_path: Path) -> str:
    return make_kit(tiny(), tmp_path / "first", seed=1).commitment
