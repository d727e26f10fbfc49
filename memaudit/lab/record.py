"""What was made, from what, and how it came out: the record beside the recognisers."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from memaudit import __version__
from memaudit.audit.results import Results
from memaudit.files import sha256_file
from memaudit.kit.store import INFO, Kit
from memaudit.lab.setup import Setup
from memaudit.lab.train import History

SCHEMA = "memaudit/lab-reference/1"
_PACKAGES = ("torch", "numpy", "onnxscript", "kaldi-native-fbank", "espeakng-loader", "python-stretch")


def record(
    setup: Setup, seed: int, threads: int, kit: Kit, pretrained: dict[str, Any], made: dict[str, Any]
) -> dict[str, Any]:
    """The record.

    Args:
        setup: every number that went in.
        seed: likewise.
        threads: of torch.
        kit: the kit that was made.
        pretrained: figures of the model before fine-tuning.
        made: name of a recogniser -> its plan, file digests and figures.
    """
    return {
        "schema": SCHEMA,
        "command": f"memaudit lab reference --out DIR --seed {seed} {setup.options}".strip(),
        "seed": seed,
        "versions": {"memaudit": __version__, **{name: version(name) for name in _PACKAGES}},
        "machine": {
            "system": platform.system(),
            "machine": platform.machine(),
            "instructions": torch.backends.cpu.get_cpu_capability(),
            "threads": threads,
        },
        "setup": setup.as_dict(),
        "kit": {"commitment": kit.commitment, "kit.json": sha256_file(kit.root / INFO)},
        "pretrained": pretrained,
        "recognisers": made,
    }


def file_digests(paths: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """name -> SHA-256 and bytes."""
    return {path.name: {"sha256": sha256_file(path), "bytes": path.stat().st_size} for path in paths}


def training_figures(history: History) -> dict[str, float]:
    """Steps, time, the median gradient norm before clipping, mean loss of the first and last 20 steps."""
    first, last = history.losses[:20], history.losses[-20:]
    return {
        "steps": len(history.losses),
        "seconds": round(history.seconds, 1),
        "median_norm": round(history.median_norm, 3),
        "first_losses": round(sum(first) / len(first), 4),
        "last_losses": round(sum(last) / len(last), 4),
    }


def audit_figures(results: Results) -> dict[str, Any]:
    """The main figures of an audit: controls, held-out canaries, and a row for each number of repetitions."""
    held_out = results.speeds[0].held_out
    return {
        "verdict": results.verdict,
        "controls_accuracy": results.controls.accuracy,
        "held_out": {"n": held_out.n, "accuracy": held_out.accuracy, "exact": held_out.exact},
        "inserted": [
            {
                "repetitions": cell.repetitions,
                "n": cell.inserted.n,
                "accuracy": cell.inserted.accuracy,
                "exact": cell.inserted.exact,
                "accuracy_gap": cell.accuracy_gap.estimate,
                "p_value": cell.p_value,
                "epsilon": None if cell.epsilon is None else cell.epsilon.group,
            }
            for cell in sorted(results.cells, key=lambda cell: cell.repetitions)
        ],
    }
