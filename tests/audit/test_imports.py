"""What an audit of transcripts does not wait for."""

from __future__ import annotations

import subprocess
import sys

SCORE = """
import sys
import memaudit.audit.audit, memaudit.audit.run, memaudit.kit.verify
import memaudit.report.html, memaudit.report.terminal
print(sorted({"scipy.stats", "jiwer", "onnxruntime", "torch"} & set(sys.modules)))
"""


def test_scoring_transcripts_imports_no_runtime_and_no_scipy_stats() -> None:
    """They take longer to import than a small audit takes to compute."""
    done = subprocess.run([sys.executable, "-c", SCORE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
