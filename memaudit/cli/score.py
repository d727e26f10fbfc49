"""`memaudit score`: run a model over a kit, measure, gate, report."""

from __future__ import annotations

import hashlib
import sys
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memaudit.audit.engine.model_spec import ModelSpec
from memaudit.audit.engine.opening import open_engine
from memaudit.audit.journal.shard import Shard
from memaudit.cli.ahead import import_ahead
from memaudit.cli.common import Output, shared_options
from memaudit.cli.engine_options import engine_options
from memaudit.cli.limit_options import limit_options
from memaudit.cli.model_facts import model_notes
from memaudit.cli.options import (
    assume_injected_option,
    baseline_option,
    check_evidence,
    gate_option,
    injection_option,
    max_failures_option,
    report_option,
)
from memaudit.cli.places import KIT_PLACE, local_kit, local_model
from memaudit.errors import UsageError

if TYPE_CHECKING:
    from memaudit.audit.engine.limits import Limits
    from memaudit.audit.engine.resources import Resources
    from memaudit.audit.engine.work import Engine
    from memaudit.audit.given_controls import GivenControl
    from memaudit.audit.journal.file import JournalFile
    from memaudit.audit.result_subject import ModelFile


@click.command()
@click.argument("kit", type=KIT_PLACE)
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
@injection_option
@assume_injected_option
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the audit that was begun in --out: what its journal holds is not heard again. Where "
    "there is none, begin.",
)
@click.option(
    "--shard",
    metavar="I/N",
    help="Hear part I of N only and give no verdict: memaudit merge joins the parts.",
)
@engine_options
@limit_options
@max_failures_option
@gate_option
@baseline_option
@report_option
@shared_options
def command(
    kit: Path | str,
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
    resume: bool,
    shard: str | None,
    cluster: Resources | None,
    limits: Limits,
    max_failures: int,
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
    memaudit score KIT --model model.onnx --out AUDIT --resume
    memaudit score KIT --model model.onnx --out PART-3 --shard 3/8

    Without --gate those that were fixed in the kit hold, else the default ones.

    What the model gave is kept in the file journal of --out as it comes. With --resume an audit that was cut
    short goes on from there, to the same results. A shard is its journal; gates, evidence and reports are
    given to memaudit merge. KIT and PATH may be URLs (s3://, gs://, file://): they are copied once a machine.

    An utterance that crashes the model's process is tried again alone, then marked failed, as is one that
    alone takes longer than --timeout; the rest is scored. The process has no secrets in its environment.

    Exit codes: 0 passed, 1 a gate failed, 2 bad input or usage, 3 inconclusive.
    """
    if sum(source is not None for source in (model, model_command, transcripts)) != 1:
        raise UsageError(
            "give one of --model, --model-command and --transcripts", how="see memaudit score --help"
        )
    check_evidence(injection, assume_injected)
    if controls is not None and transcripts is not None:
        raise UsageError("--controls needs a model, which --transcripts is not", how="leave one of them out")
    if transcripts is not None and (resume or shard is not None):
        raise UsageError(
            "--resume and --shard need a model, which --transcripts is not", how="leave them out"
        )
    if model_command is not None and (adapter is not None or provider != "cpu" or trust_model):
        raise UsageError("--adapter, --provider and --trust-model are of no use to --model-command")
    part = None if shard is None else Shard.parse(shard)
    here, model_here = local_kit(kit, output), None if model is None else local_model(model, output)
    places = {
        str(near): str(far) for near, far in ((here, kit), (model_here, model)) if str(near) != str(far)
    }
    with ExitStack() as opened_files:
        # The model begins to load before what this process needs is imported, and to hear before it needs it.
        spec = None if model_here is None else ModelSpec(model_here, adapter, trust_model, provider)
        with _engine(spec, model_command, jobs, limits, cluster, places, output) as engine:
            from memaudit.files import check_output
            from memaudit.kit.store import open_kit

            import_ahead("memaudit.audit.audit", "memaudit.report.html", "memaudit.report.terminal")
            opened = open_kit(here)
            manifest, journal, listening, blinded = None, None, None, None
            if engine is not None:
                from memaudit.audit.journal.header import header
                from memaudit.audit.journal.opening import open_journal
                from memaudit.audit.journal.recording import Recorder
                from memaudit.audit.listening import Listening

                manifest, recordings = _controls(controls)
                check_output(out)
                head = header(
                    opened,
                    engine,
                    controls=recordings,
                    manifest=manifest,
                    options=_options(model_command, limits),
                    shard=part,
                )
                journal = opened_files.enter_context(open_journal(out, head, resume=resume))
                if resume:
                    output.note(_resumed(journal))
                recorder = Recorder(engine, journal.memory, journal.append)
                listening = Listening(opened, recorder, model_here or "", recordings, part)

            from memaudit.audit.audit import transcripts_summary
            from memaudit.audit.run import score_transcripts
            from memaudit.audit.scored_model import ScoredModel, finished
            from memaudit.audit.self_checks import blind
            from memaudit.audit.verdict import EXIT_CODES
            from memaudit.cli.conclude import asked, conclude

            wanted = asked(opened, gate, injection, assume_injected, baseline, report, max_failures)
            if engine is None or listening is None:
                source = Path(str(transcripts))
                scored = ScoredModel(score_transcripts(opened, source), transcripts_summary(source))
                check_output(out)
            else:
                model_notes(output, engine.info, listening.inspection)
                if part is None:
                    blinded = blind(opened)  # asks the kit alone: there is time for it while the model runs
                with output.progress("Scoring") as progress:
                    scored = finished(listening, progress)
                for sentence in scored.notes:
                    output.note(sentence)
        if part is None:
            results = conclude(out, opened, scored, wanted, output, manifest=manifest, blind=blinded)
        if journal is not None:
            journal.finish()
    if part is None:
        sys.exit(EXIT_CODES[results.verdict])
    count = len(scored.utterances)
    output.line(f"Shard {part}: {count} utterances heard, in {out}; join the shards with memaudit merge")
    output.document({"shard": [part.number, part.of], "utterances": count, "out": str(out)})


def _controls(path: Path | None) -> tuple[ModelFile | None, list[GivenControl]]:
    """The manifest of the user's own controls, as results name it, and what it names."""
    if path is None:
        return None, []
    from memaudit.audit.given_controls import read_controls
    from memaudit.audit.result_subject import ModelFile
    from memaudit.files import sha256_file

    recordings = read_controls(path)
    return ModelFile(name=path.name, sha256=sha256_file(path)), recordings


def _options(model_command: str | None, limits: Limits) -> dict[str, Any]:
    """The options that change results and show nowhere else; a digest of what may hold secrets."""
    found: dict[str, Any] = {"timeout": limits.timeout, "max-memory": limits.max_memory}
    if model_command is not None:
        found["model-command"] = hashlib.sha256(model_command.encode()).hexdigest()
    return found


def _resumed(journal: JournalFile) -> str:
    heard = journal.memory.heard
    if not heard:
        return "Nothing to resume: the audit begins"
    return f"Resumed: {heard} recordings are in the journal"


def _engine(
    spec: ModelSpec | None,
    command: str | None,
    jobs: int,
    limits: Limits,
    cluster: Resources | None,
    places: dict[str, str],
    output: Output,
) -> AbstractContextManager[Engine | None]:
    """What hears the kit; nothing where that has been done."""
    if cluster is not None and spec is None:
        raise UsageError("--engine ray needs --model", how="leave it out, or give a model")
    if spec is not None and cluster is not None:
        from memaudit.audit.engine.cluster import Cluster

        return Cluster(spec, jobs, limits, cluster, places, output.note)
    if spec is not None:
        return open_engine(spec, jobs, limits, output.note)
    if command is None:
        return nullcontext()
    if jobs > 1:
        output.note("--jobs is of no use to --model-command: the program runs once")
    from memaudit.audit.engine.command import Command

    return Command(command, limits)
