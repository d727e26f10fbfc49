"""How CTC families are known by their files, what is inferred from them, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from memaudit.errors import ModelError
from memaudit.models.ctc.recognizer import CtcRecognizer
from memaudit.models.frontends.nemo import NemoFrontEnd
from memaudit.models.frontends.torchaudio_mel import TorchaudioFrontEnd
from memaudit.models.registry import describe, load_recognizer
from tests.models import ctc_families as families
from tests.models.ctc_families import LETTERS, gigaam_e2e, write_symbols

MAKERS = (families.nemo, families.icefall, families.wenet, families.gigaam, families.hf)


def loaded(path: Path) -> CtcRecognizer:
    recognizer = load_recognizer(path)
    assert isinstance(recognizer, CtcRecognizer)
    return recognizer


@pytest.mark.parametrize("make", [*MAKERS, families.hama])
def test_a_missing_token_file_is_one_clear_error(tmp_path: Path, make: Callable[..., Path]) -> None:
    path = make(tmp_path)
    for name in ("vocab.txt", "tokens.txt", "v2_vocab.txt", "vocab.json", "g2p_vocab.json"):
        (tmp_path / name).unlink(missing_ok=True)
    for named in (path, tmp_path):
        with pytest.raises(ModelError, match=r"no \S*(vocab|tokens|units)\.\S+ .*beside the model"):
            load_recognizer(named)


def test_a_token_file_of_another_model_is_one_clear_error(tmp_path: Path) -> None:
    path = families.nemo(tmp_path, size=30)
    with pytest.raises(ModelError, match=r"scores 30 tokens a frame, the vocabulary with the blank has 23"):
        load_recognizer(path)


def test_features_of_another_number_are_one_clear_error(tmp_path: Path) -> None:
    """A graph that leaves the number open, and a configuration that is wrong about it."""
    path = families.nemo(tmp_path, mels=80, free=True)
    assert loaded(path).front_end == NemoFrontEnd(num_mels=80)
    (tmp_path / "config.json").write_text('{"features_size": 128}')
    with pytest.raises(ModelError, match=r"the graph fails on audio_signal \[1, 128, 100\]"):
        load_recognizer(path)
    (tmp_path / "config.json").write_text('{"features_size": "many"}')
    with pytest.raises(ModelError, match="'features_size' is 'many', no number of mel features"):
        load_recognizer(path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ModelError, match=r"config\.json: is no JSON"):
        load_recognizer(path)


@pytest.mark.parametrize(
    ("said", "normalise"),
    [("per_feature", "per_feature"), ("all_features", "all_features"), ("", "none"), ("NA", "none")],
)
def test_metadata_of_sherpa_onnx_says_the_normalisation(tmp_path: Path, said: str, normalise: str) -> None:
    metadata = {"model_type": "EncDecCTCModelBPE", "vocab_size": 20, "normalize_type": said}
    path = families.nemo(tmp_path, name="asr.int8.onnx", tokens="tokens.txt", config=False, metadata=metadata)
    ours = loaded(path)
    assert ours.info.adapter == "nemo-ctc"
    assert ours.front_end == NemoFrontEnd(normalise=normalise)


def test_an_unknown_normalisation_is_refused(tmp_path: Path) -> None:
    path = families.nemo(tmp_path, metadata={"normalize_type": "fixed_mean"})
    with pytest.raises(ModelError, match="normalize_type 'fixed_mean', which is unknown"):
        load_recognizer(path)


def test_quartznet_has_frames_of_twenty_milliseconds_and_its_blank_last(tmp_path: Path) -> None:
    letters = (*LETTERS,)
    path = families.nemo(tmp_path, mels=64, symbols=letters, size=len(letters) + 1)
    ours = loaded(path)
    assert ours.front_end == NemoFrontEnd(num_mels=64, frame_length_ms=20.0)
    assert ours.blank == len(letters)
    assert any("the last one is the blank" in sentence for sentence in ours.info.inferred)
    assert ours.tokens.encode("on a") == (15, 14, 0, 1)


RENAMED = {"name": "model.onnx", "tokens": "tokens.txt"}
GIGAAM_3 = TorchaudioFrontEnd(frame_length_ms=20.0, centre=False, bfloat16=True)


@pytest.mark.parametrize(
    ("options", "front_end"),
    [
        ({}, TorchaudioFrontEnd()),
        ({"name": "v3_ctc.onnx", "tokens": "v3_vocab.txt"}, GIGAAM_3),
        (
            {"name": "model.onnx", "tokens": "tokens.txt", "metadata": {"is_giga_am": 1, "comment": "v3"}},
            GIGAAM_3,
        ),
        ({"name": "model.onnx", "tokens": "tokens.txt", "version": "v3"}, GIGAAM_3),
        ({"name": "multilingual_ctc.onnx", "tokens": "multilingual_vocab.txt"}, GIGAAM_3),
        (RENAMED, TorchaudioFrontEnd()),
    ],
)
def test_versions_of_gigaam(tmp_path: Path, options: dict[str, Any], front_end: TorchaudioFrontEnd) -> None:
    ours = loaded(families.gigaam(tmp_path, **options))
    assert ours.info.adapter == "gigaam-ctc"
    assert ours.front_end == front_end


def test_the_first_gigaam_is_marked_among_nemos_models(tmp_path: Path) -> None:
    path = families.nemo(
        tmp_path, mels=64, symbols=(*LETTERS, "<blk>"), metadata={"is_giga_am": 1, "normalize_type": ""}
    )
    ours = loaded(path)
    assert (ours.info.adapter, ours.front_end) == ("gigaam-ctc", TorchaudioFrontEnd())


def test_one_of_several_models_in_a_folder(tmp_path: Path) -> None:
    """GigaAM 3 comes with both of its CTC models, and each has a token file of its own."""
    plain = families.gigaam(tmp_path, name="v3_ctc.onnx", tokens="v3_vocab.txt")
    pieces = gigaam_e2e(tmp_path)
    assert loaded(plain).tokens.describe()["kind"] == "lines"
    assert loaded(pieces).tokens.describe()["kind"] == "pieces"
    with pytest.raises(ModelError, match="no family knows it"):
        load_recognizer(tmp_path)


def test_the_likelier_of_two_token_files_is_taken(tmp_path: Path) -> None:
    path = families.nemo(tmp_path)
    write_symbols(tmp_path / "tokens.txt", ["of", "another", "model"])
    assert loaded(path).tokens.files == (tmp_path / "vocab.txt",)


def test_quantised_variants_are_left_unless_they_are_meant(tmp_path: Path) -> None:
    families.nemo(tmp_path)
    families.nemo(tmp_path, name="model.int8.onnx", seed=1)
    assert loaded(tmp_path).where.endswith("model.onnx")
    assert loaded(tmp_path / "model.int8.onnx").where.endswith("model.int8.onnx")


@pytest.mark.parametrize("metadata", [True, False])
def test_wenet_is_told_from_icefall(tmp_path: Path, metadata: bool) -> None:
    assert loaded(families.wenet(tmp_path / "w", metadata=metadata)).info.adapter == "wenet-ctc"
    path = families.icefall(tmp_path / "i")
    assert loaded(path).info.adapter == "icefall-ctc"
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.save(model, path)
    assert loaded(path).info.adapter == "icefall-ctc"


def test_streaming_exports_are_not_taken_for_whole_ones(tmp_path: Path) -> None:
    path = families.icefall(tmp_path)
    model = onnx.load(path)
    model.graph.input.append(onnx.helper.make_tensor_value_info("cached_key_0", 1, [1, 4]))
    onnx.save(model, path)
    with pytest.raises(ModelError, match="no family knows it"):
        load_recognizer(path)


def test_what_was_inferred_is_told(tmp_path: Path) -> None:
    ours = loaded(families.icefall(tmp_path))
    told = "\n".join(ours.info.inferred)
    for sentence in (
        "model.onnx takes x and x_lens and gives log_probs and log_probs_len",
        "its metadata says zipformer2_ctc: a CTC model of icefall",
        "the letters of tokens.txt are in upper case",
        "rebuilt from the order of its pieces",
    ):
        assert sentence in told


def test_hugging_face_configurations(tmp_path: Path) -> None:
    path = families.hf(tmp_path)
    (tmp_path / "preprocessor_config.json").unlink()
    (tmp_path / "tokenizer_config.json").unlink()
    ours = loaded(path)
    assert ours.front_end.describe() == {
        "kind": "raw",
        "sample_rate": 16000,
        "normalise": True,
        "waveform_scale": 1.0,
    }
    assert any("no preprocessor_config.json" in sentence for sentence in ours.info.inferred)
    (tmp_path / "preprocessor_config.json").write_text('{"do_normalize": "yes"}')
    with pytest.raises(ModelError, match="do_normalize is 'yes'"):
        load_recognizer(path)


def test_a_vocabulary_a_language(tmp_path: Path) -> None:
    """Massively multilingual checkpoints keep one vocabulary for each language."""
    path = families.hf(tmp_path)
    english = json.loads((tmp_path / "vocab.json").read_text())
    (tmp_path / "vocab.json").write_text(json.dumps({"eng": english, "deu": {"<pad>": 0, "a": 1, "|": 2}}))
    with pytest.raises(
        ModelError, match=r"a vocabulary a language; set 'tokens\.language' to one of: deu, eng"
    ):
        load_recognizer(path)
    said = {"target_lang": "eng", "pad_token": "<pad>"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(said))
    assert loaded(path).tokens.encode("tea") == (english["T"], english["E"], english["A"])


def test_the_written_description_loads_the_same_model(tmp_path: Path) -> None:
    """What a family detects is a whole model.toml: the same table given back gives the same recogniser."""
    for make in (*MAKERS, families.wenet_gpu, families.hama):
        folder = tmp_path / make.__name__
        path = make(folder)
        adapter, description = describe(path)
        again = adapter.name, describe(folder)[1].table
        assert again == (adapter.name, description.table)
        assert description.front_end().describe() == description.table.front_end
