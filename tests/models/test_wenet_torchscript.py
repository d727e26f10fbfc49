"""WeNet's final.zip: own computations in torch, and the same weights through the ONNX family."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import kaldi_native_fbank as knf
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from memaudit.errors import ModelError, UntrustedModelError
from memaudit.models.recognizer import Traceable
from memaudit.models.registry import load_recognizer
from tests.models.builders import speech
from tests.models.ctc_families import write_symbols
from tests.models.wenet_modules import TEXT, UNITS, AsrModel, wenet_model, write_wenet

TEXTS = (TEXT, "the", "a bin on the other cab", "")
END = len(UNITS) - 1


def features(samples: NDArray[np.float32]) -> Tensor:
    """WeNet's: 16-bit samples, whole frames, mel filters up to half the rate; [1, T, 80]."""
    options = knf.FbankOptions()
    options.frame_opts.dither = 0
    options.mel_opts.num_bins = 80
    options.mel_opts.high_freq = 8000
    fbank = knf.OnlineFbank(options)
    fbank.accept_waveform(16000, (samples * 32768).tolist())
    fbank.input_finished()
    return torch.tensor(np.stack([fbank.get_frame(i) for i in range(fbank.num_frames_ready)]))[None]


def encoded(model: AsrModel, samples: NDArray[np.float32]) -> Tensor:
    with torch.no_grad():
        out: Tensor = model.forward_encoder_chunk(features(samples), 0, -1)[0]
    return out


def spelt(tokens: list[int]) -> str:
    text = "".join(UNITS[token] for token in tokens if token not in (0, END))
    return " ".join(text.replace("▁", " ").split())


@pytest.mark.parametrize("seed", range(3))
def test_ctc_scores_give_what_torch_gives(tmp_path: Path, seed: int) -> None:
    model = wenet_model(tmp_path / "apart", seed=seed)
    recognizer = load_recognizer(write_wenet(tmp_path / "m", model), trust_model=True)
    for number, text in enumerate(TEXTS):
        samples = speech(1.5 + 0.4 * number, seed=number)
        ours = recognizer.recognize(samples, text)
        with torch.no_grad():
            scores = model.ctc_activation(encoded(model, samples))[0]
        targets = recognizer.tokens.encode(text)
        expected = nn.functional.ctc_loss(
            scores.double()[:, None],
            torch.tensor([targets], dtype=torch.int64),
            torch.tensor([len(scores)]),
            torch.tensor([len(targets)]),
            reduction="sum",
        )
        best = scores.argmax(1).tolist()
        runs = [b for a, b in zip([None, *best], best, strict=False) if b != a and b != 0]
        assert ours.transcript == spelt(runs)
        assert ours.transcript
        assert ours.loss == pytest.approx(float(expected), abs=1e-3)
        assert ours.tokens == len(targets)


@pytest.mark.parametrize("seed", range(3))
def test_the_same_weights_give_the_same_as_onnx(tmp_path: Path, seed: int) -> None:
    model = wenet_model(tmp_path / "onnx", seed=seed)
    module = load_recognizer(write_wenet(tmp_path / "torch", model), trust_model=True)
    graph = load_recognizer(tmp_path / "onnx")
    assert graph.info.adapter == "wenet-ctc"
    assert module.info.front_end == graph.info.front_end
    assert isinstance(module, Traceable)
    assert isinstance(graph, Traceable)
    for number, text in enumerate(TEXTS):
        samples = speech(1.0 + 0.5 * number, seed=number + 10 * seed)
        ours, theirs = (one.recognize(samples, text) for one in (module, graph))
        assert ours.transcript == theirs.transcript
        assert ours.tokens == theirs.tokens
        assert ours.loss == pytest.approx(theirs.loss, abs=1e-3)
        np.testing.assert_allclose(
            module.trace(samples).values, graph.trace(samples).values, rtol=1e-4, atol=1e-4
        )


def attend(path: Path) -> Path:
    (path.parent / "model.toml").write_text(
        'schema = "memaudit/model/1"\nfamily = "wenet-torchscript"\n'
        '[front_end]\nkind = "kaldi"\nwaveform_scale = 32768.0\nsnip_edges = true\nhigh_frequency = 0.0\n'
        '[tokens]\nkind = "pieces"\nfile = "units.txt"\ntokenizer = ""\n[decoder]\nmethod = "attention"\n'
    )
    return path


@pytest.mark.parametrize("seed", range(3))
def test_the_attention_decoder_gives_what_steps_give(tmp_path: Path, seed: int) -> None:
    model = wenet_model(tmp_path / "apart", seed=seed)
    recognizer = load_recognizer(attend(write_wenet(tmp_path / "m", model)), trust_model=True)
    assert recognizer.info.decoder["loss"] == "teacher-forcing"
    assert isinstance(recognizer, Traceable)
    for number, text in enumerate(TEXTS):
        samples = speech(0.8 + 0.4 * number, seed=number)
        frames = encoded(model, samples)

        def after(tokens: list[int], frames: Tensor = frames) -> Tensor:
            given = torch.tensor([[END, *tokens]])
            with torch.no_grad():
                scores = model.forward_attention_decoder(given, torch.tensor([len(tokens) + 1]), frames)[0]
            return scores[0, -1].double()

        ours = recognizer.recognize(samples, text)
        targets = list(recognizer.tokens.encode(text))
        expected = -sum(float(after(targets[:u])[token]) for u, token in enumerate([*targets, END]))
        assert ours.loss == pytest.approx(expected, abs=1e-3)
        found: list[int] = []
        while len(found) < frames.size(1) and (best := int(after(found).argmax())) != END:
            found.append(best)
        assert ours.transcript == spelt(found)
        assert recognizer.trace(samples).frames == frames.size(1)
        assert recognizer.trace_batch([samples]) is None


