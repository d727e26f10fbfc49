"""Whisper as sherpa-onnx exports it: against sherpa-onnx, a plain loop, the same network from optimum."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from scipy.special import log_softmax

from memaudit.errors import ModelError
from memaudit.models.attention.recognizer import AttentionRecognizer
from memaudit.models.registry import describe, load_recognizer
from tests.models.attention_builders import (
    net,
    save,
    sherpa_folder,
    special_tokens,
    unreadable,
    whisper_folder,
)
from tests.models.attention_graphs import LAYERS, POSITIONS, SIZE, sherpa_decoder
from tests.models.builders import speech

SPECIAL = special_tokens()
END = SPECIAL["<|endoftext|>"]

# In a process of its own, because sherpa-onnx ends the process that it runs in where something is wrong.
SHERPA = """
import json, sys
import numpy as np, sherpa_onnx
folder, language = sys.argv[1:3]
recognizer = sherpa_onnx.OfflineRecognizer.from_whisper(
    encoder=f"{folder}/tiny-encoder.onnx", decoder=f"{folder}/tiny-decoder.onnx",
    tokens=f"{folder}/tiny-tokens.txt", language=language, num_threads=1)
texts = []
for path in sys.argv[3:]:
    stream = recognizer.create_stream()
    stream.accept_waveform(16000, np.load(path))
    recognizer.decode_stream(stream)
    texts.append(stream.result.text)
