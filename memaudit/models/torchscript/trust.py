"""Models that are code are opened only with the user's word."""

from __future__ import annotations

from pathlib import Path

from memaudit.errors import UntrustedModelError
from memaudit.models.adapter import LoadOptions


def require_trust(path: Path, options: LoadOptions, what: str) -> None:
    """Refuse a model that is code before anything reads it.

    Args:
        path: the model file.
        options: whether the user trusts it.
        what: what about it is code, as a clause.

    Raises:
        UntrustedModelError: without the user's word.
    """
    if not options.trust_model:
        raise UntrustedModelError(
            what,
            where=str(path),
            how="give --trust-model if you trust whoever made it, or export the model to ONNX",
        )


TORCHSCRIPT = "TorchScript is code, which runs with your rights when it is loaded"
EXPORTED_PROGRAM = "torch.export files are read with pickle, so that they can run code with your rights"
