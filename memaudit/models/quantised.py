"""Operators on quantised numbers in the files of a model."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

#: What an operator's name has in it. Searched for one after the other: a search for plain bytes is many times
#: as fast as one for alternatives.
_MARKS = (b"uantize", b"MatMulNBits", b"MatMulInteger", b"ConvInteger", b"QLinear")
_ALWAYS = 2
"""So many of the marks are in every quantised graph, one or the other: the rest only name its operators."""

#: The whole name of an operator: names of nodes and tensors have more to them (``conv_QuantizeLinear``).
_NAME = re.compile(
    rb"(?<![A-Za-z0-9_/])(?:(?:Dynamic)?(?:Quantize|Dequantize)(?:Linear|MatMul|LSTM)|MatMulInteger(?:ToFloat)?"
    rb"|ConvInteger|QLinear[A-Z][A-Za-z]+|MatMulNBits)(?![A-Za-z0-9_/])"
)
_REACH = 24
_MOST = 1000
"""So many hits of a mark are looked at: after them a graph has told which operators it has."""


def quantised_files(given: Path, names: Iterable[str]) -> tuple[str, ...]:
    """The quantised operators of the ONNX files among ``names``, sorted.

    Args:
        given: the file or folder that the user named.
        names: of the model's files, as `ModelInfo.files` has them: without their folders.
    """
    wanted = {name for name in names if Path(name).suffix.lower() in (".onnx", ".ort")}
    found: set[str] = set()
    for path in _located(given, wanted):
        found |= _operators(path)
    return tuple(sorted(found))


def _located(given: Path, wanted: set[str]) -> Iterator[Path]:
    """The first file of each name in the model's folder, in a folder of it, or beside it."""
    folder = given if given.is_dir() else given.parent
    folders = [folder, *sorted(path for path in folder.iterdir() if path.is_dir()), folder.parent]
    for name in sorted(wanted):
        path = next((place / name for place in folders if (place / name).is_file()), None)
        if path is not None:
            yield path


def _operators(path: Path) -> set[str]:
    found: set[str] = set()
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for number, mark in enumerate(_MARKS):
            if number == _ALWAYS and not found:
                break
            at = data.find(mark)
            for _ in range(_MOST):
                if at < 0:
                    break
                begin = max(0, at - _REACH)
                for match in _NAME.finditer(data[begin : at + len(mark) + _REACH]):
                    if match.start() <= at - begin < match.end():
                        found.add(match[0].decode("ascii"))
                at = data.find(mark, at + len(mark))
    return found
