"""fairseq (wav2vec 2.0, HuBERT): train.tsv with train.ltr and train.wrd, line by line alike.

The first line of train.tsv is the folder that the paths start from; then a path, a tab and the number of
samples. A canary is repeated by repeating its line in each file. In a merged copy the canaries' paths are
absolute, which fairseq follows whatever its first line says.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from memaudit.kit.manifests.audio_files import copy_audio, file_name, rooted
from memaudit.kit.manifests.base import Copy, Entry, Job, Repetition, Source
from memaudit.kit.manifests.errors import ManifestError
from memaudit.kit.manifests.merge import draw_places, merge_at, names_of, survey, write_lines
from memaudit.kit.manifests.places import sound_at
from memaudit.kit.manifests.raw_lines import decode, raw_lines, require_file

LABELS = (".ltr", ".wrd")


class Fairseq:
    """fairseq audio manifests with their labels."""

    name = "fairseq"
    consumer = "fairseq"
    layout = "train.tsv, train.ltr, train.wrd, audio/"
    repetition: Repetition = "repeated line"
    paths = "relative to the first line; absolute in a merged copy"
    forbidden = ""

    def export(self, job: Job) -> None:
        """Write train.tsv, train.ltr, train.wrd and audio/."""
        copy_audio(job)
        lines = [f"{file_name(copy)}\t{copy.frames}" for copy in job.copies]
        write_lines(job.folder / "train.tsv", [job.root, *lines])
        for suffix in LABELS:
            write_lines(job.folder / f"train{suffix}", [_label(copy, suffix) for copy in job.copies])

    def merge(self, job: Job, manifest: Path) -> list[str]:
        """Put the canaries' lines at the same places of train.tsv and of the labels beside it."""
        labels = _labels(manifest)
        found = survey(manifest, names_of(job))
        places = draw_places(found, len(job.copies), 1, job.seed)
        lines = [f"{rooted(job, file_name(copy))}\t{copy.frames}" for copy in job.copies]
        copy_audio(job)
        merge_at(manifest, job.folder / manifest.name, lines, places, found)
        for path in labels:
            beside = survey(path, ())
            if beside.records != found.records - 1:
                raise ManifestError(
                    f"has {beside.records} lines for the {found.records - 1} files in {manifest.name}",
                    where=str(path),
                    how="make both from the same list",
                )
            label_lines = [_label(copy, path.suffix) for copy in job.copies]
            merge_at(path, job.folder / path.name, label_lines, [place - 1 for place in places], beside)
        return []

    def files(self, manifest: Path) -> list[Path]:
        """train.tsv and the labels beside it."""
        return [require_file(manifest), *_labels(manifest)]

    def read(self, source: Source) -> Iterator[Entry]:
        """A line an utterance, its text from the letters or else the words beside it."""
        path = source.manifest
        labels = _labels(path)[0]
        rows = enumerate(raw_lines(path), 1)
        number, first = next(rows, (1, b""))
        root = source.audio_root or Path(decode(first, path, number).strip())
        for row, label in zip_longest(rows, enumerate(raw_lines(labels), 1)):
            if row is None or label is None:
                raise ManifestError(
                    f"{path.name} and {labels.name} have different numbers of lines",
                    where=str(path),
                    how="make both from the same list",
                )
            number, raw = row
            name, tab, frames = decode(raw, path, number).strip().partition("\t")
            if not name or not tab or not frames.isdecimal():
                raise ManifestError(
                    "is no path, tab and number of samples",
                    where=f"{path}:{number}",
                    how="mend or remove that line here and in the labels",
                )
            text = decode(label[1], labels, label[0])
            if labels.suffix == ".ltr":
                text = text.replace(" ", "").replace("|", " ")
            yield Entry(path, number, text, None, sound_at(name, (root,)))


def _labels(manifest: Path) -> list[Path]:
    paths = [manifest.with_suffix(suffix) for suffix in LABELS]
    found = [path for path in paths if path.is_file()]
    if not found or manifest.suffix != ".tsv":
        names = " or ".join(path.name for path in paths)
        raise ManifestError(
            f"is no .tsv file with {names} beside it",
            where=str(manifest),
            how="give train.tsv with its labels",
        )
    return found


def _label(copy: Copy, suffix: str) -> str:
    if suffix == ".wrd":
        return copy.text
    return " ".join("|" if letter == " " else letter for letter in f"{copy.text} ")


FORMAT = Fairseq()
