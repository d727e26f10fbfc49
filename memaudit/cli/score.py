"""`memaudit score`: run a model over a kit, measure, gate, report."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from memaudit.audit.audit import check_output, finish, model_summary, transcripts_summary
from memaudit.audit.gate_syntax import parse_gate
from memaudit.audit.injection import read_injection
from memaudit.audit.metrics import METRICS
from memaudit.audit.results import Injection
from memaudit.audit.run import score_model, score_transcripts
from memaudit.audit.verdict import EXIT_CODES
from memaudit.cli.common import Output, shared_options
from memaudit.cli.options import FOLDER, gate_option, report_option
from memaudit.errors import UsageError
from memaudit.kit.store import open_kit
from memaudit.report.renderer import renderer, write_reports
from memaudit.report.terminal import terminal_report


@click.command()
@click.argument("kit", type=FOLDER)
@click.option("--model", type=click.Path(path_type=Path), help="Model file, folder or model.toml.")
@click.option(
    "--transcripts",
    type=click.Path(path_type=Path),
    help="JSONL or CSV with id, transcript and, where known, loss in nats, from any system.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
@click.option("--adapter", help="Model family, where it cannot be told from the files.")
@click.option("--provider", default="cpu", show_default=True, help="onnxruntime execution provider.")
@click.option("--trust-model", is_flag=True, help="Let a model that is code (TorchScript) run.")
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
@report_option
@shared_options
def command(
    kit: Path,
    model: Path | None,
    transcripts: Path | None,
    out: Path,
    adapter: str | None,
    provider: str,
    trust_model: bool,
    injection: Path | None,
    assume_injected: bool,
    gate: tuple[str, ...],
    report: tuple[str, ...],
    output: Output,
) -> None:
    """Run a model over KIT, measure, gate and report.

    \b
    memaudit score KIT --model model.onnx --out AUDIT
    memaudit score KIT --model model.onnx --out AUDIT --injection injection.json
    memaudit score KIT --transcripts heard.jsonl --out AUDIT --gate 'accuracy_gap@16/4x <= 0.10'

    Exit codes: 0 passed, 1 a gate failed, 2 bad input or usage, 3 inconclusive.
    """
    if (model is None) == (transcripts is None):
        raise UsageError("give either --model or --transcripts", how="see memaudit score --help")
    if injection is not None and assume_injected:
        raise UsageError("--injection and --assume-injected do not go together", how="give one of them")
    for text in gate:
        parse_gate(text, METRICS)
    for name in report:
        renderer(name)
    opened = open_kit(kit)
    if injection is None:
        injected = Injection(checked=False, assumed=assume_injected)
    else:
        injected = read_injection(injection, opened)
    if model is not None:
        from memaudit.models.registry import load_recognizer

        recognizer = load_recognizer(model, adapter=adapter, trust_model=trust_model, provider=provider)
        for sentence in (*recognizer.info.inferred, *recognizer.info.warnings):
            output.detail(sentence)
        check_output(out)
        with output.progress("Scoring") as progress:
            utterances = score_model(opened, recognizer, progress)
        summary = model_summary(recognizer.info)
    else:
        source = Path(str(transcripts))
        utterances = score_transcripts(opened, source)
        check_output(out)
        summary = transcripts_summary(source)
    results = finish(out, opened, summary, utterances, gates=gate, injection=injected)
    write_reports(results, [name for name in ("html", *report) if name != "json"], out, output.note)
    output.show(terminal_report(results))
    output.document(results.document())
    sys.exit(EXIT_CODES[results.verdict])
