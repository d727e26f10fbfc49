"""icefall's jit_script.pt: own computations in torch, and the same weights through the ONNX families."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
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
from tests.models.icefall_modules import (
    ICEFALL_PIECES,
    SMALL,
    TEXT,
    AsrModel,
    Joiner,
    PlainJoiner,
    asr_model,
    write_icefall,
)

TEXTS = (TEXT, "the", "a rat in the den", "")


def features(samples: NDArray[np.float32]) -> Tensor:
    """icefall's, by the library that it uses itself: [1, T, 80]."""
    options = knf.FbankOptions()
    options.frame_opts.dither = 0
    options.frame_opts.snip_edges = False
    options.mel_opts.num_bins = 80
    options.mel_opts.high_freq = -400
    fbank = knf.OnlineFbank(options)
    fbank.accept_waveform(16000, samples.tolist())
    fbank.input_finished()
    return torch.tensor(np.stack([fbank.get_frame(i) for i in range(fbank.num_frames_ready)]))[None]


def encoded(model: AsrModel, samples: NDArray[np.float32]) -> Tensor:
    x = features(samples)
    with torch.no_grad():
        out, lengths = model.encoder(x, torch.tensor([x.size(1)]))
    frames: Tensor = out[0, : int(lengths[0])]
    return frames


def spelt(tokens: list[int]) -> str:
    text = "".join(ICEFALL_PIECES[token] for token in tokens if token > 1)
    return " ".join(text.replace("▁", " ").split())


def step(model: AsrModel, frame: Tensor, written: list[int]) -> Tensor:
    """The scores of one node, by the calls of icefall's greedy search: -1 before the blank."""
    context = model.decoder.context_size
    recent = ([-1] * (context - 1) + [0, *written])[-context:]
    with torch.no_grad():
        decoded = model.decoder(torch.tensor([recent]), need_pad=False).squeeze(1)
        scores: Tensor = model.joiner(frame[None], decoded)[0]
    return scores


def searched(model: AsrModel, samples: NDArray[np.float32], most: int = 1) -> str:
    written: list[int] = []
    for frame in encoded(model, samples):
        for _ in range(most):
            token = int(step(model, frame, written).argmax())
            if token == 0:
                break
            written.append(token)
    return spelt(written)


def lattice_loss(model: AsrModel, samples: NDArray[np.float32], targets: list[int]) -> float:
    """The dynamic program of Graves 2012, a node at a time, in Python floats."""
    frames = encoded(model, samples)
    alpha = {(0, 0): 0.0}
    for t in range(len(frames)):
        for u in range(len(targets) + 1):
            log_p = step(model, frames[t], targets[:u]).double().log_softmax(0)
            here = alpha[t, u]
            for (nt, nu), token in (((t + 1, u), 0), ((t, u + 1), targets[u] if u < len(targets) else None)):
                if token is not None:
                    reached = here + float(log_p[token])
                    alpha[nt, nu] = float(np.logaddexp(alpha.get((nt, nu), -np.inf), reached))
    return -alpha[len(frames), len(targets)]


def ctc_best(scores: Tensor) -> str:
    best = scores.argmax(1).tolist()
    return spelt([b for a, b in zip([None, *best], best, strict=False) if b != a and b != 0])


@pytest.mark.parametrize("seed", range(3))
def test_the_ctc_head_gives_what_torch_gives(tmp_path: Path, seed: int) -> None:
    model = asr_model(tmp_path / "apart", replace(SMALL, seed=seed), ctc=True)
    recognizer = load_recognizer(write_icefall(tmp_path / "m", model), trust_model=True)
    transcripts = set()
    for number, text in enumerate(TEXTS):
        samples = speech(1.2 + 0.4 * number, seed=number)
        ours = recognizer.recognize(samples, text)
        with torch.no_grad():
            scores = model.ctc_output(encoded(model, samples)[None])[0]
        targets = recognizer.tokens.encode(text)
        expected = nn.functional.ctc_loss(
            scores.double()[:, None],
            torch.tensor([targets], dtype=torch.int64),
            torch.tensor([len(scores)]),
            torch.tensor([len(targets)]),
            reduction="sum",
        )
        assert ours.transcript == ctc_best(scores)
        assert ours.loss == pytest.approx(float(expected), abs=1e-3)
        assert ours.tokens == len(targets)
        transcripts.add(ours.transcript)
    assert len(transcripts) > 2


