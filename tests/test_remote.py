"""Kits and models at URLs: copied once, checked, and named where something is wrong."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from click.testing import CliRunner, Result

from memaudit.cli.main import cli
from memaudit.errors import KitError, OutputError, UsageError
from memaudit.kit.packaged import kits_folder
from memaudit.kit.store import Kit, open_kit
from memaudit.remote import fetch, is_url

MODEL = kits_folder() / "recognisers" / "clipped"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MEMAUDIT_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "cache" / "remote"
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


def uploaded(folder: Path, url: str) -> str:
    fsspec.filesystem("memory").put(str(folder), url.removeprefix("memory:/"), recursive=True)
    return url


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def copies(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.is_dir())


@pytest.mark.parametrize(
    ("text", "url"),
    [("s3://b/k", True), ("gs://b", True), ("memory://x", True), ("file:///k", True), ("kit", False),
     ("/a/b", False), ("python:a:b", False), ("C:\\kit", False), ("a/s3://b", False)],
)  # fmt: skip
def test_what_a_url_is(text: str, url: bool) -> None:
    assert is_url(text) is url


@pytest.mark.parametrize("scheme", ["memory", "file"])
def test_a_folder_is_copied_once_and_anew_when_it_changes(
    tmp_path: Path, cache: Path, small_kit: Kit, scheme: str
) -> None:
    shutil.copytree(small_kit.root, tmp_path / "kit")
    if scheme == "memory":
        url = uploaded(tmp_path / "kit", "memory://bucket/kit")
    else:
        url = (tmp_path / "kit").as_uri()
    told: list[str] = []
    copy = fetch(url, open_kit, told=told.append)
    assert open_kit(copy).commitment == small_kit.commitment
    assert len(told) == 1
    assert url in told[0]
    assert copy.stat().st_mode & 0o077 == 0
    assert fetch(url, open_kit, told=told.append) == copy
    assert fetch(url + "/", told=told.append) == copy
    assert len(told) == 1
    name = "kit.json"
    changed = (tmp_path / "kit" / name).read_text().replace(small_kit.commitment, "0" * 64) + "\n"
    with fsspec.open(f"{url}/{name}", "w") as stream:
        stream.write(changed)
    with pytest.raises(KitError):
        fetch(url, open_kit)
    assert copies(cache) == [copy.name]


def test_a_kit_that_is_not_what_it_was_leaves_nothing(tmp_path: Path, cache: Path, small_kit: Kit) -> None:
    url = uploaded(small_kit.root, "memory://bucket/kit")
    audio = small_kit.canaries[0].audio
    with fsspec.open(f"{url}/{audio}", "wb") as stream:
        stream.write(b"other audio")
    result = run("verify-kit", url, "--quiet")
    assert result.exit_code == 2
    assert Path(audio).name in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert [path.suffix for path in cache.iterdir()] == [".lock"]


@pytest.mark.slow
def test_score_and_inspect(tmp_path: Path, cache: Path) -> None:
    kit = uploaded(kits_folder() / "reference", "memory://bucket/kits/reference")
    model = uploaded(MODEL, "memory://bucket/models/clipped")
    assert run("verify-kit", kit).exit_code == 0
    for number, name in enumerate((model, f"{model}/model.onnx")):
        result = run("inspect-model", name, "--json")
        assert json.loads(result.stdout)["family"] == "onnx-ctc", result.output
        assert ("Copying" in result.stderr) == (number == 0)
    words = ("score", kit, "--model", f"{model}/model.onnx", "--assume-injected", "--out", tmp_path / "far")
    assert run(*words).exit_code == 3
    assert len(copies(cache)) == 2
    near = ("score", kits_folder() / "reference", "--model", MODEL / "model.onnx", "--assume-injected")
    assert run(*near, "--out", tmp_path / "near").exit_code == 3
    far, near_rows = ((tmp_path / name / "utterances.jsonl").read_bytes() for name in ("far", "near"))
    assert far == near_rows
    assert run("inspect-model", model, "--write").exit_code == 2


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("memory://nothing/here", "there is nothing"),
        ("nosuch://a/b", "cannot be opened"),
        ("file:///nowhere/at/all", "memaudit: error: file:///nowhere/at/all: "),
    ],
)
def test_urls_without_anything(tmp_path: Path, url: str, said: str) -> None:
    for words in (
        ("verify-kit", url),
        ("inspect-model", url),
        ("score", url, "--model", "m", "--out", tmp_path),
    ):
        result = run(*words)
        assert result.exit_code == 2
        assert said in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_names_that_leave_the_folder_are_refused(cache: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/bucket/kit/a", b"a")
    memory.store["/bucket/kit/../../out"] = memory.store["/bucket/kit/a"]
    with pytest.raises(UsageError, match="may leave the folder"):
        fetch("memory://bucket/kit")
    assert not cache.exists() or copies(cache) == []


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("MEMAUDIT_CACHE", str(tmp_path / "file"))
    fsspec.filesystem("memory").pipe("/bucket/kit/a", b"a")
    with pytest.raises(OutputError, match="cannot be written"):
        fetch("memory://bucket/kit")


def _fetch(url: str, told: Path) -> None:
    fetch(url, told=lambda sentence: told.open("a").write(sentence + "\n") and None)


def test_processes_of_one_machine_copy_once(tmp_path: Path, cache: Path, small_kit: Kit) -> None:
    context = multiprocessing.get_context("spawn")
    url = small_kit.root.as_uri()
    processes = [context.Process(target=_fetch, args=(url, tmp_path / "told")) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
        process.close()
    assert len((tmp_path / "told").read_text().splitlines()) == 1
    assert len(copies(cache)) == 1
