"""How transducers are known by their files, and what is said of files that do not fit."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnxruntime.quantization import quantize_dynamic

from memaudit.errors import ModelError, TokenError
from memaudit.models.registry import describe, load_recognizer
from tests.models.builders import speech
from tests.models.transducers import (
    ICEFALL_PIECES,
    NEMO_PIECES,
    Build,
    Size,
    icefall_transducer,
    nemo_split,
    nemo_transducer,
    synthetic_transducer,
    write_pieces,
)

TEXT = "the cat ate"
MAKERS = (nemo_transducer, nemo_split, icefall_transducer)
every_family = pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
Make = Callable[[Path], Path]


def refused(path: Path, *parts: str) -> str:
    """The one line that says why a model cannot be loaded."""
    with pytest.raises(ModelError) as caught:
        load_recognizer(path)
    line = str(caught.value)
    assert "\n" not in line
    for part in parts:
        assert part in line
    return line


@pytest.mark.parametrize(
    ("make", "family"),
    [
        (nemo_transducer, "nemo-transducer"),
        (nemo_split, "nemo-split"),
        (icefall_transducer, "icefall-transducer"),
    ],
)
def test_each_graph_names_the_whole_model(tmp_path: Path, make: Make, family: str) -> None:
    make(tmp_path)
    graphs = sorted(tmp_path.glob("*.onnx"))
    results = set()
    for path in (tmp_path, *graphs):
        recognizer = load_recognizer(path)
        assert recognizer.info.adapter == family
        assert {name for name, _ in recognizer.info.files} >= {graph.name for graph in graphs}
        results.add(recognizer.recognize(speech(1.0), TEXT))
    assert len(results) == 1


@pytest.mark.parametrize("open_width", [False, True])
@pytest.mark.parametrize("make", [nemo_transducer, nemo_split])
def test_durations_are_what_is_left_of_the_scores(
    tmp_path: Path, make: Callable[..., Path], open_width: bool
) -> None:
    """Also where only a run shows how many scores there are."""
    _, description = describe(make(tmp_path, durations=5, open_width=open_width))
    assert description.table.decoder["durations"] == [0, 1, 2, 3, 4]
    assert any("the last 5 are the durations 0 to 4" in reason for reason in description.reasons)
    recognizer = load_recognizer(tmp_path)
    assert recognizer.info.decoder["loss"] == "tdt-lattice"
    assert recognizer.info.decoder["max_symbols"] == (10 if make is nemo_transducer else 5)
    plain = load_recognizer(make(tmp_path / "plain"))
    assert plain.info.decoder["loss"] == "rnnt-full-lattice"
    assert plain.info.decoder["durations"] == []


def test_a_model_toml_decides(tmp_path: Path) -> None:
    path = nemo_transducer(tmp_path, durations=3)
    detected = load_recognizer(path)
    (tmp_path / "model.toml").write_text(
        'schema = "memaudit/model/1"\nfamily = "nemo-transducer"\n[front_end]\nkind = "nemo"\n'
        '[tokens]\nkind = "pieces"\nfile = "vocab.txt"\n[decoder]\ndurations = [0, 1, 2]\n'
    )
    written = load_recognizer(tmp_path)
    assert written.recognize(speech(1.0), TEXT) == detected.recognize(speech(1.0), TEXT)
    toml = tmp_path / "model.toml"
    text = toml.read_text()
    toml.write_text(text.replace("[0, 1, 2]", "[1, 2, 4]\nmax_symbols = 2"))
    other = load_recognizer(tmp_path)
    assert other.info.decoder["durations"] == [1, 2, 4]
    assert other.info.decoder["max_symbols"] == 2
    crowded = other.recognize(speech(0.2), "the cat ate in the inn")
    assert crowded.infeasible
    assert crowded.loss is None
    toml.write_text(text.replace("[0, 1, 2]", "[0, 1, 1]"))
    refused(tmp_path, "'decoder.durations' gives a duration twice")
    toml.write_text(text.replace("[0, 1, 2]", "[0, 1]"))
    refused(tmp_path, "the joiner gives 43 scores", "are 42", "decoder.durations")
    toml.write_text(text.replace("[0, 1, 2]", "[-1, 0, 1]"))
    refused(tmp_path, "decoder.durations")


def test_the_exporters_metadata(tmp_path: Path) -> None:
    bare = load_recognizer(nemo_split(tmp_path / "bare", normalise="NA"))
    assert bare.info.front_end["normalise"] == "none"
    usual = load_recognizer(nemo_split(tmp_path / "usual"))
    assert usual.info.front_end["normalise"] == "per_feature"
    three = load_recognizer(icefall_transducer(tmp_path / "three", context=3, open_context=True))
    assert three.info.inferred[0].startswith(
        "encoder-epoch-99-avg-1.onnx, decoder-epoch-99-avg-1.onnx of the last 3"
    )
    one = load_recognizer(icefall_transducer(tmp_path / "one", context=1, metadata=False))
    assert one.recognize(speech(1.0), TEXT).loss is not None


@every_family
def test_other_numbers_of_mel_bins(tmp_path: Path, make: Callable[..., Path]) -> None:
    """The number is the encoder's; where it leaves that open, another than the usual one fails on loading."""
    mels = 64 if make is icefall_transducer else 128
    wide = load_recognizer(make(tmp_path / "wide", Size(mels=mels)))
    assert wide.info.front_end["num_mels"] == mels
    assert wide.recognize(speech(1.0), TEXT).loss is not None
    if make is not nemo_split:  # whose metadata has it
        refused(make(tmp_path / "open", Size(mels=mels), mels="F"), "the graph fails on", "[front_end]")
    assert load_recognizer(make(tmp_path / "eighty", Size())).info.front_end["num_mels"] == 80


