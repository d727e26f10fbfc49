"""Moonshine (Jeffries et al. 2024): waveform in, encoder and decoder as optimum exports them."""

from __future__ import annotations

from pydantic import Field

from memaudit.models.adapter import Adapter, LoadOptions
from memaudit.models.attention.hf_files import ENCODER, hf_files, hf_tokens, load_graphs
from memaudit.models.attention.loading import AttentionDecoder, assembled, subwords
from memaudit.models.attention.recognizer import AttentionRecognizer
from memaudit.models.description import Description
from memaudit.models.detection import Detected
from memaudit.models.model_files import ModelFiles


class MoonshineDecoder(AttentionDecoder):
    """[decoder] of a Moonshine model.

    Attributes:
        start: the token that the decoder starts with.
        end: the end-of-text token.
    """

    positions: int = Field(512, ge=2)
    start: int = Field(1, ge=0)
    end: int = Field(2, ge=0)


def encoder_frames(samples: int) -> int:
    """Encoder frames of a waveform, 0 where it is too short: convolutions of 127 by 64, 7 by 3 and 3 by 2."""
    for width, stride in ((127, 64), (7, 3), (3, 2)):
        samples = max(0, (samples - width) // stride + 1)
    return samples


def detect(files: ModelFiles) -> Detected | None:
    """Moonshine by its config.json, or by its encoder's waveform beside a decoder.

    Raises:
        ModelError: if it is Moonshine and a file is missing or ambiguous.
    """
    if not files.find(*ENCODER):
        return None
    config = files.json("config.json") if "config.json" in files.names else {}
    if config.get("model_type", "moonshine") != "moonshine":
        return None
    encoder = files.one("encoder", *ENCODER)
    if encoder is None or files.graph(encoder).input("input_values") is None:
        return None
    graphs = hf_files(files, encoder)
    tokens = hf_tokens(files, ("tokenizer.bin", "moonshine-bin"))
    decoder = {
        "start": config.get("decoder_start_token_id", 1),
        "end": config.get("eos_token_id", 2),
        "positions": config.get("max_position_embeddings", 512),
    }
    table = {"files": graphs, "front_end": {"kind": "raw"}, "tokens": tokens, "decoder": decoder}
    by = "config.json says so" if config else "the encoder takes input_values"
    return Detected(
        table,
        (
            f"{' and '.join(graphs.values())}: Moonshine ({by})",
            f"references are written by {tokens.get('file', 'vocab.json and merges.txt')}",
        ),
    )


def load(description: Description, options: LoadOptions) -> AttentionRecognizer:
    """Load the model that ``description`` describes.

    Raises:
        ModelError: if a file is missing or is not what it should be, or they do not fit together.
        MissingExtraError: if ``tokenizers`` is not installed.
    """
    decoder = description.section("decoder", MoonshineDecoder)
    front_end, tokens = description.front_end(), subwords(description)
    model, graphs = load_graphs(description, options, front_end, frames=encoder_frames)
    search = decoder.search([decoder.start], decoder.end, tokens, where=str(description.path))
    return assembled(
        description,
        options,
        graphs=graphs,
        front_end=front_end,
        tokens=tokens.with_leading_space(value=False),
        search=search,
        model=model,
        unnamed=0,
        decoder={},
    )


ADAPTER = Adapter(
    name="moonshine",
    summary="Moonshine as optimum exports it",
    looks_for="encoder_model and decoder_model_merged (.onnx or .ort) with tokenizer.json or tokenizer.bin",
    load=load,
    detect=detect,
)
