"""A wrong front end is found out by the controls: each front end swapped for each other, on models that read.

The models are real graphs (`tests.audit.front_end_models`); every front end of the registry is here, so a new
one fails these tests until it has its place in `RIGHT`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from memaudit.audit.control_runs import hear_given
from memaudit.audit.controls import check_both
from memaudit.audit.engine.inline import Inline
from memaudit.audit.front_end_trials import front_end_trials, hear_with_others
from memaudit.audit.given_controls import GivenControl
from memaudit.audit.results import Controls
from memaudit.audit.sheet import Sheet
from memaudit.audit.verdict import unread
from memaudit.cli.main import cli
from memaudit.errors import ModelError
from memaudit.kit.audio import read_audio
from memaudit.kit.make import make_kit
from memaudit.kit.recipe import load_recipe
from memaudit.kit.store import Kit
from memaudit.models.frontends.registry import FRONT_ENDS, make_front_end
from memaudit.models.frontends.usual import short_name, usual_front_ends
from memaudit.models.registry import load_recognizer
from tests.audit import front_end_models

MELS = {"num_mels": front_end_models.MELS}
# What the model of each kind was made for. sherpa-onnx's tail of zeros is loud to a graph that knows no end.
RIGHT: dict[str, dict[str, Any]] = {
    "kaldi": MELS,
    "nemo": MELS,
    "raw": {},
    "sherpa-whisper": {**MELS, "tail_frames": 0},
    "torchaudio": MELS,
    "whisper": MELS,
}
# Wrong options of the right kind.
WRONG: dict[str, list[dict[str, Any]]] = {
    "kaldi": [
        {"waveform_scale": 32768.0},
        {"preemphasis": 0.0},
        {"frame_shift_ms": 20.0},
        {"sample_rate": 8000},
    ],
    "nemo": [{"normalise": "none"}, {"frame_shift_ms": 5.0}],
    "raw": [{"normalise": True}, {"waveform_scale": 32768.0}],
    "sherpa-whisper": [],
    "torchaudio": [{"high_frequency": 4000.0}],
    "whisper": [{"hop": 320}],
}
# The same features but for a shift of 5 ms: a model reads as well behind either.
ALIKE = [{"whisper", "sherpa-whisper"}]

Made = Callable[[str], Path]


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """New canaries and controls in the vocabulary of the shipped recognisers."""
    overrides = (
        "design.pairs_per_cell=6",
        "design.repetitions=[16]",
        "design.reserve_per_speed=20",
        "design.controls=20",
    )
    return make_kit(load_recipe("reference", overrides), tmp_path_factory.mktemp("kit") / "kit", seed=11)


@pytest.fixture(scope="module")
def made(kit: Kit, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The folder of a model for a kind of front end, made once."""
    audio = [read_audio(kit.audio_path(canary))[0] for canary in kit.canaries if canary.arm == "control"]
    folder = tmp_path_factory.mktemp("models")

    def make(kind: str) -> Path:
        place = folder / kind
        if not place.exists():
            front_end_models.make(place, {"kind": kind, **RIGHT[kind]}, audio)
        return place

    return make


def heard(kit: Kit, model: Path, *, always: bool = False) -> Controls:
    """The controls of a kit through a model; other front ends are tried where that can change the outcome."""
    engine = Inline(load_recognizer(model))
    given = [
        GivenControl(canary.id, kit.audio_path(canary), canary.text)
        for canary in kit.canaries
        if canary.arm == "control"
    ]
    rows = hear_given(engine, given).utterances
    sheet, none = Sheet(tuple(rows), kit.commitment), Sheet((), kit.commitment)
    found, _ = check_both(sheet, none, None)
    if found.passed or always:
        paths = {control.id: str(control.audio) for control in given}
        found, _ = check_both(sheet, none, None, front_end_trials(engine, rows, paths))
    return found


def test_every_front_end_has_its_place() -> None:
    assert set(RIGHT) == set(WRONG) == set(FRONT_ENDS)