def test_the_front_end_of_a_model_toml_must_fit(tmp_path: Path) -> None:
    icefall_transducer(tmp_path, suffix="")
    (tmp_path / "model.toml").write_text(
        'schema = "memaudit/model/1"\nfamily = "icefall-transducer"\n[front_end]\nkind = "kaldi"\n'
        'num_mels = 40\n[tokens]\nkind = "pieces"\n'
    )
    refused(tmp_path, "takes 80 features a frame, but the front end gives 40")


@pytest.mark.parametrize(
    ("make", "lost", "said"),
    [
        (nemo_transducer, "encoder-model.onnx", "its encoder is missing"),
        (nemo_transducer, "vocab.txt", "its token file is missing"),
        (nemo_split, "encoder.onnx", "its encoder is missing"),
        (nemo_split, "decoder.onnx", "its decoder is missing"),
        (nemo_split, "tokens.txt", "its token file is missing"),
        (icefall_transducer, "encoder-epoch-99-avg-1.onnx", "its encoder is missing"),
        (icefall_transducer, "decoder-epoch-99-avg-1.onnx", "its decoder is missing"),
        (icefall_transducer, "tokens.txt", "its token file is missing"),
    ],
)
def test_a_part_is_missing(tmp_path: Path, make: Make, lost: str, said: str) -> None:
    make(tmp_path)
    (tmp_path / lost).unlink()
    refused(tmp_path, said, "copy it from the export")


@pytest.mark.parametrize(
    ("make", "lost"), [(nemo_transducer, "decoder_joint-model.onnx"), (nemo_split, "joiner.onnx")]
)
def test_no_family_without_what_it_is_known_by(tmp_path: Path, make: Make, lost: str) -> None:
    make(tmp_path)
    (tmp_path / lost).unlink()
    refused(tmp_path, "no family knows it")


@every_family
def test_two_models_in_a_folder(tmp_path: Path, make: Make) -> None:
    path = make(tmp_path)
    name = path.name.replace("encoder", "encoder-b") if make is not nemo_transducer else "encoder-other.onnx"
    shutil.copy(path, tmp_path / name)
    refused(tmp_path, "2 files could be its encoder", path.name, name, "give the file that you mean")
    assert dict(load_recognizer(path).info.files).keys() >= {path.name}


