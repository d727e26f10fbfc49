"""Texts of files on the terminal: nothing of them steers it, whichever way they come."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner, Result

from memaudit.cli.main import cli
from memaudit.errors import MemauditError
from memaudit.limits import LONGEST_MESSAGE
from tests.fuzz.kits import tone_kit
from tests.models import ctc_families

STEERING = (
    *("\x1b[31mred", "\x1b]0;title\x07", "\x9b31m", "\x08\x08\x08over", "a\rb", "\x1b]8;;http://x\x07link"),
    *("\u202eright to left", "\u2066x\u2069", "a\u2028b", "\ud800half", "\x00zero", "\ufeffmark"),
)
"""Colours, titles, links, overwriting, direction, line ends that some terminals obey."""


def harmless(text: str) -> bool:
    return all(c in "\n" or unicodedata.category(c)[0] != "C" for c in text)


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


@pytest.mark.parametrize("text", STEERING)
def test_errors(text: str) -> None:
    line = str(MemauditError(f"is {text}", where=f"file {text}", how=f"mend {text}"))
    assert harmless(line)
    assert "\n" not in line
    assert "\u2028" not in line


def test_errors_are_cut() -> None:
    line = str(MemauditError("x" * 1_000_000, where="y" * 1_000_000, how="z" * 1_000_000))
    assert len(line) < 4 * LONGEST_MESSAGE
    assert "(1000000 characters)" in line


@pytest.mark.parametrize("text", [text for text in STEERING if "\x00" not in text and "\ud800" not in text])
def test_names_of_files(tmp_path: Path, text: str) -> None:
    place = tmp_path / text.replace("/", "")
    for words in (
        ("verify-kit", place),
        ("gate", place),
        ("inspect-model", place),
        ("plan", "--recipe", f"{place}.toml"),
    ):
        found = run(*words)
        assert found.exit_code == 2
        assert harmless(found.output + found.stderr)


@pytest.mark.parametrize("text", STEERING)
def test_transcripts(tmp_path: Path, text: str) -> None:
    kit = tone_kit(tmp_path / "kit")
    heard = tmp_path / "heard.jsonl"
    given = ("--transcripts", heard, "--out", tmp_path / "audit", "--assume-injected", "-v")
    rows = [{"id": canary.id, "transcript": text} for canary in kit.canaries]
    heard.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = run("score", kit.root, *given)
    assert found.exit_code in (0, 1, 2, 3), found.output
    assert harmless(found.output + found.stderr)
    rows[0]["id"] = text
    heard.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = run("score", kit.root, *given)
    assert found.exit_code == 2
    assert harmless(found.output + found.stderr)


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("text", [text for text in STEERING if "\ud800" not in text])
def test_metadata_of_models(tmp_path: Path, text: str, as_json: bool) -> None:
    """A wav2vec 2.0 model whose type and padding token are the text."""
    path = ctc_families.hf(tmp_path / "model")
    (path.parent / "config.json").write_text(json.dumps({"model_type": text, "vocab_size": 32}))
    vocabulary = json.loads((path.parent / "vocab.json").read_text())
    vocabulary[text] = vocabulary.pop("<pad>")
    (path.parent / "vocab.json").write_text(json.dumps(vocabulary))
    (path.parent / "tokenizer_config.json").write_text(json.dumps({"pad_token": text}))
    model = onnx.load(path)
    model.metadata_props.add(key="model_type", value=text)
    onnx.save(model, path)
    found = run("inspect-model", path, "-v", *(["--json"] if as_json else []))
    assert found.exit_code == 0, found.output
    assert harmless(found.output + found.stderr)
    if as_json:
        document = json.loads(found.stdout)
        assert document["description"]["tokens"]["blank"] == text
