"""Exported files against the torch module that they were made from, in the runtimes that users have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

from memaudit.lab.batch import collate, ctc_losses
from memaudit.lab.export import INPUTS, export_onnx, export_torchscript
from memaudit.lab.recognizer import ConvRecognizer, Shape, make_recognizer
from memaudit.lab.utterances import Vocabulary
from memaudit.models.frontends.registry import make_front_end
from memaudit.models.recognizer import Recognizer
from memaudit.models.registry import load_recognizer

WORDS = Vocabulary(("amber", "birch", "cedar", "delta", "ember"))
FRONT_END = make_front_end({"kind": "kaldi", "num_mels": 20})
SHAPES = [(1, 1), (1, 2), (1, 77), (2, 64), (5, 203)]


@pytest.fixture(scope="module")
def model() -> ConvRecognizer:
    made = make_recognizer(Shape(tokens=WORDS.size, mel_bins=20, width=24, blocks=2), 3)
    generator = torch.Generator().manual_seed(3)
    made.mean.copy_(torch.randn(20, generator=generator) - 10)
    made.deviation.copy_(torch.rand(20, generator=generator) + 2)
    with torch.no_grad():
        made.output.bias[0] = 2.0  # mostly blank, as a trained recogniser is on what it does not know
    return made


@pytest.fixture(scope="module")
def onnx_folder(model: ConvRecognizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("onnx")
    export_onnx(model, folder, WORDS, FRONT_END.describe())
    return folder


@pytest.fixture(scope="module")
def torchscript_folder(model: ConvRecognizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("torchscript")
    export_torchscript(model, folder, WORDS, FRONT_END.describe())
    return folder


def random_inputs(batch: int, frames: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(frames)
    lengths = torch.randint(1, frames + 1, (batch,), generator=generator)
    lengths[0] = frames
    return 4 * torch.randn(batch, frames, 20, generator=generator) - 10, lengths


@pytest.mark.parametrize(("batch", "frames"), SHAPES)
def test_onnx_is_the_module(model: ConvRecognizer, onnx_folder: Path, batch: int, frames: int) -> None:
    features, lengths = random_inputs(batch, frames)
    session = onnxruntime.InferenceSession(onnx_folder / "model.onnx")
    given = dict(zip(INPUTS, (features.numpy(), lengths.numpy()), strict=True))
    found, found_lengths = session.run(None, given)
    with torch.inference_mode():
        expected, expected_lengths = model(features, lengths)
    np.testing.assert_allclose(found, expected.numpy(), rtol=0, atol=1e-4)
    assert found_lengths.tolist() == expected_lengths.tolist()


@pytest.mark.filterwarnings("ignore:.*torch.jit.load.*:DeprecationWarning")
@pytest.mark.parametrize(("batch", "frames"), SHAPES)
def test_torchscript_is_the_module(
    model: ConvRecognizer, torchscript_folder: Path, batch: int, frames: int
) -> None:
    features, lengths = random_inputs(batch, frames)
    with torch.inference_mode():
        found, found_lengths = torch.jit.load(torchscript_folder / "model.pt")(features, lengths)
        expected, expected_lengths = model(features, lengths)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)
    assert torch.equal(found_lengths, expected_lengths)


def noise(seconds: float, seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, 0.1, int(16000 * seconds)).astype(np.float32)


@pytest.mark.parametrize("family", ["onnx-ctc", "torchscript-ctc"])
def test_memaudit_hears_what_the_module_hears(
    model: ConvRecognizer, onnx_folder: Path, torchscript_folder: Path, family: str
) -> None:
    folder = onnx_folder if family == "onnx-ctc" else torchscript_folder
    recognizer: Recognizer = load_recognizer(folder, trust_model=family != "onnx-ctc")
    assert recognizer.info.adapter == family
    for seed in range(3):
        samples, text = noise(0.7, seed), "cedar amber amber"
        heard = recognizer.recognize(samples, text)
        batch = collate([torch.from_numpy(FRONT_END(samples))], [WORDS.encode(text)])
        with torch.inference_mode():
            loss = ctc_losses(*model(batch.features, batch.lengths), batch)
        assert heard.loss == pytest.approx(loss.item(), abs=1e-3)
        assert heard.tokens == 3


def test_the_graph_is_one_file_without_paths_of_the_machine_that_made_it(onnx_folder: Path) -> None:
    assert sorted(path.name for path in onnx_folder.iterdir()) == ["model.onnx", "model.toml", "tokens.txt"]
    graph = onnx.load(onnx_folder / "model.onnx", load_external_data=False)
    onnx.checker.check_model(graph, full_check=True)
    assert all(tensor.data_location == onnx.TensorProto.DEFAULT for tensor in graph.graph.initializer)
    assert str(Path(__file__).parents[2]).encode() not in (onnx_folder / "model.onnx").read_bytes()
    axes = [[d.dim_param or d.dim_value for d in i.type.tensor_type.shape.dim] for i in graph.graph.input]
    assert isinstance(axes[0][0], str)
    assert isinstance(axes[0][1], str)
    assert axes[0][2] == 20
    assert axes[1] == [axes[0][0]]


def test_the_same_module_gives_the_same_bytes(
    model: ConvRecognizer, onnx_folder: Path, tmp_path: Path
) -> None:
    export_onnx(model, tmp_path, WORDS, FRONT_END.describe())
    for path in onnx_folder.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name