@pytest.mark.parametrize(("seed", "context"), [(0, 2), (1, 1), (2, 3)])
def test_the_transducer_gives_what_steps_give(tmp_path: Path, seed: int, context: int) -> None:
    model = asr_model(tmp_path / "apart", replace(SMALL, seed=seed), context=context)
    recognizer = load_recognizer(write_icefall(tmp_path / "m", model), trust_model=True)
    transcripts = set()
    for number, text in enumerate(TEXTS):
        samples = speech(0.8 + 0.2 * number, seed=number)
        ours = recognizer.recognize(samples, text)
        targets = list(recognizer.tokens.encode(text))
        assert ours.transcript == searched(model, samples)
        assert ours.loss == pytest.approx(lattice_loss(model, samples, targets), abs=1e-3)
        assert recognizer.recognize(samples).transcript == ours.transcript
        transcripts.add(ours.transcript)
    assert len(transcripts) > 2


@pytest.mark.parametrize("seed", range(3))
def test_the_same_weights_give_the_same_as_onnx(tmp_path: Path, seed: int) -> None:
    model = asr_model(tmp_path / "onnx", replace(SMALL, seed=seed))
    module = load_recognizer(write_icefall(tmp_path / "torch", model), trust_model=True)
    graphs = load_recognizer(tmp_path / "onnx")
    assert graphs.info.adapter == "icefall-transducer"
    for number, text in enumerate(TEXTS):
        samples = speech(1.0 + 0.5 * number, seed=number + 10 * seed)
        ours, theirs = (one.recognize(samples, text) for one in (module, graphs))
        assert ours.transcript == theirs.transcript
        assert ours.tokens == theirs.tokens
        assert ours.loss == pytest.approx(theirs.loss, abs=1e-3)
        assert isinstance(module, Traceable)
        assert isinstance(graphs, Traceable)
        np.testing.assert_allclose(module.trace(samples).values, graphs.trace(samples).values, atol=1e-4)


def test_more_symbols_a_frame(tmp_path: Path) -> None:
    model = asr_model(tmp_path / "apart", replace(SMALL, blank=0.0))
    path = write_icefall(tmp_path / "m", model)
    describe(path, "[decoder]\nmax_symbols = 3\n")
    recognizer = load_recognizer(path, trust_model=True)
    for number in range(3):
        samples = speech(1.0, seed=number)
        assert recognizer.recognize(samples).transcript == searched(model, samples, most=3)
        assert recognizer.recognize(samples).transcript != searched(model, samples)


def describe(path: Path, extra: str) -> None:
    (path.parent / "model.toml").write_text(
        'schema = "memaudit/model/1"\nfamily = "icefall-torchscript"\n[front_end]\nkind = "kaldi"\n'
        f'[tokens]\nkind = "pieces"\nfile = "tokens.txt"\ntokenizer = ""\n{extra}'
    )


def test_ctc_comes_first_and_the_method_is_said(tmp_path: Path) -> None:
    model = asr_model(tmp_path / "apart", ctc=True)
    path = write_icefall(tmp_path / "m", model)
    samples = speech()
    both = load_recognizer(path, trust_model=True)
    assert both.info.decoder["loss"] == "ctc-forward"
    assert any("'decoder.method' = \"transducer\" takes the other" in one for one in both.info.inferred)
    describe(path, '[decoder]\nmethod = "transducer"\n')
    chosen = load_recognizer(path, trust_model=True)
    assert chosen.info.decoder["method"] == "transducer"
    assert chosen.info.decoder["loss"] == "rnnt-full-lattice"
    assert chosen.info.decoder["context"] == 2
    assert chosen.recognize(samples).transcript == searched(model, samples)
    assert [name for name, _ in chosen.info.files] == ["jit_script.pt", "model.toml", "tokens.txt"]


def test_padding_is_silence_and_changes_nothing(tmp_path: Path) -> None:
    for kinds in ({"ctc": True}, {"ctc": False}):
        folder = tmp_path / str(kinds["ctc"])
        path = write_icefall(folder / "m", asr_model(folder / "apart", **kinds))
        recognizer = load_recognizer(path, trust_model=True)
        assert isinstance(recognizer, Traceable)
        batch = [speech(0.7 + 0.5 * number, seed=number) for number in range(3)]
        together = recognizer.trace_batch(batch)
        assert together is not None
        for one, alone in zip(together, map(recognizer.trace, batch), strict=True):
            assert one.frames == alone.frames
            np.testing.assert_allclose(one.values, alone.values, rtol=1e-5, atol=1e-5)


