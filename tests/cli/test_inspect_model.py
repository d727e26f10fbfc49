"""`inspect-model` from the outside, on a working model of every family."""

from __future__ import annotations

import json
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from memaudit.cli.main import cli
from memaudit.files import sha256_file
from memaudit.kit.packaged import kits_folder
from memaudit.models.registry import adapters, describe, load_recognizer
from tests.models.builders import onnx_graph, speech, weights, write_onnx

KEYS = {
    "schema", "path", "described_by", "family", "summary", "why", "files", "sample_rate", "front_end",
    "decoder", "inferred", "warnings", "inspection", "frames_per_token", "description", "written",
}  # fmt: skip


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, ["inspect-model", *map(str, words)])


def refused(result: Result, *parts: str) -> None:
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("memaudit: error: ")
    for part in parts:
        assert part in lines[0]


def example(name: str, folder: Path) -> tuple[Path, str]:
    module = import_module(f"tests.models.examples.{name.replace('-', '_')}")
    return module.make(folder), module.TEXT


@pytest.mark.parametrize("name", sorted(adapters()))
def test_json_says_everything(tmp_path: Path, name: str) -> None:
    path, _ = example(name, tmp_path)
    result = run(path, "--trust-model", "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    assert set(found) == KEYS
    assert found["schema"] == "memaudit/inspection/1"
    assert found["family"] == name
    assert bool(found["why"]) == (found["described_by"] is None)
    assert found["written"] is None
    by_name = {file.name: file for file in tmp_path.rglob("*") if file.is_file()}
    for file in found["files"]:
        assert file["sha256"] == sha256_file(by_name[file["name"]])
    assert found["inspection"]["deterministic"] is True
    assert found["description"]["schema"] == "memaudit/model/1"


@pytest.mark.parametrize("named", ["file", "folder"])
@pytest.mark.parametrize("name", sorted(adapters()))
def test_what_is_written_loads_to_the_same(tmp_path: Path, name: str, named: str) -> None:
    path, text = example(name, tmp_path)
    given = path if named == "file" else tmp_path
    before = load_recognizer(given, trust_model=True)
    described = bool(describe(given)[1].files)
    result = run(given, "--trust-model", "--write", *(["--force"] if described else []), "--json")
    assert result.exit_code == 0, result.output
    written = Path(json.loads(result.stdout)["written"])
    table = tomllib.loads(written.read_text(encoding="utf-8"))
    assert table == json.loads(result.stdout)["description"]
    assert table["family"] == name
    assert table["files"]
    samples = speech(rate=before.sample_rate)
    expected = before.recognize(samples, text)
    for again in (given, written):
        after = load_recognizer(again, trust_model=True)
        assert after.recognize(samples, text) == expected
        assert after.info.front_end == before.info.front_end
        assert after.info.decoder == before.info.decoder
        assert set(before.info.files) <= {
            *after.info.files,
            *((n, d) for n, d in before.info.files if described),
        }
        assert written.name in dict(after.info.files)
    # A second look reads what was written, and writes the same.
    refused(run(given, "--trust-model", "--write"), str(written), "there already", "--force")
    assert run(given, "--trust-model", "--write", "--force").exit_code == 0
    assert tomllib.loads(written.read_text(encoding="utf-8")) == table


def test_for_people() -> None:
    result = run(kits_folder() / "recognisers" / "clipped")
    assert result.exit_code == 0, result.output
    for part in (
        "Family: onnx-ctc",
        "model.onnx sha256 4f0b33a6",
        "Front end: kind kaldi",
        "25 output frames a second, one every 40 ms",
        "100% of the frames of faint noise are blank",
        "two runs give the same",
        "padding in a batch changes nothing",
        "not quantised",
    ):
        assert part in result.stdout


def test_frames_for_each_token(tmp_path: Path) -> None:
    path, _ = example("wenet-ctc", tmp_path)
    found = json.loads(run(path, "--json").stdout)
    rates = found["frames_per_token"]
    if rates is not None:
        assert [item["speed"] for item in rates] == [1.0, 1.5, 2.0, 3.0, 4.0]
        for item in rates:
            assert item["frames_per_token"] * item["speed"] == pytest.approx(rates[0]["frames_per_token"])


def test_warnings_are_shown(tmp_path: Path) -> None:
    path = write_onnx(tmp_path, onnx_graph(weights(blank=-20.0)))
    assert "Warning: only 0% of the frames of faint noise are blank" in run(path).stdout


def test_nothing_is_recognised(tmp_path: Path) -> None:
    refused(run(tmp_path), str(tmp_path), "there is no model file")
    path = write_onnx(tmp_path / "a", onnx_graph(weights(), names=("one", "two", "three", "four")))
    for name in ("model.toml", "tokens.txt"):
        (path.parent / name).unlink()
    refused(run(path), str(path), "no family knows it", "model.onnx")
    refused(run(tmp_path / "missing"), "no such file or folder")
    refused(run(path, "--adapter", "onnx"), "no adapter 'onnx'")
    refused(run(path, "--force"), "--force is of use with --write only")


def test_nothing_is_written_where_the_model_does_not_run(tmp_path: Path) -> None:
    path = write_onnx(tmp_path, onnx_graph(weights()))
    (tmp_path / "tokens.txt").write_text("<blk> 0\na 1\n")
    before = (tmp_path / "model.toml").read_bytes()
    refused(run(path, "--write", "--force"), "the model scores 8 tokens a frame")
    assert (tmp_path / "model.toml").read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.onnx", "model.toml", "tokens.txt"]
