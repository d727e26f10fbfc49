"""torch.export programs on real files, and their parity with the ONNX family."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from memaudit.errors import ModelError, UntrustedModelError
from memaudit.files import sha256_file
from memaudit.models.recognizer import Traceable
from memaudit.models.registry import load_recognizer
from tests.models.builders import (
    KALDI,
    RAW,
    TorchModel,
    onnx_graph,
    speech,
    weights,
    write_onnx,
    write_tokens,
    write_toml,
)
from tests.models.torch_builders import FREE, export


def write_program(
    folder: Path, module: nn.Module, *, toml: dict[str, str] | None = None, **how: object
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_tokens(folder)
    write_toml(folder, **(toml or {}))
    return export(module, folder / "model.pt2", **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("features", "front_end"), [(24, KALDI), (1, RAW)])
def test_the_same_weights_give_the_same_as_onnx(
    tmp_path: Path, seed: int, features: int, front_end: str
) -> None:
    w = weights(features, seed=seed)
    graph = load_recognizer(write_onnx(tmp_path / "a", onnx_graph(w), front_end=front_end))
    path = write_program(
        tmp_path / "b", TorchModel(w), toml={"front_end": front_end}, features=features, by_name=seed == 1
    )
    program = load_recognizer(path, trust_model=True)
    for number in range(4):
        samples = speech(0.6 + 0.5 * number, seed=number)
        ours, theirs = (model.recognize(samples, "cedar cedar grove") for model in (program, graph))
        assert ours.transcript == theirs.transcript
        assert ours.loss == pytest.approx(theirs.loss, abs=1e-4)
        assert ours.tokens == theirs.tokens == 3


def test_the_loss_is_what_torch_gives(tmp_path: Path) -> None:
    model = TorchModel(weights())
    recognizer = load_recognizer(write_program(tmp_path, model), trust_model=True)
    for number in range(3):
        samples = speech(1.0 + number, seed=number)
        x = torch.from_numpy(recognizer.front_end(samples))[None]
        with torch.no_grad():
            scores, length = model(x, torch.tensor([x.size(1)]))
        targets = torch.tensor([recognizer.tokens.encode("amber amber fjord")])
        lengths = (length, torch.tensor([3]))
        expected = nn.functional.ctc_loss(scores.double().transpose(0, 1), targets, *lengths, reduction="sum")
        loss = recognizer.recognize(samples, "amber amber fjord").loss
        assert loss == pytest.approx(float(expected), abs=1e-3)


def test_what_was_loaded_is_on_record(tmp_path: Path) -> None:
    path = write_program(tmp_path, TorchModel(weights(blank=20.0)))
    info = load_recognizer(path, trust_model=True).info
    assert info.adapter == "exported-program"
    assert info.files[0] == ("model.pt2", sha256_file(path))
    assert info.decoder["runtime"] == f"torch {torch.__version__}"
    assert "argument x takes the front end's output" in info.inferred
    assert "its axes are batch, time, features" in info.inferred
    assert "argument x_lens takes its length" in info.inferred
    assert info.warnings == ()


class Batched(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = TorchModel(weights())

    def forward(self, x: Tensor, x_lens: Tensor) -> dict[str, Tensor]:
        hidden = torch.tanh(nn.functional.conv1d(x.transpose(1, 2), self.inner.kernel, stride=[2]))
        # A product of matrices would be exported for batches of two or more only.
        logits = nn.functional.conv1d(hidden, self.inner.output.T[:, :, None], self.inner.bias)
        scores = logits.transpose(1, 2).log_softmax(-1)
        return {"more": scores * 2, "logits": scores, "frames": (x_lens - 2) // 2}


class Turned(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = TorchModel(weights())

    def forward(self, x: Tensor, x_lens: Tensor) -> tuple[Tensor, Tensor]:
        scores, lengths = self.inner(x.transpose(1, 2), x_lens)
        return scores, lengths


def test_batches_and_named_results(tmp_path: Path) -> None:
    extra = '[outputs]\nscores = "logits"\nlength = "frames"\n'
    path = write_program(tmp_path / "a", Batched(), toml={"extra": extra}, free={0: FREE, 1: FREE})
    batched = load_recognizer(path, trust_model=True)
    single = load_recognizer(write_program(tmp_path / "b", TorchModel(weights())), trust_model=True)
    assert isinstance(batched, Traceable)
    assert isinstance(single, Traceable)
    batch = [speech(0.7 + 0.5 * number, seed=number) for number in range(3)]
    assert single.trace_batch(batch) is None
    together = batched.trace_batch(batch)
    assert together is not None
    for one, alone in zip(together, map(single.trace, batch), strict=True):
        assert one.frames == alone.frames
        np.testing.assert_allclose(one.values, alone.values, rtol=1e-5, atol=1e-5)


def test_features_first_are_seen_by_the_fixed_axis(tmp_path: Path) -> None:
    class Wide(Turned):
        pass

    folder = tmp_path / "a"
    folder.mkdir()
    write_tokens(folder)
    write_toml(folder)
    program = torch.export.export(
        Wide().eval(),
        (torch.randn(1, 24, 100), torch.tensor([100])),
        dynamic_shapes=({2: FREE}, None),
    )
    torch.export.save(program, str(folder / "model.pt2"))
    turned = load_recognizer(folder / "model.pt2", trust_model=True)
    assert "its axes are batch, features, time" in turned.info.inferred
    plain = load_recognizer(write_program(tmp_path / "b", TorchModel(weights())), trust_model=True)
    ours, theirs = (model.recognize(speech(), "amber") for model in (turned, plain))
    assert ours.loss == pytest.approx(theirs.loss, abs=1e-4)


@pytest.mark.parametrize("data", [None, b"anything"])
def test_it_loads_only_with_the_users_word(tmp_path: Path, data: bytes | None) -> None:
    path = write_program(tmp_path, TorchModel(weights()))
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UntrustedModelError, match=r"read with pickle.*give --trust-model"):
        load_recognizer(path)


class Evidence:
    """A pickle of this leaves a file."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path(self.path),)


