"""Shell completion, as click makes it, by the installed console script."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from memaudit.cli.main import COMMANDS

PROGRAM = Path(sysconfig.get_path("scripts")) / "memaudit"


def memaudit(**environment: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, **environment}
    return subprocess.run([PROGRAM], env=given, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell(shell: str) -> None:
    done = memaudit(_MEMAUDIT_COMPLETE=f"{shell}_source")
    assert done.returncode == 0, done.stderr
    assert f"_MEMAUDIT_COMPLETE={shell}_complete" in done.stdout
    assert "memaudit" in done.stdout.splitlines()[-1] or shell != "bash"


def completed(words: str) -> set[str]:
    """What bash would offer for the last of these words."""
    at = str(len(words.split(" ")) - 1)
    done = memaudit(_MEMAUDIT_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=at)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return {line.partition(",")[2] for line in done.stdout.splitlines()}


def test_commands_and_options_are_offered() -> None:
    assert completed("memaudit ") == set(COMMANDS)
    assert completed("memaudit ver") == {"verify-kit"}
    assert {"--gate", "--baseline", "--report"} <= completed("memaudit score --")


def test_bash_takes_the_script() -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    script = memaudit(_MEMAUDIT_COMPLETE="bash_source").stdout
    done = subprocess.run(
        [bash, "--noprofile", "--norc", "-c", f"{script}\ncomplete -p memaudit"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "_memaudit_completion" in done.stdout
