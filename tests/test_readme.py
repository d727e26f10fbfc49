"""The README says what the program does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from memaudit.audit.metrics import METRICS
from memaudit.cli.main import COMMANDS, cli
from memaudit.models.frontends.registry import FRONT_ENDS
from memaudit.models.registry import adapters
from memaudit.models.tokens.registry import TOKEN_KINDS

TEXT = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
LINES = [
    line
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
    if re.match(r"memaudit |.*&& memaudit ", line)
]


def command_of(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None, name
    return found


def test_there_are_examples() -> None:
    assert len(LINES) >= 6


@pytest.mark.parametrize("line", LINES)
def test_every_example_is_a_command_with_its_options(line: str) -> None:
    words = shlex.split(line.split("&& ")[-1], comments=True)[1:]
    command = command_of(words[0])
    if isinstance(command, click.Group):
        command = command.commands[words[1]]
    # Parsing alone: paths that an example names need not exist.
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    used = {word for word in words[1:] if word.startswith("-")}
    assert used <= known


def test_every_option_named_in_the_text_exists() -> None:
    known = {
        option
        for name in COMMANDS
        for parameter in _parameters(command_of(name))
        for option in parameter.opts
    }
    foreign = {"--help"}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT)) - foreign
    assert named <= known


def _parameters(command: click.Command) -> list[click.Parameter]:
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    return [*command.params, *(parameter for child in inner for parameter in _parameters(child))]


def test_every_metric_is_named() -> None:
    assert all(f"`{name}`" in TEXT for name in METRICS)


def test_exit_codes_are_those_of_the_help() -> None:
    for code, word in ((0, "passed"), (1, "failed"), (2, "bad input"), (3, "inconclusive")):
        assert re.search(rf"^\| {code} \| [^|]*{word}", TEXT, re.MULTILINE)
        assert re.search(rf"{code} (a gate )?{word}", cli.help or "")


def test_every_family_front_end_and_kind_of_tokens_is_named() -> None:
    for name in (*adapters(), *FRONT_ENDS, *TOKEN_KINDS):
        assert re.search(rf"[`\" ]{re.escape(name)}[`\",\n]", TEXT), name
