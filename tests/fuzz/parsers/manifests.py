"""Training manifests of every format, with what check-injection and export make of them."""

from __future__ import annotations

import dataclasses
import gzip
import tempfile
from pathlib import Path

from memaudit.audit.given_controls import read_controls
from memaudit.audit.normalise import NAME, normalise
from memaudit.kit.injection.check import Normaliser, check_injection
from memaudit.kit.manifests.base import Job, Mergeable, Source
from memaudit.kit.manifests.copies import copies_of
from memaudit.kit.manifests.registry import FORMATS
from tests.fuzz.kits import tone, tone_kit
from tests.fuzz.parser import Parser, Target, file_target
from tests.kit.manifests.helpers import GIVEN, written

FILES = {
    "nemo": ("manifest.json",),
    "hf-audiofolder": ("metadata.jsonl",),
    "parquet": ("train-00000-of-00001.parquet",),
    "lhotse": ("cuts.jsonl.gz",),
    "kaldi": ("wav.scp", "text", "segments"),
    "wenet": ("data.list",),
    "speechbrain": ("train.csv",),
    "fairseq": ("train.tsv", "train.ltr"),
    "webdataset": ("shard-000000.tar",),
}
"""The files of each format that are mutated, one at a time."""
_COST = {"parquet": 6, "kaldi": 6, "webdataset": 2}
_WORDS = (
    b"audio_filepath",
    b"duration",
    b"offset",
    b"text",
    b"/dev/zero",
    b"http://x/",
    b"flac -c -d -s a |",
)


def _parser(name: str, file: str) -> Parser:
    def prepare(folder: Path) -> Target:
        kit = tone_kit(folder / "kit")
        manifest = written(name, kit, folder / "export")
        path = folder / "export" / file
        if not path.exists():  # segments
            path.write_text(
                "".join(
                    f"{line.split()[0]}-1 {line.split()[0]} 0 0.2\n"
                    for line in (folder / "export/wav.scp").read_text().splitlines()
                )
            )
        format_, normaliser = FORMATS[name], Normaliser(NAME, normalise)
        copies = tuple(dataclasses.replace(copy, key=f"{copy.key}x") for copy in copies_of(kit))

        def read(_: Path) -> None:
            try:
                check_injection(kit, format_, Source(manifest), normaliser)
            finally:
                if isinstance(format_, Mergeable):
                    with tempfile.TemporaryDirectory(dir=folder) as place:
                        format_.merge(Job(copies[:1], kit.root, Path(place), "/data"), manifest)

        return file_target(path, [path.read_bytes()], read)

    unpacked = name == "lhotse"
    covers = (f"memaudit.kit.manifests.{FORMATS[name].__class__.__module__.rpartition('.')[2]}", *_SHARED)
    shown = f"manifest, {name}" + (f" {file}" if len(FILES[name]) > 1 else "")
    chosen = _unpacked(prepare) if unpacked else prepare
    return Parser(shown, covers, chosen, _WORDS, cost=_COST.get(name, 2))


def _unpacked(prepare):  # type: ignore[no-untyped-def]
    """Mutate the lines inside a gzip file, and pack most of them again."""

    def changed(folder: Path) -> Target:
        target = prepare(folder)
        plain = tuple(gzip.decompress(seed) for seed in target.seeds)

        def parse(data: bytes) -> object:
            broken = len(data) % 8 == 7
            packed = gzip.compress(data, 1, mtime=0)
            return target.parse(packed[: len(packed) * 2 // 3] if broken else packed)

        return Target(plain, parse)

    return changed


def _packed(folder: Path) -> Target:
    """The gzip container itself."""
    kit = tone_kit(folder / "kit")
    manifest = written("lhotse", kit, folder / "export")
    return file_target(
        manifest, [manifest.read_bytes()], lambda path: list(FORMATS["lhotse"].read(Source(path)))
    )


def _audiofolder_csv(folder: Path) -> Target:
    kit = tone_kit(folder / "kit")
    format_, normaliser = FORMATS["hf-audiofolder"], Normaliser(NAME, normalise)
    seed = b'file_name,transcription,duration\na.flac,"amber, ""birch""",0.2\nb.flac,"two\nlines",\n'
    return file_target(
        folder / "metadata.csv",
        [seed],
        lambda path: check_injection(kit, format_, Source(path), normaliser, match="text"),
    )


def _controls(suffix: str) -> Parser:
    def prepare(folder: Path) -> Target:
        from memaudit.kit.audio import write_flac

        for name in ("a.flac", "b.flac"):
            write_flac(folder / name, tone(0.1, 300), 16000)
        seeds = {
            ".jsonl": b'{"audio": "a.flac", "text": "one two"}\n{"audio": "b.flac", "text": "three"}\n',
            ".csv": b"audio,text,duration\na.flac,one two,0.1\nb.flac,three,\n",
        }
        return file_target(folder / f"controls{suffix}", [seeds[suffix]], read_controls)

    return Parser(f"controls {suffix}", ("memaudit.audit.given_controls", *_SHARED), prepare, _WORDS)


_SHARED = (
    "memaudit.kit.manifests.raw_lines",
    "memaudit.kit.manifests.csv_records",
    "memaudit.kit.manifests.fields",
    "memaudit.kit.manifests.merge",
    "memaudit.kit.injection.listen",
)
PARSERS = (
    *(_parser(name, file) for name in GIVEN for file in FILES[name]),
    Parser("manifest, lhotse container", ("memaudit.kit.manifests.packed",), _packed),
    Parser("manifest, hf-audiofolder csv", ("memaudit.kit.manifests.csv_records",), _audiofolder_csv, cost=2),
    _controls(".jsonl"),
    _controls(".csv"),
)
