"""WebDataset: tar shards with KEY.flac and KEY.txt (and KEY.json) an utterance.

A canary is repeated under a new key with the audio again, since keys are unique and a shard holds its
audio. The order is random, so that the copies of one canary do not follow each other; a shard holds a
thousand utterances. On reading, shards are read as streams and nothing is unpacked to disk.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from memaudit.files import canonical_json, output_errors
from memaudit.kit.manifests.base import Copy, Entry, Job, Repetition, Sound, Source
from memaudit.kit.manifests.errors import ManifestError
from memaudit.kit.manifests.fields import parse_object, seconds, text_of
from memaudit.kit.manifests.packed import open_packed
from memaudit.kit.manifests.raw_lines import reading
from memaudit.limits import LARGEST_MEMBER

SHARD = 1000
AUDIO = ("flac", "wav", "mp3", "ogg", "opus", "m4a", "sph")
_SUFFIXES = (".tar", ".tar.gz", ".tgz")


class WebDataset:
    """WebDataset shards."""

    name = "webdataset"
    consumer = "webdataset"
    layout = "shard-000000.tar and so on"
    repetition: Repetition = "new file"
    paths = "audio is inside"
    forbidden = ""

    def export(self, job: Job) -> None:
        """Write shards."""
        for number, first in enumerate(range(0, len(job.copies), SHARD)):
            path = job.folder / f"shard-{number:06d}.tar"
            with output_errors(path), tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as shard:
                for copy in job.copies[first : first + SHARD]:
                    _add(shard, f"{copy.key}.flac", (job.kit / copy.canary.audio).read_bytes())
                    _add(shard, f"{copy.key}.json", canonical_json(_about(copy)).encode())
                    _add(shard, f"{copy.key}.txt", copy.text.encode())

    def files(self, manifest: Path) -> list[Path]:
        """The shard, or the shards of a folder in the order of their names."""
        if manifest.is_file():
            return [manifest]
        found = sorted(path for suffix in _SUFFIXES for path in manifest.glob(f"*{suffix}"))
        if not found:
            raise ManifestError(
                "is no shard, nor a folder with .tar shards", where=str(manifest), how="give one of these"
            )
        return found

    def read(self, source: Source) -> Iterator[Entry]:
        """A sample an utterance."""
        for shard in self.files(source.manifest):
            key = ""
            fields: dict[str, bytes] = {}
            for name, data in _members(shard):
                head, _, suffix = name.partition(".")
                if fields and (head != key or suffix in fields):
                    yield _entry(shard, key, fields, source)
                    fields = {}
                key = head
                fields[suffix] = data
            if fields:
                yield _entry(shard, key, fields, source)


def _add(shard: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mode = 0o644
    shard.addfile(member, io.BytesIO(data))


def _about(copy: Copy) -> dict[str, object]:
    return {"key": copy.key, "text": copy.text, "duration": copy.duration, "sample_rate": copy.sample_rate}


def _members(shard: Path) -> Iterator[tuple[str, bytes]]:
    """Names (the folder's parts joined, so that a dot divides key and suffix) and contents."""
    try:
        with (
            reading(shard),
            open_packed(shard) as unpacked,
            tarfile.open(fileobj=unpacked, mode="r|") as archive,
        ):
            for member in archive:
                archive.members.clear()  # type: ignore[attr-defined]  # or the heads of all samples would stay in memory
                if member.isfile():
                    if not 0 <= member.size <= LARGEST_MEMBER:
                        raise ManifestError(
                            f"its member {member.name!r} has {member.size} bytes",
                            where=str(shard),
                            how=f"give samples of at most {LARGEST_MEMBER >> 20} MiB",
                        )
                    path = PurePosixPath(member.name)
                    stream = archive.extractfile(member)
                    data = b"" if stream is None else stream.read()
                    yield "/".join((path.parent.as_posix().replace(".", "_"), path.name)), data
    # Heads with numbers or names that are none raise what they happen to raise.
    except (tarfile.TarError, ValueError, OverflowError, RecursionError) as error:
        if isinstance(error, ManifestError):
            raise
        raise ManifestError(
            f"is no tar archive that can be read ({error})", where=str(shard), how="make the shard again"
        ) from error


def _entry(shard: Path, key: str, fields: dict[str, bytes], source: Source) -> Entry:
    place = key.removeprefix("_/")
    where = f"{shard}:{place}"
    about = parse_object(_text(fields["json"], where), where) if "json" in fields else {}
    plain = next((name for name in (source.text_field, "txt", "text") if name in fields), None)
    text = _text(fields[plain], where) if plain else text_of(about, source.text_field, where)
    audio = next((fields[name] for name in AUDIO if name in fields), None)
    sound = Sound(data=audio) if audio is not None else Sound(unread="the sample holds no audio")
    return Entry(shard, place, text, seconds(about, "duration", where), sound)


def _text(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise ManifestError("its text is no UTF-8", where=where, how="make the shard again") from error


FORMAT = WebDataset()
