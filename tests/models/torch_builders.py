"""torch.export programs, and modules with the methods that icefall and WeNet export."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.models.builders import MELS

FREE = torch.export.Dim.AUTO


def export(
    module: torch.nn.Module,
    path: Path,
    *,
    features: int = MELS,
    free: dict[int, object] | None = None,
    by_name: bool = False,
    dtype: torch.dtype = torch.float32,
) -> Path:
    """Save a module that takes x and x_lens as torch.export does.

    Args:
        module: the module.
        path: the file.
        features: F, or 1 for a waveform.
        free: the axes of x that may have any length; by default the time axis.
        by_name: whether it was exported with keyword arguments.
        dtype: of x.
    """
    shape = (1, 100, features) if features > 1 else (1, 16000)
    given = {"x": torch.randn(shape, dtype=dtype), "x_lens": torch.tensor([shape[1]])}
    if free and 0 in free:  # an axis of 1 is fixed at 1
        given = {name: torch.cat([value, value]) for name, value in given.items()}
    axes = {"x": {1: FREE} if free is None else free, "x_lens": {0: FREE} if free and 0 in free else None}
    if by_name:
        program = torch.export.export(module.eval(), (), given, dynamic_shapes=axes)
    else:
        program = torch.export.export(
            module.eval(), tuple(given.values()), dynamic_shapes=tuple(axes.values())
        )
    torch.export.save(program, str(path))
    return path
