"""The recogniser: shapes, seeds, and that neither padding nor neighbours change what it says."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from memaudit.lab.recognizer import Shape, make_recognizer, output_frames
from tests.lab.builders import MELS, SHAPE, TOKENS, alone, random_batch, small_recognizer


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), size=st.integers(1, 5))
def test_padding_and_neighbours_change_nothing(seed: int, size: int) -> None:
    model, batch = small_recognizer(), random_batch(size, seed)
    padding = torch.arange(batch.features.shape[1]) >= batch.lengths[:, None]
    dirty = torch.where(padding[:, :, None], 1e3, batch.features)
    together, lengths = model(dirty, batch.lengths)
    for number in range(size):
        single = alone(batch, number)
        log_probs, frames = model(single.features, single.lengths)
        assert frames.item() == lengths[number] == log_probs.shape[1]
        torch.testing.assert_close(together[number, : int(frames)], log_probs[0], rtol=1e-9, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(frames=st.integers(1, 400))
def test_one_output_frame_for_four_input_frames(frames: int) -> None:
    model = small_recognizer()
    log_probs, lengths = model(torch.zeros(1, frames, MELS).double(), torch.tensor([frames]))
    assert log_probs.shape == (1, output_frames(frames), TOKENS)
    assert lengths.tolist() == [-(-frames // 4)]
    torch.testing.assert_close(log_probs.exp().sum(-1), torch.ones(1, output_frames(frames)).double())


def test_weights_depend_on_the_seed_alone() -> None:
    torch.manual_seed(1)
    first = make_recognizer(SHAPE, 5).state_dict()
    before = torch.get_rng_state()
    second = make_recognizer(SHAPE, 5).state_dict()
    other = make_recognizer(SHAPE, 6).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["output.weight"], other["output.weight"])


def test_shipped_size_fits_an_onnx_file_of_five_megabytes() -> None:
    count = sum(parameter.numel() for parameter in make_recognizer(Shape(tokens=101), 0).parameters())
    assert 4 * count < 2_000_000


def test_a_wider_one_has_the_weights_of_its_formula() -> None:
    """Two strided convolutions, the blocks with a norm each, the last norm and the output layer."""
    counts = {}
    for width in (64, 128, 256):
        shape = Shape(tokens=101, width=width)
        counts[width] = sum(parameter.numel() for parameter in make_recognizer(shape, 0).parameters())
        inside = width * width * 5 + width
        norms = 2 * width * 4
        assert counts[width] == 40 * 5 * width + width + 4 * inside + norms + 101 * (width + 1)
    assert counts[64] < counts[128] / 3 < counts[256] / 9
