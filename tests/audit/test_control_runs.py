"""Controls against other controls' texts, the user's own recordings, and what the two decide."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from memaudit.audit.assess import assess
from memaudit.audit.control_runs import hear_given, other_texts, with_other_texts
from memaudit.audit.controls import check_both, check_controls
from memaudit.audit.engine.inline import Inline
from memaudit.audit.engine.work import Heard, Item
from memaudit.audit.feasibility import feasibility
from memaudit.audit.given_controls import GivenControl, read_controls
from memaudit.audit.results import FrontEndTrial, ModelFile
from memaudit.audit.sheet import Sheet, sheets
from memaudit.audit.utterances import Utterance
from memaudit.audit.verdict import decide, unread
from memaudit.errors import AudioError, TokenError
from memaudit.kit.manifests.errors import ManifestError
from memaudit.models.inspection import Inspection
from memaudit.models.recognizer import Recognition
from memaudit.models.registry import load_recognizer
from memaudit.stats.sign_test import sign_test
from tests.audit.synthetic import COMMITMENT, subject, utterances
from tests.models.builders import onnx_graph, speech, weights, write_onnx


def control(number: int, text: str, **given: Any) -> Utterance:
    fields = {
        "id": f"k{number:02}", "arm": "control", "pair": None, "repetitions": 0, "speed": 1.0, "voice": "v",
        "reference": text, "transcript": text, "cer": 0.0, "wer": 0.0, "accuracy": 1.0, "exact": True,
        "loss": 1.0, "tokens": 4,
    }  # fmt: skip
    return Utterance.model_validate(fields | given)


def sheet_of(rows: Sequence[Utterance]) -> Sheet:
    return Sheet(tuple(rows), COMMITMENT)


_WORDS = [
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "haven",
    "inlet",
    "jetty",
    "knoll",
    "lilac",
    "maple",
    "north",
    "ocean",
    "pearl",
    "quail",
    "river",
    "slate",
    "thorn",
    "umber",
    "viola",
    "wheat",
    "xenon",
    "yacht",
    "zebra",
]
_RNG = random.Random(1)
TEXTS = [" ".join(_RNG.choices(_WORDS, k=length)) for length in range(4, 24)]


def test_other_texts_are_others_of_like_length() -> None:
    rows = [control(i, text) for i, text in enumerate(TEXTS)]
    random.Random(3).shuffle(rows)
    found = dict(other_texts(rows))
    assert set(found) == {row.id for row in rows}
    for row in rows:
        assert found[row.id] != row.reference
        assert abs(len(found[row.id]) - len(row.reference)) <= 6
    assert dict(other_texts(rows[::-1])) == found


def test_a_text_that_two_controls_share_is_no_other_text() -> None:
    rows = [
        control(0, "Same text."),
        control(1, "same text"),
        control(2, "another"),
        control(3, "SAME TEXT!"),
    ]
    found = dict(other_texts(rows))
    assert found["k00"] == found["k01"] == found["k03"] == "another"
    assert dict(other_texts(rows[:2])) == {}


@pytest.mark.parametrize("n", [5, 20, 33])
def test_a_model_that_does_not_listen_is_found_out_as_often_as_promised(n: int) -> None:
    """Its loss depends on the text alone: true texts must not win by the sign test beyond its level."""
    rng = np.random.default_rng(n)
    rejected = 0
    for _ in range(2000):
        rows = [control(i, f"{TEXTS[i % 20]} {i:02}") for i in range(n)]
        by_text = {row.reference: float(rng.random()) for row in rows}
        others = dict(other_texts(rows))
        wins = sum(by_text[row.reference] < by_text[others[row.id]] for row in rows)
        rejected += sign_test(wins, n) <= 0.05
    assert rejected / 2000 <= 0.05


class Deaf:
    """An engine whose model gives the loss that a table says, whatever the audio."""

    info, sample_rate = None, 16000

    def __init__(self, losses: dict[str, float | None]) -> None:
        self.losses, self.asked = losses, list[Item]()

    def run(self, items: Sequence[Item]) -> Iterator[Heard]:
        self.asked += items
        for item in reversed(items):
            loss = self.losses[str(item.reference)]
            yield Heard(item.id, Recognition("", loss, 4 if loss is not None else None, loss is None), 16000)


def test_other_losses_go_to_controls_that_have_their_own() -> None:
    rows = [control(i, text) for i, text in enumerate(TEXTS[:6])]
    rows[5] = rows[5].model_copy(update={"loss": None, "infeasible": True})
    canary = rows[0].model_copy(update={"id": "c", "arm": "inserted", "repetitions": 1, "pair": "p"})
    engine = Deaf({text: 8.0 + i for i, text in enumerate(TEXTS[:6])})
    found = with_other_texts(engine, [canary, *rows], {row.id: row.id for row in rows})  # type: ignore[arg-type]
    assert [row.id for row in found] == ["c", *(row.id for row in rows)]
    assert found[0] == canary
    assert found[6] == rows[5]
    assert [row.other_loss for row in found[1:6]] == [9.0, 10.0, 11.0, 12.0, 11.0]
    assert {item.audio for item in engine.asked} == {row.id for row in rows[:5]}


def test_without_losses_nothing_is_run_again() -> None:
    rows = [control(i, text, loss=None, tokens=None) for i, text in enumerate(TEXTS[:6])]
    engine = Deaf({})
    assert with_other_texts(engine, rows, {}) == rows  # type: ignore[arg-type]
    assert engine.asked == []
    assert check_controls(sheet_of(rows)).other_texts is None


@pytest.mark.parametrize(
    ("likelier", "n", "passed"),
    [(20, 20, True), (15, 20, True), (14, 20, False), (5, 5, True), (3, 5, False)],
)
def test_true_texts_must_be_likelier(likelier: int, n: int, passed: bool) -> None:
    rows = [
        control(i, text, other_loss=2.0 if i < likelier else 0.5, other_tokens=4)
        for i, text in enumerate(TEXTS[:n])
    ]
    found = check_controls(sheet_of(rows))
    others = found.other_texts
    assert others is not None
    assert (others.n, others.likelier, others.passed) == (n, likelier, passed)
    assert others.loss == 0.25
    assert others.other_loss == pytest.approx((2.0 * likelier + 0.5 * (n - likelier)) / n / 4)
    assert check_controls(sheet_of([row.model_copy(update={"other_loss": None}) for row in rows])).passed
    if n == 20:
        assert found.passed is passed
    if not passed:
        assert f"in {likelier} of {n} only: front end, tokens or files are probably wrong" in unread(found)


def test_ties_do_not_count_as_likelier() -> None:
    rows = [control(i, text, other_loss=1.0, other_tokens=4) for i, text in enumerate(TEXTS)]
    found = check_controls(sheet_of(rows))
    assert found.other_texts is not None
    assert found.other_texts.likelier == 0
    assert not found.passed


def test_fewer_than_five_controls_are_not_asked() -> None:
    rows = [control(i, text, other_loss=0.5, other_tokens=4) for i, text in enumerate(TEXTS[:4])]
    found = check_controls(sheet_of(rows))
    assert found.other_texts is not None
    assert found.other_texts.passed is None


def test_losses_are_compared_by_token() -> None:
    """Ten tokens at 1 nat against two at 2: the longer text is the likelier one of the two."""
    rows = [
        control(i, text, loss=10.0, tokens=10, other_loss=4.0, other_tokens=2) for i, text in enumerate(TEXTS)
    ]
    others = check_controls(sheet_of(rows)).other_texts
    assert others is not None
    assert (others.likelier, others.loss, others.other_loss) == (20, 1.0, 2.0)


def trial(accuracy: float, *, better: bool) -> FrontEndTrial:
    return FrontEndTrial(
        front_end={"kind": "kaldi", "num_mels": 80, "waveform_scale": 32768.0},
        n=20,
        accuracy=accuracy,
        likelier=20,
        p_value=1e-6,
        better=better,
    )


def test_a_better_front_end_fails_the_controls_and_is_named() -> None:
    rows = sheet_of([control(i, text, accuracy=0.7, cer=0.3) for i, text in enumerate(TEXTS)])
    none = sheet_of([])
    passed, _ = check_both(rows, none, None, [trial(0.75, better=False)])
    assert passed.passed
    failed, _ = check_both(rows, none, None, [trial(0.75, better=False), trial(0.98, better=True)])
    assert not failed.passed
    assert len(failed.front_ends) == 2
    assert (
        "with the front end kaldi with waveform_scale 32768.0 their accuracy is 0.98 in place of 0.70"
        in unread(failed)
    )


def test_given_controls_decide_in_place_of_the_kits() -> None:
    rows = utterances(8, control_accuracy=0.0)
    own = [control(i, text) for i, text in enumerate(TEXTS)]
    manifest = ModelFile(name="own.jsonl", sha256="0" * 64)
    plain, given = (
        assess(rows, subject(**extra), ["accuracy_gap <= 1"], "0" * 64)
        for extra in ({}, {"given": own, "manifest": manifest})
    )
    assert plain.verdict == "inconclusive"
    assert "does not read the controls" in plain.verdict_reason
    assert plain.controls.source == "kit"
    assert plain.kit_controls is None
    assert given.verdict == "passed"
    assert given.controls.source == "given"
    assert given.controls.manifest == manifest
    assert given.kit_controls == plain.controls
    assert {example.reference for example in given.examples if example.kind == "control"} <= set(TEXTS)
    turned = assess(rows, subject(given=own[::-1], manifest=manifest), ["accuracy_gap <= 1"], "0" * 64)
    assert turned.controls == given.controls


def test_unread_controls_come_before_undecided_gates() -> None:
    rows = utterances(1, leak=0.0, control_accuracy=0.0)
    found = assess(rows, subject(), [], "0" * 64)
    assert any(gate.status == "inconclusive" for gate in found.gates)
    assert found.verdict_reason.startswith("the model does not read the controls (accuracy 0.00")
    again, reason = decide(found.gates, found.controls, found.injection, found.cells)
    assert (again, reason) == (found.verdict, found.verdict_reason)


def test_frames_for_each_token_by_speed() -> None:
    rows = utterances(2, speeds=(4.0, 2.0))
    by_speed = sheets(rows, COMMITMENT)[0]
    inspection = Inspection(
        features=80, frames=25, frames_per_second=25.0, blank=1.0, deterministic=True,
        padding="one at a time", padding_difference=None, quantised=(), warnings=(),
    )  # fmt: skip
    seconds = {row.id: 4.0 / row.speed for row in rows}
    found = feasibility(by_speed, inspection, seconds)
    assert [(fits.speed, fits.frames_per_token) for fits in found] == [(4.0, 25 / 4), (2.0, 50 / 4)]
    assert [fits.frames_per_token for fits in feasibility(by_speed, None, seconds)] == [None, None]
    whole = inspection.model_copy(update={"frames": 1500, "frames_per_second": None})
    assert [fits.frames_per_token for fits in feasibility(by_speed, whole, seconds)] == [375, 375]
    assert [fits.frames_per_token for fits in feasibility(by_speed, inspection, {})] == [None, None]


def recordings(folder: Path, rates: Sequence[int] = (16000, 16000, 8000)) -> list[dict[str, str]]:
    rows = []
    for number, rate in enumerate(rates):
        soundfile.write(folder / f"{number}.wav", speech(seed=number, rate=rate), rate)
        rows.append({"audio": f"{number}.wav", "text": ("amber cedar", "Delta ember", "grove")[number % 3]})
    return rows


def jsonl(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_manifests_in_every_form(tmp_path: Path) -> None:
    rows = recordings(tmp_path)
    expected = [
        GivenControl(f"control-{line}", tmp_path / row["audio"], row["text"])
        for line, row in enumerate(rows, 1)
    ]
    assert read_controls(jsonl(tmp_path / "own.jsonl", rows)) == expected
    nemo = [
        {"audio_filepath": row["audio"], "duration": 1.5, "text": row["text"], "offset": 0} for row in rows
    ]
    assert read_controls(jsonl(tmp_path / "nemo.json", nemo)) == expected
    table = tmp_path / "metadata.csv"
    lines = ["file_name,transcription", *(f"{row['audio']},{row['text']}" for row in rows)]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = read_controls(table)
    assert [(one.audio, one.text) for one in found] == [(one.audio, one.text) for one in expected]
    absolute = [{"audio": str(tmp_path / row["audio"]), "text": row["text"]} for row in rows]
    assert read_controls(jsonl(tmp_path / "absolute.jsonl", absolute)) == expected


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"text": "amber"}, "has no audio"),
        ({"audio": 3, "text": "amber"}, "has no audio"),
        ({"audio": "0.wav"}, "has no text"),
        ({"audio": "0.wav", "text": " ... "}, "has no text"),
        ({"audio": "9.wav", "text": "amber"}, "there is no file 9.wav"),
        ({"audio": "https://a.example/b.wav", "text": "amber"}, "nothing is fetched"),
        ({"audio": "0.wav", "text": "amber", "offset": 1.5}, "is a part of a file"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    rows = [*recordings(tmp_path)[:1], row]
    with pytest.raises(ManifestError, match=said) as caught:
        read_controls(jsonl(tmp_path / "own.jsonl", rows))
    assert "own.jsonl:2" in str(caught.value)


def test_bad_manifests(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="is no file"):
        read_controls(tmp_path / "missing.jsonl")
    with pytest.raises(ManifestError, match="has 1 recording; give twenty"):
        read_controls(jsonl(tmp_path / "one.jsonl", recordings(tmp_path)[:1]))
    (tmp_path / "broken.jsonl").write_text("{\n")
    with pytest.raises(ManifestError, match="is no JSON"):
        read_controls(tmp_path / "broken.jsonl")


def test_given_controls_are_heard_at_the_models_rate(tmp_path: Path) -> None:
    recognizer = load_recognizer(write_onnx(tmp_path / "model", onnx_graph(weights())))
    rows = [row | {"text": row["text"].lower()} for row in recordings(tmp_path)]
    run = hear_given(Inline(recognizer), read_controls(jsonl(tmp_path / "own.jsonl", rows)))
    assert run.notes == ("1 of 3 given controls, at 8000 Hz, are resampled to 16000 Hz",)
    assert [row.id for row in run.utterances] == ["control-1", "control-2", "control-3"]
    first = run.utterances[0]
    samples = soundfile.read(tmp_path / "0.wav", dtype="float32")[0]
    expected = recognizer.recognize(samples, "amber cedar")
    assert (first.transcript, first.loss, first.tokens) == (
        expected.transcript, expected.loss, expected.tokens,
    )  # fmt: skip
    assert first.other_loss == recognizer.recognize(samples, "delta ember").loss
    assert {row.arm for row in run.utterances} == {"control"}


def test_bad_recordings_are_named(tmp_path: Path) -> None:
    engine = Inline(load_recognizer(write_onnx(tmp_path / "model", onnx_graph(weights()))))
    rows = [row | {"text": row["text"].lower()} for row in recordings(tmp_path)]
    (tmp_path / "2.wav").write_bytes(b"RIFF")
    with pytest.raises(AudioError, match=r"2\.wav: cannot be read as audio"):
        hear_given(engine, read_controls(jsonl(tmp_path / "own.jsonl", rows)))
    rows = [row | {"text": "zebra"} for row in recordings(tmp_path)]
    with pytest.raises(TokenError, match=r"0\.wav"):
        hear_given(engine, read_controls(jsonl(tmp_path / "own.jsonl", rows)))
