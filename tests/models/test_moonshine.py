"""Moonshine on real graphs: a plain loop of single steps, the mask over samples, its vocabulary."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import log_softmax

from memaudit.errors import AudioError, ModelError
from memaudit.models.attention.recognizer import AttentionRecognizer
from memaudit.models.families.moonshine import encoder_frames
from memaudit.models.registry import load_recognizer
from tests.models.attention_builders import moonshine_folder
from tests.models.builders import speech


def load(path: Path) -> AttentionRecognizer:
    recognizer = load_recognizer(path)
    assert isinstance(recognizer, AttentionRecognizer)
    return recognizer


class Plain:
    """Its graphs run without memaudit, the whole prefix at every step and a mask of ones over the samples."""

    def __init__(self, folder: Path, samples: NDArray[np.float32]) -> None:
        encoder = onnxruntime.InferenceSession(folder / "encoder_model.onnx")
        self.decoder = onnxruntime.InferenceSession(folder / "decoder_model_merged.onnx")
        self.mask = np.ones((1, samples.size), np.int64)
        feeds = {"input_values": samples[np.newaxis], "attention_mask": self.mask}
        self.hidden = encoder.run(None, feeds)[0]

    def after(self, tokens: Sequence[int]) -> NDArray[np.float64]:
        past = [one.name for one in self.decoder.get_inputs() if one.name.startswith("past")]
        feeds = {
            "input_ids": np.array([tokens]),
            "encoder_hidden_states": self.hidden,
            "encoder_attention_mask": self.mask,
            "use_cache_branch": np.array([False]),
            **{name: np.zeros((1, 2, 1, 8), np.float32) for name in past},
        }
        return self.decoder.run(["logits"], feeds)[0][0, -1].astype(np.float64)


@pytest.mark.parametrize("seed", range(4))
def test_transcript_and_loss_are_those_of_single_steps(tmp_path: Path, seed: int) -> None:
    recognizer = load(moonshine_folder(tmp_path, seed))
    texts = set()
    for seconds in (0.3, 2.0, 12.0):  # a mask of the wrong length passes for short audio
        samples = speech(seconds, seed=seed)
        result = recognizer.recognize(samples, "amber birch in")
        plain = Plain(tmp_path, samples)
        prefix = [1]
        while len(prefix) < 512 and (token := int(plain.after(prefix).argmax())) != 2:
            prefix.append(token)
        assert result.transcript == recognizer.tokens.decode(prefix[1:])
        texts.add(result.transcript)
        loss, prefix = 0.0, [1]
        for token in (*recognizer.tokens.encode("amber birch in"), 2):
            loss -= log_softmax(plain.after(prefix))[token]
            prefix.append(token)
        assert result.loss == pytest.approx(loss, abs=2e-5)
        assert recognizer.recognize(samples).transcript == result.transcript
    assert texts != {""}


def test_the_record_says_what_was_found(tmp_path: Path) -> None:
    info = load(moonshine_folder(tmp_path)).info
    assert [name for name, _ in info.files] == [
        "encoder_model.onnx",
        "decoder_model_merged.onnx",
        "tokenizer.bin",
    ]
    assert (info.decoder["prompt"], info.decoder["end"], info.decoder["positions"]) == ([1], 2, 512)
    assert info.front_end["kind"] == "raw"
    assert info.inferred[0] == (
        "encoder_model.onnx and decoder_model_merged.onnx: Moonshine (the encoder takes input_values)"
    )


def test_config_json_gives_start_end_and_positions(tmp_path: Path) -> None:
    folder = moonshine_folder(tmp_path)
    values = {
        "model_type": "moonshine",
        "decoder_start_token_id": 0,
        "eos_token_id": 3,
        "max_position_embeddings": 20,
    }
    (folder / "config.json").write_text(json.dumps(values))
    search = load(folder).search
    assert (search.prompt, search.end, search.positions) == ((0,), 3, 20)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 480000))
def test_frames_are_counted_as_three_convolutions_give_them(samples: int) -> None:
    length = samples
    for width, stride in ((127, 64), (7, 3), (3, 2)):
        length = len(range(0, length - width + 1, stride))
    assert encoder_frames(samples) == length


def test_audio_without_a_frame_is_refused(tmp_path: Path) -> None:
    recognizer = load(moonshine_folder(tmp_path))
    shortest = next(n for n in range(2000) if encoder_frames(n) == 1)
    assert recognizer.trace(speech(1.0)[:shortest]).frames == 1
    with pytest.raises(AudioError, match=rf"{shortest - 1} samples, is too short for the model"):
        recognizer.recognize(speech(1.0)[: shortest - 1])


def test_traces_of_a_padded_batch_have_each_utterances_own_frames(tmp_path: Path) -> None:
    recognizer = load(moonshine_folder(tmp_path))
    batch = [speech(seconds, seed=3) for seconds in (0.5, 2.0, 1.1)]
    together = recognizer.trace_batch(batch)
    assert together is not None
    for one, samples in zip(together, batch, strict=True):
        alone = recognizer.trace(samples)
        assert one.frames == alone.frames == alone.values.shape[0]
        assert np.allclose(one.values, alone.values, atol=1e-5)  # these convolutions see no padding


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    folder = moonshine_folder(tmp_path)
    (folder / "tokenizer.bin").rename(folder / "kept")
    with pytest.raises(
        ModelError, match=r"no tokenizer; put tokenizer\.json or vocab\.json .* or tokenizer\.bin"
    ):
        load_recognizer(folder)
    (folder / "tokenizer.bin").write_bytes((folder / "kept").read_bytes() + b"\x02xy")
    with pytest.raises(ModelError, match=r"scores \d+ tokens, the vocabulary has \d+ and"):
        load_recognizer(folder)
    (folder / "decoder_model_merged.onnx").unlink()
    with pytest.raises(ModelError, match=r"encoder_model\.onnx has no decoder beside it"):
        load_recognizer(folder)
