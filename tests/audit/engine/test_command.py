"""``--model-command``: another program, its files, and everything that it can do wrong."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest
from click.testing import Result

from memaudit.audit.engine.command import Command
from memaudit.audit.engine.work import Item
from memaudit.errors import UsageError
from memaudit.kit.store import Kit
from tests.audit.engine.conftest import refused, run

READ = """
import json, sys
asked, answered = sys.argv[-2:]
rows = [json.loads(line) for line in open(asked, encoding="utf-8")]
"""
WRITE = """
with open(answered, "w", encoding="utf-8") as stream:
    stream.write("".join(json.dumps(row) + "\\n" for row in found))
"""
GOOD = READ + "found = [{'id': r['id'], 'transcript': r['text'], 'loss': 1.0} for r in rows]" + WRITE


@pytest.fixture
def score(small_kit: Kit, tmp_path: Path) -> object:
    """Runs a program's source text over the kit."""

    def scored(body: str, *options: str, places: str = "") -> Result:
        program = tmp_path / "my program.py"
        program.write_text(body, encoding="utf-8")
        command = f"{shlex.quote(sys.executable)} {shlex.quote(str(program))} {places}"
        return run("score", small_kit.root, "--model-command", command, "--out", tmp_path / "out", *options)

    return scored


@pytest.mark.parametrize("places", ["", "{input} {output}", "--verbose {input} {output}"])
def test_a_whole_audit(score: object, small_kit: Kit, tmp_path: Path, places: str) -> None:
    result = score(GOOD, places=places)  # type: ignore[operator]
    assert result.exit_code == 3, result.output
    rows = [json.loads(line) for line in (tmp_path / "out/utterances.jsonl").read_text().splitlines()]
    texts = {canary.id: canary.text for canary in small_kit.canaries}
    assert {row["id"]: row["transcript"] for row in rows} == texts
    assert {row["loss"] for row in rows} == {1.0}
    model = json.loads((tmp_path / "out/results.json").read_text())["model"]
    assert model["adapter"] == "command"
    assert "my program.py" in [file["name"] for file in model["files"]]


def test_it_is_given_the_recordings(items: list[Item], tmp_path: Path) -> None:
    program = tmp_path / "p.py"
    program.write_text(
        READ
        + "found = [{'id': r['id'], 'transcript': r['audio'] + '|' + str(r['text'])} for r in rows]"
        + WRITE
    )
    given = [*items[:-1], Item("last", items[-1].audio)]
    with Command(f"{shlex.quote(sys.executable)} {program}") as engine:
        found = {heard.id: heard.recognition for heard in engine.run(given)}
        assert engine.sample_rate is None
        with pytest.raises(UsageError, match="needs a model, not a program"):
            engine.call("a:b")
    for item in given:
        assert found[item.id].transcript == f"{item.audio}|{item.reference}"
        assert found[item.id].loss is None


def test_placeholders_stand_where_they_are_said(items: list[Item], tmp_path: Path) -> None:
    program = tmp_path / "p.py"
    program.write_text(
        "import json, sys\nout, asked = sys.argv[1].removeprefix('--to='), sys.argv[2]\n"
        "rows = [json.loads(line) for line in open(asked)]\n"
        "found = [json.dumps({'id': r['id'], 'transcript': sys.argv[3]}) for r in rows]\n"
        "open(out, 'w').write('\\n'.join(found))"
    )
    command = f"{shlex.quote(sys.executable)} {program} --to={{output}} {{input}} '$HOME; a b'"
    with Command(command) as engine:
        assert {heard.recognition.transcript for heard in engine.run(items)} == {"$HOME; a b"}


def test_secrets_among_the_arguments_are_not_recorded(tmp_path: Path) -> None:
    program = tmp_path / "p.py"
    program.write_text(GOOD)
    info = Command(f"{shlex.quote(sys.executable)} {program} --key=hunter2 hunter3").info
    assert "hunter" not in json.dumps([info.files, info.decoder, info.front_end, info.inferred])


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ("found = found[1:]", "1 of 62 canaries have no line"),
        ("found = found + found[:1]", "in its answers, line 63: id"),
        ("found = found + found[:1]", "occurs twice"),
        ("found[4]['id'] = 'zz'", "line 5: id 'zz' is not in the kit"),
        ("found[4]['loss'] = float('nan')", "has loss nan"),
        ("found[4]['loss'] = -1", "has loss -1"),
        ("found[4]['loss'] = None", "only 61 of 62 canaries have a loss"),
        ("found[4]['transcript'] = None", "has no transcript"),
        ("found[4] = 3", "line 5: is no JSON object"),
        ("del found[4]['id']", "line 5: has no id"),
        ("sys.exit(5)", "ended with code 5"),
        ("import os; os.abort()", "was ended by signal 6"),
        ("sys.exit(0)", "wrote no answers"),
        ("open(answered, 'wb').write(b'\\xff'); sys.exit(0)", "cannot be read as UTF-8 text"),
        ("open(answered, 'w').write('{'); sys.exit(0)", "line 1: is no JSON"),
    ],
)
def test_what_it_does_wrong_is_one_line(score: object, tmp_path: Path, change: str, part: str) -> None:
    body = READ + "found = [{'id': r['id'], 'transcript': 'x', 'loss': 1.0} for r in rows]\n" + change + WRITE
    refused(score(body), part, "--model-command")  # type: ignore[operator]
    assert not (tmp_path / "out" / "utterances.jsonl").exists()


def test_what_it_prints_is_no_result(score: object, capfd: pytest.CaptureFixture[str]) -> None:
    result = score("print('on its stdout', flush=True)" + GOOD, "--json")  # type: ignore[operator]
    assert json.loads(result.stdout)["schema"] == "memaudit/results/1"
    captured = capfd.readouterr()
    assert "on its stdout" in captured.err
    assert captured.out == ""


def test_options_that_do_not_go_with_it(score: object, tmp_path: Path, small_kit: Kit) -> None:
    result = score(GOOD, "--jobs", "2")  # type: ignore[operator]
    assert result.exit_code == 3
    assert "--jobs is of no use to --model-command" in result.stderr
    refused(score(GOOD, "--adapter", "onnx-ctc"), "--adapter")  # type: ignore[operator]
    refused(score(GOOD, "--model", "x"), "give one of --model, --model-command and --transcripts")  # type: ignore[operator]


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("", "is empty"),
        ("no-such-program-here a", "no program 'no-such-program-here'"),
        ("python 'unclosed", "cannot be split into words"),
        ("python {input}", "has only one of {input} and {output}"),
    ],
)
def test_commands_that_are_none(small_kit: Kit, tmp_path: Path, command: str, part: str) -> None:
    refused(run("score", small_kit.root, "--model-command", command, "--out", tmp_path / "out"), part)
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_program(small_kit: Kit, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF no program")
    program.chmod(0o755)
    result = run("score", small_kit.root, "--model-command", str(program), "--out", tmp_path / "out")
    refused(result, "--model-command", "cannot be started")
