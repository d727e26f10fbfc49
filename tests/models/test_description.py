"""model.toml, and how a path leads to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from memaudit.errors import ModelError
from memaudit.models.description import read_description
from memaudit.models.locate import locate
from memaudit.models.registry import load_recognizer
from tests.models.builders import onnx_graph, weights, write_onnx, write_tokens, write_toml

GOOD = 'schema = "memaudit/model/1"\n'


def test_a_whole_description_is_read(tmp_path: Path) -> None:
    write_tokens(tmp_path)
    (tmp_path / "m.onnx").write_bytes(b"x")
    extra = '[files]\nmodel = "m.onnx"\n[inputs]\nfeatures = "x"\n[outputs]\n[decoder]\nmethod = "greedy"\n'
    description = read_description(write_toml(tmp_path, family="onnx-ctc", extra=extra))
    assert description.table.family == "onnx-ctc"
    assert description.front_end().num_features == 24
    assert description.tokens().size == 8
    assert description.model_path((".onnx",)) == tmp_path / "m.onnx"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "missing key 'schema'"),
        ('schema = "memaudit/model/2"', "'schema' is 'memaudit/model/2'; allowed: 'memaudit/model/1'"),
        (
            GOOD + 'familly = "x"',
            "unknown key 'familly'; did you mean 'family'? allowed keys: decoder, family",
        ),
        (GOOD + "family = 3", "'family' is 3, but should be a valid string"),
        (GOOD + "[files]\nmodel = 1", "'files.model' is 1, but should be a valid string"),
        (GOOD + 'front_end = "kaldi"', "'front_end' is 'kaldi', but should be a valid dictionary"),
        ("schema = ", "is no TOML: Invalid value (at end of document)"),
    ],
)
def test_wrong_descriptions_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "model.toml"
    path.write_text(text)
    with pytest.raises(ModelError) as caught:
        read_description(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)


def test_unreadable_descriptions_are_named(tmp_path: Path) -> None:
    path = tmp_path / "model.toml"
    with pytest.raises(ModelError, match=r"cannot be read \(No such file"):
        read_description(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match="is no TOML: not UTF-8 text"):
        read_description(path)


def test_missing_tables_are_named(tmp_path: Path) -> None:
    path = tmp_path / "model.toml"
    path.write_text(GOOD)
    description = read_description(path)
    with pytest.raises(ModelError, match=r"no \[front_end\]"):
        description.front_end()
    with pytest.raises(ModelError, match=r"no \[tokens\]"):
        description.tokens()


@pytest.mark.parametrize(
    ("files", "said"), [([], "no model file (looked for *.onnx)"), (["a", "b"], "a.onnx, b.onnx could each")]
)
def test_none_or_two_model_files_in_a_folder(tmp_path: Path, files: list[str], said: str) -> None:
    for name in files:
        (tmp_path / f"{name}.onnx").write_bytes(b"x")
    description = read_description(write_toml(tmp_path))
    with pytest.raises(ModelError) as caught:
        description.model_path((".onnx",))
    assert said in str(caught.value)


def test_the_described_model_must_be_there_and_be_the_one_given(tmp_path: Path) -> None:
    write_toml(tmp_path, extra='[files]\nmodel = "a.onnx"\n')
    with pytest.raises(ModelError, match=r"the model file a\.onnx is missing"):
        locate(tmp_path).model_path((".onnx",))
    for name in "ab":
        (tmp_path / f"{name}.onnx").write_bytes(b"x")
    assert locate(tmp_path / "a.onnx").model_path((".onnx",)) == tmp_path / "a.onnx"
    with pytest.raises(ModelError, match=r"describes a\.onnx, not b\.onnx; .* write b\.model\.toml"):
        locate(tmp_path / "b.onnx").model_path((".onnx",))


def test_one_description_serves_every_checkpoint_of_a_folder(tmp_path: Path) -> None:
    write_toml(tmp_path)
    for name in "ab":
        (tmp_path / f"{name}.onnx").write_bytes(b"x")
        assert locate(tmp_path / f"{name}.onnx").model_path((".onnx",)) == tmp_path / f"{name}.onnx"


def test_a_models_own_description_wins_over_the_folders(tmp_path: Path) -> None:
    write_toml(tmp_path)
    own = tmp_path / "a.model.toml"
    own.write_text(GOOD)
    (tmp_path / "a.onnx").write_bytes(b"x")
    assert locate(tmp_path / "a.onnx").path == own
    assert locate(own).path == own
    with pytest.raises(ModelError, match=r"2 descriptions: a\.model\.toml, model\.toml"):
        locate(tmp_path)


def test_paths_without_a_description_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file or folder"):
        locate(tmp_path / "none.onnx")
    assert locate(tmp_path) is None
    with pytest.raises(ModelError, match=r"there is no model file; write a model\.toml beside it"):
        load_recognizer(tmp_path)
    write_onnx(tmp_path, onnx_graph(weights()))
    (tmp_path / "model.toml").unlink()
    (tmp_path / "tokens.txt").unlink()
    assert locate(tmp_path / "model.onnx") is None
    with pytest.raises(ModelError, match=r"no family knows it \(model\.onnx\); write a model\.toml"):
        load_recognizer(tmp_path / "model.onnx")
    with pytest.raises(ModelError, match=r"onnx-ctc looks for a model\.toml"):
        load_recognizer(tmp_path / "model.onnx", adapter="onnx-ctc")
