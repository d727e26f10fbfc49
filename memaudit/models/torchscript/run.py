"""torch itself: imported when it is needed, run on one thread, its errors put into one line."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from memaudit.errors import MissingExtraError, ModelError

if TYPE_CHECKING:
    import torch

_CHECK = "check [front_end] and [inputs] of its model.toml"


def require_torch(feature: str) -> None:
    """See that torch is there, and let it run on one thread: an audit runs several processes side by side.

    Args:
        feature: what needs it, for the message.

    Raises:
        MissingExtraError: if it is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError(feature, "torch") from error
    torch.set_num_threads(1)


def torch_errors() -> tuple[type[Exception], ...]:
    """What torch raises on files and inputs that are not what it expects, and what scripted code raises."""
    import torch

    builtin = (RuntimeError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError)
    return (*builtin, AssertionError, torch.jit.Error)


def torch_version() -> str:
    """The runtime, as `ModelInfo.decoder` names it."""
    import torch

    return f"torch {torch.__version__}"


def short_reason(error: Exception) -> str:
    """The last line of what torch says, which is the cause."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:240]


def run(
    function: Callable[..., Any],
    *positional: Any,
    named: Mapping[str, Any] = MappingProxyType({}),
    where: str,
    what: str = "the module",
    how: str = _CHECK,
) -> Any:
    """Call a part of a model without gradients.

    Args:
        function: a module or one of its methods.
        positional: what it is given.
        named: what it is given by name.
        where: the model file.
        what: the part, for the message.
        how: how to mend it, for the message.

    Raises:
        ModelError: if it fails.
    """
    import torch

    try:
        # A graph of torch.export prints its own code where it fails.
        with torch.inference_mode(), redirect_stderr(io.StringIO()):
            return function(*positional, **named)
    except torch_errors() as error:
        given = [(f"argument {index}", value) for index, value in enumerate(positional)] + list(named.items())
        shapes = ", ".join(
            f"{name} {list(value.shape)}" for name, value in given if isinstance(value, torch.Tensor)
        )
        raise ModelError(f"{what} fails on {shapes} ({short_reason(error)})", where=where, how=how) from error


def float_array(tensor: torch.Tensor) -> NDArray[np.float32]:
    """A tensor as float32."""
    import torch

    array: NDArray[np.float32] = tensor.detach().to(torch.float32).numpy()
    return array
