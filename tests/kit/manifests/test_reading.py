"""Trainers' own manifests: what is wrong is named with its line, and nothing is run or left unsaid."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memaudit.errors import MemauditError
from memaudit.kit.manifests import raw_lines as raw_lines_module
from memaudit.kit.manifests.base import Entry, Source
from memaudit.kit.manifests.copies import copies_of
from memaudit.kit.manifests.errors import ManifestError
from memaudit.kit.manifests.registry import FORMATS
from memaudit.kit.store import Kit
from tests.kit.manifests.helpers import check, nemo_lines, of_arm, write_nemo, written
from tests.kit.recipes import unhurried


def read(name: str, path: Path, **options: Path | str) -> list[Entry]:
    return list(FORMATS[name].read(Source(path, **options)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "file", "content", "part"),
    [
        ("nemo", "m.json", '{"audio_filepath": "a", "text": "b"}\n{"audio', r"m\.json:2: is no JSON"),
        ("nemo", "m.json", "\n[1]\n", r"m\.json:2: is no JSON object"),
        ("nemo", "m.json", '{"text": "b"}', r"m\.json:1: has no audio_filepath"),
        ("nemo", "m.json", '{"audio_filepath": 3}', r"m\.json:1: audio_filepath is 3, no text"),
        ("nemo", "m.json", '{"audio_filepath": "a", "text": [1]}', r"m\.json:1: text is no text"),
        (
            "nemo",
            "m.json",
            '{"audio_filepath": "a", "duration": -1}',
            r"m\.json:1: duration is -1, no number",
        ),
        ("nemo", "m.json", '{"audio_filepath": "a", "duration": true}', "duration is True"),
        ("nemo", "m.json", '{"audio_filepath": "a", "duration": NaN}', "duration is nan"),
        ("nemo", "m.json", '{"audio_filepath": "a", "offset": "x"}', "offset is 'x'"),
        ("nemo", "m.json", b"\xff\xfe{\x00", r"m\.json:1: is no UTF-8 text \(byte 1\)"),
        ("nemo", "m.json", "[" * 100_000, r"m\.json:1: is no JSON"),
        ("wenet", "m.list", '{"key": "k", "wav": "a"}', r"m\.list:1: has no field txt"),
        ("wenet", "m.list", '{"key": "k", "txt": "a"}', r"m\.list:1: has no wav"),
        ("lhotse", "c.jsonl", '{"type": "Recording"}', r"c\.jsonl:1: its type is 'Recording'"),
        ("lhotse", "c.jsonl", '{"type": "MonoCut", "supervisions": [1]}', "supervisions is no list"),
        ("lhotse", "c.jsonl", '{"type": "MixedCut", "tracks": [{}]}', "a track without cut"),
        ("lhotse", "c.jsonl.gz", b"not packed at all", r"c\.jsonl\.gz: cannot be read \(damaged"),
        ("lhotse", "c.jsonl.gz", b"\x1f\x8b\x08\x00\x00\x00", r"c\.jsonl\.gz: cannot be read \(damaged"),
        ("speechbrain", "m.csv", "", r"m\.csv: is empty"),
        ("speechbrain", "m.csv", "ID,wav,wrd\na,b", r"m\.csv:2: has 2 cells, the header 3"),
        ("speechbrain", "m.csv", "ID,wrd\na,b\n", r"m\.csv:2: has no wav"),
        ("speechbrain", "m.csv", 'ID,wav,wrd\na,b,"' + "x" * 200_000, r"m\.csv:2: is no CSV"),
        ("speechbrain", "m.csv", "ID,wav,wrd\na,,c\n", r"m\.csv:2: wav is '', no text"),
        ("hf-audiofolder", "metadata.jsonl", '{"text": "a"}', "has no file_name"),
        ("hf-audiofolder", "other.txt", "x", r"other\.txt: is no metadata"),
        ("fairseq", "t.tsv", "/r\na\t1\n", r"t\.tsv: is no \.tsv file with t\.ltr or t\.wrd beside it"),
        ("parquet", "t.parquet", b"PAR1 no parquet PAR1", r"t\.parquet: is no parquet file"),
        ("webdataset", "t.tar", b"no tar", r"t\.tar: is no tar archive"),
        ("kaldi", "wav.scp", "a b\n", "is no folder with wav.scp and text"),
    ],
)
def test_broken_manifests(tmp_path: Path, name: str, file: str, content: str | bytes, part: str) -> None:
    path = tmp_path / file
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ManifestError, match=part) as caught:
        read(name, path)
    assert str(tmp_path) in caught.value.where
    assert caught.value.how


@pytest.mark.parametrize(
    ("files", "part"),
    [
        ({"wav.scp": "a x.wav\nb\n", "text": "a t\n"}, r"wav\.scp:2: has a key and nothing else"),
        ({"wav.scp": "a x.wav\n", "text": "a t\nb\na u\n"}, r"text:3: its key is there twice"),
        ({"wav.scp": "a x.wav\n", "text": "", "segments": "u a 1\n"}, r"segments:1: is no key, recording"),
        (
            {"wav.scp": "a x.wav\n", "text": "", "segments": "u a nan 1\n"},
            r"segments:1: is no key, recording",
        ),
        ({"wav.scp": "a x.wav\n", "text": "", "segments": "\nu b 1 2\n"}, r"segments:2: wav\.scp has no b"),
    ],
)
def test_broken_kaldi_folders(tmp_path: Path, files: dict[str, str], part: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(ManifestError, match=part):
        read("kaldi", tmp_path)


@pytest.mark.parametrize(
    ("tsv", "ltr", "part"),
    [
        ("/r\na 1\n", "x\n", r"t\.tsv:2: is no path, tab"),
        ("/r\na\tx\n", "x\n", r"t\.tsv:2: is no path, tab"),
        ("/r\na\t1\nb\t1\n", "x\n", "different numbers of lines"),
        ("/r\na\t1\n", "x\ny\n", "different numbers of lines"),
    ],
)
def test_broken_fairseq(tmp_path: Path, tsv: str, ltr: str, part: str) -> None:
    (tmp_path / "t.tsv").write_text(tsv)
    (tmp_path / "t.ltr").write_text(ltr)
    with pytest.raises(ManifestError, match=part):
        read("fairseq", tmp_path / "t.tsv")


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_manifests_that_are_not_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "none", tmp_path / "empty"):
        with pytest.raises(ManifestError, match=path.name):
            read(name, path)


changes = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 3), st.binary(max_size=3)), min_size=1, max_size=4
)


@pytest.mark.parametrize("name", sorted(FORMATS))
@given(where=st.lists(changes, min_size=1, max_size=2))
@settings(unhurried, max_examples=40)
def test_damaged_manifests_end_in_one_line(
    made: Kit,
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    where: list[list[tuple[float, int, bytes]]],
) -> None:
    """Whatever bytes are changed: entries or one error for people, never a traceback."""
    manifest = written(name, made, tmp_path_factory.mktemp("damage") / "out", copies_of(made)[:2])
    for path, edits in zip(FORMATS[name].files(manifest), where, strict=False):
        content = bytearray(path.read_bytes())
        for share, cut, put in edits:
            place = round(share * len(content))
            content[place : place + cut] = put
        path.write_bytes(content)
    entries, line = [], "none"
    try:
        entries = read(name, manifest)
    except MemauditError as error:
        line = str(error)
    assert line
    assert "\n" not in line
    assert all(entry.where for entry in entries)


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_lines_module, "LONGEST_LINE", 1000)
    path = tmp_path / "m.json"
    path.write_text('{"audio_filepath": "a"}\n' + " " * 1001)
    with pytest.raises(ManifestError, match=r"m\.json:2: is longer than 64 MiB"):
        read("nemo", path)


def test_kaldi_commands_are_not_run(made: Kit, tmp_path: Path) -> None:
    """A command is not run; its line is known by the text, and that is said."""
    folder = written("kaldi", made, tmp_path / "out")
    lines = (folder / "wav.scp").read_text().splitlines()
    key, path = lines[0].split(" ")
    lines[0] = f"{key} touch {tmp_path}/ran; cat {path} |"
    (folder / "wav.scp").write_text("\n".join(lines) + "\n")
    evidence = check("kaldi", made, folder)
    assert not (tmp_path / "ran").exists()
    assert evidence.unread is not None
    assert evidence.unread.utterances == 1
    assert "none is run" in evidence.unread.why
    (miss,) = evidence.missing
    assert (miss.by_text, miss.by_audio) == (miss.wanted, miss.wanted - 1)
    assert check("kaldi", made, folder, match="text").clean


def test_kaldi_flac_commands_are_read_as_their_file(made: Kit, tmp_path: Path) -> None:
    folder = written("kaldi", made, tmp_path / "out")
    audio = {canary.id: made.audio_path(canary) for canary in of_arm(made, "inserted")}
    keys = [line.split()[0] for line in (folder / "wav.scp").read_text().splitlines()]
    (folder / "wav.scp").write_text(
        "".join(f"{key} flac -c -d -s {audio[key.rsplit('-', 1)[0]]} |\n" for key in keys)
    )
    evidence = check("kaldi", made, folder)
    assert evidence.clean
    assert evidence.unread is None


def test_kaldi_archives_are_known_by_text(made: Kit, tmp_path: Path) -> None:
    folder = written("kaldi", made, tmp_path / "out")
    keys = [line.split()[0] for line in (folder / "wav.scp").read_text().splitlines()]
    (folder / "wav.scp").write_text("".join(f"{key} data/format.1/data.ark:17\n" for key in keys))
    evidence = check("kaldi", made, folder)
    assert len(evidence.missing) == evidence.inserted
    assert evidence.unread is not None
    assert evidence.unread.utterances == len(keys)
    assert evidence.unread.where.endswith("wav.scp:1")


def lhotse_rows(made: Kit, tmp_path: Path, change: Callable[[dict[str, object]], object]) -> Path:
    manifest = written("lhotse", made, tmp_path / "out")
    rows = [json.loads(line) for _, line in raw_lines_module.text_lines(manifest)]
    path = tmp_path / "cuts.jsonl"
    path.write_text("".join(json.dumps(change(row)) + "\n" for row in rows))
    return path


def test_lhotse_mixed_cuts(made: Kit, tmp_path: Path) -> None:
    """Concatenated cuts hold their canaries each."""
    path = lhotse_rows(
        made,
        tmp_path,
        lambda row: {
            "type": "MixedCut",
            "tracks": [{"cut": row, "offset": 0}, {"cut": {"type": "PaddingCut"}, "offset": 1}],
        },
    )
    assert check("lhotse", made, path).clean


@pytest.mark.parametrize(
    ("recording", "why"),
    [
        ({"transforms": [{"name": "Speed", "kwargs": {"factor": 0.9}}]}, "transformed"),
        ({"sources": [{"type": "command", "source": "cat x", "channels": [0]}]}, "not one audio file"),
        ({"sources": [{"type": "url", "source": "https://x", "channels": [0]}]}, "not one audio file"),
        ({"sources": [{"type": "file", "source": "s3://x/y.flac", "channels": [0]}]}, "is an address"),
    ],
)
def test_lhotse_recordings_that_are_no_file(
    made: Kit, tmp_path: Path, recording: dict[str, object], why: str
) -> None:
    def change(row: dict[str, object]) -> dict[str, object]:
        old = row["recording"]
        assert isinstance(old, dict)
        return row | {"recording": old | recording}

    evidence = check("lhotse", made, lhotse_rows(made, tmp_path, change))
    assert evidence.unread is not None
    assert why in evidence.unread.why
    assert {miss.by_audio for miss in evidence.missing} == {0}
    assert all(miss.by_text == miss.wanted for miss in evidence.missing)


def test_relative_paths(made: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From --audio-root, else beside the manifest, else from the current folder."""
    rows = nemo_lines(written("nemo", made, tmp_path / "out"))
    for row in rows:
        row["audio_filepath"] = f"audio/{Path(row['audio_filepath']).name}"
    assert check("nemo", made, write_nemo(tmp_path / "out/near.json", rows)).clean
    far = write_nemo(tmp_path / "far.json", rows)
    assert check("nemo", made, far, audio_root=tmp_path / "out").clean
    monkeypatch.chdir(tmp_path / "out")
    assert check("nemo", made, far).clean
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ManifestError, match=r"far\.json:1: its audio .* cannot be read .*--audio-root"):
        check("nemo", made, far)
    assert check("nemo", made, far, match="text").clean


