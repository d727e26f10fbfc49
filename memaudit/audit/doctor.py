"""What works on this machine: packages, voices, providers, model families, and one whole round.

Nothing is imported before its own check, so that a broken package is told and not raised. Nothing is
changed: the one file that is written lies in the folder for temporary files, and is removed.
"""

from __future__ import annotations

import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from memaudit.audit import doctor_isolation
from memaudit.errors import MemauditError

Status = Literal["ok", "missing", "absent"]
"""``missing``: needed, and not there or broken. ``absent``: optional, and not there."""

PYTHONS = ((3, 11), (3, 14))
"""At least, and below."""

NEEDED = {
    "click": "click",
    "espeakng-loader": "espeakng_loader",
    "jinja2": "jinja2",
    "jiwer": "jiwer",
    "kaldi-native-fbank": "kaldi_native_fbank",
    "markdown-it-py": "markdown_it",
    "matplotlib": "matplotlib",
    "mnemonic": "mnemonic",
    "numpy": "numpy",
    "onnxruntime": "onnxruntime",
    "pydantic": "pydantic",
    "python-stretch": "python_stretch",
    "pyttsx3": "pyttsx3",
    "rapidfuzz": "rapidfuzz",
    "rich": "rich",
    "scipy": "scipy",
    "soundfile": "soundfile",
    "soxr": "soxr",
    "tomli-w": "tomli_w",
}
"""Distribution -> module of each package that memaudit cannot do without."""

EXTRAS = {
    "torch": (("torch",), "TorchScript and .pt2 models"),
    "lab": (("dp_accounting", "onnx", "onnxscript", "torch"), "memaudit lab"),
    "parquet": (("pyarrow",), "export and check-injection of parquet"),
    "ray": (("ray",), "score --engine ray"),
    "remote": (("fsspec",), "kits and models at URLs"),
    "tokenizers": (
        ("google.protobuf", "sentencepiece", "tiktoken", "tokenizers"),
        "tokenizer files of models",
    ),
    "voice": (("hibari",), "clear English controls"),
}
"""Extra -> the modules that it brings, and what for."""