def test_the_method_is_said(tmp_path: Path) -> None:
    path = write_wenet(tmp_path / "m", wenet_model(tmp_path / "apart"))
    scores = load_recognizer(path, trust_model=True)
    assert any("'decoder.method' = \"attention\"" in one for one in scores.info.inferred)
    attention = load_recognizer(attend(path), trust_model=True)
    assert "its attention decoder is used, from left to right" in attention.info.inferred
    assert attention.info.decoder["start"] == attention.info.decoder["end"] == END
    assert scores.recognize(speech(), TEXT) != attention.recognize(speech(), TEXT)


def test_it_is_known_by_its_name_and_not_opened(tmp_path: Path) -> None:
    path = write_wenet(tmp_path / "m", wenet_model(tmp_path / "apart"))
    path.with_name("final_quant.zip").write_bytes(b"quantised")
    path.with_name("final.pt").write_bytes(b"a checkpoint")
    recognizer = load_recognizer(path.parent, trust_model=True)
    assert recognizer.info.adapter == "wenet-torchscript"
    assert [name for name, _ in recognizer.info.files] == ["final.zip", "units.txt"]
    assert "final.zip with units.txt: a TorchScript model of WeNet, by its name" in recognizer.info.inferred
    path.write_bytes(b"not even TorchScript")
    with pytest.raises(UntrustedModelError, match="TorchScript is code"):
        load_recognizer(path.parent)
    with pytest.raises(ModelError, match="no TorchScript file"):
        load_recognizer(path.parent, trust_model=True)
    (path.parent / "units.txt").unlink()
    with pytest.raises(ModelError, match=r"no units\.txt or words\.txt or tokens\.txt beside the model"):
        load_recognizer(path, trust_model=True)


def test_any_zip_beside_units_is_one(tmp_path: Path) -> None:
    path = write_wenet(tmp_path / "m", wenet_model(tmp_path / "apart"), name="conformer.zip")
    assert load_recognizer(path.parent, trust_model=True).info.adapter == "wenet-torchscript"
    (path.parent / "units.txt").unlink()
    with pytest.raises(ModelError, match="no family knows it"):
        load_recognizer(path.parent, trust_model=True)


class Bare(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


class Broken(AsrModel):
    """Its decoder gives another shape, or its encoder does."""

    @torch.jit.export
    def forward_attention_decoder(
        self, hyps: Tensor, hyps_lens: Tensor, encoder_out: Tensor, reverse_weight: float = 0
    ) -> tuple[Tensor, Tensor]:
        return encoder_out, encoder_out


def broken(model: AsrModel) -> nn.Module:
    return Broken(model.encoder.kernel, model.ctc_lo.weight, model.ctc_lo.bias, 0)


def not_a_number(model: AsrModel) -> nn.Module:
    model.ctc_lo.bias.data.fill_(float("nan"))
    model.out.data.fill_(float("nan"))
    return model


def wrong_end(model: AsrModel) -> nn.Module:
    model.eos = 999
    return model


@pytest.mark.parametrize(
    ("change", "attention", "said"),
    [
        (lambda model: Bare(), False, "no model of WeNet: it has no forward_encoder_chunk, ctc_activation;"),
        (lambda model: Bare(), True, "forward_attention_decoder, sos_symbol, eos_symbol;"),
        (not_a_number, False, "scores have NaN"),
        (not_a_number, True, "the decoder's scores have NaN"),
        (broken, True, "not [1, 24] tokens"),
        (wrong_end, True, "and end with 999, the vocabulary has 24"),
    ],
)
def test_modules_that_do_not_fit(
    tmp_path: Path, change: Callable[[AsrModel], nn.Module], attention: bool, said: str
) -> None:
    path = write_wenet(tmp_path / "m", change(wenet_model(tmp_path / "apart")))
    if attention:
        attend(path)
    with pytest.raises(ModelError) as caught:
        load_recognizer(path, trust_model=True)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("attention", [False, True])
def test_tokens_of_another_model(tmp_path: Path, attention: bool) -> None:
    path = write_wenet(tmp_path / "m", wenet_model(tmp_path / "apart"))
    write_symbols(path.parent / "units.txt", (*UNITS[:-1], "▁more", "<sos/eos>"))
    if attention:
        attend(path)
    with pytest.raises(ModelError, match=r"scores \[1, 24\]|scores 24 tokens"):
        load_recognizer(path, trust_model=True)