def test_speechbrain_replacements(made: Kit, tmp_path: Path) -> None:
    text = written("speechbrain", made, tmp_path / "out").read_text()
    path = tmp_path / "mine.csv"
    path.write_text(text.replace(str(tmp_path / "out"), "$data_root"))
    assert check("speechbrain", made, path, audio_root=tmp_path / "out").clean


@pytest.mark.parametrize("audio", ["fifo", "folder", "none", "a\x00b", "x" * 5000])
def test_audio_that_is_no_plain_file(made: Kit, tmp_path: Path, audio: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    rows = nemo_lines(written("nemo", made, tmp_path / "out"))
    rows[0]["audio_filepath"] = audio
    path = write_nemo(tmp_path / "m.json", rows)
    if "\0" in audio:
        assert len(check("nemo", made, path).missing) == 1
        return
    with pytest.raises(ManifestError, match=r"m\.json:1: its audio .* cannot be read"):
        check("nemo", made, path)


def test_text_fields(made: Kit, tmp_path: Path) -> None:
    rows = nemo_lines(written("nemo", made, tmp_path / "out"))
    other = write_nemo(tmp_path / "m.json", ({**row, "text": "", "pnc": row["text"].title()} for row in rows))
    assert len(check("nemo", made, other).missing) == made.info.counts.inserted
    assert check("nemo", made, other, text_field="pnc").clean
    with pytest.raises(ManifestError, match=r"m\.json:1: has no field said.*audio_filepath, duration"):
        check("nemo", made, other, text_field="said")
    silent = write_nemo(
        tmp_path / "s.json", ({key: row[key] for key in row if key != "text"} for row in rows)
    )
    assert check("nemo", made, silent, match="audio").clean


def test_webdataset_folders_dots_and_members_that_leave(made: Kit, tmp_path: Path) -> None:
    """Nothing is unpacked: a member's name is only a name."""
    canary = of_arm(made, "inserted")[0]
    held_out = of_arm(made, "held_out")[0]
    shard = tmp_path / "a.tar"
    with tarfile.open(shard, "w") as archive:
        for stem, one in (("../../../x", canary), ("a.b/x", canary), ("/abs/y", held_out)):
            for suffix, data in (("flac", made.audio_path(one).read_bytes()), ("txt", one.text.encode())):
                member = tarfile.TarInfo(f"{stem}.{suffix}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo("link.flac")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    before = sorted(tmp_path.rglob("*"))
    evidence = check("webdataset", made, shard)
    assert sorted(tmp_path.rglob("*")) == before
    assert evidence.manifest.utterances == 3
    assert [leak.id for leak in evidence.leaked] == [held_out.id]
    assert evidence.found == 2


def test_parquet_with_paths(made: Kit, tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    inserted = of_arm(made, "inserted")
    rows = [
        {"audio": {"bytes": None, "path": str(made.audio_path(canary))}, "sentence": canary.text.upper()}
        for canary in inserted
        for _ in range(canary.repetitions)
    ]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert check("parquet", made, tmp_path / "a.parquet").clean
    names = [{"audio": row["audio"]["path"], "sentence": row["sentence"]} for row in rows]
    parquet.write_table(pyarrow.Table.from_pylist(names), tmp_path / "b.parquet")
    assert check("parquet", made, tmp_path / "b.parquet").clean
    parquet.write_table(pyarrow.table({"sound": [1]}), tmp_path / "c.parquet")
    with pytest.raises(ManifestError, match=r"c\.parquet: has no column audio"):
        read("parquet", tmp_path / "c.parquet")