def test_the_quantised_variants_beside_a_model(tmp_path: Path) -> None:
    """icefall writes both: the folder means the plain ones, one int8 file means all int8 ones there are."""
    path = icefall_transducer(tmp_path, Size(seed=3))
    joiner = tmp_path / "joiner-epoch-99-avg-1.onnx"
    small = joiner.with_name("joiner-epoch-99-avg-1.int8.onnx")
    quantize_dynamic(joiner, small)
    plain = load_recognizer(tmp_path)
    assert {small.name}.isdisjoint(dict(plain.info.files))
    assert load_recognizer(path).recognize(speech(1.0), TEXT) == plain.recognize(speech(1.0), TEXT)
    quantised = load_recognizer(small)
    assert small.name in dict(quantised.info.files)
    assert any("losses wobble" in warning for warning in quantised.info.warnings)
    exact, rough = (one.recognize(speech(1.0), TEXT).loss for one in (plain, quantised))
    assert exact != rough
    assert rough == pytest.approx(exact, rel=0.2)


def test_weights_in_files_of_their_own(tmp_path: Path) -> None:
    path = nemo_transducer(tmp_path, external=True)
    names = dict(load_recognizer(path).info.files)
    assert {"encoder-model.onnx.data", "decoder_joint-model.onnx.data"} <= names.keys()
    (tmp_path / "decoder_joint-model.onnx.data").unlink()
    refused(tmp_path, "decoder_joint-model.onnx.data, which is missing")


def test_tokens_of_another_model(tmp_path: Path) -> None:
    nemo_transducer(tmp_path / "nemo", Size())
    write_pieces(tmp_path / "nemo" / "vocab.txt", (*NEMO_PIECES[:-1], "<blk>"))
    refused(tmp_path / "nemo", "the joiner gives 40 scores", "are 39", "give the token file")
    write_pieces(tmp_path / "nemo" / "vocab.txt", (*NEMO_PIECES, "é", "<blk>"))
    refused(tmp_path / "nemo", "the joiner gives 40 scores", "are 41")
    nemo_split(tmp_path / "split")
    write_pieces(tmp_path / "split" / "tokens.txt", (*NEMO_PIECES[:-3], "<blk>"))
    refused(tmp_path / "split", "has 37 tokens with the blank, but encoder.onnx was made for 40")
    icefall_transducer(tmp_path / "icefall")
    write_pieces(tmp_path / "icefall" / "tokens.txt", ICEFALL_PIECES[:-1])
    refused(tmp_path / "icefall", "the joiner gives 41 scores", "are 40", "give the token file")


def test_config_says_rnnt(tmp_path: Path) -> None:
    """Five scores too many are no durations where the model is known to have none."""
    nemo_transducer(tmp_path, durations=5)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "nemo-conformer-rnnt"}))
    refused(tmp_path, "the joiner gives 45 scores", "are 40")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "nemo-conformer-tdt"}))
    assert load_recognizer(tmp_path).info.decoder["durations"] == [0, 1, 2, 3, 4]


def test_vocabulary_without_its_blank(tmp_path: Path) -> None:
    """NeMo keeps the blank out of its vocabulary; it is the last index."""
    path = nemo_transducer(tmp_path)
    before = load_recognizer(path).recognize(speech(1.0), TEXT)
    write_pieces(tmp_path / "vocab.txt", NEMO_PIECES)
    assert load_recognizer(path).recognize(speech(1.0), TEXT) == before


def poisoned(path: Path, value: float) -> None:
    """Puts ``value`` into the last bias of a graph."""
    model = onnx.load(path)
    tensor = next(t for t in reversed(model.graph.initializer) if t.data_type == onnx.TensorProto.FLOAT)
    array = numpy_helper.to_array(tensor).copy()
    array.reshape(-1)[-3] = value
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    onnx.save(model, path)


@pytest.mark.parametrize(("value", "said"), [(np.nan, "NaN"), (np.inf, "infinite values")])
@pytest.mark.parametrize(
    ("make", "part", "whose"),
    [
        (nemo_transducer, "decoder_joint-model.onnx", "joiner"),
        (nemo_split, "joiner.onnx", "joiner"),
        (icefall_transducer, "joiner-epoch-99-avg-1.onnx", "joiner"),
        (nemo_transducer, "encoder-model.onnx", "encoder"),
    ],
)
def test_scores_that_are_not_finite(
    tmp_path: Path, make: Make, part: str, whose: str, value: float, said: str
) -> None:
    make(tmp_path)
    poisoned(tmp_path / part, value)
    line = refused(tmp_path, part, "check the checkpoint")
    assert re.search(rf"the {whose}'s (scores|output) ha(ve|s) (NaN|{said})", line)


