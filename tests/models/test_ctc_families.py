"""CTC families on real graphs: known without a model.toml, and transcribed as their own projects do."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_asr
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from onnx_asr.asr import _AsrWithDecoding

from memaudit.errors import ModelError
from memaudit.models.ctc.recognizer import CtcRecognizer
from memaudit.models.frontends.kaldi import KaldiFrontEnd
from memaudit.models.registry import load_recognizer
from tests.models import ctc_families as families
from tests.models.builders import speech
from tests.models.ctc_families import TEXT, gigaam_e2e

SECONDS = (0.5, 1.37, 3.0)
ON_WORD = re.compile(_AsrWithDecoding.DECODE_SPACE_PATTERN)


def audio() -> list[NDArray[np.float32]]:
    return [speech(seconds, seed=seed) for seed, seconds in enumerate(SECONDS)]


def spaced(text: str) -> str:
    """onnx-asr keeps a space only before a letter or digit."""
    return re.sub(ON_WORD, lambda found: " " if found.group(1) else "", text)


def loaded(path: Path, **options: Any) -> CtcRecognizer:
    recognizer = load_recognizer(path, **options)
    assert isinstance(recognizer, CtcRecognizer)
    return recognizer


ONNX_ASR: dict[str, tuple[str, Callable[[Path, int], Path]]] = {
    "nemo 80": ("nemo-conformer-ctc", lambda folder, seed: families.nemo(folder, seed=seed)),
    "nemo 128": ("nemo-conformer-ctc", lambda folder, seed: families.nemo(folder, mels=128, seed=seed)),
    "gigaam 2": ("gigaam-v2-ctc", lambda folder, seed: families.gigaam(folder, seed=seed, version="v2")),
    "gigaam 3": (
        "gigaam-v3-ctc",
        lambda folder, seed: families.gigaam(
            folder, seed=seed, name="v3_ctc.onnx", tokens="v3_vocab.txt", version="v3"
        ),
    ),
    "gigaam 3 e2e": ("gigaam-v3-e2e-ctc", lambda folder, seed: gigaam_e2e(folder, seed=seed)),
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("family", ONNX_ASR)
def test_transcripts_are_those_of_onnx_asr(tmp_path: Path, family: str, seed: int) -> None:
    kind, make = ONNX_ASR[family]
    path = make(tmp_path, seed)
    theirs = onnx_asr.load_model(kind, tmp_path)
    ours = loaded(path)
    said = set()
    for samples in audio():
        expected = theirs.recognize(samples, sample_rate=16000)
        assert spaced(ours.recognize(samples).transcript) == spaced(expected)
        said.add(expected)
    assert len(said) == len(SECONDS)
    assert min(len(text) for text in said) >= 3


@pytest.mark.parametrize("tokens", ["vocab.json", "tokens.txt"])
@pytest.mark.parametrize("seed", range(3))
def test_a_streaming_model_is_run_chunk_by_chunk_as_onnx_asr_does(
    tmp_path: Path, seed: int, tokens: str
) -> None:
    path = families.tone(tmp_path, seed=seed, tokens=tokens)
    theirs, ours = onnx_asr.load_model("t-one-ctc", tmp_path), loaded(path)
    assert ours.sample_rate == 8000
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    # Less than a chunk, whole chunks, and a rest.
    for count in (2, 1234, 4800, 20001):
        samples = speech(3.0, seed=count, rate=8000)[:count]
        result = ours.recognize(samples, "the")
        assert spaced(result.transcript) == spaced(theirs.recognize(samples, sample_rate=8000))
        padded = np.concatenate([np.zeros(2400), samples, np.zeros(2400 + -count % 2400)])
        state, rows = np.zeros((1, 12), np.float16), []
        for chunk in np.split(
            np.trunc(np.float32(padded) * np.float32(32767)).astype(np.int32), len(padded) // 2400
        ):
            scores, state = session.run(None, {"signal": chunk[None, :, None], "state": state})
            rows.append(scores[0])
        targets = ["abehinort".index(letter) for letter in "the"]
        assert result.loss == pytest.approx(torch_loss(np.concatenate(rows[1:]), targets, 10), abs=1e-4)


def test_a_streaming_model_that_is_another_is_refused(tmp_path: Path) -> None:
    path = families.tone(tmp_path)
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "C"
    onnx.save(model, path)
    with pytest.raises(ModelError, match=r"signal int32 \[B, C, 1\] and .* are not \[batch, chunk, 1\]"):
        load_recognizer(path)
    (tmp_path / "vocab.json").unlink()
    with pytest.raises(ModelError, match=r"no tokens\.txt beside the model"):
        load_recognizer(path)
    (tmp_path / "model.toml").write_text(
        'schema = "memaudit/model/1"\nfamily = "tone-ctc"\n[front_end]\nkind = "kaldi"\n'
    )
    with pytest.raises(ModelError, match="the model takes a waveform"):
        load_recognizer(path)
    other = families.nemo(tmp_path / "other")
    (tmp_path / "other" / "model.toml").write_text(
        'schema = "memaudit/model/1"\nfamily = "tone-ctc"\n[front_end]\nkind = "raw"\n'
    )
    with pytest.raises(ModelError, match="has no signal and no state and no state_next"):
        load_recognizer(other)


def naive_transcript(logits: NDArray[np.float32], symbols: tuple[str, ...], blank: int) -> str:
    best = [symbols[i] for i, _ in itertools.groupby(logits.argmax(axis=1)) if i != blank]
    return "".join(best)


def run(path: Path, feeds: dict[str, NDArray[Any]], output: str) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(session.run([output], feeds)[0])[0]


def torch_loss(scores: NDArray[np.float32], targets: list[int], blank: int) -> float:
    log_probs = torch.from_numpy(scores.astype(np.float64)).log_softmax(-1)[:, None]
    sizes = torch.tensor([len(scores)]), torch.tensor([len(targets)])
    loss = torch.nn.functional.ctc_loss(
        log_probs, torch.tensor([targets]), *sizes, blank=blank, reduction="sum"
    )
    return float(loss)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("make", [families.icefall, families.wenet, families.wenet_gpu])
def test_kaldi_families_run_as_by_hand(tmp_path: Path, make: Callable[..., Path], seed: int) -> None:
    path = make(tmp_path, seed=seed)
    ours = loaded(path)
    wenet = make is not families.icefall
    dialect = {"waveform_scale": 32768.0, "snip_edges": True, "high_frequency": 0.0} if wenet else {}
    assert ours.front_end == KaldiFrontEnd(**dialect)
    lines = next(tmp_path.glob("*.txt")).read_text(encoding="utf-8").splitlines()
    symbols = tuple(line.rpartition(" ")[0] for line in lines)
    x, x_lens, out = (
        ("speech", "speech_lengths", "ctc_log_probs")
        if "encoder" in path.name
        else ("x", "x_lens", "log_probs")
    )
    narrow = np.int32 if x == "speech" else np.int64
    for samples in audio():
        features = KaldiFrontEnd(**dialect)(samples)
        logits = run(path, {x: features[None], x_lens: np.array([len(features)], narrow)}, out)
        result = ours.recognize(samples, TEXT)
        text = naive_transcript(logits, symbols, 0).replace("<sos/eos>", "").replace("\u2581", " ")
        assert result.transcript == " ".join(text.split())
        targets = ["\u2581the", "\u2581bin", "\u2581on"]
        indices = [symbols.index(piece if wenet else piece.upper()) for piece in targets]
        assert result.tokens == 3
        assert result.loss == pytest.approx(torch_loss(logits, indices, 0), abs=1e-4)


# In a process of its own, because sherpa-onnx ends the process that it runs in where something is wrong.
SHERPA = """
import json, sys
import numpy as np, sherpa_onnx
model, tokens = sys.argv[1:3]
recognizer = sherpa_onnx.OfflineRecognizer.from_zipformer_ctc(model, tokens=tokens, num_threads=1)
texts = []
for path in sys.argv[3:]:
    stream = recognizer.create_stream()
    stream.accept_waveform(16000, np.load(path))
    recognizer.decode_stream(stream)
    texts.append(stream.result.text)
