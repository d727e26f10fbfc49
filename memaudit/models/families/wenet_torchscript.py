"""TorchScript models of WeNet, as its export_jit.py writes them: CTC scores, or the attention decoder."""

from __future__ import annotations

from typing import Literal

from memaudit.errors import ModelError
from memaudit.models.adapter import Adapter, LoadOptions, hashed
from memaudit.models.ctc.recognizer import CtcRecognizer
from memaudit.models.description import Description
from memaudit.models.detection import Detected
from memaudit.models.families.wenet_ctc import wenet_front_end
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.model_files import ModelFiles
from memaudit.models.recognizer import ModelInfo
from memaudit.models.tokens.base import Tokens, remarks
from memaudit.models.tokens.guess import token_table
from memaudit.models.torchscript.ctc_load import finished_ctc
from memaudit.models.torchscript.module import open_module, quantised_warnings
from memaudit.models.torchscript.run import torch_version
from memaudit.models.torchscript.trust import TORCHSCRIPT, require_trust
from memaudit.models.torchscript.wenet import WenetCtcGraph, WenetModel
from memaudit.models.torchscript.wenet_attention import WenetAttention
from memaudit.models.validation import Table

_TOKENS = ("units.txt", "words.txt", "tokens.txt")


class WenetDecoder(Table):
    """[decoder] of a TorchScript model of WeNet.

    Attributes:
        method: what makes transcripts and losses.
    """

    method: Literal["ctc", "attention"] = "ctc"


def load(description: Description, options: LoadOptions) -> CtcRecognizer | WenetAttention:
    """Load the model that ``description`` describes.

    Raises:
        UntrustedModelError: without the user's word: the file is not even opened then.
        MissingExtraError: if torch is not installed.
        ModelError: if a file is missing or is not what it should be, or the module does not fit.
    """
    path = description.model_path(options.suffixes)
    require_trust(path, options, TORCHSCRIPT)
    decoder = description.section("decoder", WenetDecoder)
    front_end, tokens = description.front_end(), description.tokens()
    model = WenetModel(open_module(path), str(path))
    if decoder.method == "attention":
        return _attention(description, options, model, front_end, tokens)
    model.require_ctc()
    told = ["its CTC scores are used"]
    if model.has_attention:
        told = ["its CTC scores are used, 'decoder.method' = \"attention\" takes the attention decoder"]
    warnings = quantised_warnings(model.module)
    graph = WenetCtcGraph(model)
    return finished_ctc(
        description, options, path, front_end, tokens, graph, inferred=told, warnings=warnings
    )


def _attention(
    description: Description,
    options: LoadOptions,
    model: WenetModel,
    front_end: FrontEnd,
    tokens: Tokens,
) -> WenetAttention:
    model.require_attention()
    start, end = model.symbol("sos_symbol"), model.symbol("eos_symbol")
    if not (0 <= start < tokens.size and 0 <= end < tokens.size):
        raise ModelError(
            f"its texts start with token {start} and end with {end}, the vocabulary has {tokens.size}",
            where=model.where,
            how="give the token file that the model was trained with ('tokens.file')",
        )
    found_out, doubts = remarks(tokens)
    path = description.model_path(options.suffixes)
    info = ModelInfo(
        adapter=options.adapter,
        files=hashed((path, *description.files, *tokens.files)),
        front_end=front_end.describe(),
        decoder={
            "method": "attention",
            "loss": "teacher-forcing",
            "start": start,
            "end": end,
            "tokens": tokens.describe(),
            "runtime": torch_version(),
        },
        inferred=(*description.reasons, *found_out, "its attention decoder is used, from left to right"),
        warnings=(*doubts, *quantised_warnings(model.module)),
    )
    return WenetAttention(info, front_end, tokens, model, start, end).probed()


def detect(files: ModelFiles) -> Detected | None:
    """Know WeNet's by final.zip and units.txt; the file is not opened."""
    finals = files.find("final*.zip")
    name = files.one("TorchScript model", *(("final*.zip",) if finals else ("*.zip",)))
    symbols = next((found[0] for one in _TOKENS if (found := files.find(one))), None)
    if name is None or (symbols is None and not finals):
        return None
    if symbols is None:
        raise ModelError(
            f"no {' or '.join(_TOKENS)} beside the model: its output cannot be read",
            where=str(files.folder / name),
            how="copy it from the recipe's data/dict into the same folder",
        )
    tokens, told = token_table(files.folder, symbols)
    table = {
        "files": {"model": name},
        "front_end": wenet_front_end(80).describe(),
        "tokens": tokens,
        "decoder": {"method": "ctc"},
    }
    reasons = (
        f"{name} with {symbols}: a TorchScript model of WeNet, by its name",
        "80 mel features, as WeNet's recipes have",
    )
    return Detected(table, (*reasons, *told))


ADAPTER = Adapter(
    name="wenet-torchscript",
    summary="a TorchScript model of WeNet, CTC or attention (code: needs --trust-model)",
    looks_for="final.zip (forward_encoder_chunk, ctc_activation, forward_attention_decoder), units.txt",
    load=load,
    detect=detect,
    suffixes=(".zip",),
    runtime="torch",
)
