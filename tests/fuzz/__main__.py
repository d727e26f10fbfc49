"""``python -m tests.fuzz``: every parser over mutated inputs, and a table of what was not documented.

``--guided NAME`` lets atheris (libFuzzer) look for new paths through one parser instead, as long as it is
installed; it ends at the first fault.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.fuzz.registry import PARSERS
from tests.fuzz.run import limit_memory, run


def main() -> int:
    """Read the options; 0 where nothing undocumented happened."""
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument(
        "--inputs", type=int, default=2000, help="for a parser of cost 1; dear ones get fewer"
    )
    options.add_argument("--only", default="", help="names, or beginnings of names, with semicolons between")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--jobs", type=int, default=1)
    options.add_argument("--memory", type=int, default=8, help="GiB of address space a process")
    options.add_argument("--json", type=Path, help="write the figures here as well")
    options.add_argument("--guided", help="the parser that atheris is to look into")
    options.add_argument("--alone", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.guided:
        from tests.fuzz.guided import guide

        return guide(PARSERS[chosen.guided], chosen.inputs, chosen.seed)
    if chosen.alone:
        limit_memory(chosen.memory)
        parser = PARSERS[chosen.alone]
        print(json.dumps(run(parser, max(1, chosen.inputs // parser.cost), chosen.seed).document()))
        return 0
    wanted = tuple(filter(None, chosen.only.split(";")))
    names = [name for name in PARSERS if not wanted or name.startswith(wanted)]
    with ThreadPoolExecutor(chosen.jobs) as pool:
        rows = []
        for row in pool.map(lambda name: _alone(name, chosen), names):
            rows.append(row)
            _show(row)
    total, faults = sum(row["inputs"] for row in rows), sum(row["undocumented"] for row in rows)
    print(f"{'total':32} {total:>9} {faults:>13}")
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n")
    return int(faults > 0)


def _alone(name: str, chosen: argparse.Namespace) -> dict[str, Any]:
    """Run one parser in a process of its own, so that a crash of native code is a fault too."""
    command = [sys.executable, "-m", "tests.fuzz", "--alone", name, "--inputs", str(chosen.inputs)]
    command += ["--seed", str(chosen.seed), "--memory", str(chosen.memory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        fault = {f"the process ended with {done.returncode}: {done.stderr[-300:]!r}": (1, "")}
        row = {"name": name, "inputs": 0, "undocumented": 1, "faults": fault}
        row |= {"slowest": 0.0, "megabytes": 0.0, "seconds": 0.0}
    return row


def _show(row: dict[str, Any]) -> None:
    print(
        f"{row['name']:32} {row['inputs']:>9} {row['undocumented']:>13} "
        f"{row['seconds']:>7.1f} s {row['slowest']:>7.3f} s {row['megabytes']:>7.0f} MB",
        flush=True,
    )
    for fault, (count, first) in row["faults"].items():
        print(f"    {count} times {fault}; first: {first[:200]}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
