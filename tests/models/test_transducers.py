"""Transducers in onnxruntime: transcripts against other projects, losses against single steps."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx_asr
import onnxruntime
import pytest
from numpy.typing import NDArray

from memaudit.models.recognizer import Recognition
from memaudit.models.registry import load_recognizer
from memaudit.models.transducer import utterance
from memaudit.models.transducer.recognizer import TransducerRecognizer
from tests.models.builders import speech
from tests.models.naive_lattices import naive_rnnt, naive_tdt
from tests.models.transducers import Size, icefall_transducer, nemo_split, nemo_transducer

TEXT = "the cat ate"
Make = Callable[[Path, Size], Path]


def rnnt(folder: Path, size: Size) -> Path:
    return nemo_transducer(folder, size)


def tdt(folder: Path, size: Size) -> Path:
    return nemo_transducer(folder, size, durations=5)


def split_rnnt(folder: Path, size: Size) -> Path:
    return nemo_split(folder, size)


def split_tdt(folder: Path, size: Size) -> Path:
    return nemo_split(folder, size, durations=5)


def icefall(folder: Path, size: Size) -> Path:
    return icefall_transducer(folder, size, suffix="")


KINDS: tuple[Make, ...] = (rnnt, tdt, split_rnnt, split_tdt, icefall)
every_kind = pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)


def load(path: Path, **options: str) -> TransducerRecognizer:
    recognizer = load_recognizer(path, **options)  # type: ignore[arg-type]
    assert isinstance(recognizer, TransducerRecognizer)
    return recognizer


def sessions(folder: Path, *names: str) -> Iterator[onnxruntime.InferenceSession]:
    for name in names:
        yield onnxruntime.InferenceSession(folder / f"{name}.onnx", providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(
    ("make", "theirs"), [(rnnt, "nemo-conformer-rnnt"), (tdt, "nemo-conformer-tdt"), (icefall, "kaldi-rnnt")]
)
@pytest.mark.parametrize("seed", range(5))
def test_transcripts_are_those_of_onnx_asr(tmp_path: Path, make: Make, theirs: str, seed: int) -> None:
    folder = tmp_path / "am" if make is icefall else tmp_path
    ours = load(make(folder, Size(seed=seed, blank=3.0)))
    other = onnx_asr.load_model(theirs, tmp_path)
    heard = 0
    for i, seconds in enumerate((0.2, 0.77, 1.5, 3.04)):
        samples = speech(seconds, seed=10 * seed + i)
        text = ours.recognize(samples).transcript
        # onnx-asr leaves a space at the start of some texts.
        assert text == " ".join(other.recognize(samples).split())
        heard += len(text)
    assert heard > 0


SHERPA = """
import json, sys
import numpy, sherpa_onnx
folder, kind = sys.argv[1:]
recognizer = sherpa_onnx.OfflineRecognizer.from_transducer(
    *(f"{folder}/{name}.onnx" for name in ("encoder", "decoder", "joiner")),
    f"{folder}/tokens.txt",
    model_type=kind,
)
texts = []
for samples in numpy.load(f"{folder}/audio.npz").values():
    stream = recognizer.create_stream()
    stream.accept_waveform(16000, samples)
    recognizer.decode_stream(stream)
    texts.append(stream.result.text)
