"""Errors that a user can act on: what is wrong, where, and what to do."""

from __future__ import annotations

from memaudit.limits import LONGEST_MESSAGE
from memaudit.printable import printable


class MemauditError(Exception):
    """One line for the user; the command line prints it and exits with 2.

    Args:
        what: what is wrong, as a clause without a full stop.
        where: the file, key, id or line that it is about.
        how: what the user can do about it.
    """

    def __init__(self, what: str, *, where: str = "", how: str = "") -> None:
        self.what = what
        self.where = where
        self.how = how
        super().__init__(what, where, how)

    def __str__(self) -> str:
        """One line, in which nothing of a file's content steers a terminal."""
        what, where, how = (_plain(part) for part in (self.what, self.where, self.how))
        line = f"{where}: {what}" if where else what
        return f"{line}; {how}" if how else line


def _plain(text: str) -> str:
    """``text`` in one line without control, direction and surrogate characters; its middle cut if long."""
    if len(text) > LONGEST_MESSAGE:  # the end often says what is wrong
        half = LONGEST_MESSAGE // 2
        text = f"{text[:half]}... ({len(text)} characters) ...{text[-half:]}"
    return printable(" ".join(text.split()))


class UsageError(MemauditError, ValueError):
    """Options that do not go together, or a value that an option cannot take."""


class RecipeError(MemauditError, ValueError):
    """A recipe that cannot be made into a kit."""


class KitError(MemauditError, ValueError):
    """A folder that is no kit, or a kit that is not what it was when it was made."""


class SpeechError(MemauditError, RuntimeError):
    """The speech engine gave no usable audio."""


class AudioError(MemauditError, ValueError):
    """An audio file that cannot be read, or is not what it says."""


class ModelError(MemauditError, ValueError):
    """A model that cannot be loaded, or does not fit its description."""


class UntrustedModelError(ModelError):
    """A model that is code, offered without the user's word that it may run."""


class TokenError(MemauditError, ValueError):
    """A text that cannot be written in the tokens of a model."""


class TranscriptError(MemauditError, ValueError):
    """Transcripts or losses that do not cover the kit, each canary once."""


class GateError(MemauditError, ValueError):
    """A gate that cannot be read, or asks for a figure that the audit does not have."""


class ResultsError(MemauditError, ValueError):
    """A results file that cannot be read, or does not follow its schema."""


class JournalError(MemauditError, ValueError):
    """A journal that is damaged, or belongs to another audit than the one that would go on with it."""


class OutputError(MemauditError, OSError):
    """A place that cannot be written."""


class MissingExtraError(MemauditError, ImportError):
    """A feature whose optional packages are not installed.

    Args:
        feature: what was asked for.
        extra: the extra of this distribution that brings it.
    """

    def __init__(self, feature: str, extra: str) -> None:
        self.feature = feature
        self.extra = extra
        super().__init__(
            f"{feature} needs packages that are not installed",
            how=f"run: pip install 'memaudit-asr[{extra}]'",
        )
