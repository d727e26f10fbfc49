"""Whisper as optimum exports it, on real graphs: against onnx-asr, and every export against every other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnx_asr
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper
from scipy.special import log_softmax

from memaudit.errors import AudioError, ModelError
from memaudit.models.attention.recognizer import AttentionRecognizer
from memaudit.models.recognizer import Recognition
from memaudit.models.registry import describe, load_recognizer
from tests.models.attention_builders import (
    net,
    save,
    special_tokens,
    unreadable,
    whisper_folder,
    write_tokenizer_json,
)
from tests.models.attention_graphs import (
    POSITIONS,
    DecoderKind,
    hf_decoder,
    merged_decoder,
    whisper_encoder,
)
from tests.models.builders import speech

EXPORTS = ("merged", "with_past", "plain", "no_cache")
END, START = special_tokens()["<|endoftext|>"], special_tokens()["<|startoftranscript|>"]
PROMPT = [START, *(special_tokens()[f"<|{name}|>"] for name in ("en", "transcribe", "notimestamps"))]


def load(path: Path) -> AttentionRecognizer:
    recognizer = load_recognizer(path)
    assert isinstance(recognizer, AttentionRecognizer)
    return recognizer


@pytest.mark.parametrize("seed", range(6))
def test_transcripts_are_onnx_asrs(tmp_path: Path, seed: int) -> None:
    mels = 128 if seed == 5 else 80
    folder = whisper_folder(tmp_path, net(seed, mels=mels, end_bias=2.0))
    other = onnx_asr.load_model("whisper", str(folder))
    own = load(folder)
    assert own.front_end.num_features == mels
    texts = []
    for index in range(4):
        samples = speech(1.5, seed=index)
        texts.append(own.recognize(samples).transcript)
        assert texts[-1] == other.recognize(samples, language="en")
    assert any(texts)


class Stepper:
    """The plain decoder run by hand on the whole prefix, with nothing of memaudit but the features."""

    def __init__(self, folder: Path, samples: NDArray[np.float32], recognizer: AttentionRecognizer) -> None:
        features = recognizer.front_end(samples).T[np.newaxis]
        encoder = onnxruntime.InferenceSession(folder / "encoder_model.onnx")
        self.hidden = encoder.run(None, {"input_features": features})[0]
        self.session = onnxruntime.InferenceSession(folder / "decoder_model.onnx")

    def after(self, tokens: Sequence[int]) -> NDArray[np.float64]:
        feeds = {"input_ids": np.array([tokens]), "encoder_hidden_states": self.hidden}
        logits = self.session.run(["logits"], feeds)[0]
        return logits[0, -1].astype(np.float64)


@pytest.mark.parametrize("seed", range(4))
def test_every_export_gives_the_transcript_and_the_loss_of_single_steps(tmp_path: Path, seed: int) -> None:
    weights = net(seed, end_bias=3.0)
    recognizers = {
        (export, positions): load(
            whisper_folder(
                tmp_path / f"{export}{positions}", weights, export=export, cache_position=positions
            )
        )
        for export in EXPORTS
        for positions in (False, True)
    }
    for index in range(3):
        samples = speech(2.0, seed=index)
        results = {key: one.recognize(samples, "amber birch") for key, one in recognizers.items()}
        reference = results["no_cache", False]
        for key, result in results.items():
            assert result.transcript == reference.transcript, key
            assert result.loss == pytest.approx(reference.loss, abs=2e-5), key
        plain = recognizers["plain", False]
        stepper = Stepper(tmp_path / "plainFalse", samples, plain)
        prefix, found, loss = list(PROMPT), list[int](), 0.0
        while len(prefix) < POSITIONS and (token := int(stepper.after(prefix).argmax())) != END:
            found.append(token)
            prefix.append(token)
        assert plain.tokens.decode(found) == reference.transcript
        prefix = list(PROMPT)
        for token in (*plain.tokens.encode("amber birch"), END):
            loss -= log_softmax(stepper.after(prefix))[token]
            prefix.append(token)
        assert reference.loss == pytest.approx(loss, abs=2e-5)


def test_half_precision_and_quantised_files_lie_beside_the_full_ones(tmp_path: Path) -> None:
    """Named as transformers.js names them: the user's choice decides for both graphs."""
    weights = net(3, end_bias=4.0)
    folder = whisper_folder(tmp_path, weights, under="onnx/")
    half = {
        "onnx/encoder_model_fp16.onnx": whisper_encoder(weights, kind=TensorProto.FLOAT16),
        "onnx/decoder_model_merged_fp16.onnx": merged_decoder(weights, half=True),
    }
    save(half, folder)
    full, other = load(folder), load(folder / "onnx" / "encoder_model_fp16.onnx")
    assert [name for name, _ in full.info.files[:2]] == ["encoder_model.onnx", "decoder_model_merged.onnx"]
    assert [name for name, _ in other.info.files[:2]] == [path.split("/")[1] for path in half]
    results = [one.recognize(speech(), "amber birch") for one in (full, other)]
    assert results[0].loss == pytest.approx(results[1].loss, rel=0.02)
    assert results[0].loss != results[1].loss
    assert load(folder / "onnx").recognize(speech()) == Recognition(results[0].transcript)


