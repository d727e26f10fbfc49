"""What espeak-ng says for a text, as its own phonemes: how texts are known to sound different."""

from __future__ import annotations

import ctypes
import re

from memaudit.kit.espeak import binding, engine

#: A voice of each language that memaudit has recipes for.
VOICES = {
    "en": ("en-us", "en-gb"),
    "es": ("es", "es-419"),
    "fr": ("fr-fr",),
    "pt": ("pt-br", "pt"),
    "it": ("it",),
    "de": ("de",),
    "cs": ("cs",),
    "ru": ("ru",),
    "tr": ("tr",),
    "nl": ("nl",),
    "pl": ("pl",),
}
LANGUAGES = [(code, voice) for code, voices in VOICES.items() for voice in voices]


def phonemes(text: str, voice: str) -> str:
    """The phonemes of ``text`` without stress and pauses."""
    library = binding()
    translate = library.dll.espeak_TextToPhonemes
    translate.restype = ctypes.c_char_p
    translate.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
    if engine()._voice != voice:
        assert library.SetVoiceByName(engine().voices[voice].encode()) == library.EE_OK
        engine()._voice = voice
    rest = ctypes.c_char_p(text.encode())
    said = ""
    while rest.value is not None:
        said += (translate(ctypes.byref(rest), library.CHARS_UTF8, 0) or b"").decode() + " "
    return " ".join(re.sub(r"_!|_\^_|[',_|%=!]", "", said).split())
