"""One onnxruntime session: one thread, no spinning, nothing printed, and errors in one line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as _state

from memaudit.errors import ModelError
from memaudit.models.ort.providers import check_running, requested

# onnxruntime has no common base for what it raises; its Python layer adds the last two.
_ERRORS: tuple[type[Exception], ...] = (
    *(v for v in vars(_state).values() if isinstance(v, type) and issubclass(v, Exception)),
    RuntimeError,
    ValueError,
)
_NOISE = re.compile(
    r"\[ONNXRuntimeError\] : \d+ : \w+ : |Load model from .*? failed:"
    r"|Exception during initialization: |\S*/onnxruntime/core/\S+ .*?\) (?=[A-Z\[])"
)


def open_session(path: Path, *, provider: str = "cpu") -> onnxruntime.InferenceSession:
    """Load a graph on ``provider``, a name of `memaudit.models.ort.providers`: never on another in its place.

    One thread, because an audit runs several processes side by side, and threads that spin on a busy machine
    take twice the time.

    Raises:
        UsageError: if this onnxruntime does not have the provider.
        ModelError: if it is no ONNX model, or this onnxruntime cannot run it there.
    """
    wanted = requested(provider)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 4
    try:
        # Left alone, the Python layer prints on stdout and tries the CPU in the provider's place.
        session = onnxruntime.InferenceSession(str(path), options, providers=wanted, enable_fallback=0)
    except _ERRORS as error:
        if "protobuf" in str(error).lower():
            what, how = "no ONNX model", "give a model exported to ONNX, or set 'family' to what it is"
        else:
            what = f"onnxruntime {onnxruntime.__version__} cannot load it"
            how = "export it again, for this onnxruntime"
        raise ModelError(f"{what} ({_reason(error)})", where=str(path), how=how) from error
    check_running(session.get_providers(), wanted[0], path)
    return session


def run_session(
    session: onnxruntime.InferenceSession,
    outputs: Sequence[str],
    feeds: Mapping[str, NDArray[Any]],
    *,
    where: str,
) -> list[NDArray[Any]]:
    """Run the graph once.

    Raises:
        ModelError: if it fails on these inputs.
    """
    run_options = onnxruntime.RunOptions()
    run_options.log_severity_level = 4
    try:
        results = session.run(list(outputs), dict(feeds), run_options)
    except _ERRORS as error:
        shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in feeds.items())
        raise ModelError(
            f"the graph fails on {shapes} ({_reason(error)})",
            where=where,
            how="check [front_end] and [inputs] of its model.toml",
        ) from error
    return [np.asarray(result) for result in results]


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    while (shorter := _NOISE.sub("", text)) != text:
        text = shorter
    text = text.rstrip(".")
    return text if len(text) <= 240 else text[:237] + "..."