def test_the_users_unmerged_decoder_is_taken_where_there_is_a_merged_one_too(tmp_path: Path) -> None:
    folder = whisper_folder(tmp_path, net(), export="with_past")
    save({"decoder_model_merged.onnx": merged_decoder(net())}, folder)
    assert describe(folder)[1].table.files["decoder"] == "decoder_model_merged.onnx"
    for name in ("decoder_model.onnx", "decoder_with_past_model.onnx"):
        assert describe(folder / name)[1].table.files == {
            "encoder": "encoder_model.onnx",
            "decoder": "decoder_model.onnx",
            "decoder_with_past": "decoder_with_past_model.onnx",
        }


@pytest.mark.parametrize(
    ("config", "generation", "language", "prompt"),
    [
        ({}, None, "en", ["en", "transcribe", "notimestamps"]),
        ({}, {"language": "<|fr|>", "is_multilingual": True}, "fr", ["fr", "transcribe", "notimestamps"]),
        ({}, {"language": "french", "task": "translate"}, "fr", ["fr", "translate", "notimestamps"]),
        ({}, {"forced_decoder_ids": [[1, None], [2, 305]]}, "en", ["en", "transcribe", "notimestamps"]),
        ({}, {"forced_decoder_ids": [[1, 303], [2, 304]]}, "fr", ["fr", "translate", "notimestamps"]),
        (
            {"forced_decoder_ids": [[1, 303], [2, 305], [3, 306]]},
            None,
            "fr",
            ["fr", "transcribe", "notimestamps"],
        ),
        ({}, {"is_multilingual": False, "forced_decoder_ids": [[1, 306]]}, "", ["notimestamps"]),
        ({"forced_decoder_ids": [[1, 306]]}, None, "", ["notimestamps"]),
        ({"vocab_size": 51864}, None, "", ["notimestamps"]),
        ({"vocab_size": 51865}, {"suppress_tokens": []}, "en", ["en", "transcribe", "notimestamps"]),
    ],
)
def test_language_and_task_are_those_of_the_configuration(
    tmp_path: Path,
    config: dict[str, object],
    generation: dict[str, object] | None,
    language: str,
    prompt: list[str],
) -> None:
    folder = whisper_folder(tmp_path, net(), config=config, generation=generation)
    recognizer = load(folder)
    assert recognizer.info.decoder["language"] == language
    assert recognizer.search.prompt == (START, *(special_tokens()[f"<|{name}|>"] for name in prompt))
    said = f"language is '{language}'" if language else "of English only"
    assert any(said in sentence for sentence in recognizer.info.inferred)


def test_a_model_toml_says_another_language_and_a_space(tmp_path: Path) -> None:
    folder = whisper_folder(tmp_path, net(1))
    text = "\n".join(
        [
            'schema = "memaudit/model/1"',
            'family = "hf-whisper"',
            "[front_end]",
            'kind = "whisper"',
            "[tokens]",
            'kind = "byte-bpe"',
            "leading_space = true",
            "[decoder]",
            'language = "French"',
            "positions = 20",
        ]
    )
    (folder / "model.toml").write_text(text)
    recognizer = load(folder)
    assert recognizer.search.prompt[1] == special_tokens()["<|fr|>"]
    assert recognizer.tokens.leading_space is True
    assert recognizer.info.files[-4][0] == "model.toml"
    (folder / "model.toml").write_text(text.replace("true", "false"))
    other = load(folder)
    results = [one.recognize(speech(), "amber") for one in (recognizer, other)]
    assert results[0].transcript == results[1].transcript
    assert results[0].loss != results[1].loss
    (folder / "model.toml").write_text(text.replace("French", "xx"))
    with pytest.raises(ModelError, match=r"the vocabulary has no token <\|xx\|>; .*'decoder.language'"):
        load_recognizer(folder)
    (folder / "model.toml").write_text(text.replace("20", "4"))
    with pytest.raises(ModelError, match=r"'decoder\.positions' is 4, the prompt alone has 4 tokens"):
        load_recognizer(folder)


