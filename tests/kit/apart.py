"""Code in a process of its own, which may kill itself."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.kit.recipes import document


def run_apart(code: str, check: bool = False) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, where ``recipe`` is `tiny` and ``kill()`` is the end."""
    start = (
        "import json, os, signal\n"
        "from pathlib import Path\n"
        "import memaudit.kit.building, memaudit.kit.make, memaudit.kit.unfinished\n"
        "from memaudit.kit.make import make_kit\n"
        "from memaudit.kit.recipe import parse_recipe\n"
        f"recipe = parse_recipe(json.loads({json.dumps(document())!r}), where='tiny.toml')\n"
        "progress = None\n"
        "def kill(*args, **options):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "def at_rename(number):\n"
        "    rename, calls = Path.rename, []\n"
        "    def counted(self, target):\n"
        "        calls.append(target)\n"
        "        return kill() if len(calls) == number else rename(self, target)\n"
        "    Path.rename = counted\n"
    )
    return subprocess.run(
        [sys.executable, "-c", start + code], capture_output=True, text=True, timeout=120, check=check
    )
