"""Kill `memaudit score` at random moments, resume it, and count what got lost.

    python -m tests.bench.kills [--kills 50] [--seed 1] [--jobs 2]

An audit is begun, killed with SIGKILL, resumed, killed again, and so on until a run gets to its end; then
its files are held against those of a run that nobody disturbed, and the next audit begins. Half of the
moments are drawn from the time that an undisturbed run takes, half from the growth of its journal. Prints one
JSON document; ends with 1 where a result was lost or is another one.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from memaudit.kit.packaged import kits_folder

SCORE = "from memaudit.cli.main import main; main()"
FINAL = ("results.json", "utterances.jsonl")


@dataclass
class Count:
    """What happened.

    Attributes:
        runs: processes that were started.
        kills: those that were killed before their end.
        audits: those that got to their end, and were compared.
        torn: journals that ended in half a line when their writer was killed.
        lost: results that are missing or differ in the end, or were in the journal once and are not any more.
        again: utterances that are in a journal twice: heard again though they were there.
    """

    runs: int = 0
    kills: int = 0
    audits: int = 0
    torn: int = 0
    lost: int = 0
    again: int = 0


class Killer:
    """Kills audits with the options ``words``, in ``folder``."""

    def __init__(self, words: Sequence[str | Path], folder: Path, seed: int) -> None:
        self._words = [str(word) for word in words]
        self._folder = folder
        self._random = random.Random(seed)
        self.count = Count()
        self._whole = folder / "whole"
        began = time.monotonic()
        process = self._start(self._whole)
        _, said = process.communicate()
        if process.returncode not in (0, 1, 3):
            raise RuntimeError(said.decode())
        self._seconds = time.monotonic() - began
        self._size = (self._whole / "journal").stat().st_size

    def kill(self, times: int) -> Count:
        """Go on until that many were killed, and the last audit is at its end."""
        number = 0
        while self.count.kills < times:
            number += 1
            out = self._folder / f"audit-{number}"
            lines: set[bytes] = set()
            while self._killed(out, disturb=self.count.kills < times):
                lines = self._kept(out, lines)
            self._compared(out)
            shutil.rmtree(out)
        return self.count

    def _start(self, out: Path) -> subprocess.Popen[bytes]:
        words = ["score", *self._words, "--out", str(out), "--resume", "--quiet"]
        return subprocess.Popen(
            [sys.executable, "-c", SCORE, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def _killed(self, out: Path, *, disturb: bool) -> bool:
        process = self._start(out)
        self.count.runs += 1
        due = self._moment(out / "journal") if disturb else lambda: False
        while process.poll() is None:
            if due():
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.001)
        _, said = process.communicate()
        if process.returncode == -signal.SIGKILL:
            self.count.kills += 1
            return True
        if process.returncode not in (0, 1, 3):
            raise RuntimeError(said.decode())
        self.count.audits += 1
        return False

    def _moment(self, journal: Path) -> Callable[[], bool]:
        if self._random.random() < 0.5:
            end = time.monotonic() + self._random.uniform(0, self._seconds)
            return lambda: time.monotonic() >= end
        size = self._random.uniform(_size(journal), self._size)
        return lambda: _size(journal) > size

    def _kept(self, out: Path, before: set[bytes]) -> set[bytes]:
        """The whole lines of the journal; those of before must be among them."""
        path = out / "journal"
        data = path.read_bytes() if path.is_file() else b""
        lines = data.splitlines(keepends=True)
        whole = {line for line in lines if line.endswith(b"\n")}
        self.count.torn += bool(data) and not data.endswith(b"\n")
        self.count.lost += len(before - whole)
        return whole

    def _compared(self, out: Path) -> None:
        texts = [(folder / "utterances.jsonl").read_bytes().splitlines() for folder in (self._whole, out)]
        self.count.lost += len(set(texts[0]) ^ set(texts[1])) + (texts[0] != texts[1])
        documents: list[dict[str, Any]] = []
        for folder in (self._whole, out):
            documents.append(json.loads((folder / "results.json").read_text()))
            documents[-1].pop("created")
        self.count.lost += documents[0] != documents[1]
        rows = [
            (line["run"], row["id"])
            for line in (json.loads(text[9:]) for text in (out / "journal").read_text().splitlines())
            if "heard" in line
            for row in line["heard"]
        ]
        self.count.again += len(rows) - len(set(rows))


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


@click.command()
@click.option("--kills", default=50, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--jobs", default=2, show_default=True)
def main(kills: int, seed: int, jobs: int) -> None:
    """Kill, print and judge."""
    kit, model = kits_folder() / "reference", kits_folder() / "recognisers" / "clipped"
    with tempfile.TemporaryDirectory(prefix="memaudit-kills-") as folder:
        killer = Killer([kit, "--model", model, "--jobs", str(jobs), "--assume-injected"], Path(folder), seed)
        count = killer.kill(kills)
    click.echo(json.dumps(asdict(count), indent=2))
    sys.exit(bool(count.lost or count.again))


if __name__ == "__main__":
    main()
