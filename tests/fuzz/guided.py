"""Coverage-guided fuzzing of one parser by atheris (libFuzzer), where it is installed."""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

from tests.fuzz.parser import Parser
from tests.fuzz.run import fault


class UndocumentedError(Exception):
    """A parser raised something that is no documented error."""


def guide(parser: Parser, inputs: int, seed: int) -> int:
    """Run libFuzzer with the seeds as its corpus; 0 where it found nothing.

    Raises:
        SystemExit: where atheris is not installed.
    """
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is not installed: pip install atheris (Python 3.11 to 3.13), or leave out --guided")
    warnings.simplefilter("ignore")
    for module in parser.covers:
        for name in [known for known in sys.modules if known == module]:
            _instrument(atheris, name)
    with tempfile.TemporaryDirectory(prefix="memaudit-fuzz-") as folder:
        place = Path(folder, "work")
        place.mkdir()
        target = parser.prepare(place)
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for number, data in enumerate(target.seeds):
            (corpus / str(number)).write_bytes(data)

        def one(data: bytes) -> None:
            found = fault(target.parse, data)
            if found is not None:
                raise UndocumentedError(found)

        limits = ["-max_len=65536", "-timeout=60", "-rss_limit_mb=4096", f"-artifact_prefix={folder}/"]
        atheris.Setup(
            [sys.argv[0], str(corpus), f"-runs={inputs}", f"-seed={seed + 1}", "-verbosity=1", *limits], one
        )
        atheris.Fuzz()  # ends the process
    return 0


def _instrument(atheris: object, name: str) -> None:
    """Rewrite the functions of a module that is imported already, so that libFuzzer sees their branches."""
    module = sys.modules[name]
    for key, value in list(vars(module).items()):
        if getattr(value, "__module__", None) != name:
            continue
        if callable(value) and hasattr(value, "__code__"):
            setattr(module, key, atheris.instrument_func(value))  # type: ignore[attr-defined]
        elif isinstance(value, type):
            for inner, function in list(vars(value).items()):
                if hasattr(function, "__code__"):
                    setattr(value, inner, atheris.instrument_func(function))  # type: ignore[attr-defined]
