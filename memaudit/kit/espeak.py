"""The espeak-ng library inside this process, driven through pyttsx3's ctypes layer.

The library and its data come from the espeakng-loader wheel, so no system package is needed. pyttsx3's
public API loses files of a batch and prints; its ctypes layer in synchronous mode does neither.
"""

from __future__ import annotations

import ctypes
import os
import threading
import zlib
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import espeakng_loader

from memaudit.errors import SpeechError

#: Words a minute where a request names no rate; the library's own default.
DEFAULT_RATE = 175
#: The library copies the folder of its data into a fixed buffer of this many bytes.
LONGEST_DATA_PATH = 158

_NEEDS_MBROLA = b"mb/"  # voices whose data is not in the wheel
_DO_NOT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: an error is returned instead of ending the process
_import_lock = threading.Lock()


@cache
def binding() -> ModuleType:
    """pyttsx3's ctypes module for espeak-ng, bound to the library of the espeakng-loader wheel.

    Raises:
        SpeechError: if the library cannot be loaded.
    """
    with _import_lock:
        try:
            # RTLD_GLOBAL is 0 where a platform has no such thing.
            library = ctypes.CDLL(espeakng_loader.get_library_path(), mode=ctypes.RTLD_GLOBAL)
        except OSError as error:
            raise SpeechError(
                f"the espeak-ng library cannot be loaded ({error})",
                where=espeakng_loader.get_library_path(),
                how="run: pip install --force-reinstall espeakng-loader",
            ) from error
        # While it is imported, that module tries a list of system places for the library. Answer
        # whatever it asks for with ours: the same on every platform, with or without a system copy.
        loader: Any = ctypes.cdll
        loader.LoadLibrary = lambda name: library  # noqa: ARG005
        try:
            return import_module("pyttsx3.drivers._espeak")
        finally:
            del loader.LoadLibrary  # an instance attribute: the method of the class shows again


class Engine:
    """espeak-ng, initialised in this process in synchronous mode: audio comes back, none is played.

    The library is one state for the whole process: use `engine` to get the only instance.
    """

    def __init__(self) -> None:
        self._lib = binding()
        data = espeakng_loader.get_data_path()
        if len(os.fsencode(data)) > LONGEST_DATA_PATH:
            raise SpeechError(
                f"the path of the espeak-ng data is longer than the {LONGEST_DATA_PATH} bytes it may have",
                where=data,
                how="install memaudit in a folder with a shorter path",
            )
        os.environ["ESPEAK_DATA_PATH"] = data
        #: Sample rate of what `say` returns, in Hz.
        self.sample_rate: int = self._lib.Initialize(
            self._lib.AUDIO_OUTPUT_SYNCHRONOUS, 0, os.fsencode(data), _DO_NOT_EXIT
        )
        if self.sample_rate <= 0:
            raise SpeechError(
                "espeak-ng does not start from its data",
                where=data,
                how="run: pip install --force-reinstall espeakng-loader",
            )
        self._pieces: list[bytes] = []
        self._lib.SetSynthCallback(self._take)
        self._voice = ""

    def _take(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, 2 * count))
        return 0

    @property
    def version(self) -> str:
        """The library's version, such as ``1.52.0``."""
        return str(self._lib.Info().decode())

    @cached_property
    def voices(self) -> dict[str, str]:
        """Voice name -> the library's own name of it; names are file names and language codes.

        The library itself knows the file names only (``en``, ``en-us``), not all codes (``en-gb``).
        """
        listed = [voice for voice in self._lib.ListVoices() if not voice.identifier.startswith(_NEEDS_MBROLA)]
        files = [voice.identifier.decode().rpartition("/")[2] for voice in listed]
        codes = (
            (priority, code.lower(), file)
            for voice, file in zip(listed, files, strict=True)
            for priority, code in _language_codes(voice)
        )
        found: dict[str, str] = {file.lower(): file for file in files}
        for _, code, file in sorted(codes):
            found.setdefault(code, file)
        return found

    def say(self, text: str, voice: str, rate: int | None = None) -> bytes:
        """Speak ``text``: native 16-bit mono samples at `sample_rate`.

        What comes out depends on what this process said before: espeak-ng keeps state.

        Raises:
            SpeechError: if the library does not know ``voice`` or refuses the text.
        """
        if voice != self._voice:
            name, plus, variant = voice.partition("+")
            own = self.voices.get(name, name) + plus + variant
            if self._lib.SetVoiceByName(own.encode()) != self._lib.EE_OK:
                raise SpeechError("espeak-ng has no such voice", where=f"voice {voice!r}")
            self._voice = voice
        self._lib.SetParameter(self._lib.RATE, rate or DEFAULT_RATE, 0)
        # Breath and roughness of some variants are drawn from a generator that starts from the clock.
        self._lib.dll.espeak_ng_SetRandSeed(ctypes.c_long(zlib.crc32(text.encode()) & 0x7FFFFFFF))
        self._pieces.clear()
        flags = self._lib.CHARS_UTF8 | self._lib.ENDPAUSE
        if self._lib.Synth(text, flags=flags) != self._lib.EE_OK:
            raise SpeechError("espeak-ng refuses to speak a text", where=f"text {text!r}")
        return b"".join(self._pieces)


@cache
def engine() -> Engine:
    """The engine of this process, started at the first call."""
    return Engine()


@cache
def variants() -> frozenset[str]:
    """Names that may follow a voice after ``+``, such as ``f2``, ``m3`` or ``klatt``."""
    return frozenset(
        path.name for path in (Path(espeakng_loader.get_data_path()) / "voices" / "!v").iterdir()
    )


def _language_codes(voice: Any) -> list[tuple[int, str]]:
    """Priority (low is high) and code of each language of a voice.

    In memory: a priority byte and a zero-ended code for each, then a zero byte.
    """
    field = type(voice).languages
    address = ctypes.c_void_p.from_address(ctypes.addressof(voice) + field.offset).value
    codes = []
    while address and (priority := ctypes.c_ubyte.from_address(address).value):
        code = ctypes.string_at(address + 1)
        codes.append((priority, code.decode()))
        address += len(code) + 2
    return codes
