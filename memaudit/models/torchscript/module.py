"""Opening a TorchScript file, once the user has said that its code may run."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, cast

from memaudit.errors import ModelError
from memaudit.models.torchscript.run import require_torch, short_reason, torch_errors

if TYPE_CHECKING:
    import torch


def open_module(path: Path) -> torch.jit.ScriptModule:
    """Load a module for inference on the CPU, on one thread.

    Raises:
        MissingExtraError: if torch is not installed.
        ModelError: if the file is no TorchScript archive.
    """
    require_torch("a TorchScript model")
    import torch

    try:
        with warnings.catch_warnings():
            # Formats that torch 2.13 deprecates are what users have: TorchScript, quantised tensors.
            warnings.filterwarnings(
                "ignore", message=r"`torch\.jit\.load` is deprecated", category=DeprecationWarning
            )
            warnings.filterwarnings("ignore", message=r"torch\.quantize_per_tensor", category=UserWarning)
            module = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    except torch_errors() as error:
        raise ModelError(
            f"no TorchScript file ({short_reason(error)})",
            where=str(path),
            how="save the model with torch.jit.script or torch.jit.trace, or export it to ONNX",
        ) from error
    return cast("torch.jit.ScriptModule", module.eval())


def argument_names(
    module: torch.jit.ScriptModule, method: str = "forward", *, needed: bool = False
) -> tuple[str, ...] | None:
    """The arguments of a method without self, or of them those without a default; None: no such method."""
    schema = getattr(getattr(module, method, None), "schema", None)
    if schema is None:
        return None
    return tuple(one.name for one in schema.arguments[1:] if not (needed and one.has_default_value()))


def parameter_dtype(module: torch.nn.Module) -> torch.dtype:
    """The type of its weights, which its input must have; single precision where it has none."""
    import torch

    found = (one.dtype for one in module.parameters() if one.is_floating_point())
    return next(found, torch.float32)


def quantised_warnings(module: torch.jit.ScriptModule) -> tuple[str, ...]:
    """A sentence where layers quantise activations as they run, else none."""
    kinds = (str(part._c._type()) for part in module.modules() if isinstance(part, type(module)))
    if any(".quantized.dynamic." in kind for kind in kinds):
        return ("its layers quantise activations as they run: losses wobble",)
    return ()
