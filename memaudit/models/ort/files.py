"""What an ONNX file says without being loaded: its external data files and its quantised operators."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from memaudit.errors import ModelError
from memaudit.reading import is_file

# StringStringEntryProto of TensorProto.external_data: field 1 "location", then field 2 with its length.
_LOCATION = re.compile(rb"\x0a\x08location\x12([\x80-\xff]?[\x01-\x7f])", re.DOTALL)
_QUANTISED = (b"DynamicQuantizeLinear", b"DynamicQuantizeMatMul", b"DynamicQuantizeLSTM", b"MatMulInteger")


def external_files(path: Path) -> tuple[Path, ...]:
    """The files beside ``path`` that hold weights of its graph, each once, in order of appearance.

    The protobuf is searched for its location entries, which needs neither the onnx package nor a second copy
    of the weights in memory.

    Raises:
        ModelError: if one of them is missing or lies outside the model's folder, or ``path`` cannot be read.
    """
    names: dict[str, None] = {}
    with _mapped(path) as data:
        for match in _LOCATION.finditer(data):
            low, high = match[1][0], match[1][1:]
            length = (low & 0x7F) | (high[0] << 7 if high else 0)
            raw = data[match.end() : match.end() + length]
            try:
                names.setdefault(raw.decode("utf-8"))
            except UnicodeDecodeError:
                continue
    for name in names:
        _check_inside(path, name)
    missing = [name for name in names if not is_file(path.parent / name)]
    if missing:
        raise ModelError(
            f"its weights are in {', '.join(missing)}, which is missing",
            where=str(path),
            how="copy that file from the export into the same folder",
        )
    return tuple(path.parent / name for name in names)


def _check_inside(path: Path, name: str) -> None:
    """Refuse a name that leads out of the model's folder, by itself or through a link.

    A link beside a model that is a link itself may lead to where the model's own leads: so hubs keep files.
    """
    given = path.parent / name
    folders = {path.parent.resolve(), path.resolve().parent}
    try:
        inside = any(given.resolve().is_relative_to(folder) for folder in folders)
    except (OSError, ValueError, RuntimeError):  # a zero byte, a loop of links
        inside = False
    if not inside or PurePath(name).is_absolute() or ".." in PurePath(name).parts:
        raise ModelError(
            f"its weights are in {name!r}, which is outside its folder",
            where=str(path),
            how="do not trust this model; export it again with its data beside it",
        )


def quantised_operators(path: Path) -> tuple[str, ...]:
    """The operators in ``path`` that quantise activations on the fly, so that losses wobble."""
    with _mapped(path) as data:
        return tuple(name.decode() for name in _QUANTISED if data.find(name) >= 0)


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data
    except ValueError as error:  # an empty file cannot be mapped
        raise ModelError(
            "the file is empty, so it is no ONNX model", where=str(path), how="export it again"
        ) from error
    except OSError as error:
        raise ModelError(
            f"cannot be read ({error.strerror})", where=str(path), how="check its rights"
        ) from error