def test_a_streaming_encoder_is_refused(tmp_path: Path) -> None:
    path = icefall_transducer(tmp_path)
    b = Build()
    b.op("Identity", "x", out="encoder_out")
    b.op("Identity", "cached", out="new_cached")
    b.save(
        path,
        [("x", 1, ["N", 45, 80]), ("cached", 1, [1, "N", 8])],
        [("encoder_out", 1, ["N", "U", 80]), ("new_cached", 1, [1, "N", 8])],
    )
    refused(tmp_path, "a streaming encoder", "export the model that is not streaming")


def test_a_decoder_that_reads_one_token_at_a_time_is_not_nemos(tmp_path: Path) -> None:
    """GigaAM's transducers have one."""
    nemo_split(tmp_path)
    b = Build()
    for given, made in (("x", "dec"), ("h.1", "h"), ("c.1", "c")):
        b.op("Identity", given, out=made)
    b.save(
        tmp_path / "decoder.onnx",
        [("x", 7, [1, 1]), ("h.1", 1, [1, 1, 8]), ("c.1", 1, [1, 1, 8])],
        [("dec", 7, [1, 1]), ("h", 1, [1, 1, 8]), ("c", 1, [1, 1, 8])],
    )
    refused(tmp_path, "no family knows it")


def test_graphs_in_each_others_place(tmp_path: Path) -> None:
    icefall_transducer(tmp_path, suffix="")
    toml = tmp_path / "model.toml"
    head = 'schema = "memaudit/model/1"\nfamily = "icefall-transducer"\n[front_end]\nkind = "kaldi"\n'
    files = '[tokens]\nkind = "pieces"\n[files]\ndecoder = "joiner.onnx"\njoiner = "decoder.onnx"\n'
    toml.write_text(head + files)
    refused(tmp_path, "is not a prediction network of the last tokens", "check [files]")
    toml.write_text(head.replace("icefall-transducer", "nemo-split") + '[tokens]\nkind = "pieces"\n')
    refused(tmp_path, "is not a prediction network with states")
    toml.write_text(head + '[tokens]\nkind = "pieces"\n[decoder]\ncontext = 3\n')
    refused(tmp_path, "reads 2 tokens, but 'decoder.context' is 3")
    toml.write_text(head + '[tokens]\nkind = "pieces"\n[files]\nencoder = "gone.onnx"\n')
    refused(tmp_path, "the model file gone.onnx is missing")


def test_an_open_context_must_be_told(tmp_path: Path) -> None:
    icefall_transducer(tmp_path, suffix="", open_context=True, metadata=False)
    (tmp_path / "model.toml").write_text(
        'schema = "memaudit/model/1"\nfamily = "icefall-transducer"\n[front_end]\nkind = "kaldi"\n'
        '[tokens]\nkind = "pieces"\n'
    )
    refused(tmp_path, "leaves open how many tokens it reads", "decoder.context")


@every_family
def test_a_text_that_cannot_be_written(tmp_path: Path, make: Make) -> None:
    recognizer = load_recognizer(make(tmp_path))
    with pytest.raises(TokenError, match="'naïve'"):
        recognizer.recognize(speech(1.0), "the naïve cat")
    assert recognizer.recognize(speech(1.0), TEXT).loss is not None


def test_the_synthetic_transducer(tmp_path: Path) -> None:
    recognizer = load_recognizer(synthetic_transducer(tmp_path))
    assert 13e6 < sum(path.stat().st_size for path in tmp_path.iterdir()) < 15e6
    result = recognizer.recognize(speech(3.0), "abandon ability able about above absent")
    assert result.loss is not None
    assert result.tokens is not None
    assert 6 <= result.tokens <= 30