print("TEXTS" + json.dumps(texts))
"""


@pytest.mark.parametrize("seed", range(3))
def test_icefall_transcripts_are_those_of_sherpa_onnx(tmp_path: Path, seed: int) -> None:
    path = families.icefall(tmp_path / "model", seed=seed)
    ours = loaded(path)
    files = [tmp_path / f"{index}.npy" for index, _ in enumerate(SECONDS)]
    for file, samples in zip(files, audio(), strict=True):
        np.save(file, samples)
    command = [sys.executable, "-c", SHERPA, path, path.with_name("tokens.txt"), *files]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    theirs = json.loads(ran.stdout.partition("TEXTS")[2])
    for samples, text in zip(audio(), theirs, strict=True):
        # It writes out the mark of a sentence's ends, which is no text.
        expected = " ".join(text.replace("<sos/eos>", "").split())
        assert ours.recognize(samples).transcript == expected
        assert len(expected) > 3


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("normalise", [True, False])
def test_the_wav2vec_family_runs_as_by_hand(tmp_path: Path, normalise: bool, seed: int) -> None:
    path = families.hf(tmp_path, seed=seed, normalise=normalise, name="onnx/model.onnx")
    symbols = tuple(json.loads((tmp_path / "vocab.json").read_text()))
    for named in (path, tmp_path, tmp_path / "onnx"):
        ours = loaded(named)
        for samples in audio():
            values = samples
            if normalise:
                values = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
            logits = run(path, {"input_values": values[None].astype(np.float32)}, "logits")
            text = naive_transcript(logits, symbols, 0)
            text = re.sub("</?s>", "", text).replace("|", " ")
            result = ours.recognize(samples, "hot tea")
            assert result.transcript == " ".join(text.split())
            targets = [symbols.index(letter) for letter in "HOT|TEA"]
            assert result.loss == pytest.approx(torch_loss(logits, targets, 0), abs=1e-3)


def test_hama_lowers_the_blank_in_search_and_not_in_the_loss(tmp_path: Path) -> None:
    symbols = (*families.PHONES, "<wb>", "<blank>")
    differs = False
    for seed, samples in itertools.product(range(3), audio()):
        path = families.hama(tmp_path, seed=seed)
        ours = loaded(path)
        feeds = {"waveform": samples[None], "waveform_lengths": np.array([samples.size])}
        scores = run(path, feeds, "log_probs")
        biased = scores.copy()
        biased[:, -1] -= 0.1
        phones = [symbols[i] for i, _ in itertools.groupby(biased.argmax(axis=1)) if i != len(symbols) - 1]
        spoken = [phone for phone in phones if phone not in ("<pad>", "<sos>", "<eos>")]
        words = [list(run) for between, run in itertools.groupby(spoken, "<wb>".__eq__) if not between]
        text = "d\u0361\u0292 a | t\u0283 o\u028a"
        result = ours.recognize(samples, text)
        assert result.transcript == " | ".join(" ".join(word) for word in words)
        targets = [symbols.index(phone) for phone in text.replace("|", "<wb>").split()]
        assert result.loss == pytest.approx(torch_loss(scores, targets, len(symbols) - 1), abs=1e-3)
        differs |= bool((biased.argmax(axis=1) != scores.argmax(axis=1)).any())
    assert differs


MAKERS = (families.nemo, families.icefall, families.wenet, families.gigaam, families.hf)


@pytest.mark.parametrize("make", MAKERS)
def test_half_precision_and_external_data(tmp_path: Path, make: Callable[..., Path]) -> None:
    text = "bin on"
    full = loaded(make(tmp_path / "full")).recognize(speech(), text)
    apart = make(tmp_path / "apart", external=True)
    recognizer = loaded(apart)
    assert recognizer.recognize(speech(), text) == full
    assert f"{apart.name}.data" in dict(recognizer.info.files)
    half = loaded(make(tmp_path / "half", half=True)).recognize(speech(), text)
    assert half.loss == pytest.approx(full.loss, rel=0.02)
    (tmp_path / "apart" / f"{apart.name}.data").unlink()
    with pytest.raises(ModelError, match=r"its weights are in \S+\.data, which is missing"):
        load_recognizer(apart)