print("TEXTS" + json.dumps(texts))
"""


def load(path: Path) -> AttentionRecognizer:
    recognizer = load_recognizer(path)
    assert isinstance(recognizer, AttentionRecognizer)
    return recognizer


@pytest.mark.parametrize("seed", range(4))
def test_transcripts_are_sherpas(tmp_path: Path, seed: int) -> None:
    multilingual = seed != 3
    weights = net(seed, end_bias=3.5, never=unreadable())
    folder = sherpa_folder(tmp_path / "model", weights, multilingual=multilingual)
    recognizer = load(folder)
    audio = [speech(seconds, seed=seed) for seconds in (1.0, 4.0, 8.0, 21.5)]
    paths = [tmp_path / f"{index}.npy" for index in range(len(audio))]
    for path, samples in zip(paths, audio, strict=True):
        np.save(path, samples)
    language = "en" if multilingual else ""
    ran = subprocess.run(
        [sys.executable, "-c", SHERPA, str(folder), language, *map(str, paths)],
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = json.loads(ran.stdout.partition("TEXTS")[2])
    for samples, other in zip(audio, theirs, strict=True):
        # It stops at six tokens a second, which no tempo may decide here; and it keeps the first space.
        own = recognizer.recognize(samples).transcript
        other = other.removeprefix(" ")
        limit = int(samples.size / 16000 * 6)
        tokens = recognizer.tokens.encode(own)
        assert own == other or (len(tokens) >= limit and own.startswith(other) and other)


def test_every_step_with_the_cache_is_that_of_one_run(tmp_path: Path) -> None:
    folder = sherpa_folder(tmp_path, net(2, end_bias=3.0))
    recognizer = load(folder)
    encoder = onnxruntime.InferenceSession(folder / "tiny-encoder.onnx")
    decoder = onnxruntime.InferenceSession(folder / "tiny-decoder.onnx")
    prompt = [SPECIAL[f"<|{name}|>"] for name in ("startoftranscript", "en", "transcribe", "notimestamps")]
    for index in range(4):
        samples = speech(2.0, seed=index)
        cross = encoder.run(None, {"mel": recognizer.front_end(samples).T[np.newaxis]})

        def stepped(tokens: list[int], cross: list[NDArray[np.float32]] = cross) -> NDArray[np.float64]:
            """Scores after the last of the tokens, given one by one."""
            cache = [np.zeros((LAYERS, 1, POSITIONS, SIZE), np.float32)] * 2
            for offset, token in enumerate(tokens):
                feeds = {
                    "tokens": np.array([[token]]),
                    "in_n_layer_self_k_cache": cache[0],
                    "in_n_layer_self_v_cache": cache[1],
                    "n_layer_cross_k": cross[0],
                    "n_layer_cross_v": cross[1],
                    "offset": np.array([offset]),
                }
                logits, *cache = decoder.run(None, feeds)
            return logits[0, -1].astype(np.float64)

        result = recognizer.recognize(samples, "amber birch")
        prefix = list(prompt)
        while len(prefix) < POSITIONS and (token := int(stepped(prefix).argmax())) != END:
            prefix.append(token)
        assert result.transcript == recognizer.tokens.decode(prefix[len(prompt) :])
        loss, prefix = 0.0, list(prompt)
        for token in (*recognizer.tokens.encode("amber birch"), END):
            loss -= log_softmax(stepped(prefix))[token]
            prefix.append(token)
        assert result.loss == pytest.approx(loss, abs=2e-5)


def test_the_same_network_from_optimum_gives_the_same(tmp_path: Path) -> None:
    weights = net(4, end_bias=3.0)
    other = load(whisper_folder(tmp_path / "hf", weights))
    folder = sherpa_folder(tmp_path / "sherpa", weights)
    written = describe(folder)[1].table.tokens
    assert written is not None
    special = "\n".join(f"{json.dumps(name)} = {index}" for name, index in written["special"].items())
    (folder / "model.toml").write_text(
        'schema = "memaudit/model/1"\nfamily = "sherpa-whisper"\n'
        '[files]\nencoder = "tiny-encoder.onnx"\ndecoder = "tiny-decoder.onnx"\n'
        '[front_end]\nkind = "whisper"\n'
        f'[tokens]\nkind = "base64-bpe"\nfile = "tiny-tokens.txt"\n[tokens.special]\n{special}\n'
    )
    own = load(folder)
    for seed in range(3):
        results = [one.recognize(speech(seed=seed), "amber birch") for one in (own, other)]
        assert results[0].transcript == results[1].transcript
        assert results[0].tokens == results[1].tokens
        assert results[0].loss == pytest.approx(results[1].loss, abs=2e-5)


def test_several_exports_in_a_folder_are_told_apart_by_their_names(tmp_path: Path) -> None:
    sherpa_folder(tmp_path, net(0))
    sherpa_folder(tmp_path, net(1), prefix="base-")
    with pytest.raises(
        ModelError, match=r"2 files could be its encoder: base-encoder\.onnx, tiny-encoder\.onnx"
    ):
        load_recognizer(tmp_path)
    names = [name for name, _ in load(tmp_path / "base-encoder.onnx").info.files]
    assert names == ["base-encoder.onnx", "base-decoder.onnx", "base-tokens.txt"]


def test_an_encoder_of_whole_windows_gets_them(tmp_path: Path) -> None:
    folder = sherpa_folder(tmp_path, net())
    path = folder / "tiny-encoder.onnx"
    graph = onnx.load(path)
    graph.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 3000
    onnx.save(graph, path)
    recognizer = load(folder)
    assert recognizer.front_end(speech()).shape == (3000, 80)
    assert recognizer.trace(speech()).frames == 1500


def test_traces_are_of_equal_lengths_or_alone(tmp_path: Path) -> None:
    recognizer = load(sherpa_folder(tmp_path, net()))
    together = recognizer.trace_batch([speech(1.0, seed=1), speech(1.0, seed=2)])
    assert together is not None
    assert np.allclose(together[1].values, recognizer.trace(speech(1.0, seed=2)).values, atol=1e-5)
    assert recognizer.trace_batch([speech(1.0), speech(2.0)]) is None


@pytest.mark.parametrize(
    ("key", "text", "complaint"),
    [
        ("n_text_ctx", None, r"tiny-encoder\.onnx: its metadata has no n_text_ctx; export it again"),
        ("is_multilingual", "yes", r"its metadata has 'yes' for is_multilingual, no number"),
        ("all_language_codes", "en", "its metadata has 1 languages and 2 tokens for them"),
        ("sot", None, r"the vocabulary has no token <\|startoftranscript\|>"),
        ("n_text_ctx", "4", r"'decoder\.positions' is 4, the prompt alone has 4 tokens"),
    ],
)
def test_metadata_that_is_wrong_is_named(tmp_path: Path, key: str, text: str | None, complaint: str) -> None:
    folder = sherpa_folder(tmp_path, net())
    path = folder / "tiny-encoder.onnx"
    graph = onnx.load(path)
    kept = [(one.key, one.value) for one in graph.metadata_props if one.key != key]
    del graph.metadata_props[:]
    for name, value in [*kept, *([] if text is None else [(key, text)])]:
        graph.metadata_props.add(key=name, value=value)
    onnx.save(graph, path)
    with pytest.raises(ModelError, match=complaint):
        load_recognizer(folder)


def test_what_is_missing_or_of_another_model_is_named(tmp_path: Path) -> None:
    folder = sherpa_folder(tmp_path, net())
    (folder / "tiny-decoder.onnx").unlink()
    with pytest.raises(ModelError, match=r"there is no tiny-decoder\.onnx beside its encoder"):
        load_recognizer(folder)
    save({"tiny-decoder.onnx": sherpa_decoder(net(vocabulary=290, end=1))}, folder)
    with pytest.raises(ModelError, match="scores 290 tokens, the vocabulary has 307"):
        load_recognizer(folder)
    (folder / "tiny-decoder.onnx").write_bytes((folder / "tiny-encoder.onnx").read_bytes())
    with pytest.raises(ModelError, match=r"tiny-decoder\.onnx: is no Whisper decoder of sherpa-onnx: mel"):
        load_recognizer(folder)


def test_another_number_of_mel_bins_is_named(tmp_path: Path) -> None:
    folder = sherpa_folder(tmp_path, net(mels=128))
    assert load(folder).front_end.num_features == 128
    special = ", ".join(f"{json.dumps(name)} = {index}" for name, index in SPECIAL.items())
    (folder / "model.toml").write_text(
        'schema = "memaudit/model/1"\nfamily = "sherpa-whisper"\n'
        '[files]\nencoder = "tiny-encoder.onnx"\ndecoder = "tiny-decoder.onnx"\n'
        '[front_end]\nkind = "whisper"\n'
        f'[tokens]\nkind = "base64-bpe"\nfile = "tiny-tokens.txt"\nspecial = {{ {special} }}\n'
    )
    with pytest.raises(
        ModelError, match=r"'mel' takes 128 mel bins, but the front end gives 80; set 'front_end\.n"
    ):
        load_recognizer(folder)
