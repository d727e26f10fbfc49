"""Where a graph runs: memaudit's names of onnxruntime's execution providers.

A provider is taken as it is asked for, or the model is refused: never another in its place. onnxruntime adds
the CPU to each for the operators that it does not have; `check_running` makes sure that the provider itself
was not lost on the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import onnxruntime

from memaudit.errors import ModelError, UsageError

#: name -> onnxruntime's. Those of one device come in the order in which onnxruntime prefers them.
PROVIDERS: Mapping[str, str] = MappingProxyType(
    {
        "cpu": "CPUExecutionProvider",
        "cuda": "CUDAExecutionProvider",
        "tensorrt": "TensorrtExecutionProvider",
        "coreml": "CoreMLExecutionProvider",
        "directml": "DmlExecutionProvider",
        "openvino": "OpenVINOExecutionProvider",
        "rocm": "ROCMExecutionProvider",
        "migraphx": "MIGraphXExecutionProvider",
        "qnn": "QNNExecutionProvider",
        "cann": "CANNExecutionProvider",
        "dnnl": "DnnlExecutionProvider",
        "xnnpack": "XnnpackExecutionProvider",
        "webgpu": "WebGpuExecutionProvider",
    }
)
# What is missing, mostly, where onnxruntime does not have a provider.
_DISTRIBUTION: Mapping[str, str] = MappingProxyType(
    {
        "cuda": "onnxruntime-gpu",
        "tensorrt": "onnxruntime-gpu and TensorRT",
        "directml": "onnxruntime-directml",
        "openvino": "onnxruntime-openvino",
        "rocm": "onnxruntime-rocm",
        "migraphx": "onnxruntime-migraphx",
        "qnn": "onnxruntime-qnn",
        "cann": "onnxruntime-cann",
    }
)


def available() -> tuple[str, ...]:
    """The names that this onnxruntime can serve, in the order of `PROVIDERS`."""
    here = set(onnxruntime.get_available_providers())
    return tuple(name for name, known in PROVIDERS.items() if known in here)


def requested(name: str) -> list[str]:
    """onnxruntime's names of the providers of a session: the one that is called ``name`` first.

    TensorRT leaves what it cannot do to CUDA, not to the CPU.

    Raises:
        UsageError: if there is no such name, or this onnxruntime does not have the provider: naming those
            that it has.
    """
    where, here = "--provider", f"this onnxruntime has: {', '.join(available())}"
    if name not in PROVIDERS:
        raise UsageError(f"no provider '{name}'", where=where, how=f"known: {', '.join(PROVIDERS)}; {here}")
    if name not in available():
        needed = _DISTRIBUTION.get(name)
        install = f"; '{name}' comes with {needed}" if needed else ""
        raise UsageError(
            f"onnxruntime {onnxruntime.__version__} has no '{name}' here", where=where, how=f"{here}{install}"
        )
    beside = ["cuda"] if name == "tensorrt" and "cuda" in available() else []
    return [PROVIDERS[one] for one in (name, *beside)]


def check_running(running: Sequence[str], wanted: str, path: Path) -> None:
    """Refuse a session that does not run where it should.

    Args:
        running: what the session says of itself, the preferred provider first.
        wanted: onnxruntime's name of the provider that was asked for.
        path: the model file.

    Raises:
        ModelError: if onnxruntime has put another provider in the place of the wanted one.
    """
    if not running or running[0] != wanted:
        raise ModelError(
            f"onnxruntime does not run it on {wanted}, but on {', '.join(running) or 'nothing'}",
            where=str(path),
            how="check the device, its driver and its libraries; --provider cpu runs everywhere",
        )
