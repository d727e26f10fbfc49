"""TorchScript models of icefall, as its export.py --jit 1 writes them: CTC head, transducer, or both."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from memaudit.errors import ModelError
from memaudit.models.adapter import Adapter, LoadOptions
from memaudit.models.ctc.recognizer import CtcRecognizer
from memaudit.models.description import Description
from memaudit.models.detection import Detected
from memaudit.models.frontends.kaldi import KaldiFrontEnd
from memaudit.models.model_files import ModelFiles
from memaudit.models.tokens.guess import token_table
from memaudit.models.torchscript.ctc_load import finished_ctc
from memaudit.models.torchscript.icefall import IcefallCtcGraph, IcefallModel, icefall_model
from memaudit.models.torchscript.module import open_module, quantised_warnings
from memaudit.models.torchscript.transducer_load import finished_transducer
from memaudit.models.torchscript.trust import TORCHSCRIPT, require_trust
from memaudit.models.transducer.recognizer import TransducerRecognizer
from memaudit.models.validation import Table

_NAMES = ("jit_script*.pt", "cpu_jit*.pt")
_TOKENS = ("tokens.txt", "*tokens.txt")


class IcefallDecoder(Table):
    """[decoder] of a TorchScript model of icefall.

    Attributes:
        method: what makes transcripts and losses; left out: the CTC head where there is one.
        max_symbols: the most tokens that a transducer's search writes on one frame; icefall's allow one.
    """

    method: Literal["ctc", "transducer"] | None = None
    max_symbols: int = Field(1, ge=1)


def load(description: Description, options: LoadOptions) -> CtcRecognizer | TransducerRecognizer:
    """Load the model that ``description`` describes.

    Raises:
        UntrustedModelError: without the user's word: the file is not even opened then.
        MissingExtraError: if torch is not installed.
        ModelError: if a file is missing or is not what it should be, or the module does not fit.
    """
    path = description.model_path(options.suffixes)
    require_trust(path, options, TORCHSCRIPT)
    decoder = description.section("decoder", IcefallDecoder)
    front_end, tokens = description.front_end(), description.tokens()
    model = icefall_model(open_module(path), where=str(path))
    method = decoder.method or ("ctc" if model.has_ctc else "transducer")
    if not (model.has_ctc if method == "ctc" else model.has_transducer):
        parts = "no CTC head" if method == "ctc" else "no prediction network and joiner"
        raise ModelError(
            f"'decoder.method' is '{method}', but it has {parts}", where=str(path), how="leave it out"
        )
    told = [_told(model, method)]
    if method == "transducer":
        most = decoder.max_symbols
        return finished_transducer(
            description, options, path, front_end, tokens, model, max_symbols=most, inferred=told
        )
    warnings = quantised_warnings(model.module)
    graph = IcefallCtcGraph(model)
    return finished_ctc(
        description, options, path, front_end, tokens, graph, inferred=told, warnings=warnings
    )


def _told(model: IcefallModel, method: str) -> str:
    if model.has_ctc and model.has_transducer:
        other = "transducer" if method == "ctc" else "ctc"
        return (
            f"it has a CTC head and a transducer: {method} is used, "
            f"'decoder.method' = \"{other}\" takes the other"
        )
    return f"it has {'a CTC head' if method == 'ctc' else 'a transducer'} only"


def detect(files: ModelFiles) -> Detected | None:
    """Know icefall's by the names that its export.py gives; the file is not opened.

    Raises:
        ModelError: if there are several, or there is no token file.
    """
    name = files.one("TorchScript model", *_NAMES)
    if name is None:
        return None
    symbols = files.one("token file", "tokens.txt") or files.one("token file", *_TOKENS)
    if symbols is None:
        raise ModelError(
            f"no {' or '.join(_TOKENS)} beside the model: its output cannot be read",
            where=str(files.folder / name),
            how="copy it from the recipe's data/lang_... into the same folder",
        )
    tokens, told = token_table(files.folder, symbols)
    table = {
        "files": {"model": name},
        "front_end": KaldiFrontEnd().describe(),
        "tokens": tokens,
    }
    reasons = (
        f"{name} with {symbols}: a TorchScript model of icefall, by its name",
        "80 mel features, as icefall's recipes have",
    )
    return Detected(table, (*reasons, *told))


ADAPTER = Adapter(
    name="icefall-torchscript",
    summary="a TorchScript model of icefall, CTC or transducer (code: needs --trust-model)",
    looks_for="jit_script.pt or cpu_jit.pt (encoder, ctc_output, decoder, joiner), tokens.txt",
    load=load,
    detect=detect,
    suffixes=(".pt",),
    runtime="torch",
)
