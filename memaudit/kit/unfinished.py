"""A kit while it is being made: kept when its making is interrupted, and gone on with by the next call.

It lies beside the place where it will be, as ``.NAME.xxxxxxxx.part``: `HEAD` says what it is made from, and
``kit`` becomes the kit by one rename. The process that makes it has a lock on that folder, which goes with
the process, however it ends.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from memaudit.errors import KitError, MemauditError, OutputError
from memaudit.files import output_errors, write_json
from memaudit.kit.building import HEAD, check_free, leftovers, lock, remove, take_name
from memaudit.kit.commitment import salt_of
from memaudit.kit.origin import Origin
from memaudit.kit.seeds import draw_seed
from memaudit.kit.store import ASSIGNMENT, INFO, SECRET, SECRET_SCHEMA, parse_json, read_text

_PARTS = ("train/audio", "audit/audio")


class Unfinished:
    """The place where a kit is made. Use it as a context: leaving it keeps or removes what is not finished.

    After an error in the recipe or in speech nothing stays. After an interruption, or where the place cannot
    be written any more, what is done stays for the next call.

    Args:
        out: where the kit will be.
        force: replace an older kit there, and remove an unfinished one that is made from something else.

    Raises:
        OutputError: if ``out`` is not free, or cannot be written.
    """

    def __init__(self, out: Path, force: bool) -> None:
        check_free(out, INFO, force)
        self._out = out
        self._force = force
        self._place: Path | None = None
        self._lock: int | None = None
        self._begun: Origin | None = None
        self._started = False

    def seed(self, origin: Origin, given: int | None) -> int:
        """The seed to use: that of an unfinished kit made from the same, else the given one or a new one.

        Raises:
            OutputError: if what lies there is made from something else.
        """
        with output_errors(self._out):
            places = [place for place in leftovers(self._out) if place.suffix == ".part"]
        for place in places:
            if (seed := self._adopt(place, origin, given)) is not None:
                return seed
        return draw_seed() if given is None else given

    def _adopt(self, place: Path, origin: Origin, given: int | None) -> int | None:
        handle = lock(place) if _ours(place) else None
        if handle is None:
            return None  # somebody else is making it now
        try:
            begun, seed = _read(place)
        except KitError:
            remove(place)  # was ended before it had begun
            os.close(handle)
            return None
        other = origin.other_than(begun) or _other_seed(begun, seed, given)
        self._place, self._lock, self._begun = place, handle, begun
        if other:
            self._refuse(other)
            return None
        return seed

    def _refuse(self, other: str) -> None:
        """Remove what lies there, with ``force``; else raise."""
        if not self._force:
            self._unlock()
            raise OutputError(
                f"an unfinished kit lies there that is made from something else: {other}",
                where=str(self._out),
                how="give the same as before to go on with it, or --force to remove it",
            )
        if self._place is not None:
            remove(self._place)
        self._unlock()
        self._place = self._begun = None

    def begin(self, origin: Origin, seed: int) -> Path:
        """The folder to make the kit in, with what is done already, once the texts are drawn.

        Raises:
            OutputError: if what lies there has other texts, or the place cannot be written.
        """
        if self._begun is not None and (other := origin.other_than(self._begun)):
            self._refuse(other)
        self._started = True
        if self._place is None:
            with output_errors(self._out):
                self._place = self._out.with_name(f".{self._out.name}.{secrets.token_hex(4)}.part")
                self._place.mkdir(parents=True)
                self._lock = lock(self._place)
                for part in _PARTS:
                    (self._place / "kit" / part).mkdir(parents=True)
                # What is held back is for its owner alone, whatever the umask.
                (self._place / "kit" / SECRET).parent.chmod(0o700)
                _write_secret(self._place / "kit" / SECRET, seed)
                write_json(self._place / HEAD, origin.model_dump(mode="json", by_alias=True))
        self._begun = origin
        return self._place / "kit"

    def finish(self) -> None:
        """Give the kit its name.

        Raises:
            OutputError: if the place was taken in the meantime, or cannot be written.
        """
        if self._place is None:
            raise ValueError("nothing has begun")
        check_free(self._out, INFO, self._force)
        with output_errors(self._out):
            take_name(self._place / "kit", self._out, self._place.with_suffix(".old"))
        remove(self._place)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        place = self._place
        if self._started and place is not None and error is not None and place.exists():
            done = self._done()
            if isinstance(error, MemauditError):
                error.where = error.where.replace(str(place / "kit"), str(self._out))
            if not done or (isinstance(error, MemauditError) and not isinstance(error, OutputError)):
                remove(place)
            else:
                _tell(error, done)
        self._unlock()

    def _done(self) -> int:
        """How many utterances the next call could go on from, about."""
        if self._place is None or self._lock is None:
            return 0
        with suppress(OSError), (self._place / "kit" / ASSIGNMENT).open("rb") as lines:
            return sum(line.endswith(b"\n") for line in lines)
        return 0

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
        self._lock = None


def _other_seed(begun: Origin, seed: int, given: int | None) -> str:
    if given is None:
        return "it was begun with a --seed, and none is given" if begun.seed_given else ""
    return "" if seed == given else "it has another seed"


def _ours(place: Path) -> bool:
    """Whether this user made it: others who can write there could lay one with a seed that they know."""
    try:
        about = [path.lstat() for path in (place, place / HEAD, place / "kit", place / "kit" / SECRET)]
    except OSError:
        return False
    return all(one.st_uid == os.geteuid() and not stat.S_ISLNK(one.st_mode) for one in about)


def _read(place: Path) -> tuple[Origin, int]:
    """What an unfinished kit is made from, and its seed.

    Raises:
        KitError: if it is not whole.
    """
    secret = parse_json(read_text(place / "kit" / SECRET), str(place))
    try:
        if not isinstance(secret, dict) or secret["schema"] != SECRET_SCHEMA:
            raise KitError("has no secret", where=str(place))
        return Origin.model_validate_json(read_text(place / HEAD)), int(secret["seed"])
    except (ValidationError, KeyError, ValueError) as error:
        raise KitError("is not whole", where=str(place)) from error


def _tell(error: BaseException, done: int) -> None:
    """Say in the error what stays."""
    kept = f"{done} utterances are done, and the same command goes on from there"
    if isinstance(error, OutputError):
        error.how = f"free some space or mend the place: {kept}"
    else:
        error.add_note(kept)


def _write_secret(path: Path, seed: int) -> None:
    """Salt and seed, for the owner's eyes only. The seed is a text: it may have more than 53 bits."""
    document = {"schema": SECRET_SCHEMA, "salt": salt_of(seed), "seed": str(seed)}
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write((json.dumps(document, indent=2) + "\n").encode())
        stream.flush()
        os.fsync(stream.fileno())
