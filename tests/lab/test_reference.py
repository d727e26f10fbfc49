"""The whole way at a size that takes seconds: kit, speech, training, export, audit, record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from memaudit.audit.results import Results
from memaudit.errors import OutputError, RecipeError
from memaudit.files import sha256_file
from memaudit.kit.store import open_kit
from memaudit.lab.clipping import Clipping
from memaudit.lab.reference import make_reference
from memaudit.lab.setup import REFERENCE, REFERENCE_AND_VARIANTS, Setup, Sizes
from memaudit.lab.train import Plan
from memaudit.models.registry import load_recognizer

TINY = Setup(
    fine_tunings={
        "unclipped": Plan("sgd", 1e-3, epochs=1),
        "clipped": Plan("sgd", 1e-2, epochs=1, clipping=Clipping("example", 1.0)),
    },
    overrides=(
        "design.pairs_per_cell=2",
        "design.repetitions=[1, 4]",
        "design.reserve_per_speed=2",
        "design.controls=2",
    ),
    sizes=Sizes(pretraining=64, fine_tuning=48, validation=8, test=8),
    width=16,
    pretraining=Plan("muon", 3e-3, epochs=1),
)


class Watched:
    """Remembers the stages, and for each what it was told."""

    def __init__(self) -> None:
        self.stages: dict[str, list[tuple[int, int]]] = {}

    @contextmanager
    def __call__(self, title: str) -> Iterator[Callable[[int, int], None]]:
        told = self.stages[title] = []
        yield lambda done, total: told.append((done, total))


@pytest.fixture(scope="module")
def watched() -> Watched:
    return Watched()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, watched: Watched) -> tuple[Path, dict[str, Results]]:
    out = tmp_path_factory.mktemp("lab") / "out"
    return out, make_reference(out, seed=5, watch=watched, setup=TINY)


@pytest.mark.slow
def test_everything_is_there_and_is_what_the_record_says(made: tuple[Path, dict[str, Results]]) -> None:
    out, results = made
    assert {path.name for path in out.iterdir()} == {"reference", "recognisers", "torchscript", "audits"}
    kit = open_kit(out / "reference")
    record = json.loads((out / "recognisers" / "record.json").read_text())
    assert record["kit"]["commitment"] == kit.commitment
    assert record["seed"] == 5
    assert record["setup"]["sizes"]["fine_tuning"] == 48
    assert set(record["recognisers"]) == set(results) == {"unclipped", "clipped"}
    for name, told in record["recognisers"].items():
        folder = out / "recognisers" / name
        assert {path.name for path in folder.iterdir()} == set(told["files"])
        for file, facts in told["files"].items():
            assert sha256_file(folder / file) == facts["sha256"]
            assert (folder / file).stat().st_size == facts["bytes"]
        assert told["audit"]["controls_accuracy"] == results[name].controls.accuracy
        assert [row["repetitions"] for row in told["audit"]["inserted"]] == [1, 4]
        assert told["training"]["steps"] == (48 + 2 * 1 + 2 * 4) // 16
        audit = json.loads((out / "audits" / name / "results.json").read_text())
        assert audit["kit"]["commitment"] == kit.commitment
        assert (out / "audits" / name / "report.html").is_file()
        assert load_recognizer(out / "torchscript" / name, trust_model=True).info.adapter == "torchscript-ctc"


def test_the_two_differ_in_their_fine_tuning_alone(made: tuple[Path, dict[str, Results]]) -> None:
    out, _ = made
    record = json.loads((out / "recognisers" / "record.json").read_text())["recognisers"]
    assert record["unclipped"]["files"]["model.onnx"] != record["clipped"]["files"]["model.onnx"]
    assert record["unclipped"]["files"]["tokens.txt"] == record["clipped"]["files"]["tokens.txt"]
    assert record["clipped"]["plan"]["clipping"] == {"kind": "example", "bound": 1.0, "cores": 1}


def test_every_stage_is_watched_to_its_end(made: tuple[Path, dict[str, Results]], watched: Watched) -> None:
    assert made[0].is_dir()
    assert list(watched.stages)[:3] == ["Speaking: kit", "Speaking: pretraining", "Speaking: fine-tuning"]
    for title, told in watched.stages.items():
        assert told, title
        assert told[-1][0] == told[-1][1], title


@pytest.mark.slow
def test_made_again_it_is_the_same(made: tuple[Path, dict[str, Results]], tmp_path: Path) -> None:
    """On this machine, whatever the number of jobs and torch's own threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        make_reference(tmp_path / "again", seed=5, watch=Watched(), setup=TINY, jobs=2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    for folder in ("reference", "recognisers"):
        for path in sorted((made[0] / folder).rglob("*")):
            if path.is_file() and path.name != "record.json":  # that one has times in it
                other = tmp_path / "again" / path.relative_to(made[0])
                assert other.read_bytes() == path.read_bytes(), path


def test_a_place_that_is_taken_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="is there already; give a folder that does not exist yet"):
        make_reference(tmp_path, seed=1, watch=Watched(), setup=TINY)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_nothing_is_left_after_an_error(tmp_path: Path) -> None:
    wrong = Setup(TINY.fine_tunings, overrides=("design.pairs_per_cell=none",))
    with pytest.raises(RecipeError):
        make_reference(tmp_path / "out", seed=1, watch=Watched(), setup=wrong)
    assert list(tmp_path.iterdir()) == []


def test_variants_change_nothing_about_what_is_shipped() -> None:
    shipped, all_of_them = REFERENCE.fine_tunings, REFERENCE_AND_VARIANTS.fine_tunings
    assert list(all_of_them)[:2] == list(shipped) == ["unclipped", "clipped"]
    assert {**all_of_them, **shipped} == all_of_them
    apart = {"fine_tunings": 0, "options": 0}
    assert REFERENCE.as_dict() | apart == REFERENCE_AND_VARIANTS.as_dict() | apart