def test_a_program_may_carry_code(tmp_path: Path) -> None:
    """Why it needs the user's word: torch.export.load unpickles what the archive names as pickled."""
    path = write_program(tmp_path / "m", TorchModel(weights()))
    evidence = tmp_path / "ran"
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = next(name for name in parts if name.endswith("model_constants_config.json"))
    folder = config.rpartition("/")[0]
    meta = b'"is_param": false, "use_pickle": true, "tensor_meta": null'
    parts[config] = b'{"config": {"lifted": {"path_name": "opaque_obj_0", ' + meta + b"}}}"
    parts[f"{folder}/opaque_obj_0"] = pickle.dumps(Evidence(evidence))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    with pytest.raises(UntrustedModelError):
        load_recognizer(path)
    assert not evidence.exists()
    with pytest.raises(ModelError):
        load_recognizer(path, trust_model=True)
    assert evidence.exists()


class Flat(nn.Module):
    def forward(self, x: Tensor, x_lens: Tensor) -> Tensor:
        return x.sum(-1) + x_lens


class Three(nn.Module):
    def forward(self, x: Tensor, x_lens: Tensor, cache: Tensor) -> Tensor:
        return x + x_lens[:, None, None] + cache


@pytest.mark.parametrize(
    ("module", "toml", "how", "said"),
    [
        (TorchModel(weights()), {}, {"free": {}}, "'x' takes a fixed length of 100; export it again with"),
        (Flat(), {}, {}, "no result has scores [1, frames, tokens]; it gives: 0 [1, 100]"),
        (
            TorchModel(weights()),
            {"front_end": KALDI.replace("24", "40")},
            {},
            "'x' takes 24 features a frame, but the front end gives 40",
        ),
        (
            TorchModel(weights()),
            {"front_end": RAW},
            {},
            "takes x float32 [1, any, 24], x_lens int64 [1], not a",
        ),
        (TorchModel(weights()), {"extra": '[inputs]\nlength = "y"\n'}, {}, "has no argument 'y', which"),
        (TorchModel(weights()), {"extra": '[outputs]\nscores = "y"\n'}, {}, "gives no 'y', which"),
        (TorchModel(weights()), {"extra": "blank = 8\n"}, {}, "the model scores 8 tokens a frame"),
        (TorchModel(weights(blank=float("nan"))), {}, {}, "scores have NaN"),
    ],
)
def test_programs_that_do_not_fit(
    tmp_path: Path, module: nn.Module, toml: dict[str, str], how: dict[str, object], said: str
) -> None:
    path = write_program(tmp_path, module, toml=toml, **how)
    with pytest.raises(ModelError) as caught:
        load_recognizer(path, trust_model=True)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_further_arguments_are_refused(tmp_path: Path) -> None:
    path = write_program(tmp_path, TorchModel(weights()))
    given = (torch.randn(1, 100, 24), torch.tensor([100]), torch.randn(1, 1, 24))
    program = torch.export.export(Three(), given, dynamic_shapes=({1: FREE}, None, None))
    torch.export.save(program, str(path))
    with pytest.raises(ModelError, match=r"cache float32 \[1, 1, 24\], not features"):
        load_recognizer(path, trust_model=True)


def test_a_batch_of_two_is_refused(tmp_path: Path) -> None:
    path = write_program(tmp_path, TorchModel(weights()))
    given = (torch.randn(2, 100, 24), torch.tensor([100, 90]))
    program = torch.export.export(TorchModel(weights()), given, dynamic_shapes=({1: FREE}, None))
    torch.export.save(program, str(path))
    with pytest.raises(ModelError, match="'x' takes batches of 2 only"):
        load_recognizer(path, trust_model=True)


def test_a_range_of_lengths_holds_for_each_utterance(tmp_path: Path) -> None:
    """One that is too long is one line, and the next is read again."""

    class Short(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = TorchModel(weights())

        def forward(self, x: Tensor, x_lens: Tensor) -> tuple[Tensor, Tensor]:
            torch._check(x.size(1) <= 150)
            return self.inner(x, x_lens)

    recognizer = load_recognizer(write_program(tmp_path, Short()), trust_model=True)
    with pytest.raises(
        ModelError, match=r"model\.pt2: the module fails on x \[1, 300, 24\], x_lens \[1\]"
    ) as caught:
        recognizer.recognize(speech(3.0), "amber")
    assert "\n" not in str(caught.value)
    assert recognizer.recognize(speech(1.0), "amber").tokens == 1


def test_files_that_are_no_programs(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_program(tmp_path, TorchModel(weights()))
    whole = path.read_bytes()
    for data in (b"hello", b"", whole[: len(whole) // 2]):
        path.write_bytes(data)
        with pytest.raises(ModelError, match=r"cannot load it as a torch\.export program") as caught:
            load_recognizer(path, trust_model=True)
        assert "\n" not in str(caught.value)
    torch.save(TorchModel(weights()).state_dict(), path)
    with pytest.raises(ModelError, match=r"cannot load it as a torch\.export program"):
        load_recognizer(path, trust_model=True)
    assert capfd.readouterr().err == ""
