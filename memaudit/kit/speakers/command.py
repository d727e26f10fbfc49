"""Speaker ``command``: any program, run once a text, without a shell."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from memaudit.errors import RecipeError, SpeechError
from memaudit.kit.audio import read_audio
from memaudit.kit.espeak import DEFAULT_RATE
from memaudit.kit.speakers.base import Samples, Source, SpeechRequest

#: What stands for something in a template.
PLACEHOLDERS = ("out", "text", "voice", "rate", "language")
#: Seconds after which a command that has not ended is ended.
PATIENCE = 300


class CommandSpeaker:
    """A template such as ``say -o {out} {text}``: split into words once, then filled in for each text.

    ``{out}`` is the sound file to write, in any format that libsndfile reads. Without ``{text}`` the text
    comes on standard input.
    """

    fresh = False
    chunk = 4

    def __init__(self, source: Source) -> None:
        if not source.command:
            raise RecipeError(
                "has no command to run",
                where="speech.engine = 'command'",
                how="give --tts-command, such as 'say -o {out} {text}'",
            )
        self._where = f"speech.command = {source.command!r}"
        self._language = source.language
        self._words = _split(source.command, self._where)
        self._names = {name for word in self._words for name in re.findall(r"\{([a-z_]+)\}", word)}
        unknown = sorted(self._names - set(PLACEHOLDERS))
        if unknown or "out" not in self._names:
            raise RecipeError(
                f"there is no {{{unknown[0]}}}" if unknown else "does not say {out}, the file to write",
                where=self._where,
                how="use " + ", ".join(f"{{{name}}}" for name in PLACEHOLDERS),
            )

    def check(self, requests: Sequence[SpeechRequest]) -> None:
        """Refuse a program that is not there, and voices and texts that the command cannot tell apart."""
        if shutil.which(self._words[0]) is None:
            raise SpeechError(
                f"there is no program {self._words[0]!r}",
                where=self._where,
                how="install it or give its path",
            )
        voices = {request.voice for request in requests}
        if "voice" not in self._names and len(voices) > 1:
            raise RecipeError(
                f"does not say {{voice}}, and the recipe has {len(voices)} voices",
                where=self._where,
                how="add {voice}, or name one voice in speech.voices",
            )
        for request in requests:
            if request.text.startswith("-"):
                raise RecipeError(
                    f"the text {request.label!r} would be read as an option",
                    where=self._where,
                    how="change it",
                )

    def say(self, request: SpeechRequest) -> tuple[Samples, int]:
        """Run the command and read what it wrote."""
        with tempfile.TemporaryDirectory(prefix="memaudit-") as folder:
            values = {
                "out": str(Path(folder, "out.wav")),
                "text": request.text,
                "voice": request.voice,
                "rate": str(request.rate or DEFAULT_RATE),
                "language": self._language,
            }
            self._run([_filled(word, values) for word in self._words], request)
            made = sorted(Path(folder).iterdir())  # some programs choose the suffix themselves
            if len(made) != 1:
                raise self._failed(request, f"wrote {len(made)} files where {{out}} is")
            return read_audio(made[0])

    def versions(self) -> dict[str, str]:
        """The template is in the recipe; what it runs does not tell its version."""
        return {}

    def _run(self, words: list[str], request: SpeechRequest) -> None:
        given = None if "text" in self._names else request.text.encode()
        try:
            done = subprocess.run(  # noqa: S603
                words, input=given or b"", capture_output=True, timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise self._failed(request, f"did not end in {PATIENCE} seconds") from error
        except (OSError, ValueError) as error:
            raise self._failed(request, f"cannot be run ({error})") from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines() or [""]
            raise self._failed(request, f"ended with code {done.returncode}: {said[-1][:200]}".rstrip(": "))

    def _failed(self, request: SpeechRequest, what: str) -> SpeechError:
        return SpeechError(
            f"the command {what} for text {request.label!r}",
            where=self._where,
            how="run it by hand with that text",
        )


def _split(command: str, where: str) -> list[str]:
    lexer = shlex.shlex(command, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    if os.name == "nt":
        lexer.escape = ""  # there a backslash divides folders
    try:
        words = list(lexer)
    except ValueError as error:
        raise RecipeError(f"is no command ({error})", where=where, how="close the quotation") from error
    if not words:
        raise RecipeError("is no command", where=where, how="give one, such as 'say -o {out} {text}'")
    return words


def _filled(word: str, values: dict[str, str]) -> str:
    """The word with its placeholders replaced in one pass: what is put in is not looked at again."""
    return re.sub(r"\{([a-z_]+)\}", lambda found: values[found[1]], word)