CONTROL_ACCURACY = 0.5
"""Of the test utterance; the packaged recogniser reads such sentences almost without a fault."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        area: "python", "package", "extra", "voices", "providers", "adapters", "files", "isolation" or
            "round".
        name: what.
        status: whether it works.
        found: what was found, in words.
        how: what to do where it does not work.
    """

    area: str
    name: str
    status: Status
    found: str
    how: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything, one thing after the other."""
    yield _python()
    yield from (_package(name, module) for name, module in NEEDED.items())
    yield from (_extra(name) for name in EXTRAS)
    for area, name, look in (
        ("voices", "espeak-ng", _espeak),
        ("voices", "hibari", _hibari),
        ("providers", "onnxruntime", _providers),
        ("adapters", "model families", _adapters),
        ("files", "temporary folder", _temporary),
        ("isolation", "network of a model", doctor_isolation.network),
        ("isolation", "memory of a model", doctor_isolation.memory),
        ("isolation", "time of a model", doctor_isolation.timeout),
        ("isolation", "environment of a model", doctor_isolation.variables),
        ("round", "speak, speed up, score", _round),
    ):
        yield _guarded(area, name, look)


def _guarded(area: str, name: str, look: Callable[[], tuple[Status, str, str]]) -> Finding:
    """A check whose failure is a finding."""
    try:
        status, found, how = look()
    except MemauditError as error:
        return Finding(area, name, "missing", error.what, error.how)
    except Exception as error:  # noqa: BLE001 - whatever is broken here is what the doctor has to tell
        what = " ".join(f"{type(error).__name__}: {error}".split())
        return Finding(area, name, "missing", what[:300], "install memaudit-asr again")
    return Finding(area, name, status, found, how)


def _python() -> Finding:
    least, below = PYTHONS
    right = least <= sys.version_info[:2] < below
    wanted = f"use Python {least[0]}.{least[1]} to {below[0]}.{below[1] - 1}"
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding("python", "Python", "ok" if right else "missing", found, "" if right else wanted)


def _package(name: str, module: str) -> Finding:
    try:
        if find_spec(module) is None:
            return Finding("package", name, "missing", "not installed", f"run: pip install {name}")
        return Finding("package", name, "ok", version(name))
    except (ImportError, ValueError, PackageNotFoundError) as error:
        return Finding("package", name, "missing", str(error), f"run: pip install --force-reinstall {name}")


def _extra(name: str) -> Finding:
    modules, use = EXTRAS[name]
    absent = [module for module in modules if not _there(module)]
    if not absent:
        return Finding("extra", name, "ok", use)
    how = f"for {use}: pip install 'memaudit-asr[{name}]'"
    return Finding("extra", name, "absent", f"not installed: {', '.join(absent)}", how)


def _there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ImportError:  # a parent package that is not there
        return False


def _espeak() -> tuple[Status, str, str]:
    from memaudit.kit.espeak import engine, variants
    from memaudit.kit.packaged import packaged_recipes
    from memaudit.kit.recipe import load_recipe
    from memaudit.kit.voices import check_voices

    recipes = [load_recipe(name) for name in packaged_recipes()]
    check_voices({voice for one in recipes for voice in one.speech.voices if one.speech.engine == "pyttsx3"})
    languages = sorted({one.text.language for one in recipes})
    return (
        "ok",
        (
            f"{engine().version}, {len(engine().voices)} voices in {len(variants())} variants; "
            f"packaged recipes speak {', '.join(languages)}"
        ),
        "",
    )


def _hibari() -> tuple[Status, str, str]:
    from memaudit.kit.speakers import hibari

    if not hibari.installed():
        return (
            "absent",
            "not installed",
            f"for clear English controls: pip install 'memaudit-asr[{hibari.EXTRA}]'",
        )
    return "ok", f"{version('hibari-tts')}, voice {hibari.VOICE}", ""


def _providers() -> tuple[Status, str, str]:
    from memaudit.models.ort.providers import available

    found = available()
    if "cpu" not in found:
        return "missing", f"no CPU provider among {', '.join(found)}", "install onnxruntime again"
    return "ok", f"--provider {', '.join(found)}", ""


def _adapters() -> tuple[Status, str, str]:
    from memaudit.models.registry import adapter_named, adapter_names, built_in

    works: list[str] = []
    torch: list[str] = []
    broken: list[str] = []
    for name in adapter_names():
        try:
            adapter = adapter_named(name)
        except MemauditError as error:
            broken.append(f"{name} ({error.what})")
            continue
        (works if adapter.runtime != "torch" or _there("torch") else torch).append(name)
    found = f"{len(works)} ready: {', '.join(works)}"
    if torch:
        found += f"; without the extra torch: {', '.join(torch)}"
    if broken:
        return "missing", f"{found}; broken plug-ins: {', '.join(broken)}", "mend or remove these packages"
    return "ok" if built_in() else "missing", found, ""


def _temporary() -> tuple[Status, str, str]:
    folder = tempfile.gettempdir()
    with tempfile.TemporaryFile(prefix="memaudit-", dir=folder) as stream:
        stream.write(b"memaudit")
    return "ok", f"{folder} can be written", ""


def _round() -> tuple[Status, str, str]:
    """Speak a sentence, speed it up, and score both with the packaged recogniser."""
    import math

    from memaudit.audit.text_scores import text_scores
    from memaudit.kit.packaged import kits_folder
    from memaudit.kit.speech import SAMPLE_RATE, SpeechRequest, speak
    from memaudit.kit.speed import change_speed
    from memaudit.kit.store import read_canaries
    from memaudit.models.registry import load_recognizer

    spoken = next(canary for canary in read_canaries(kits_folder() / "reference") if canary.arm == "control")
    samples = next(iter(speak([SpeechRequest(spoken.text, spoken.voice)])))
    fast = change_speed(samples, 4.0, SAMPLE_RATE)
    recognizer = load_recognizer(Path(kits_folder() / "recognisers" / "unclipped"))
    heard, hurried = (recognizer.recognize(one, spoken.text) for one in (samples, fast))
    accuracy = text_scores(spoken.text, heard.transcript).accuracy
    losses = [one.loss for one in (heard, hurried) if one.loss is not None and math.isfinite(one.loss)]
    told = (
        f"{spoken.text!r}: {samples.size / SAMPLE_RATE:.2f} s, {fast.size / SAMPLE_RATE:.2f} s at 4x; heard "
        f"{heard.transcript!r}"
    )
    if accuracy < CONTROL_ACCURACY or len(losses) < 2:
        return "missing", told, "run memaudit demo -v, and report what it says"
    return "ok", f"{told}, loss {losses[0]:.2f} nats, at 4x {losses[1]:.2f}", ""
