"""`memaudit score`: run a model over a kit, measure, gate, report."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memaudit.audit.engine.model_spec import ModelSpec
from memaudit.audit.engine.opening import open_engine
from memaudit.cli.ahead import import_ahead
from memaudit.cli.common import Output, shared_options
from memaudit.cli.gate_places import gate_places
from memaudit.cli.model_facts import feasibility_notes, model_notes
from memaudit.cli.options import FOLDER, baseline_option, gate_option, report_option
from memaudit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memaudit.audit.compare import Audit
    from memaudit.audit.engine.work import Engine
    from memaudit.audit.results import Results
    from memaudit.audit.utterances import Utterance


@click.command()
@click.argument("kit", type=FOLDER)
@click.option(
    "--model",
    metavar="PATH or python:MODULE:FUNCTION",
    help="Model file, folder or model.toml; or a Python function from waveforms to texts.",
)
@click.option(
    "--model-command",
    metavar="'PROGRAM ARGUMENTS'",
    help="A program that is given two paths: JSONL of id, audio, text to read, and JSONL of id, transcript, "
    "loss to write. {input} and {output} say where they stand among its arguments.",
)
@click.option(
    "--transcripts",
    type=click.Path(path_type=Path),
    help="JSONL or CSV with id, transcript and, where known, loss in nats, from any system.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
@click.option("--adapter", help="Model family, where it cannot be told from the files.")
@click.option("--provider", default="cpu", show_default=True, help="onnxruntime execution provider.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes that run the model, each with one thread; the results do not depend on it.",
)
@click.option("--trust-model", is_flag=True, help="Let a model that is code (TorchScript) run.")
@click.option(
    "--controls",
    type=click.Path(path_type=Path),
    metavar="MANIFEST",
    help="JSONL or CSV with audio and text: recordings of your own that the model should read. They decide "
    "in place of the kit's controls whether it is loaded right.",
)
@click.option(
    "--injection",
    type=click.Path(path_type=Path),
    help="The injection.json that check-injection wrote for this kit: what the training set held.",
)
@click.option(
    "--assume-injected",
    is_flag=True,
    help="Take it as given that the canaries were in the training set; the report says so.",
)
@gate_option
@baseline_option
@report_option
@shared_options
def command(
    kit: Path,
    model: str | None,
    model_command: str | None,
    transcripts: Path | None,
    out: Path,
    adapter: str | None,
    provider: str,
    jobs: int,
    trust_model: bool,
    controls: Path | None,
    injection: Path | None,
    assume_injected: bool,
    gate: tuple[str, ...],
    baseline: Path | None,
    report: tuple[str, ...],
    output: Output,
) -> None:
    """Run a model over KIT, measure, gate and report.

    \b
    memaudit score KIT --model model.onnx --out AUDIT
    memaudit score KIT --model model.onnx --out AUDIT --injection injection.json
    memaudit score KIT --model model.onnx --out AUDIT --controls validation.jsonl
    memaudit score KIT --model python:my_asr:transcribe --out AUDIT
    memaudit score KIT --model-command 'my-asr {input} {output}' --out AUDIT
    memaudit score KIT --transcripts heard.jsonl --out AUDIT --gate 'accuracy_gap@16/4x <= 0.10'
    memaudit score KIT --model model.onnx --out AUDIT --baseline AUDIT_OF_LAST_RELEASE

    Without --gate those that were fixed in the kit hold, else the default ones.

    Exit codes: 0 passed, 1 a gate failed, 2 bad input or usage, 3 inconclusive.
    """
    if sum(source is not None for source in (model, model_command, transcripts)) != 1:
        raise UsageError(
            "give one of --model, --model-command and --transcripts", how="see memaudit score --help"
        )
    if injection is not None and assume_injected:
        raise UsageError("--injection and --assume-injected do not go together", how="give one of them")
    if controls is not None and transcripts is not None:
        raise UsageError("--controls needs a model, which --transcripts is not", how="leave one of them out")
    # The model begins to load before what this process needs is imported, and to hear before it needs it.
    with _engine(model, model_command, jobs, adapter, provider, trust_model, output) as engine:
        from memaudit.kit.store import open_kit

        opened = open_kit(kit)
        recordings = []
        if controls is not None:
            from memaudit.audit.given_controls import read_controls

            recordings = read_controls(controls)
        given, inspection, hearing = None, None, None
        if engine is not None:
            from memaudit.audit.control_runs import hear_given
            from memaudit.audit.inspected import inspection_of
            from memaudit.audit.run import Hearing

            import_ahead("memaudit.audit.audit", "memaudit.report.html", "memaudit.report.terminal")
            inspection = inspection_of(engine, model or "")
            given = hear_given(engine, recordings) if recordings else None
            hearing = Hearing(opened, engine)

        from memaudit.audit.audit import check_output, finish, model_summary, transcripts_summary
        from memaudit.audit.control_runs import with_other_texts
        from memaudit.audit.front_end_trials import front_end_trials
        from memaudit.audit.gate_syntax import parse_gate
        from memaudit.audit.injection import read_injection
        from memaudit.audit.metrics import METRICS
        from memaudit.audit.results import Injection
        from memaudit.audit.run import score_transcripts
        from memaudit.audit.self_checks import blind
        from memaudit.audit.verdict import EXIT_CODES
        from memaudit.report.renderer import renderer, write_reports
        from memaudit.report.terminal import terminal_report

        for text in gate:
            parse_gate(text, METRICS)
        earlier = None
        if baseline is not None:
            from memaudit.audit.compare import load_audit

            earlier = load_audit(baseline)
        for name in report:
            renderer(name)
        if injection is None:
            injected = Injection(checked=False, assumed=assume_injected)
        else:
            injected = read_injection(injection, opened)
        trials, blinded = [], None
        if engine is None or hearing is None:
            source = Path(str(transcripts))
            utterances = score_transcripts(opened, source)
            check_output(out)
            summary = transcripts_summary(source)
        else:
            check_output(out)
            model_notes(output, engine.info, inspection)
            blinded = blind(opened)  # asks the kit alone, so there is time for it while the model runs
            with output.progress("Scoring") as progress:
                scored = hearing.finish(progress)
            audio = {canary.id: str(opened.audio_path(canary)) for canary in opened.canaries}
            utterances = with_other_texts(engine, scored.utterances, audio)
            notes = (*scored.notes, *(() if given is None else given.notes))
            for sentence in notes:
                output.note(sentence)
            summary = model_summary(engine.info, notes, inspection)
            if given is None:
                trials = front_end_trials(engine, [u for u in utterances if u.arm == "control"], audio)
            else:
                trials = front_end_trials(engine, given.utterances, {c.id: str(c.audio) for c in recordings})
    results = finish(
        out,
        opened,
        summary,
        utterances,
        gates=gate,
        injection=injected,
        given=() if given is None else given.utterances,
        manifest=controls,
        trials=trials,
        baseline=blinded,
        revise=None if earlier is None else partial(_against, utterances=utterances, earlier=earlier),
    )
    for sentence in feasibility_notes(results):
        output.note(sentence)
    names = [name for name in ("html", *report) if name != "json"]  # results.json is there already
    write_reports(results, names, out, output.note, places=gate_places(Path.cwd()))
    output.show(terminal_report(results))
    output.document(results.document())
    sys.exit(EXIT_CODES[results.verdict])


def _against(results: Results, utterances: Sequence[Utterance], earlier: Audit) -> Results:
    from memaudit.audit.baseline import against_baseline

    return against_baseline(results, utterances, earlier)


def _engine(
    model: str | None,
    command: str | None,
    jobs: int,
    adapter: str | None,
    provider: str,
    trust_model: bool,
    output: Output,
) -> AbstractContextManager[Engine | None]:
    """What hears the kit; nothing where that has been done."""
    if model is not None:
        return open_engine(ModelSpec(model, adapter, trust_model, provider), jobs)
    if command is None:
        return nullcontext()
    if adapter is not None or provider != "cpu" or trust_model:
        raise UsageError("--adapter, --provider and --trust-model are of no use to --model-command")
    if jobs > 1:
        output.note("--jobs is of no use to --model-command: the program runs once")
    from memaudit.audit.engine.command import Command

    return Command(command)
