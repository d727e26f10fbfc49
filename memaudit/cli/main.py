"""The `memaudit` command: a group whose commands are imported only when they are used."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from memaudit import __version__
from memaudit.errors import MemauditError

# name -> (module, one line of help): the help is kept here so that `memaudit --help` imports no command.
COMMANDS: dict[str, tuple[str, str]] = {
    "plan": ("memaudit.cli.plan", "Say what a kit would show, cost and survive, before any audio."),
    "make-kit": ("memaudit.cli.make_kit", "Make a canary kit from a recipe, before training."),
    "kits": ("memaudit.cli.kits", "List the packaged recipes."),
    "verify-kit": ("memaudit.cli.verify_kit", "Check a kit's hashes, commitment and separation of arms."),
    "export": ("memaudit.cli.export", "Write the inserted canaries as a training manifest."),
    "check-injection": ("memaudit.cli.check_injection", "Prove from a manifest that the canaries were in."),
    "inspect-model": ("memaudit.cli.inspect_model", "Say what a model is, and whether it is loaded right."),
    "score": ("memaudit.cli.score", "Run a model over a kit, measure, gate and report."),
    "merge": ("memaudit.cli.merge", "Join the shards of one audit that several machines scored."),
    "gate": ("memaudit.cli.gate", "Apply gates again to an audit, without scoring."),
    "compare": ("memaudit.cli.compare", "Compare two audits on one kit, canary by canary."),
    "report": ("memaudit.cli.report", "Render an audit's reports again."),
    "demo": ("memaudit.cli.demo", "The whole round on two embedded recognisers, without a network."),
    "doctor": ("memaudit.cli.doctor", "Say what works here, and what is missing."),
    "selftest": ("memaudit.cli.selftest", "Measure here what the statistics promise."),
    "explain": ("memaudit.cli.explain", "Say what a figure, warning, verdict or exit code means."),
    "schema": ("memaudit.cli.schema", "Print the JSON Schemas of what memaudit reads and writes."),
    "lab": ("memaudit.cli.lab", "Train small recognisers that memorise, to check the auditor."),
}


class _Refusal(click.ClickException):
    """A `MemauditError` as click shows it: one line on stderr, exit code 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(f"memaudit: error: {self.format_message()}", err=True, file=file)


class LazyGroup(click.Group):
    """Loads a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Every command, in the order in which an audit uses them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        try:
            command = import_module(COMMANDS[cmd_name][0]).command
        except MemauditError as error:  # a missing extra
            raise _Refusal(str(error)) from error
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name][0]} has no click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The command list from the table, without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what a user can mend ends as one line and exit code 2."""
        try:
            return super().invoke(ctx)
        except MemauditError as error:
            raise _Refusal(str(error)) from error
        except KeyboardInterrupt as error:
            # click would end with 1, which here means a failed gate.
            hint = "; go on with --resume" if ctx.invoked_subcommand == "score" else ""
            raise _Refusal(f"interrupted; nothing unfinished was left under its final name{hint}") from error


def _configure(ctx: click.Context) -> None:
    from memaudit.cli.config import default_map

    ctx.default_map = default_map(COMMANDS)


@click.group(
    cls=LazyGroup,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "MEMAUDIT",
        "max_content_width": 100,
    },
)
@click.version_option(__version__, prog_name="memaudit")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Has the speech recogniser you trained memorised its training data?

    \b
    Before training:  memaudit make-kit KIT
    After training:   memaudit score KIT --model model.onnx --out AUDIT
    To see it work:   memaudit demo

    Exit codes: 0 passed, 1 a gate failed, 2 bad input or usage, 3 inconclusive.
    """
    _configure(ctx)


def main() -> None:
    """Entry point of the console script."""
    try:
        cli(prog_name="memaudit")
    except Exception as error:
        if "-v" in sys.argv or "--verbose" in sys.argv:
            raise
        text = str(MemauditError(f"{type(error).__name__}: {error}"))
        click.echo(f"memaudit: internal error: {text}; run again with -v for the traceback", err=True)
        sys.exit(2)