def test_joiners_without_projections(tmp_path: Path) -> None:
    """Those of icefall's first recipes, for which encoder and prediction network give the same size."""
    size = replace(SMALL, joint=SMALL.hidden)
    model = asr_model(tmp_path / "apart", size)
    assert isinstance(model.joiner, Joiner)
    plain = PlainJoiner(model.joiner)
    model.joiner = plain
    recognizer = load_recognizer(write_icefall(tmp_path / "m", model), trust_model=True)
    targets = recognizer.tokens.encode(TEXT)
    samples = speech(0.8)
    frames = encoded(model, samples)
    with torch.no_grad():
        decoded = model.decoder(torch.tensor([[0, *targets]]))[0]
        shape = (len(frames), len(decoded), size.hidden)
        both = (frames[:, None].expand(shape)[None], decoded[None].expand(shape)[None])
        log_p = plain(*both)[0].double().log_softmax(-1)
    alpha = np.full((len(frames) + 1, len(decoded) + 1), -np.inf)
    alpha[0, 0] = 0.0
    for t in range(len(frames)):
        for u in range(len(decoded)):
            alpha[t + 1, u] = np.logaddexp(alpha[t + 1, u], alpha[t, u] + float(log_p[t, u, 0]))
            if u < len(targets):
                label = float(log_p[t, u, targets[u]])
                alpha[t, u + 1] = np.logaddexp(alpha[t, u + 1], alpha[t, u] + label)
    loss = recognizer.recognize(samples, TEXT).loss
    assert loss == pytest.approx(-alpha[len(frames), len(targets)], abs=1e-3)


def test_half_precision(tmp_path: Path) -> None:
    model = asr_model(tmp_path / "apart", ctc=True)
    whole = load_recognizer(write_icefall(tmp_path / "a", model), trust_model=True)
    half = load_recognizer(write_icefall(tmp_path / "b", model.half()), trust_model=True)
    loss = whole.recognize(speech(), TEXT).loss
    assert half.recognize(speech(), TEXT).loss == pytest.approx(loss, rel=2e-2)


