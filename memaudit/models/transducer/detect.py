"""What the transducer families look at in files that no model.toml describes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from memaudit.errors import ModelError
from memaudit.models.model_files import Graph, ModelFiles
from memaudit.models.ort.binding import Node
from memaudit.models.tokens.files import read_symbols
from memaudit.models.transducer.net import Net, Roles, roles
from memaudit.models.transducer.utterance import wrong_width

# No published token-and-duration transducer has more durations than 0 to 8.
_MOST_DURATIONS = 9
_BLANK = "<blk>"


def is_encoder(graph: Graph) -> bool:
    """Whether a graph takes features and their length and gives encoded frames, and keeps no state."""
    features = [node for node in graph.inputs if node.is_float and len(node.shape) == 3]
    lengths = [node for node in graph.inputs if node.is_integer and len(node.shape) == 1]
    encoded = [node for node in graph.outputs if node.is_float and len(node.shape) in (0, 3)]
    return len(features) == len(lengths) == 1 and len(graph.inputs) == 2 and bool(encoded)


def features_node(graph: Graph) -> Node:
    """The input of an encoder that takes the features."""
    return next(node for node in graph.inputs if node.is_float)


def roles_of(files: ModelFiles, name: str) -> Roles:
    """The inputs and outputs of a graph by type; `ModelError` if it has others."""
    path = files.folder / name
    return roles(files.sessions.open(path), path)


def needed(files: ModelFiles, role: str, found: str | None, *patterns: str) -> str:
    """``found``; `ModelError` where it is None: a part of a model surely of this family is missing."""
    if found is None:
        raise ModelError(
            f"its {role} is missing (looked for {', '.join(patterns)})",
            where=str(files.folder),
            how="copy it from the export into the same folder",
        )
    return found


def scores_of(net: Net) -> int:
    """How many scores a node has: from the graph, else by running it once on zeros.

    Raises:
        ModelError: if its inputs leave open what to run it on, or it fails.
    """
    if net.width is not None:
        return net.width
    zeros = []
    for node in net.inputs:
        # Only the batch axis and time can be 1 where the graph leaves them open.
        shape = tuple(1 if size is None else size for size in node.shape)
        zeros.append(np.ones(shape, node.dtype) if len(shape) == 1 else np.zeros(shape, node.dtype))
    return int(net.run(*zeros)[0].shape[-1])


def vocabulary_size(path: Path) -> int:
    """V of a token file, the blank included: one more than its lines where none of them is the blank."""
    symbols = read_symbols(path)
    return len(symbols) + (_BLANK not in symbols)


def durations(scores: int, size: int, *, kind: str | None, where: str) -> tuple[list[int], str | None]:
    """The durations of a NeMo transducer, none for RNNT, and why in a sentence.

    NeMo's token-and-duration transducers score the durations 0, 1, 2, ... after the tokens.

    Args:
        scores: how many scores a node has.
        size: V, the blank included.
        kind: "rnnt" or "tdt" where the files say so.
        where: the file with the scores.

    Raises:
        ModelError: if the rest is no number of durations, so that the tokens are of another model.
    """
    rest = scores - size
    if rest == 0 and kind != "tdt":
        return [], None
    if kind == "rnnt" or not 2 <= rest <= _MOST_DURATIONS:
        raise wrong_width(scores, size, where=where)
    why = (
        f"{scores} scores for {size} tokens: the last {rest} are the durations 0 to {rest - 1} "
        "of a token-and-duration transducer"
    )
    return list(range(rest)), why


def nemo_tokens(files: ModelFiles, name: str) -> dict[str, object]:
    """[tokens] of NeMo's word pieces: the blank comes last, named "<blk>" or left out."""
    symbols = read_symbols(files.folder / name)
    blank = symbols.index(_BLANK) if _BLANK in symbols else len(symbols)
    return {"kind": "pieces", "file": name, "blank": blank}