def test_suppressed_tokens_are_not_written_and_keep_their_probability(tmp_path: Path) -> None:
    weights = net(3, end_bias=2.5, never=unreadable())
    free = load(whisper_folder(tmp_path / "free", weights))
    samples = speech(2.0)
    first = free.tokens.encode(free.recognize(samples).transcript)[0]
    generation = {"suppress_tokens": [first, -1], "begin_suppress_tokens": [END]}
    held = load(whisper_folder(tmp_path / "held", weights, generation=generation))
    assert held.info.decoder["suppressed"] == [first]
    assert any("passes over 2 suppressed tokens" in sentence for sentence in held.info.inferred)
    result = held.recognize(samples, "amber")
    assert result.transcript
    assert first not in held.tokens.encode(result.transcript)
    assert result.loss == free.recognize(samples, "amber").loss


def test_loops_end_at_the_last_position_and_longer_references_are_infeasible(tmp_path: Path) -> None:
    weights = net(1, end_bias=-100.0, never=unreadable())
    recognizer = load(whisper_folder(tmp_path, weights, config={"max_target_positions": 30}))
    result = recognizer.recognize(speech(), "x" * 26)
    assert len(result.transcript) >= 26
    assert (result.tokens, result.infeasible) == (26, False)
    assert recognizer.recognize(speech(), "x" * 27) == Recognition(
        result.transcript, None, 27, infeasible=True
    )


def test_the_space_before_the_first_word_is_the_models_own(tmp_path: Path) -> None:
    """A model that was fine-tuned without it is not charged for a token that it never learnt."""
    told = {}
    for name, better in (("with", 0), ("without", 1)):
        folder = whisper_folder(tmp_path / name, net(1))
        path = folder / "decoder_model_merged.onnx"
        graph = onnx.load(path)
        recognizer = load(folder)
        bias = next(one for one in graph.graph.initializer if one.name == "bias")
        values = numpy_helper.to_array(bias).copy()
        values[list(recognizer.tokens.first_pieces()[better])] += 12.0
        bias.CopyFrom(numpy_helper.from_array(values, "bias"))
        onnx.save(graph, path)
        changed = load(folder)
        told[name] = changed.tokens.leading_space
        assert any(f"written {name} a space" in sentence for sentence in changed.info.inferred)
    assert told == {"with": True, "without": False}


def test_traces_are_the_encoders_output(tmp_path: Path) -> None:
    recognizer = load(whisper_folder(tmp_path, net()))
    batch = [speech(1.0, seed=1), speech(2.0, seed=2), speech(0.5, seed=3)]
    together = recognizer.trace_batch(batch)
    assert together is not None
    for one, samples in zip(together, batch, strict=True):
        alone = recognizer.trace(samples)
        assert (alone.frames, alone.values.shape, alone.blank) == (1500, (1500, 16), None)
        assert np.allclose(alone.values, one.values, atol=1e-5)


def test_tokenizer_json_is_the_same_vocabulary(tmp_path: Path) -> None:
    folder = whisper_folder(tmp_path, net())
    before = load(folder).recognize(speech(), "amber birch")
    write_tokenizer_json(folder)
    recognizer = load(folder)
    assert recognizer.info.decoder["tokens"]["kind"] == "tokenizer-json"
    assert recognizer.recognize(speech(), "amber birch") == before


def test_longer_audio_is_refused_and_spoils_nothing(tmp_path: Path) -> None:
    recognizer = load(whisper_folder(tmp_path, net()))
    before = recognizer.recognize(speech())
    with pytest.raises(AudioError, match="more than the 30 s"):
        recognizer.recognize(speech(31.0))
    assert recognizer.recognize(speech()) == before


def replaced(folder: Path, name: str, weight: str, value: float) -> None:
    graph = onnx.load(folder / name)
    constant = next(one for one in graph.graph.initializer if one.name == weight)
    values = numpy_helper.to_array(constant).copy()
    values[...] = value
    constant.CopyFrom(numpy_helper.from_array(values, weight))
    onnx.save(graph, folder / name)


def test_folders_that_lack_something_are_named(tmp_path: Path) -> None:
    folder = whisper_folder(tmp_path, net(), export="no_cache")
    (folder / "merges.txt").rename(folder / "merges.old")
    with pytest.raises(
        ModelError, match=r"there is no tokenizer; put tokenizer\.json or vocab\.json with merges"
    ):
        load_recognizer(folder)
    (folder / "merges.old").rename(folder / "merges.txt")
    save({"decoder_model_int8.onnx": hf_decoder(net(), DecoderKind(present=False))}, folder)
    (folder / "decoder_model.onnx").rename(folder / "decoder_model_fp16.onnx")
    with pytest.raises(
        ModelError, match=r"2 files could be its decoder: decoder_model_fp16.onnx, decoder_model_int8"
    ):
        load_recognizer(folder)
    for path in folder.glob("decoder*"):
        path.unlink()
    with pytest.raises(
        ModelError, match=r"encoder_model\.onnx has no decoder beside it; put decoder_model_merged"
    ):
        load_recognizer(folder)


