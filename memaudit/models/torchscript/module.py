"""Opening a TorchScript file, once the user has said that its code may run."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, cast

from memaudit.errors import MissingExtraError, ModelError

if TYPE_CHECKING:
    import torch


def open_module(path: Path) -> torch.jit.ScriptModule:
    """Load a module for inference on the CPU, on one thread.

    Raises:
        MissingExtraError: if torch is not installed.
        ModelError: if the file is no TorchScript archive.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("a TorchScript model", "torch") from error
    torch.set_num_threads(1)
    try:
        with warnings.catch_warnings():
            # The format is what users have; torch 2.13 deprecates it in favour of torch.export.
            warnings.filterwarnings(
                "ignore", message=r"`torch\.jit\.load` is deprecated", category=DeprecationWarning
            )
            module = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    except torch_errors() as error:
        raise ModelError(
            f"no TorchScript file ({short_reason(error)})",
            where=str(path),
            how="save the model with torch.jit.script or torch.jit.trace, or export it to ONNX",
        ) from error
    return cast("torch.jit.ScriptModule", module.eval())


def torch_errors() -> tuple[type[Exception], ...]:
    """What torch raises on files and inputs that are not what it expects, and what scripted code raises."""
    import torch

    builtin = (RuntimeError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError)
    return (*builtin, torch.jit.Error)


def torch_version() -> str:
    """The runtime, as `ModelInfo.decoder` names it."""
    import torch

    return f"torch {torch.__version__}"


def short_reason(error: Exception) -> str:
    """The last line of what torch says, which is the cause."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:240]
