"""`score --resume` after a kill, `score --shard` and `merge`: the results of a run that nobody disturbed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from memaudit.audit.journal.opening import NAME
from memaudit.cli.main import cli
from memaudit.kit.packaged import kits_folder
from memaudit.kit.store import Kit
from tests.bench.kills import Killer
from tests.cli.test_score_model import manifest

RECOGNISERS = kits_folder() / "recognisers"
MODEL = RECOGNISERS / "clipped"


@pytest.fixture(scope="module")
def kit(readable_kit: Kit) -> Kit:
    """Nothing here writes into it."""
    return readable_kit


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def score(kit: Kit, out: Path, *words: str | Path) -> Result:
    return run("score", kit.root, "--model", MODEL, "--out", out, *words)


def refused(result: Result, *parts: str) -> None:
    assert result.exit_code == 2, result.output
    (message,) = [line for line in result.stderr.splitlines() if line.startswith("memaudit: error: ")]
    for part in parts:
        assert part in message


def same(one: Path, other: Path) -> None:
    """All files of two audits are the same, but for the time."""
    documents = [json.loads((folder / "results.json").read_text()) for folder in (one, other)]
    assert {key for key in documents[0] if documents[0][key] != documents[1][key]} <= {"created"}
    for name in ("utterances.jsonl", "controls.jsonl"):
        files = [(folder / name) for folder in (one, other)]
        assert files[0].is_file() == files[1].is_file()
        if files[0].is_file():
            assert files[0].read_bytes() == files[1].read_bytes()


@pytest.fixture(scope="module")
def whole(kit: Kit, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An audit with controls of the user's own that are read badly: all is asked that can be; and these."""
    folder = tmp_path_factory.mktemp("whole")
    own = manifest(kit, folder / "own", shift=1)
    result = score(kit, folder / "audit", "--controls", own, "--assume-injected")
    assert result.exit_code == 3, result.output
    return folder / "audit", own


@pytest.mark.slow
def test_killed_at_random_moments(kit: Kit, tmp_path: Path) -> None:
    killer = Killer([kit.root, "--model", MODEL, "--assume-injected"], tmp_path, seed=3)
    count = killer.kill(4)
    assert count.kills >= 4
    assert count.audits >= 1
    assert (count.lost, count.again) == (0, 0)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.97])
def test_a_journal_that_was_cut_gives_the_same(
    kit: Kit, whole: tuple[Path, Path], tmp_path: Path, share: float
) -> None:
    audit, own = whole
    data = (audit / NAME).read_bytes()
    first = data.index(b"\n") + 1
    (tmp_path / NAME).write_bytes(data[: first + int(share * (len(data) - first))])
    result = score(kit, tmp_path, "--controls", own, "--assume-injected", "--resume")
    assert result.exit_code == 3, result.output
    assert ("recordings are in the journal" in result.stderr) == (share > 0.01)
    same(audit, tmp_path)
    assert sorted((tmp_path / NAME).read_bytes().splitlines()[1:]) != []
    lines = [json.loads(line[9:]) for line in (tmp_path / NAME).read_text().splitlines()]
    assert lines[-1] == {"complete": True}
    rows = [(line["run"], row["id"]) for line in lines if "heard" in line for row in line["heard"]]
    assert len(rows) == len(set(rows))
    assert {line["call"] for line in lines if "call" in line} == {"inspection", "front ends"}
    assert {name for name, _ in rows} == {"given", "given:2", "kit", "other texts"}


def test_the_journal_is_small(whole: tuple[Path, Path]) -> None:
    audit, _ = whole
    for line in (audit / NAME).read_bytes().splitlines():
        value = json.loads(line[9:])
        if "heard" in value:
            text = sum(len(row["transcript"].encode()) for row in value["heard"])
            assert (len(line) + 1 - text) / len(value["heard"]) < 200


def test_other_models_kits_and_options_are_refused(
    kit: Kit, whole: tuple[Path, Path], tmp_path: Path, small_kit: Kit
) -> None:
    audit, own = whole
    shutil.copytree(audit, tmp_path / "audit")
    out = tmp_path / "audit"
    again = ("--out", out, "--resume")
    refused(score(kit, out, "--resume"), "journal: was begun with another --controls manifest")
    words = ("score", kit.root, "--controls", own, *again)
    refused(run(*words, "--model", RECOGNISERS / "unclipped"), "with another model file: model.onnx (")
    refused(
        run("score", small_kit.root, "--controls", own, "--model", MODEL, *again), "another kit: commitment ("
    )
    refused(run(*words, "--model", MODEL, "--shard", "1/2"), "with another --shard (none, not 1/2)")
    shutil.copytree(own.parent, tmp_path / "own")
    shutil.copy(own.parent / "1.wav", tmp_path / "own" / "0.wav")
    words = ("score", kit.root, "--controls", tmp_path / "own" / own.name, *again)
    refused(run(*words, "--model", MODEL), "with another recording of --controls: control-1")


def test_an_unfinished_audit_is_not_replaced_unasked(
    kit: Kit, whole: tuple[Path, Path], tmp_path: Path
) -> None:
    data = (whole[0] / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(data[: len(data) // 2])
    refused(score(kit, tmp_path), "an unfinished audit is here", "add --resume", "another --out")
    lines = data.splitlines(keepends=True)
    (tmp_path / NAME).write_bytes(b"".join([*lines[:4], lines[4].replace(b"e", b"f", 1), *lines[5:]]))
    refused(score(kit, tmp_path, "--resume"), "journal:5: is damaged")


def test_options_that_do_not_go_together(kit: Kit, tmp_path: Path) -> None:
    words = ("score", kit.root, "--transcripts", "a.jsonl", "--out", tmp_path)
    refused(run(*words, "--resume"), "--resume and --shard need a model")
    refused(score(kit, tmp_path, "--shard", "3/2"), "--shard: '3/2' is no shard")


def test_shards_join_to_the_whole(kit: Kit, whole: tuple[Path, Path], tmp_path: Path) -> None:
    audit, own = whole
    parts = [tmp_path / f"part-{number}" for number in (1, 2)]
    for number, part in enumerate(parts, 1):
        result = score(kit, part, "--controls", own, "--shard", f"{number}/2", "--json", "-q")
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["shard"] == [number, 2]
        assert [path.name for path in part.iterdir()] == [NAME]
    result = run("merge", parts[1], parts[0], "--out", tmp_path / "a", "--assume-injected", "--report", "csv")
    assert result.exit_code == 3, result.output
    same(audit, tmp_path / "a")
    assert (tmp_path / "a" / "report.html").is_file()
    refused(run("merge", parts[0], "--out", tmp_path / "b"), "shard 2/2 missing")
    assert not (tmp_path / "b").exists()