def test_another_encoder_is_another_familys(tmp_path: Path) -> None:
    folder = whisper_folder(tmp_path, net(), config={"model_type": "speech_to_text"})
    with pytest.raises(ModelError, match="no family knows it"):
        load_recognizer(folder)
    config = folder / "config.json"
    config.write_text("{")
    with pytest.raises(ModelError, match=r"config\.json: is no JSON"):
        load_recognizer(folder)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            "mels",
            r"encoder_model\.onnx: 'input_features' takes 80 mel bins, but the front end gives 128; set 'fro",
        ),
        ("raw", r"is no encoder of waveforms \[N, S\]: input_features float \[batch_size, 80, 3000\] ->"),
        ("lines", r"'tokens\.kind' is none of an encoder/decoder model"),
        ("missing", r"the decoder gone\.onnx is missing; put it there or mend 'files\.decoder'"),
        ("encoder", r"encoder_model\.onnx: is no decoder as optimum exports it: input_features"),
        (
            "past",
            r"the cache does not fit that of decoder_model\.onnx: 0\.decoder\.key, .* is missing; take both",
        ),
        ("negative", r"a token in \[decoder\] is negative"),
        ("large", r"the search uses up to 4000; give the token files that the model was trained with"),
    ],
)
def test_descriptions_that_do_not_fit_are_named(tmp_path: Path, change: str, complaint: str) -> None:
    folder = whisper_folder(tmp_path, net(), export="with_past")
    save({"no_present.onnx": hf_decoder(net(), DecoderKind(present=False))}, folder)
    front = {"mels": 'kind = "whisper"\nnum_mels = 128', "raw": 'kind = "raw"'}.get(
        change, 'kind = "whisper"'
    )
    tokens = 'file = "merges.txt"\nstyle = "char"\n' if change == "lines" else 'kind = "byte-bpe"'
    if change == "lines":
        (folder / "merges.txt").write_text("<blk>\n|\na\n")
    decoder = {"missing": "gone.onnx", "encoder": "encoder_model.onnx", "past": "no_present.onnx"}.get(
        change, "decoder_model.onnx"
    )
    if change == "past":
        (folder / "decoder_model.onnx").write_bytes((folder / "no_present.onnx").read_bytes())
        decoder = "decoder_model.onnx"
    suppressed = {"negative": "[-2]", "large": "[4000]"}.get(change, "[]")
    (folder / "model.toml").write_text(
        f'schema = "memaudit/model/1"\nfamily = "hf-whisper"\n[files]\ndecoder = "{decoder}"\n'
        f'decoder_with_past = "decoder_with_past_model.onnx"\n[front_end]\n{front}\n[tokens]\n{tokens}\n'
        f"[decoder]\nsuppressed = {suppressed}\n"
    )
    with pytest.raises(ModelError, match=complaint):
        load_recognizer(folder)


@pytest.mark.parametrize(("size", "said"), [(300, "scores 300"), (2000, "scores 2000")])
def test_tokens_of_another_model_are_named(tmp_path: Path, size: int, said: str) -> None:
    folder = whisper_folder(tmp_path, net(vocabulary=size, end=1))
    with pytest.raises(
        ModelError, match=rf"{said} tokens, the vocabulary has 307 and the search uses up to 306"
    ):
        load_recognizer(folder)


def test_timestamps_without_a_name_write_nothing(tmp_path: Path) -> None:
    recognizer = load(whisper_folder(tmp_path, net(vocabulary=307 + 1501)))
    assert "1501 of the 1808 tokens have no name and write nothing" in recognizer.info.inferred
    assert recognizer.tokens.decode([400, *recognizer.tokens.encode("amber"), 1807]) == "amber"


@pytest.mark.parametrize(
    ("name", "weight", "value", "complaint"),
    [
        ("decoder_model_merged.onnx", "bias", np.nan, "the decoder's logits has NaN; check the checkpoint"),
        ("decoder_model_merged.onnx", "bias", np.inf, "the decoder's logits has infinite values"),
        ("encoder_model.onnx", "kernel", np.nan, "the encoder's output has NaN"),
    ],
)
def test_outputs_that_are_not_finite_are_named(
    tmp_path: Path, name: str, weight: str, value: float, complaint: str
) -> None:
    folder = whisper_folder(tmp_path, net())
    replaced(folder, name, weight, value)
    with pytest.raises(ModelError, match=complaint):
        load_recognizer(folder)


def test_everything_is_in_the_record(tmp_path: Path) -> None:
    info = load(whisper_folder(tmp_path, net())).info
    assert [name for name, _ in info.files] == [
        "encoder_model.onnx",
        "decoder_model_merged.onnx",
        "vocab.json",
        "merges.txt",
        "added_tokens.json",
    ]
    assert info.decoder["loss"] == "teacher-forcing"
    assert info.decoder["prompt"] == PROMPT
    assert json.loads(json.dumps(info.decoder)) == info.decoder
    assert info.warnings == ()
