"""Loading a transducer, which its families share: everything but its own prediction network and joiner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import onnxruntime

from memaudit.errors import ModelError
from memaudit.models.adapter import LoadOptions, hashed
from memaudit.models.ctc.recognizer import CtcInputs
from memaudit.models.description import Description
from memaudit.models.ort.files import external_files, quantised_operators
from memaudit.models.recognizer import ModelInfo
from memaudit.models.tokens.base import remarks
from memaudit.models.transducer.encoder import EncoderOutputs, Layout, bound_encoder
from memaudit.models.transducer.graph import TransducerGraph
from memaudit.models.transducer.probe import probed
from memaudit.models.transducer.recognizer import TransducerDecoder, TransducerRecognizer
from memaudit.models.transducer.utterance import wrong_width
from memaudit.reading import is_file

# Given the files after the encoder, the blank and [decoder]: what binds their graphs.
BindGraph = Callable[[Sequence[Path], int, TransducerDecoder], TransducerGraph[Any]]


def load_transducer(
    description: Description,
    options: LoadOptions,
    *,
    files: Sequence[str],
    bind: BindGraph,
    layout: Layout,
    max_symbols: Callable[[TransducerDecoder], int],
) -> TransducerRecognizer:
    """Load the model that ``description`` describes.

    Args:
        description: the model.toml.
        options: how to load it.
        files: names of the model's files, the encoder first.
        bind: see `BindGraph`.
        layout: axes of the encoder's output, where the description does not say.
        max_symbols: the most tokens of a frame, where the description does not say.

    Raises:
        ModelError: if a file is missing or is not what it should be, or the graphs do not fit.
    """
    where = str(description.path)
    inputs = description.section("inputs", CtcInputs)
    outputs = description.section("outputs", EncoderOutputs)
    decoder = description.section("decoder", TransducerDecoder)
    paths = [_there(description, name) for name in files]
    front_end, tokens = description.front_end(), description.tokens()
    if tokens.blank is None:
        raise ModelError("a transducer needs a blank token", where=where, how="set 'tokens.blank'")
    if decoder.durations and len(set(decoder.durations)) < len(decoder.durations):
        raise ModelError("'decoder.durations' gives a duration twice", where=where, how="give each once")
    encoder = bound_encoder(
        options.open(paths[0]), paths[0], inputs=inputs, outputs=outputs, layout=layout, front_end=front_end
    )
    graph = bind(paths[1:], tokens.blank, decoder)
    wanted = tokens.size + len(decoder.durations)
    if graph.width not in (None, wanted):
        raise wrong_width(graph.width or 0, wanted, where=graph.where)
    most = decoder.max_symbols or max_symbols(decoder)
    weights = [extra for path in paths for extra in external_files(path)]
    quantised = {name: None for path in paths for name in quantised_operators(path)}
    told, warned = remarks(tokens)
    info = ModelInfo(
        adapter=options.adapter,
        files=hashed((*paths, *weights, *description.files, *tokens.files)),
        front_end=front_end.describe(),
        decoder={
            "method": decoder.method,
            "max_symbols": most,
            "loss": "tdt-lattice" if decoder.durations else "rnnt-full-lattice",
            "durations": list(decoder.durations),
            "tokens": tokens.describe(),
            "runtime": f"onnxruntime {onnxruntime.__version__}",
        },
        inferred=(*description.reasons, *told, *encoder.told()),
        warnings=(
            *warned,
            *(f"{name} quantises activations as it runs: losses wobble" for name in quantised),
        ),
    )
    durations = tuple(decoder.durations)
    return probed(
        TransducerRecognizer(info, front_end, tokens, tokens.blank, encoder, graph, most, durations)
    )


def _there(description: Description, name: str) -> Path:
    path = description.folder / name
    if not is_file(path):
        raise ModelError(
            f"the model file {name} is missing",
            where=str(description.path),
            how="put it there or mend [files]",
        )
    return path