@pytest.mark.parametrize("kind", sorted(RIGHT))
def test_the_right_front_end_reads_the_controls(kit: Kit, made: Made, kind: str) -> None:
    found = heard(kit, made(kind), always=True)
    assert found.passed
    assert found.accuracy is not None
    assert found.accuracy > 0.9
    assert found.front_ends == ()
    assert found.other_texts is not None
    assert found.other_texts.likelier == found.other_texts.n == 20


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(RIGHT))
def test_each_front_end_swapped_for_another(kit: Kit, made: Made, kind: str) -> None:
    right = {"kind": kind, **RIGHT[kind]}
    swaps = [{"kind": other, **RIGHT[other]} for other in RIGHT if other != kind]
    swaps += [{**right, **wrong} for wrong in WRONG[kind]]
    model = made(kind)
    try:
        for wrong in swaps:
            front_end_models.describe(model, wrong)
            if (kind == "raw") != (wrong["kind"] == "raw"):
                with pytest.raises(ModelError, match="no input takes"):
                    load_recognizer(model)
                continue
            found = heard(kit, model)
            if {kind, wrong["kind"]} in ALIKE:
                assert found.accuracy is not None
                assert found.accuracy > 0.9
                continue
            assert not found.passed, (right, wrong, found)
            assert "front end, tokens or files are probably wrong" in unread(found)
            better = [trial for trial in found.front_ends if trial.better]
            if better:
                best = max(better, key=lambda trial: trial.accuracy)
                assert {best.front_end["kind"], kind} in [{kind}, *ALIKE]
                assert f"with the front end {short_name(best.front_end)} " in unread(found)
    finally:
        front_end_models.describe(model, right)


def test_tokens_in_another_order_are_found_out(kit: Kit, made: Made, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(made("kaldi"), model)
    names = [line.rsplit(" ", 1)[0] for line in (model / "tokens.txt").read_text().splitlines()]
    turned = [names[0], *names[8:], *names[1:8]]
    (model / "tokens.txt").write_text("".join(f"{name} {place}\n" for place, name in enumerate(turned)))
    found = heard(kit, model, always=True)
    assert not found.passed
    assert found.other_texts is not None
    assert found.other_texts.passed is False
    assert not any(trial.better for trial in found.front_ends)
    assert "front end, tokens or files are probably wrong" in unread(found)


def test_a_function_has_no_front_end_to_try() -> None:
    class Function:
        """What a function of the user's looks like from here."""

        sample_rate = 16000

    assert hear_with_others(Function(), []) == []


SWAPS = [
    {"kind": "nemo", **MELS},
    {"kind": "torchaudio", **MELS},
    {"kind": "kaldi", **MELS, "waveform_scale": 32768.0},
]


@pytest.mark.slow
@pytest.mark.parametrize("table", SWAPS, ids=short_name)
def test_the_audit_is_inconclusive_and_says_so(
    kit: Kit, made: Made, tmp_path: Path, table: dict[str, Any]
) -> None:
    model = made("kaldi")
    front_end_models.describe(model, table)
    words = ["score", kit.root, "--model", model, "--out", tmp_path / "a", "--assume-injected"]
    try:
        result = CliRunner().invoke(cli, [str(word) for word in words])
    finally:
        front_end_models.describe(model, {"kind": "kaldi", **RIGHT["kaldi"]})
    assert result.exit_code == 3, result.output
    assert "Inconclusive" in result.stdout
    said = " ".join(result.stdout.split())
    assert "front end, tokens or files are probably wrong" in said
    assert "with the front end kaldi their accuracy is" in said
    found = json.loads((tmp_path / "a" / "results.json").read_text())
    assert found["verdict"] == "inconclusive"
    assert found["controls"]["passed"] is False
    best = max(found["controls"]["front_ends"], key=lambda trial: trial["accuracy"])
    assert best["better"]
    assert best["front_end"] == make_front_end({"kind": "kaldi", **MELS}).describe()


@pytest.mark.parametrize("kind", sorted(FRONT_ENDS))
def test_usual_front_ends_are_of_the_same_size_and_others(kind: str) -> None:
    front_end = make_front_end({"kind": kind})
    others = list(usual_front_ends(front_end))
    assert others
    for other in others:
        assert other.num_features == front_end.num_features
        assert other.sample_rate == front_end.sample_rate
        assert other.describe() != front_end.describe()
    assert {other.describe()["kind"] for other in others} | {kind} == (
        {"raw"} if kind == "raw" else set(FRONT_ENDS) - {"raw"}
    )
