"""Texts that the trainer's own corpus has something of: they are not drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from memaudit.errors import RecipeError
from memaudit.kit.corpus import read_texts
from memaudit.kit.plain import plain

#: Words of a run that may not occur in the corpus, where nothing else is asked for.
RUN = 3
#: How often the corpus is read: each time only texts drawn anew are looked for.
MOST_PASSES = 10

Fixed = Callable[[str], frozenset[int]]


@dataclass(frozen=True)
class CorpusFile:
    """One file of the corpus: its name, the SHA-256 of its bytes, and its lines that hold a text."""

    name: str
    sha256: str
    lines: int


@dataclass
class Corpus:
    """Text files, of which only the runs of words that a kit has too are remembered.

    Attributes:
        paths: plain text, or JSON lines with ``text``; each is read as a stream, several times.
        run: how many words in a row may not be the same. A text that has fewer counts as one run.
        files: what was read, after the first pass.
    """

    paths: Sequence[Path]
    run: int = RUN
    files: tuple[CorpusFile, ...] = ()
    _found: set[str] = field(default_factory=set)
    _missing: set[str] = field(default_factory=set)

    def draw(self, draw: Callable[[Container[str]], list[str]], fixed: Fixed) -> tuple[list[str], int]:
        """Texts that have no run in common with the corpus, and how many were drawn anew for that.

        Args:
            draw: draws all texts, none of them in the set that it is given; always the same for one set.
            fixed: the places of a text's words that are no secret: a run of such words alone is not looked
                for.

        Raises:
            RecipeError: if a file cannot be read, or texts without such a run are not found.
        """
        if not self.paths:
            return draw(frozenset()), 0
        refused = Refused(self, fixed)
        for _ in range(MOST_PASSES):
            texts = draw(refused)
            self._look_for({run for text in texts for run in refused.runs(text)})
            hits = [text for text in texts if text in refused]
            if not hits:
                return texts, len(refused.seen)
        raise RecipeError(
            f"after {MOST_PASSES} draws {len(hits)} texts still have {self.run} words in a row from the "
            f"corpus, such as {hits[0]!r}",
            where=", ".join(str(path) for path in self.paths),
            how="ask for longer runs with --exclude-words, or for longer texts or a larger word list",
        )

    def holds(self, run: str) -> bool:
        """Whether a run was looked for and found."""
        return run in self._found

    def _look_for(self, runs: set[str]) -> None:
        """Read the corpus for the runs that were not looked for yet."""
        wanted = runs - self._found - self._missing
        if not wanted and self.files:
            return
        sizes = sorted({run.count(" ") + 1 for run in wanted})
        first = {run.partition(" ")[0] for run in wanted}
        self.files = tuple(self._read(path, wanted, sizes, first) for path in self.paths)
        self._missing |= wanted - self._found

    def _read(self, path: Path, wanted: set[str], sizes: list[int], first: set[str]) -> CorpusFile:
        digest = hashlib.sha256()
        lines = 0
        for _, text in read_texts(path, digest.update):
            lines += 1
            words = plain(text).split()
            for place, word in enumerate(words):
                if word in first:
                    for size in sizes:
                        run = " ".join(words[place : place + size])
                        if run in wanted:
                            self._found.add(run)
        return CorpusFile(path.name, digest.hexdigest(), lines)


@dataclass
class Refused:
    """The texts that have a run which was found in the corpus. ``seen`` are those that were asked about."""

    corpus: Corpus
    fixed: Fixed
    seen: set[str] = field(default_factory=set)

    def __contains__(self, text: object) -> bool:
        hit = isinstance(text, str) and any(self.corpus.holds(run) for run in self.runs(text))
        if hit:
            self.seen.add(str(text))
        return hit

    def runs(self, text: str) -> Iterator[str]:
        """The runs of ``text`` that hold a secret word."""
        fixed = self.fixed(text)
        words = plain(text).split()
        size = min(self.corpus.run, len(words))
        for place in range(len(words) - size + 1):
            if not fixed.issuperset(range(place, place + size)):
                yield " ".join(words[place : place + size])