print(json.dumps(texts))
"""


@pytest.mark.skipif(find_spec("sherpa_onnx") is None, reason="sherpa-onnx is not installed")
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", ["icefall", "rnnt", "tdt"])
def test_transcripts_are_those_of_sherpa_onnx(tmp_path: Path, kind: str, seed: int) -> None:
    """In a process of its own, which sherpa-onnx ends where it does not like a model.

    It computes NeMo's features in a way of its own, so NeMo's encoder is a deaf one.
    """
    size = Size(seed=seed, blank=3.0)
    if kind == "icefall":
        ours = load(icefall_transducer(tmp_path, size, suffix=""))
    else:
        ours = load(nemo_split(tmp_path, size, durations=5 * (kind == "tdt"), deaf=True))
    audio = [speech(seconds, seed=i) for i, seconds in enumerate((0.3, 1.0, 2.4))]
    np.savez(tmp_path / "audio.npz", *audio)
    model_type = "transducer" if kind == "icefall" else "nemo_transducer"
    done = subprocess.run(
        [sys.executable, "-c", SHERPA, str(tmp_path), model_type], capture_output=True, text=True, check=True
    )
    theirs = [" ".join(text.split()) for text in json.loads(done.stdout.splitlines()[-1])]
    assert [ours.recognize(samples).transcript for samples in audio] == theirs
    assert any(theirs)


def single_steps(
    make: Make, folder: Path, encoded: NDArray[np.float32], targets: tuple[int, ...], blank: int
) -> NDArray[np.float64]:
    """The scores of each node [T, U + 1, V] from calls with one frame and one token each."""
    states = [np.zeros((2, 1, 24), np.float32)] * 2
    one = np.ones(1, np.int32)
    columns = []
    if make is icefall:
        decoder, joiner = sessions(folder, "decoder", "joiner")
        text = [-1, blank, *targets]
        for u in range(len(targets) + 1):
            (predicted,) = decoder.run(None, {"y": np.array([text[u : u + 2]])})
            feeds = [{"encoder_out": frame[None], "decoder_out": predicted} for frame in encoded]
            columns.append([joiner.run(None, feed)[0][0] for feed in feeds])
        return np.array(columns, np.float64).transpose(1, 0, 2)
    frames = [frame[None, :, None] for frame in encoded]
    for token in (blank, *targets):
        target = np.array([[token]], np.int32)
        if make in (rnnt, tdt):
            (both,) = sessions(folder, "decoder_joint-model")
            column = []
            for frame in frames:
                feed = {"encoder_outputs": frame, "targets": target, "target_length": one}
                scores, _, *after = both.run(
                    None, {**feed, "input_states_1": states[0], "input_states_2": states[1]}
                )
                column.append(scores[0, 0, 0])
        else:
            decoder, joiner = sessions(folder, "decoder", "joiner")
            feed = {"targets": target, "target_length": one, "states.1": states[0], "onnx::LSTM_3": states[1]}
            predicted, _, *after = decoder.run(None, feed)
            column = [
                joiner.run(None, {"encoder_outputs": frame, "decoder_outputs": predicted})[0][0, 0, 0]
                for frame in frames
            ]
        states = after
        columns.append(column)
    return np.array(columns, np.float64).transpose(1, 0, 2)


@every_kind
@pytest.mark.parametrize("seed", [3, 4])
def test_the_loss_is_the_formula_on_single_steps(tmp_path: Path, make: Make, seed: int) -> None:
    recognizer = load(make(tmp_path, Size(seed=seed)))
    samples = speech(0.9, seed=seed)
    encoded = recognizer.encoder.encode(recognizer.front_end(samples))
    for text in (TEXT, "", "she in the inn"):
        targets = recognizer.tokens.encode(text)
        scores = single_steps(make, tmp_path, encoded, targets, recognizer.blank)
        if make in (tdt, split_tdt):
            expected = naive_tdt(scores, targets, range(5), recognizer.blank)
        else:
            expected = naive_rnnt(scores, targets, recognizer.blank)
        result = recognizer.recognize(samples, text)
        assert result.loss == pytest.approx(expected, rel=1e-5)
        assert result.tokens == len(targets)
        assert not result.infeasible


@every_kind
def test_blocks_and_frames_ahead_change_nothing(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    recognizer = load(make(tmp_path, Size(seed=1, blank=3.0)))
    audio = [speech(seconds, seed=7) for seconds in (0.5, 2.0)]
    before = [recognizer.recognize(samples, TEXT) for samples in audio]
    monkeypatch.setattr(utterance, "_SCORES", 1)
    monkeypatch.setattr(utterance, "_AHEAD", 1)
    after = [recognizer.recognize(samples, TEXT) for samples in audio]
    for one, two in zip(before, after, strict=True):
        assert one.transcript == two.transcript
        assert one.loss == pytest.approx(two.loss, rel=1e-6)


@every_kind
def test_a_text_that_was_transcribed_is_likelier_than_another(tmp_path: Path, make: Make) -> None:
    """Greedy search finds likely texts: its own beats the same tokens in another order."""
    recognizer = load(make(tmp_path, Size(seed=3, blank=1.0)))
    samples = speech(2.0, seed=3)
    written = recognizer._greedy(
        recognizer._utterance(recognizer.encoder.encode(recognizer.front_end(samples)))
    )
    assert len(set(written)) > 2
    encoded = recognizer.encoder.encode(recognizer.front_end(samples))
    own, other = (recognizer._loss(recognizer._utterance(encoded), text) for text in (written, written[::-1]))
    assert own is not None
    assert other is not None
    assert own < other


@every_kind
def test_one_encoder_run_and_no_state(tmp_path: Path, make: Make) -> None:
    recognizer = load(make(tmp_path, Size(seed=2, blank=3.0)))
    first, second = speech(1.2, seed=1), speech(0.8, seed=2)
    alone = recognizer.recognize(first, TEXT)
    recognizer.recognize(second, "in")
    assert recognizer.recognize(first, TEXT) == alone
    assert recognizer.recognize(first) == Recognition(alone.transcript)


@every_kind
def test_traces(tmp_path: Path, make: Make) -> None:
    """The encoders here see the past only, so that padding a batch changes nothing."""
    recognizer = load(make(tmp_path, Size(blank=3.0)))
    batch = [speech(seconds, seed=i) for i, seconds in enumerate((1.0, 0.4, 1.7))]
    together = recognizer.trace_batch(batch)
    assert together is not None
    for samples, trace in zip(batch, together, strict=True):
        single = recognizer.trace(samples)
        assert trace.frames == single.frames == len(single.values)
        np.testing.assert_allclose(trace.values, single.values, atol=1e-5)
        assert trace.blank == single.blank
        assert 0 <= (single.blank or 0) <= 1


def test_the_blank_of_a_trace_is_that_of_a_texts_start(tmp_path: Path) -> None:
    silent = load(icefall_transducer(tmp_path / "silent", Size(blank=60.0)))
    assert silent.trace(speech(1.0)).blank == 1.0
    noisy = load(icefall_transducer(tmp_path / "noisy", Size(blank=-60.0)))
    assert noisy.trace(speech(1.0)).blank == 0.0


def test_one_symbol_a_frame_unless_told_otherwise(tmp_path: Path) -> None:
    """The search writes one token a frame at most; the loss counts texts with more as well."""
    recognizer = load(icefall_transducer(tmp_path, Size(blank=-60.0)))
    samples = speech(0.5)
    frames = recognizer.trace(samples).frames
    written = recognizer._greedy(
        recognizer._utterance(recognizer.encoder.encode(recognizer.front_end(samples)))
    )
    assert len(written) == frames
    crowded = recognizer.recognize(samples, "the cat " * frames)
    assert crowded.loss is not None
    assert np.isfinite(crowded.loss)
    assert crowded.tokens is not None
    assert crowded.tokens > frames
