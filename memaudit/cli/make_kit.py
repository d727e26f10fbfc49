"""`memaudit make-kit`: a canary kit from a recipe."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.table import Table

from memaudit.cli.common import Output, shared_options
from memaudit.cli.options import GateOption, GateText, recipe_option, set_option
from memaudit.cli.speech_options import chosen_recipe
from memaudit.errors import OutputError
from memaudit.files import write_text
from memaudit.kit.control_speech import control_speech
from memaudit.kit.exclusion import RUN
from memaudit.kit.feasibility import feasibility_warnings
from memaudit.kit.info import KitInfo
from memaudit.kit.make import Inputs, make_kit
from memaudit.kit.recipe import Recipe
from memaudit.kit.record import texts_to_record
from memaudit.kit.seeds import draw_seed
from memaudit.kit.store import Kit, read_canaries


@click.command()
@click.argument("kit", type=click.Path(path_type=Path))
@recipe_option
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    help="Fixes everything random. Whoever knows it knows the assignment; by default a secret one is drawn.",
)
@set_option
@click.option(
    "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes that speak at a time."
)
@click.option(
    "--force",
    is_flag=True,
    help="Replace the kit that is in KIT, and remove an unfinished one that was made from something else.",
)
@click.option(
    "--tts-command",
    metavar="TEMPLATE",
    help="Speak with this command, run once a text without a shell, such as 'say -o {out} {text}'; also "
    "{voice}, {rate}, {language}. Without {text} the text comes on its standard input.",
)
@click.option(
    "--audio-dir",
    type=click.Path(path_type=Path),
    help="Take recordings of your own from this folder: ID.wav, or as its recordings.jsonl says "
    '(a line {"audio": "first.wav", "text": "..."} each).',
)
@click.option(
    "--print-texts",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Make no kit: write the ids and texts to record for --audio-dir to FILE, as JSON lines.",
)
@click.option(
    "--exclude-corpus",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Draw no text of which some words in a row are in these transcripts: a text a line, or JSON lines "
    "with text; may be given again.",
)
@click.option(
    "--exclude-words",
    type=click.IntRange(1, 20),
    default=RUN,
    show_default=True,
    help="How many words in a row.",
)
@click.option(
    "--gate",
    cls=GateOption,
    type=GateText(),
    multiple=True,
    metavar="GATE",
    help="Fix this gate now, before training: METRIC[@REPETITIONS][/SPEEDx] OP NUMBER; may be given again. "
    "score uses the kit's gates, and says so where others are used.",
)
@shared_options
def command(
    kit: Path,
    recipe: str,
    seed: int | None,
    set: tuple[str, ...],  # noqa: A002 - the name that settings files use
    jobs: int,
    force: bool,
    tts_command: str | None,
    audio_dir: Path | None,
    print_texts: Path | None,
    exclude_corpus: tuple[Path, ...],
    exclude_words: int,
    gate: tuple[str, ...],
    output: Output,
) -> None:
    """Make a canary kit in the folder KIT, before training.

    \b
    memaudit make-kit KIT
    memaudit make-kit KIT --recipe paper --set design.controls=30 --jobs 2
    memaudit make-kit KIT --recipe german --exclude-corpus train.txt
    memaudit make-kit KIT --gate 'accuracy_gap <= 0.10' --gate 'exposure@1 <= 3'

    Give KIT/train to the people who train, keep KIT/audit back, and publish the commitment before training
    starts: it proves later that the assignment was not chosen after the fact.

    If it is interrupted or killed, or the disk is full, the same command goes on with what is done, and the
    kit has the same bytes as one made at once. What is made from something else is refused.

    Exit codes: 0 made, 2 bad input or usage, or interrupted.
    """
    recorded = audio_dir is not None or print_texts is not None
    chosen = chosen_recipe(recipe, set, tts_command, recorded)
    gates = _fixed(gate, chosen)
    inputs = Inputs(audio_dir.resolve() if audio_dir else None, exclude_corpus, exclude_words, gates)
    if print_texts is not None:
        _print_texts(print_texts, chosen, draw_seed() if seed is None else seed, inputs, output)
        return
    try:
        with output.progress("Speaking") as progress:
            made = make_kit(
                chosen,
                kit,
                seed=seed,
                jobs=jobs,
                force=force,
                inputs=inputs,
                progress=progress,
                note=output.note,
            )
    except KeyboardInterrupt as error:
        kept = "; ".join(getattr(error, "__notes__", ())) or "nothing of it was kept"
        raise OutputError("interrupted", where=str(kit), how=kept) from error
    output.show(summary(made))
    output.show(f"commitment {made.commitment}")
    output.note(f"Give {kit / 'train'} to the people who train; keep {kit / 'audit'} back.")
    output.note("Publish the commitment before training starts.")
    for warning in feasibility_warnings(read_canaries(made.root), chosen):
        output.note(warning)
    output.document(document(made))


def _fixed(gates: tuple[str, ...], recipe: Recipe) -> tuple[str, ...]:
    """Gates that were given, checked against what the kit will hold."""
    if not gates:
        return ()
    from memaudit.audit.policy import check_gates

    return check_gates(gates, recipe.design.repetitions, recipe.speed.factors)


def _print_texts(path: Path, recipe: Recipe, seed: int, inputs: Inputs, output: Output) -> None:
    rows = texts_to_record(recipe, seed, inputs)
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    output.show(f"{len(rows)} texts to record in {path}")
    output.note("Record each at its natural speed as ID.wav; then the same command makes the kit, with")
    output.note(f"--audio-dir DIR --seed {seed} in the place of --print-texts.")
    output.note("Keep the seed to yourself: whoever knows it knows which canaries are inserted.")
    output.document({"texts": str(path), "count": len(rows), "seed": str(seed)})


def summary(kit: Kit) -> Table:
    """The figures of a kit, for people."""
    info = kit.info
    unit = "pairs" if info.recipe.design.assignment == "pairs" else "coins"
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("kit", str(kit.root))
    table.add_row("recipe", info.name)
    table.add_row(
        "canaries",
        f"{info.counts.inserted} inserted, {info.counts.held_out} held out, {info.counts.controls} controls",
    )
    if info.counts.controls:
        table.add_row("controls", str(control_speech(info.recipe)))
    table.add_row("drawn by", f"{info.counts.coins} {unit}; {info.counts.reserve} held out in reserve")
    table.add_row(
        "audio to train on",
        f"{info.counts.copies} copies, {info.seconds.copies / 60:.1f} minutes "
        f"({info.seconds.inserted / 60:.1f} without repetitions)",
    )
    table.add_row(
        "entropy of a text",
        f"{info.entropy.least_bits:.1f} to {info.entropy.most_bits:.1f} bits{_drawn_from(info)}",
    )
    for number, gate in enumerate(info.gates):
        table.add_row("" if number else "gates fixed", gate)
    if info.exclusion is not None:
        lines = sum(file.lines for file in info.exclusion.files)
        table.add_row(
            "kept away from",
            f"{lines} texts of yours: no {info.exclusion.run} words in a row of theirs; "
            f"{info.exclusion.redrawn} drawn anew",
        )
    return table


def _drawn_from(info: KitInfo) -> str:
    """Of how many items one is drawn for each word of a text, where that can be said."""
    if info.recipe.text.style == "file":
        return f" (one of {info.entropy.alphabet} lines)"
    return "" if info.entropy.alphabet is None else f" (each word one of {info.entropy.alphabet})"


def document(kit: Kit) -> dict[str, object]:
    """The figures of a kit, for machines."""
    return {
        "kit": str(kit.root),
        "name": kit.info.name,
        "commitment": kit.commitment,
        "counts": kit.info.counts.model_dump(),
        "controls_engine": control_speech(kit.recipe).engine,
        "seconds": kit.info.seconds.model_dump(),
        "entropy": kit.info.entropy.model_dump(),
        "gates": list(kit.info.gates),
        "exclusion": None if kit.info.exclusion is None else kit.info.exclusion.model_dump(mode="json"),
    }
