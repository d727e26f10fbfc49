"""A trained recogniser as files that memaudit, and anything else that runs ONNX or TorchScript, can load."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from memaudit.files import write_bytes, write_text
from memaudit.lab.recognizer import ConvRecognizer
from memaudit.lab.utterances import Vocabulary

BLANK_NAME = "<blk>"
INPUTS = ("features", "lengths")
OUTPUTS = ("log_probs", "log_prob_lengths")
OPSET = 20  # the first with Gelu


def export_onnx(
    model: ConvRecognizer, folder: Path, vocabulary: Vocabulary, front_end: Mapping[str, Any]
) -> tuple[Path, ...]:
    """Write model.onnx (weights inside, free batch and time axes), model.toml and tokens.txt.

    Args:
        model: what to export.
        folder: where; made if it is not there.
        vocabulary: the words of its tokens.
        front_end: the [front_end] table of model.toml, as `FrontEnd.describe` gives it.

    Raises:
        OutputError: if the files cannot be written.
    """
    example = (torch.zeros(2, 64, model.shape.mel_bins), torch.tensor([64, 40]))
    free = torch.export.Dim.DYNAMIC
    with _quiet():
        program = torch.onnx.export(
            model.cpu().eval(),
            example,
            dynamo=True,
            opset_version=OPSET,
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            dynamic_shapes=({0: free, 1: free}, {0: free}),
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export gave no program")
    for node in program.model.graph:
        node.metadata_props.clear()  # stack traces: paths of this machine, and another file on each
    data = program.model_proto.SerializeToString(deterministic=True)
    return _write(folder, "model.onnx", data, "onnx-ctc", vocabulary, front_end)


def export_torchscript(
    model: ConvRecognizer, folder: Path, vocabulary: Vocabulary, front_end: Mapping[str, Any]
) -> tuple[Path, ...]:
    """The same as TorchScript: model.pt, model.toml and tokens.txt.

    Raises:
        OutputError: if the files cannot be written.
    """
    stream = io.BytesIO()
    with _quiet():
        torch.jit.save(torch.jit.script(model.cpu().eval()), stream)
    return _write(folder, "model.pt", stream.getvalue(), "torchscript-ctc", vocabulary, front_end)


def _write(
    folder: Path, name: str, data: bytes, family: str, vocabulary: Vocabulary, front_end: Mapping[str, Any]
) -> tuple[Path, ...]:
    tokens = "".join(f"{word} {number}\n" for number, word in enumerate((BLANK_NAME, *vocabulary.words)))
    paths = (folder / name, folder / "model.toml", folder / "tokens.txt")
    write_bytes(paths[0], data)
    write_text(paths[1], _description(name, family, front_end))
    write_text(paths[2], tokens)
    return paths


def _description(name: str, family: str, front_end: Mapping[str, Any]) -> str:
    # A JSON string, number or boolean is a TOML one too.
    table = "".join(f"{key} = {json.dumps(value)}\n" for key, value in front_end.items())
    return (
        f'schema = "memaudit/model/1"\nfamily = "{family}"\n\n'
        f'[files]\nmodel = "{name}"\n\n'
        f"[front_end]\n{table}\n"
        f'[tokens]\nkind = "lines"\nstyle = "word"\nfile = "tokens.txt"\nblank = "{BLANK_NAME}"\n\n'
        f'[inputs]\nfeatures = "{INPUTS[0]}"\nlength = "{INPUTS[1]}"\nlayout = "time-features"\n'
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporters' remarks about their own deprecated insides and packages that they miss."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
