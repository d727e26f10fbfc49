"""The program and the versions that its figures depend on."""

from __future__ import annotations

import platform
from importlib.metadata import version

from memaudit import __version__
from memaudit.audit.result_subject import Tool

PACKAGES = ("jiwer", "numpy", "onnxruntime", "scipy", "soundfile")


def this_tool() -> Tool:
    """The program, and the versions that its figures depend on."""
    return Tool(
        version=__version__,
        python=platform.python_version(),
        packages={name: version(name) for name in PACKAGES},
    )
