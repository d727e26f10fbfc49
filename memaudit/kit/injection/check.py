"""Counting a kit's canaries in a trainer's manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from memaudit import __version__
from memaudit.files import sha256_file
from memaudit.kit.canary import Canary
from memaudit.kit.injection.evidence import (
    Evidence,
    KitReference,
    Leak,
    Manifest,
    ManifestFile,
    Miss,
    Unread,
)
from memaudit.kit.injection.fingerprints import Fingerprints, fingerprints
from memaudit.kit.injection.listen import Heard, could_be, listen
from memaudit.kit.manifests.base import Entry, ManifestFormat, Match, Source
from memaudit.kit.store import INFO, Kit


@dataclass(frozen=True)
class Normaliser:
    """What makes texts alike on both sides, and its name."""

    name: str
    apply: Callable[[str], str]


@dataclass
class Tally:
    """Lines a canary id: by audio, by text, by both; and the first line of each."""

    audio: Counter[str] = field(default_factory=Counter)
    text: Counter[str] = field(default_factory=Counter)
    both: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    utterances: int = 0
    unread: int = 0
    first_unread: tuple[str, str] = ("", "")


def check_injection(
    kit: Kit,
    format: ManifestFormat,  # noqa: A002 - what users call it
    source: Source,
    normaliser: Normaliser,
    *,
    match: Match = "both",
    hash_all: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Evidence:
    """Count each inserted canary in a manifest, and look for held-out canaries and controls.

    A line is a canary by its audio (see `memaudit.kit.injection.fingerprints`), by its normalised text, or by
    both. An inserted canary must be there as often as designed by all that ``match`` asks for. A held-out
    canary must not be there by either. A control must not be there by audio; its text is an ordinary one.

    Audio is hashed only where the duration that the manifest states, or else the size or the number of
    samples of the file, is that of a canary, or where the text is one's. So held-out audio under a wrong
    duration and another text is found with ``hash_all`` only.

    Args:
        kit: an opened and verified kit.
        format: of the manifest.
        source: the manifest.
        normaliser: for texts.
        match: "both", "audio" or "text": what a line must share with a canary. With "text" no audio is read.
        hash_all: do not trust the durations in the manifest.
        progress: called with the number of utterances so far.

    Raises:
        ManifestError: if the manifest, or audio that it names, cannot be read.
        KitError, AudioError: if the kit's canaries cannot be told apart, or read.
    """
    known = fingerprints(kit, normaliser.apply)
    tally = _tally(format.read(source), known, normaliser, match, hash_all, progress)
    missing = tuple(
        miss for canary in kit.canaries if canary.arm == "inserted" and (miss := _miss(canary, tally, match))
    )
    leaked = tuple(
        leak for canary in kit.canaries if canary.arm != "inserted" and (leak := _leak(canary, tally, match))
    )
    inserted = [canary for canary in kit.canaries if canary.arm == "inserted"]
    return Evidence(
        tool=f"memaudit {__version__}",
        kit=KitReference(
            name=kit.recipe.name, commitment=kit.commitment, sha256=sha256_file(kit.root / INFO)
        ),
        manifest=Manifest(
            format=format.name,
            files=tuple(
                ManifestFile(name=path.name, sha256=sha256_file(path))
                for path in format.files(source.manifest)
            ),
            utterances=tally.utterances,
        ),
        match=match,
        normaliser=normaliser.name,
        hash_all=hash_all,
        inserted=len(inserted),
        wanted=sum(canary.repetitions for canary in inserted),
        found=sum(_found(canary, tally, match) for canary in inserted),
        missing=missing,
        leaked=leaked,
        unread=_unread(tally),
    )


def _tally(
    entries: Iterable[Entry],
    known: Fingerprints,
    normaliser: Normaliser,
    match: Match,
    hash_all: bool,
    progress: Callable[[int], None] | None,
) -> Tally:
    tally = Tally()
    for entry in entries:
        tally.utterances += 1
        if progress is not None:
            progress(tally.utterances)
        text = None
        if match != "audio" and entry.text is not None:
            text = known.by_text.get(normaliser.apply(entry.text))
        heard = Heard()
        if match != "text" and (text is not None or hash_all or could_be(entry, known)):
            heard = listen(entry, known)
        _count(tally, entry, text, heard)
    return tally


def _count(tally: Tally, entry: Entry, text: Canary | None, heard: Heard) -> None:
    if heard.unread:
        tally.unread += 1
        if tally.unread == 1:
            tally.first_unread = (entry.where, heard.unread)
    if text is not None:
        tally.text[text.id] += 1
        if text.arm != "control":
            tally.first.setdefault(text.id, entry.where)
    if heard.canary is not None:
        tally.audio[heard.canary.id] += 1
        tally.first.setdefault(heard.canary.id, entry.where)
        if heard.canary is text:
            tally.both[text.id] += 1


def _found(canary: Canary, tally: Tally, match: Match) -> int:
    return {"both": tally.both, "audio": tally.audio, "text": tally.text}[match][canary.id]


def _by(canary: Canary, tally: Tally, match: Match) -> tuple[int | None, int | None]:
    """Lines by audio and by text; None for what was not looked at."""
    audio = None if match == "text" else tally.audio[canary.id]
    text = None if match == "audio" else tally.text[canary.id]
    return audio, text


def _miss(canary: Canary, tally: Tally, match: Match) -> Miss | None:
    found, (audio, text) = _found(canary, tally, match), _by(canary, tally, match)
    if all(count in (None, canary.repetitions) for count in (found, audio, text)):
        return None
    return Miss(id=canary.id, wanted=canary.repetitions, found=found, by_audio=audio, by_text=text)


def _leak(canary: Canary, tally: Tally, match: Match) -> Leak | None:
    audio, text = _by(canary, tally, match)
    if not audio and (not text or canary.arm == "control"):
        return None
    return Leak(
        id=canary.id,
        arm="control" if canary.arm == "control" else "held_out",
        by_audio=audio,
        by_text=text,
        where=tally.first[canary.id],
    )


def _unread(tally: Tally) -> Unread | None:
    if not tally.unread:
        return None
    where, why = tally.first_unread
    return Unread(utterances=tally.unread, where=where, why=why)
