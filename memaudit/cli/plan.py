"""`memaudit plan`: what a kit would show, cost and survive, before any audio."""

from __future__ import annotations

import json
from pathlib import Path

import click

from memaudit.audit.plan import make_plan
from memaudit.cli.common import Output, shared_options
from memaudit.cli.options import recipe_option, set_option
from memaudit.cli.plan_tables import cells, gates, needs, notes, summary, toolkits, tracks
from memaudit.kit.feasibility_tokens import CHARACTERS
from memaudit.kit.recipe import load_recipe


@click.command()
@recipe_option
@set_option
@click.option(
    "--training-hours",
    type=click.FloatRange(min=0, min_open=True),
    metavar="H",
    help="Hours of the training set that the canaries go into.",
)
@click.option(
    "--gap",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.2,
    show_default=True,
    metavar="G",
    help="Accuracy gap of the leak that the audit should fail.",
)
@click.option(
    "--gate",
    multiple=True,
    metavar="GATE",
    help="METRIC[@REPETITIONS][/SPEEDx] OP NUMBER, as score takes it; may be repeated. Default: "
    "accuracy_gap <= 0.10 at the fastest speed, every repetition level.",
)
@click.option(
    "--audits",
    type=click.IntRange(10, 10_000),
    default=100,
    show_default=True,
    metavar="N",
    help="Audits that are simulated for gates whose chances cannot be computed.",
)
@click.option(
    "--target-power",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="P",
    help="Search for the pairs a cell that fail this leak, and pass a clean model, with this chance.",
)
@click.option(
    "--tokenizer",
    metavar="char or FILE",
    help="The trainer's tokens: characters, a tokenizer.json or a sentencepiece model.",
)
@click.option(
    "--profile", metavar="NAME", help="A toolkit whose default filters hold, such as nemo or icefall."
)
@shared_options
def command(
    recipe: str,
    set: tuple[str, ...],  # noqa: A002 - the name that settings files use
    training_hours: float | None,
    gap: float,
    gate: tuple[str, ...],
    audits: int,
    target_power: float | None,
    tokenizer: str | None,
    profile: str | None,
    output: Output,
) -> None:
    """Say what a kit made from a recipe would show, cost and survive, before any audio.

    \b
    memaudit plan --recipe routine --training-hours 1000
    memaudit plan --target-power 0.8 --gap 0.2
    memaudit plan --gate 'exposure@16 <= 4' --gate 'epsilon <= 2'
    memaudit plan --profile icefall --tokenizer bpe.model

    Chances are those of the gates, one by one and together: that a leak of --gap fails, and that a model
    that memorised nothing passes. For other gates than one bound on the accuracy gap they are simulated.
    Nothing is written; to estimate durations some texts are spoken in memory.
    """
    given = [f"feasibility.profile={json.dumps(profile)}"] if profile is not None else []
    if tokenizer is not None:
        path = tokenizer if tokenizer == CHARACTERS else str(Path(tokenizer).absolute())
        given.append(f"feasibility.tokenizer={json.dumps(path)}")
    chosen = load_recipe(recipe, (*set, *given))
    with output.progress("Simulating audits") as progress:
        plan = make_plan(
            chosen,
            gap=gap,
            target_power=target_power,
            training_hours=training_hours,
            gates=gate,
            audits=audits,
            progress=progress,
        )
    for part in (summary(plan), gates(plan), cells(plan), tracks(plan), toolkits(plan), needs(plan)):
        if part is not None:
            output.show(part)
            output.show("")
    for note in notes(plan):
        output.note(note)
    output.document(plan.document())
