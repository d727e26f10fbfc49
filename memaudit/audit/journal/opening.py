"""Beginning a journal in the folder of an audit, or going on with the one that is there."""

from __future__ import annotations

from pathlib import Path

from memaudit.audit.journal.binding import difference
from memaudit.audit.journal.file import JournalFile
from memaudit.audit.journal.header import Header
from memaudit.errors import JournalError

NAME = "journal"
"""The journal's file in the folder of an audit or of a shard."""


def open_journal(folder: Path, header: Header, *, resume: bool) -> JournalFile:
    """The journal of an audit, to be written on.

    Without ``resume`` a journal that is complete or holds nothing yet is begun anew, an unfinished one never.
    With ``resume`` what is there is kept, and where nothing is there it is begun.

    Args:
        folder: of the audit, which exists.
        header: see `header.header`.
        resume: whether to go on.

    Raises:
        JournalError: if it is damaged, belongs to another audit, or would be lost.
        OutputError: if it cannot be written, or another run is writing it.
    """
    path = folder / NAME
    journal = JournalFile(path)
    try:
        found = journal.memory
        if found.header is None or (not resume and (found.complete or not found.heard)):
            journal.restart(header)
        elif not resume:
            raise JournalError(
                f"an unfinished audit is here (recordings heard: {found.heard})",
                where=str(path),
                how="add --resume to go on with it, or give another --out",
            )
        else:
            differs = difference(found.header, header)
            if differs is not None:
                raise JournalError(
                    f"was begun {differs}",
                    where=str(path),
                    how="go on with what it was begun with, or give another --out",
                )
            journal.resume()
    except BaseException:
        journal.close()
        raise
    return journal