def test_dynamic_quantisation_is_a_warning(tmp_path: Path) -> None:
    model = asr_model(tmp_path / "apart", ctc=True, transducer=False)
    plain = load_recognizer(write_icefall(tmp_path / "a", model), trust_model=True)
    assert not any("quantise" in warning for warning in plain.info.warnings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch deprecates quantised tensors; users' files have them
        model.ctc_output = torch.ao.quantization.quantize_dynamic(model.ctc_output, {nn.Linear})
        path = write_icefall(tmp_path / "b", model)
    quantised = load_recognizer(path, trust_model=True)
    assert "its layers quantise activations as they run: losses wobble" in quantised.info.warnings
    loss = plain.recognize(speech(), TEXT).loss
    assert quantised.recognize(speech(), TEXT).loss == pytest.approx(loss, rel=0.05)


@pytest.mark.parametrize("name", ["jit_script.pt", "cpu_jit.pt", "cpu_jit-torch-1.10.pt"])
def test_it_is_known_by_its_name_and_not_opened(tmp_path: Path, name: str) -> None:
    path = write_icefall(tmp_path / "m", asr_model(tmp_path / "apart", ctc=True), name=name)
    (tmp_path / "m" / "pretrained.pt").write_bytes(b"a checkpoint")
    recognizer = load_recognizer(path.parent, trust_model=True)
    assert recognizer.info.adapter == "icefall-torchscript"
    assert f"{name} with tokens.txt: a TorchScript model of icefall, by its name" in recognizer.info.inferred
    path.write_bytes(b"not even TorchScript")
    with pytest.raises(UntrustedModelError, match="TorchScript is code"):
        load_recognizer(path.parent)
    with pytest.raises(ModelError, match="no TorchScript file"):
        load_recognizer(path.parent, trust_model=True)


class Streaming(nn.Module):
    def forward(
        self, features: Tensor, feature_lengths: Tensor, states: list[Tensor]
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        return features, feature_lengths, states


class Tangled(nn.Module):
    def forward(self, features: Tensor, feature_lengths: Tensor) -> tuple[Tensor, Tensor]:
        return features.sum(-1), feature_lengths


class Complains(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if x.numel() > 0:
            raise ValueError("no such speech")
        return x


class Narrow(nn.Module):
    def forward(self, y: Tensor, need_pad: bool = True) -> Tensor:
        return y


def changed(**parts: nn.Module | None) -> Callable[[AsrModel], AsrModel]:
    def change(model: AsrModel) -> AsrModel:
        for name, part in parts.items():
            delattr(model, name)
            if part is not None:
                setattr(model, name, part)
        return model

    return change


def blank_is(model: AsrModel) -> AsrModel:
    model.decoder.blank_id = 3
    return model


def without_context(model: AsrModel) -> AsrModel:
    del model.decoder
    model.decoder = Narrow()
    return model


def not_a_number(model: AsrModel) -> AsrModel:
    model.joiner.output_linear.bias.data.fill_(float("nan"))
    return model


def wrong_encoder(model: AsrModel) -> AsrModel:
    model.encoder.second.data.fill_(float("inf"))
    return model


@pytest.mark.parametrize(
    ("change", "ctc", "said"),
    [
        (
            changed(encoder=None),
            True,
            "wants encoder and ctc_output, or encoder, decoder and joiner; it has: decoder",
        ),
        (changed(joiner=None), False, "no model of icefall"),
        (changed(encoder=Streaming()), True, "takes features, feature_lengths, states: a streaming encoder"),
        (changed(encoder=Tangled()), True, "the encoder gives [1, 100], [1], not [utterances, frames, size]"),
        (changed(ctc_output=Complains()), True, "the CTC head fails on argument 0 [1, 25, 20]"),
        (changed(ctc_output=nn.Linear(20, 7)), True, "the model scores 7 tokens a frame, the vocabulary"),
        (blank_is, False, "its blank is token 3, the vocabulary's is 0"),
        (without_context, False, "does not say how many tokens it reads (decoder.context_size)"),
        (not_a_number, False, "the joiner's scores have NaN"),
        (wrong_encoder, False, "the encoder's output has"),
    ],
)
def test_modules_that_do_not_fit(
    tmp_path: Path, change: Callable[[AsrModel], AsrModel], ctc: bool, said: str
) -> None:
    path = write_icefall(tmp_path / "m", change(asr_model(tmp_path / "apart", ctc=ctc)))
    with pytest.raises(ModelError) as caught:
        load_recognizer(path, trust_model=True)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ctc", [True, False])
def test_tokens_of_another_model(tmp_path: Path, ctc: bool) -> None:
    model = asr_model(tmp_path / "apart", ctc=ctc)
    path = write_icefall(tmp_path / "m", model, pieces=ICEFALL_PIECES[:-2])
    with pytest.raises(ModelError, match=f"{len(ICEFALL_PIECES)} (tokens a frame|scores)"):
        load_recognizer(path, trust_model=True)


@pytest.mark.parametrize(("method", "ctc", "transducer"), [("ctc", False, True), ("transducer", True, False)])
def test_a_method_that_it_does_not_have(tmp_path: Path, method: str, ctc: bool, transducer: bool) -> None:
    path = write_icefall(tmp_path / "m", asr_model(tmp_path / "apart", ctc=ctc, transducer=transducer))
    describe(path, f'[decoder]\nmethod = "{method}"\n')
    with pytest.raises(ModelError, match=f"'decoder.method' is '{method}', but it has no"):
        load_recognizer(path, trust_model=True)


def test_files_that_are_missing_or_too_many(tmp_path: Path) -> None:
    path = write_icefall(tmp_path / "m", asr_model(tmp_path / "apart", ctc=True))
    other = path.with_name("jit_script_chunk_16_left_128.pt")
    other.write_bytes(path.read_bytes())
    with pytest.raises(ModelError, match="2 files could be its TorchScript model"):
        load_recognizer(path.parent, trust_model=True)
    assert load_recognizer(path, trust_model=True).info.files[0][0] == "jit_script.pt"
    (path.parent / "tokens.txt").unlink()
    with pytest.raises(ModelError, match=r"no tokens.txt .*beside the model"):
        load_recognizer(path, trust_model=True)
