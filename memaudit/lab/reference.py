"""The reference kit and the two recognisers that were trained with it, made from nothing."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch

from memaudit.audit.audit import finish
from memaudit.audit.results import Injection, Results
from memaudit.audit.scored_model import scored_model
from memaudit.errors import OutputError
from memaudit.files import output_errors, write_json
from memaudit.kit.building import building, recover
from memaudit.kit.make import make_kit
from memaudit.kit.recipe import load_recipe
from memaudit.kit.store import Kit
from memaudit.kit.wordlists import wordlist_of
from memaudit.lab.corpus import Corpus, Watch, make_corpus
from memaudit.lab.device import THREADS, fixed_threads
from memaudit.lab.evaluate import read
from memaudit.lab.export import export_onnx, export_torchscript
from memaudit.lab.recognizer import ConvRecognizer, Shape, make_recognizer
from memaudit.lab.record import audit_figures, file_digests, record, training_figures
from memaudit.lab.setup import FRONT_END, REFERENCE, Setup
from memaudit.lab.train import History, train
from memaudit.lab.utterances import Utterances, Vocabulary
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.frontends.registry import make_front_end
from memaudit.report.renderer import write_reports

#: Where the record of what was made lies.
RECORD = "recognisers/record.json"


def make_reference(
    out: Path, *, seed: int, watch: Watch, setup: Setup = REFERENCE, jobs: int = 1
) -> dict[str, Results]:
    """Make the kit, train the recognisers, export and audit them.

    The same setup, seed and versions on the same machine give the same kit and the same weights.

    Args:
        out: a folder that does not exist yet, or is empty. It gets ``reference`` (the kit), ``recognisers``
            (a folder with the ONNX model each, and record.json), ``torchscript`` (the same as TorchScript)
            and ``audits`` (results.json and report.html each).
        seed: fixes everything random.
        watch: opens a progress bar for each stage.
        setup: the sizes and plans.
        jobs: how many processes speak at a time.

    Returns:
        name of a recogniser -> the results of its audit.

    Raises:
        OutputError: if ``out`` holds something, or cannot be written. Nothing is left behind then.
    """
    _check_free(out)
    with fixed_threads(), building(out) as place:
        recipe = load_recipe(setup.recipe, setup.overrides)
        vocabulary = Vocabulary(wordlist_of(recipe))
        front_end = make_front_end(FRONT_END)
        with watch("Speaking: kit") as progress:
            kit = make_kit(recipe, place / "reference", seed=seed, jobs=jobs, progress=progress)
        corpus = make_corpus(setup, kit, vocabulary, front_end, seed=seed, jobs=jobs, watch=watch)
        start, first = _pretrain(setup, corpus.pretraining, vocabulary, seed, watch)
        made: dict[str, Any] = {}
        results = {}
        for name, plan in setup.fine_tunings.items():
            model = copy.deepcopy(start)
            with watch(f"Training: {name}") as progress:
                history = train(
                    model, corpus.fine_tuning + corpus.canaries, plan, seed=seed, progress=progress
                )
            files = _export(place, name, model, vocabulary, front_end)
            with watch(f"Auditing: {name}") as progress:
                results[name] = audit(kit, files[0], place / "audits" / name, progress)
            made[name] = {
                "plan": plan.as_dict(),
                "files": file_digests(files),
                "training": training_figures(history),
                **_readings(model, corpus, vocabulary),
                "audit": audit_figures(results[name]),
            }
        pretrained = {**training_figures(first), **_readings(start, corpus, vocabulary)}
        document = record(setup, seed, THREADS, kit, pretrained, made)
        write_json(place / RECORD, document)
    return results


def _pretrain(
    setup: Setup, utterances: Utterances, vocabulary: Vocabulary, seed: int, watch: Watch
) -> tuple[ConvRecognizer, History]:
    shape = Shape(tokens=vocabulary.size, mel_bins=utterances.features[0].shape[1], width=setup.width)
    model = make_recognizer(shape, seed)
    frames = torch.cat(utterances.features)
    model.mean.copy_(frames.mean(0))
    model.deviation.copy_(frames.std(0))
    with watch("Training: ordinary speech") as progress:
        history = train(model, utterances, setup.pretraining, seed=seed, progress=progress)
    return model, history


def _readings(model: ConvRecognizer, corpus: Corpus, vocabulary: Vocabulary) -> dict[str, Any]:
    sets = {"validation": corpus.validation, "test": corpus.test}
    return {name: read(model, part, vocabulary).as_dict() for name, part in sets.items()}


def _export(
    place: Path, name: str, model: ConvRecognizer, vocabulary: Vocabulary, front_end: FrontEnd
) -> tuple[Path, ...]:
    table = front_end.describe()
    export_torchscript(model, place / "torchscript" / name, vocabulary, table)
    return export_onnx(model, place / "recognisers" / name, vocabulary, table)


def audit(kit: Kit, model: Path, folder: Path, progress: Any) -> Results:
    """What ``memaudit score KIT --model MODEL --out FOLDER --assume-injected`` does.

    The trainer's manifest was not checked, but the canaries are in: `canaries_to_train_on` read them from it.
    """
    scored = scored_model(kit, model, progress)
    injection = Injection(checked=False, assumed=True)
    results = finish(
        folder, kit, scored.summary, scored.utterances, gates=(), injection=injection, trials=scored.trials
    )
    write_reports(results, ["html"], folder)
    return results


def _check_free(out: Path) -> None:
    with output_errors(out):
        recover(out)
        if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
            raise OutputError("is there already", where=str(out), how="give a folder that does not exist yet")
