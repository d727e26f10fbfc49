"""The TorchScript family on real files, and its parity with the ONNX family."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from memaudit.errors import MissingExtraError, ModelError, UntrustedModelError
from memaudit.files import sha256_file
from memaudit.models.recognizer import Traceable
from memaudit.models.registry import load_recognizer
from tests.models.builders import (
    KALDI,
    RAW,
    TorchModel,
    onnx_graph,
    script,
    speech,
    weights,
    write_onnx,
    write_tokens,
    write_toml,
)


def write_script(folder: Path, module: torch.nn.Module, **toml: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_tokens(folder)
    write_toml(folder, **toml)
    return script(module, folder / "model.pt")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("features", "front_end"), [(24, KALDI), (1, RAW)])
@pytest.mark.parametrize("log_probs", [True, False])
def test_the_same_weights_give_the_same_as_onnx(
    tmp_path: Path, seed: int, features: int, front_end: str, log_probs: bool
) -> None:
    w = weights(features, seed=seed)
    graph = load_recognizer(
        write_onnx(tmp_path / "a", onnx_graph(w, log_probs=log_probs), front_end=front_end)
    )
    path = write_script(tmp_path / "b", TorchModel(w, log_probs=log_probs), front_end=front_end)
    module = load_recognizer(path, trust_model=True)
    for number in range(6):
        samples = speech(0.6 + 0.3 * number, seed=number)
        ours, theirs = (model.recognize(samples, "cedar cedar grove") for model in (module, graph))
        assert ours.transcript == theirs.transcript
        assert ours.loss == pytest.approx(theirs.loss, abs=1e-4)
        assert ours.tokens == theirs.tokens == 3


def test_what_was_loaded_is_on_record(tmp_path: Path) -> None:
    path = write_script(tmp_path, TorchModel(weights(blank=20.0)))
    recognizer = load_recognizer(path, trust_model=True)
    assert recognizer.info.adapter == "torchscript-ctc"
    assert recognizer.info.files[0] == ("model.pt", sha256_file(path))
    assert recognizer.info.decoder["runtime"] == f"torch {torch.__version__}"
    assert "argument x takes the front end's output" in recognizer.info.inferred
    assert "argument x_lens takes its length" in recognizer.info.inferred
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("data", [None, b"anything"])
def test_torchscript_loads_only_with_the_users_word(tmp_path: Path, data: bytes | None) -> None:
    path = write_script(tmp_path, TorchModel(weights()))
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UntrustedModelError) as caught:
        load_recognizer(path)
    assert "TorchScript is code" in str(caught.value)
    assert "give --trust-model" in str(caught.value)


def test_without_torch_one_line_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_script(tmp_path, TorchModel(weights()))
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'memaudit-asr\[torch\]'"):
        load_recognizer(path, trust_model=True)


def test_modules_without_lengths_and_with_dictionaries(tmp_path: Path) -> None:
    class Named(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = TorchModel(weights())

        def forward(self, audio: torch.Tensor) -> dict[str, torch.Tensor]:
            scores, length = self.inner(audio, torch.tensor([audio.size(1)]))
            return {"extra": scores * 2, "logits": scores, "frames": length}

    path = write_script(tmp_path / "a", Named(), extra='[outputs]\nscores = "logits"\nlength = "frames"\n')
    plain = load_recognizer(write_script(tmp_path / "b", TorchModel(weights())), trust_model=True)
    named = load_recognizer(path, trust_model=True)
    assert named.recognize(speech(), "amber") == plain.recognize(speech(), "amber")


class Turned(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = TorchModel(weights())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x.transpose(1, 2), torch.tensor([4]))[0]


def test_features_first_and_a_bare_tensor(tmp_path: Path) -> None:
    layout = '[inputs]\nlayout = "features-time"\n'
    turned = load_recognizer(write_script(tmp_path / "a", Turned(), extra=layout), trust_model=True)
    graph = load_recognizer(write_onnx(tmp_path / "b", onnx_graph(weights(), length_out=False)))
    assert turned.recognize(speech(), "amber").loss == pytest.approx(
        graph.recognize(speech(), "amber").loss, abs=1e-4
    )


def test_a_padded_batch_gives_the_same(tmp_path: Path) -> None:
    recognizer = load_recognizer(write_script(tmp_path / "a", TorchModel(weights())), trust_model=True)
    assert isinstance(recognizer, Traceable)
    batch = [speech(0.7 + 0.5 * number, seed=number) for number in range(3)]
    together = recognizer.trace_batch(batch)
    assert together is not None
    for one, alone in zip(together, map(recognizer.trace, batch), strict=True):
        assert one.frames == alone.frames
        np.testing.assert_allclose(one.values, alone.values, rtol=1e-5, atol=1e-5)
    layout = '[inputs]\nlayout = "features-time"\n'
    without = load_recognizer(write_script(tmp_path / "b", Turned(), extra=layout), trust_model=True)
    assert isinstance(without, Traceable)
    assert without.trace_batch(batch) is None


def test_half_precision(tmp_path: Path) -> None:
    plain = load_recognizer(write_script(tmp_path / "a", TorchModel(weights())), trust_model=True)
    half = load_recognizer(write_script(tmp_path / "b", TorchModel(weights()).half()), trust_model=True)
    loss = plain.recognize(speech(), "amber").loss
    assert half.recognize(speech(), "amber").loss == pytest.approx(loss, rel=1e-2)


def test_dropout_left_on_in_a_saved_module_is_turned_off(tmp_path: Path) -> None:
    class Dropped(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = TorchModel(weights())
            self.dropout = torch.nn.Dropout(0.5)

        def forward(self, x: torch.Tensor, x_lens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return self.inner(self.dropout(x), x_lens)

    with pytest.warns(DeprecationWarning, match="torch.jit.script"):
        scripted = torch.jit.script(Dropped().train())
    write_tokens(tmp_path)
    write_toml(tmp_path)
    scripted.save(str(tmp_path / "model.pt"))
    recognizer = load_recognizer(tmp_path / "model.pt", trust_model=True)
    assert not any("random" in warning for warning in recognizer.info.warnings)
    assert recognizer.recognize(speech(), "amber") == recognizer.recognize(speech(), "amber")


class Three(torch.nn.Module):
    def forward(self, x: torch.Tensor, x_lens: torch.Tensor, cache: torch.Tensor) -> torch.Tensor:
        return x + x_lens + cache


class Flat(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sum(-1)


class Complains(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.size(1) > 0:
            raise ValueError("no such speech")
        return x


@pytest.mark.parametrize(
    ("module", "toml", "said"),
    [
        (Three(), {}, "forward takes x, x_lens, cache, not features and at most their length"),
        (Flat(), {}, "no result has scores [1, frames, tokens]; it gives: 0 [1, 100]"),
        (Flat(), {"extra": '[outputs]\nscores = "0"\n'}, "scores of shape [1, 100] are not"),
        (Complains(), {}, "the module fails on x [1, 100, 24]"),
        (
            TorchModel(weights()),
            {"front_end": KALDI.replace("24", "40")},
            "the module fails on x [1, 100, 40]",
        ),
        (TorchModel(weights()), {"extra": '[inputs]\nfeatures = "y"\n'}, "forward has no argument 'y'"),
        (
            TorchModel(weights()),
            {"extra": '[outputs]\nscores = "y"\n'},
            "gives no 'y', which 'outputs.scores'",
        ),
        (TorchModel(weights()), {"extra": "blank = 8\n"}, "the model scores 8 tokens a frame"),
        (TorchModel(weights(blank=float("nan"))), {}, "scores have NaN"),
    ],
)
def test_modules_that_do_not_fit(
    tmp_path: Path, module: torch.nn.Module, toml: dict[str, str], said: str
) -> None:
    path = write_script(tmp_path, module, **toml)
    with pytest.raises(ModelError) as caught:
        load_recognizer(path, trust_model=True)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_torchscript(tmp_path: Path) -> None:
    path = write_script(tmp_path, TorchModel(weights()))
    torch.save(TorchModel(weights()).state_dict(), path)
    with pytest.raises(ModelError, match=r"no TorchScript file .*; save the model with torch\.jit\.script"):
        load_recognizer(path, trust_model=True)
    path.write_bytes(b"hello")
    with pytest.raises(ModelError, match="no TorchScript file"):
        load_recognizer(path, trust_model=True)
