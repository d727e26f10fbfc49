"""A recogniser that is a function of the user's: ``--model python:module:function``.

The function is named on the command line, which is the user's word that it may run. It is given a list of
waveforms, each float32 [S] in [-1, 1], mono, and gives a list of as many results, each one of

- a text,
- a pair of a text and a loss,
- a dictionary with ``transcript`` (or ``text``) and, where it knows them, ``loss`` and ``tokens``,

where the loss is -log p(reference | audio) in nats and ``tokens`` the length of the reference in the model's
tokens. Where its signature has a parameter ``sample_rate`` or ``references``, it is given these by keyword.
Two attributes of the function are heeded: ``sample_rate`` (in Hz, 16000 without) and ``batch_size`` (how many
waveforms a call is given at most, 16 without).
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memaudit.errors import MemauditError, ModelError, UsageError
from memaudit.files import sha256_file
from memaudit.models.bulk.answers import as_recognition
from memaudit.models.recognizer import ModelInfo, Recognition, Samples

NAME = "python-function"
SAMPLE_RATE = 16_000
BATCH_SIZE = 16


@dataclass(frozen=True)
class FunctionRecognizer:
    """A function behind the `BatchRecognizer` interface."""

    info: ModelInfo
    sample_rate: int
    batch_size: int
    function: Callable[..., Any]
    keywords: frozenset[str]
    name: str

    def recognize_batch(
        self, samples: Sequence[Samples], references: Sequence[str | None]
    ) -> list[Recognition]:
        """See `BatchRecognizer.recognize_batch`.

        Raises:
            BatchItemError: if what it gives for one utterance is no text, or its loss no finite number.
            ModelError: if it raises, or gives another number of results.
        """
        known = {"sample_rate": self.sample_rate, "references": list(references)}
        try:
            given = self.function(list(samples), **{name: known[name] for name in self.keywords})
            found = None if isinstance(given, str | bytes | Mapping) else list(given)
        except MemauditError:
            raise
        except Exception as error:
            raise ModelError(
                f"failed ({type(error).__name__}: {error})", where=self.name, how="mend the function"
            ) from error
        if found is None or len(found) != len(samples):
            what = f"a {type(given).__name__}" if found is None else f"{len(found)} results"
            raise ModelError(
                f"gave {what} for {len(samples)} waveforms",
                where=self.name,
                how="return a list with one result for each waveform, in their order",
            )
        return [as_recognition(value, index, where=self.name) for index, value in enumerate(found)]


def load_function(name: str, adapter: str | None = None, provider: str = "cpu") -> FunctionRecognizer:
    """Import the function ``name``, which is "module:function"; the current folder is searched first.

    Raises:
        UsageError: if ``name`` has another form, or an option does not go with a function.
        ModelError: if the module cannot be imported, or has no such function.
    """
    shown = f"python:{name}"
    if adapter not in (None, NAME):
        raise UsageError(f"a function is no {adapter}", where="--adapter", how="leave it out")
    if provider != "cpu":
        raise UsageError(
            f"where {shown} runs is its own affair, not {provider!r}", where="--provider", how="leave it out"
        )
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise UsageError(f"{shown!r} names no function", where="--model", how="give python:module:function")
    function, module = _imported(module_name, attribute, shown)
    file = getattr(module, "__file__", None)
    rate = _whole(function, "sample_rate", SAMPLE_RATE, shown)
    keywords = _keywords(function)
    info = ModelInfo(
        adapter=NAME,
        files=((Path(file).name, sha256_file(Path(file))),) if file else (),
        front_end={"kind": "raw", "sample_rate": rate},
        decoder={"method": shown, "loss": "as the function gives it"},
        inferred=(f"{shown} is given {' and '.join(['waveforms', *sorted(keywords)])} at {rate} Hz",),
        warnings=() if file else (f"{module_name} has no file, so that nothing records what it was",),
    )
    return FunctionRecognizer(
        info, rate, _whole(function, "batch_size", BATCH_SIZE, shown), function, keywords, shown
    )


def _imported(module_name: str, attribute: str, shown: str) -> tuple[Callable[..., Any], Any]:
    here = os.getcwd()  # noqa: PTH109
    if sys.path[:1] != [here]:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == module_name
        what = "is not found" if missing else f"cannot be imported ({type(error).__name__}: {error})"
        raise ModelError(
            f"the module {module_name!r} {what}",
            where=shown,
            how=f"run memaudit where {module_name} can be imported; the current folder is searched too",
        ) from error
    found: Any = module
    try:
        for part in attribute.split("."):
            found = getattr(found, part)
    except AttributeError as error:
        raise ModelError(
            f"{module_name} has no {attribute!r}", where=shown, how="give python:module:function"
        ) from error
    if not callable(found):
        raise ModelError(
            f"{attribute} is a {type(found).__name__}", where=shown, how="name a function that transcribes"
        )
    return found, module


def _keywords(function: Callable[..., Any]) -> frozenset[str]:
    try:
        parameters = list(inspect.signature(function).parameters.values())[1:]
    except (TypeError, ValueError):  # of a built-in
        return frozenset()
    by_name = {p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}
    return frozenset(by_name & {"sample_rate", "references"})


def _whole(function: Callable[..., Any], attribute: str, default: int, shown: str) -> int:
    value = getattr(function, attribute, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ModelError(
            f"its attribute {attribute} is {value!r}", where=shown, how="set it to a whole number from 1"
        )
    return value
