"""The three graphs of a transducer that was exported in parts, by their names."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import Field

from memaudit.models.model_files import Graph, ModelFiles
from memaudit.models.transducer.detect import needed
from memaudit.models.validation import Table

_ENCODER = ("encoder*.onnx", "*-encoder*.onnx", "*_encoder*.onnx")
_DECODER = ("decoder*.onnx", "*-decoder*.onnx", "*_decoder*.onnx")
_JOINER = ("joiner*.onnx", "*-joiner*.onnx", "*_joiner*.onnx", "joint*.onnx", "*_joint.onnx")
_TOKENS = ("tokens.txt", "*-tokens.txt", "*_tokens.txt")


class ThreeFiles(Table):
    """[files] of a transducer in three graphs.

    Attributes:
        encoder: features to encoded frames.
        decoder: the prediction network.
        joiner: both to scores.
    """

    encoder: str = Field("encoder.onnx", min_length=1)
    decoder: str = Field("decoder.onnx", min_length=1)
    joiner: str = Field("joiner.onnx", min_length=1)


def three_files(files: ModelFiles, *, mine: Callable[[Graph], bool]) -> tuple[ThreeFiles, str] | None:
    """The graphs and the token file; None where there is no joiner, or its decoder is another family's.

    Args:
        files: what lies in the folder.
        mine: whether a prediction network is of the family that asks.

    Raises:
        ModelError: if a part is missing or several could be it.
    """
    # The joint graph of NeMo's merged export holds the decoder as well.
    if not any(not name.rpartition("/")[2].startswith("decoder") for name in files.find(*_JOINER)):
        return None
    decoder = needed(files, "decoder", files.one("decoder", *_DECODER), *_DECODER[:1])
    if not mine(files.graph(decoder)):
        return None
    joiner = needed(files, "joiner", files.one("joiner", *_JOINER), *_JOINER[:1])
    encoder = needed(files, "encoder", files.one("encoder", *_ENCODER), *_ENCODER[:1])
    tokens = needed(files, "token file", files.one("token file", *_TOKENS), *_TOKENS[:1])
    return ThreeFiles(encoder=encoder, decoder=decoder, joiner=joiner), tokens
