"""Options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from memaudit.errors import UsageError

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
RESULTS = click.Path(exists=True, path_type=Path)


class GateText(click.ParamType):  # type: ignore[type-arg]
    """A gate as it was written. Gates hold spaces, so several in one variable have semicolons between."""

    name = "gate"

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        """The gates of an environment variable, divided by semicolons or line ends."""
        return [text.strip() for text in re.split(r"[;\n]", rv) if text.strip()]


class GateOption(click.Option):
    """A list of gates, for which one text in a settings file stands for a list of one."""

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """Without this the one text would be taken for a list of letters."""
        return super().type_cast_value(ctx, (value,) if isinstance(value, str) else value)


gate_option = click.option(
    "--gate",
    cls=GateOption,
    type=GateText(),
    multiple=True,
    metavar="GATE",
    help="METRIC[@REPETITIONS][/SPEEDx] OP NUMBER; may be given again. "
    "Default: the gates fixed in the kit, else accuracy_gap <= 0.10 at the fastest speed, every repetition "
    "level.",
)

injection_option = click.option(
    "--injection",
    type=click.Path(path_type=Path),
    help="The injection.json that check-injection wrote for this kit: what the training set held.",
)

assume_injected_option = click.option(
    "--assume-injected",
    is_flag=True,
    help="Take it as given that the canaries were in the training set; the report says so.",
)


def check_evidence(injection: Path | None, assume_injected: bool) -> None:
    """Raise a `UsageError` where both kinds of evidence are given."""
    if injection is not None and assume_injected:
        raise UsageError("--injection and --assume-injected do not go together", how="give one of them")


max_failures_option = click.option(
    "--max-failures",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="So many utterances the model may fail on before a pass is ruled out. They and their twins are left "
    "out of every figure.",
)

baseline_option = click.option(
    "--baseline",
    type=RESULTS,
    metavar="RESULTS",
    help="An earlier audit (results.json or its folder, with utterances.jsonl beside it). The gates say "
    "which figures are asked for, and each fails only where it is worse than there beyond its interval.",
)


def format_names(
    ctx: click.Context,  # noqa: ARG001
    param: click.Parameter,  # noqa: ARG001
    value: str | tuple[str, ...],
) -> tuple[str, ...]:
    """Names of report formats, given with commas between or one by one; none twice."""
    texts = (value,) if isinstance(value, str) else value
    return tuple(dict.fromkeys(name.strip() for text in texts for name in text.split(",") if name.strip()))


report_option = click.option(
    "--report",
    multiple=True,
    metavar="FORMAT",
    callback=format_names,
    help="Further report formats (see memaudit report), with commas between; may be given again.",
)

recipe_option = click.option(
    "--recipe",
    default="routine",
    show_default=True,
    metavar="NAME or FILE",
    help="A packaged recipe (see memaudit kits) or a TOML file.",
)

set_option = click.option(
    "--set",
    "set",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a field of the recipe, such as design.pairs_per_cell=40; may be given again.",
)
