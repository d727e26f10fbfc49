"""--append-to: the user's lines byte for byte, the canaries among them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memaudit.errors import MemauditError
from memaudit.kit.manifests.base import Mergeable
from memaudit.kit.manifests.copies import copies_of
from memaudit.kit.manifests.csv_records import csv_records, raw_records
from memaudit.kit.manifests.errors import ManifestError
from memaudit.kit.manifests.export import Exported, export_kit
from memaudit.kit.manifests.merge import Survey, draw_places, merge_at, survey
from memaudit.kit.manifests.raw_lines import BOM, raw_lines
from memaudit.kit.manifests.registry import FORMATS
from memaudit.kit.store import Kit
from tests.kit.manifests.helpers import check, written
from tests.kit.recipes import unhurried

CANARIES = ["canary one", "canary two", "canary three", "canary three"]
line = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=12)
manifests = st.builds(
    lambda mark, lines, last: mark + b"".join(body.encode() + end for body, end in lines) + last.encode(),
    st.sampled_from([b"", BOM]),
    st.lists(st.tuples(line, st.sampled_from([b"\n", b"\r\n"])), max_size=12),
    st.one_of(st.just(""), line),
)


def merged(folder: Path, content: bytes, seed: int, header: int = 0, suffix: str = ".txt") -> bytes:
    path, out = folder / f"mine{suffix}", folder / f"merged{suffix}"
    pack = gzip.compress if suffix == ".gz" else bytes
    path.write_bytes(pack(content))
    found = survey(path, ["c0ffee"])
    places = draw_places(found, len(CANARIES), header, seed)
    merge_at(path, out, CANARIES, places, found)
    assert path.read_bytes() == pack(content)
    return gzip.decompress(out.read_bytes()) if suffix == ".gz" else out.read_bytes()


@given(content=manifests, seed=st.integers(0, 9), header=st.sampled_from([0, 1]))
@settings(unhurried, max_examples=150)
def test_the_users_lines_are_kept(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, seed: int, header: int
) -> None:
    mine = content.splitlines(keepends=True) if b"\r" not in content else content.split(b"\n")
    out = merged(tmp_path_factory.mktemp("merge"), content, seed, header)
    end = b"\r\n" if content.split(b"\n")[0].endswith(b"\r") and b"\n" in content else b"\n"
    left = out
    for canary in CANARIES:
        assert left.count(canary.encode() + end) >= 1
        left = left.replace(canary.encode() + end, b"", 1)
    forced = len(content.split(b"\n")) == 1 and content and (header or content.startswith(BOM))
    assert left == content + (end if forced else b"")
    assert out.startswith(BOM) == content.startswith(BOM)
    if header and mine:
        assert out.split(b"\n")[0] == content.split(b"\n")[0]


@pytest.mark.parametrize("suffix", [".txt", ".gz"])
def test_packed_or_not(tmp_path: Path, suffix: str) -> None:
    content = b"a\r\n\xc3\xa9\nlast"
    left = merged(tmp_path, content, 3, suffix=suffix)
    for canary in CANARIES:
        left = left.replace(canary.encode() + b"\r\n", b"", 1)
    assert left == content


def test_every_interleaving_is_equally_likely() -> None:
    """Two lines among two: six interleavings, each a sixth of 3,000 seeds within five standard deviations."""
    found = Survey(2, "\n", ended=True, marked=False, ordered=False)
    seen = Counter(tuple(draw_places(found, 2, 0, seed)) for seed in range(3000))
    assert set(seen) == {(a, b) for a in range(3) for b in range(a, 3)}
    assert all(abs(count - 500) < 5 * (3000 * 5 / 36) ** 0.5 for count in seen.values())


def test_the_seed_decides(tmp_path: Path) -> None:
    content = b"".join(b"line %d\n" % number for number in range(50))
    first, again, other = (merged(tmp_path, content, seed) for seed in (1, 1, 2))
    assert first == again != other


cell = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=6)


@given(rows=st.lists(st.lists(cell, min_size=2, max_size=2), min_size=1, max_size=8), seed=st.integers(0, 5))
@settings(unhurried, max_examples=100)
def test_csv_records_are_never_split(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], seed: int
) -> None:
    """Fields with commas, quotes and line ends in them: records stay what they were."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["ID", "wrd"], *rows])
    folder = tmp_path_factory.mktemp("csv")
    path = folder / "mine.csv"
    path.write_bytes(text.getvalue().encode())
    assert b"".join(raw_records(path)) == path.read_bytes()
    assert [record.cells for record in csv_records(path)] == [["ID", "wrd"], *rows]
    found = survey(path, [], raw_records)
    lines = ["c1,one", "c2,two"]
    merge_at(path, folder / "out.csv", lines, draw_places(found, 2, 1, seed), found, raw_records)
    records = [record.cells for record in csv_records(folder / "out.csv")]
    assert records[0] == ["ID", "wrd"]
    assert sorted(cells for cells in records[1:]) == sorted([*rows, ["c1", "one"], ["c2", "two"]])
    left = iter(records[1:])
    assert all(row in left for row in rows)


USERS = {
    "nemo": {"train.json": '{{"audio_filepath": "u/{n}.wav", "duration": 3600.5, "text": "line {n}"}}\n'},
    "wenet": {
        "data.list": '{{"key": "u{n}", "wav": "u/{n}.wav", "txt": "line {n}", "start": 0, "end": 3600}}\n'
    },
    "lhotse": {
        "cuts.jsonl.gz": '{{"type": "MonoCut", "id": "u{n}", "start": 0, "duration": 3600.0, "channel": 0, '
        '"supervisions": [{{"id": "u{n}", "text": "line {n}"}}], "recording": {{"id": "u{n}", "sources": '
        '[{{"type": "file", "channels": [0], "source": "u/{n}.wav"}}]}}}}\n'
    },
    "speechbrain": {"mine.csv": 'u{n},3600.5,u/{n}.wav,extra,"line, {n}"\r\n'},
    "hf-audiofolder": {
        "metadata.jsonl": '{{"file_name": "u/{n}.wav", "sentence": "line {n}", "duration": 3600}}\n'
    },
    "fairseq": {
        "train.tsv": "u/{n}.wav\t99999999\n",
        "train.ltr": "l i n e | {n} |\n",
        "train.wrd": "line {n}\n",
    },
    "kaldi": {
        "wav.scp": "u{n:03d} sox u/{n}.mp3 -t wav - |\n",
        "text": "u{n:03d} line {n}\n",
        "utt2spk": "u{n:03d} u{n:03d}\n",
        "spk2utt": "u{n:03d} u{n:03d}\n",
        "utt2dur": "u{n:03d} 3600.5\n",
    },
}
HEADS = {"mine.csv": "ID,duration,wav,other,wrd\r\n", "train.tsv": "{folder}\n"}


def users_own(name: str, folder: Path, lines: int = 40) -> Path:
    """A user's manifest of long utterances, whose audio is nowhere or cannot be decoded."""
    (folder / "u").mkdir(parents=True)
    for file, row in USERS[name].items():
        head = HEADS.get(file, "").format(folder=folder)
        content = (head + "".join(row.format(n=number) for number in range(lines))).encode()
        (folder / file).write_bytes(gzip.compress(content) if file.endswith(".gz") else content)
    if name == "fairseq":
        for number in range(lines):
            (folder / f"u/{number}.wav").write_bytes(b"no audio at all")
    return folder if name == "kaldi" else folder / next(iter(USERS[name]))


def content(path: Path) -> list[bytes]:
    return list(raw_lines(path))


def merge(made: Kit, name: str, mine: Path, out: Path, **options: int) -> Exported:
    return export_kit(made, FORMATS[name], out, append_to=mine, **options)


@pytest.mark.parametrize("name", sorted(USERS))
def test_merged_manifests(made: Kit, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = users_own(name, tmp_path / "mine")
    before = {file: (tmp_path / "mine" / file).read_bytes() for file in USERS[name]}
    made_of = merge(made, name, mine, tmp_path / "out", seed=3)
    assert {file: (tmp_path / "mine" / file).read_bytes() for file in USERS[name]} == before
    copies = made.info.counts.copies
    assert made_of.copies == copies
    for file in USERS[name]:
        old, new = content(tmp_path / "mine" / file), content(tmp_path / "out" / file)
        assert len(new) == len(old) + copies
        left = iter(new)
        assert all(row in left for row in old)
        spread = [number for number, row in enumerate(new) if row not in old]
        if name != "kaldi":
            assert spread != list(range(spread[0], spread[0] + copies))
    given_to = tmp_path / "out" if name == "kaldi" else tmp_path / "out" / mine.name
    evidence = check(name, made, given_to, text_field="sentence" if name == "hf-audiofolder" else None)
    assert evidence.clean, evidence
    assert evidence.manifest.utterances == copies + 40
    unread = evidence.unread.utterances if evidence.unread else 0
    assert unread == (40 if name in ("kaldi", "fairseq") else 0)
    with pytest.raises(
        ManifestError, match=r":( record )?\d+: the canary c[0-9a-f]+(-\d+)? is already there"
    ):
        merge(made, name, given_to, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_fairseq_in_step(made: Kit, tmp_path: Path) -> None:
    """Merged labels belong to the merged files, line by line."""
    mine = users_own("fairseq", tmp_path / "mine")
    merge(made, "fairseq", mine, tmp_path / "out", seed=5)
    names = [row.split("\t")[0] for row in (tmp_path / "out/train.tsv").read_text().splitlines()[1:]]
    words = (tmp_path / "out/train.wrd").read_text().splitlines()
    letters = (tmp_path / "out/train.ltr").read_text().splitlines()
    texts = {canary.id: canary.text for canary in made.canaries}
    for name, word, letter in zip(names, words, letters, strict=True):
        stem = Path(name).stem
        assert word == texts.get(stem, f"line {stem}")
        assert letter.replace(" ", "").replace("|", " ").strip() == word
        assert Path(name).is_file() or stem.isdecimal()
    (tmp_path / "mine/train.ltr").write_text("one line\n")
    with pytest.raises(ManifestError, match=r"train\.ltr.*1 lines for the 40 files"):
        merge(made, "fairseq", mine, tmp_path / "again")
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("ordered", [True, False])
def test_kaldi_order(made: Kit, tmp_path: Path, ordered: bool) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    keys = [*"abdxz", "c0", "cf"] if not ordered else ["a", "b", "c0", "cf", "d", "x"]
    for name in ("wav.scp", "text", "utt2spk", "spk2utt", "segments"):
        (mine / name).write_text("\n".join(f"{key} x 0 1" for key in keys))  # no line end at the end
    (mine / "feats.scp").write_text("a feats.ark:5\n")
    notes = merge(made, "kaldi", mine, tmp_path / "out").notes
    assert len(notes) == 1
    assert "feats.scp" in notes[0]
    assert not (tmp_path / "out/feats.scp").exists()
    for name in ("wav.scp", "text", "utt2spk", "spk2utt", "segments"):
        found = [row.split()[0] for row in (tmp_path / "out" / name).read_bytes().splitlines()]
        assert len(found) == made.info.counts.copies + len(keys)
        assert (found == sorted(found)) == ordered


def test_merged_kaldi_segments_are_checked(made: Kit, tmp_path: Path) -> None:
    mine = users_own("kaldi", tmp_path / "mine")
    (mine / "segments").write_text("".join(f"u{number:03d} u{number:03d} 0 3600\n" for number in range(40)))
    merge(made, "kaldi", mine, tmp_path / "out")
    evidence = check("kaldi", made, tmp_path / "out")
    assert evidence.clean, evidence
    assert [file.name for file in evidence.manifest.files] == ["wav.scp", "text", "segments"]


@pytest.mark.parametrize("name", ["parquet", "webdataset"])
def test_what_takes_no_lines(made: Kit, tmp_path: Path, name: str) -> None:
    mine = written(name, made, tmp_path / "mine")
    with pytest.raises(ManifestError, match="takes no further lines"):
        merge(made, name, mine, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", sorted(USERS))
def test_another_formats_manifest_is_refused(made: Kit, tmp_path: Path, name: str) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"what": "is this"}\n')
    with pytest.raises(ManifestError, match=r"wrong\.json"):
        merge(made, name, wrong, tmp_path / "out")
    assert isinstance(FORMATS[name], Mergeable)
    assert not list(tmp_path.glob("*out*"))


def test_texts_in_upper_case_and_another_root(made: Kit, tmp_path: Path) -> None:
    export_kit(made, FORMATS["nemo"], tmp_path / "out", root="/data/c", case="upper", text_field="pnc")
    for row in map(json.loads, (tmp_path / "out/manifest.json").read_text().splitlines()):
        assert row["pnc"] == row["pnc"].upper()
        assert row["audio_filepath"].startswith("/data/c/audio/")
    (tmp_path / "here").symlink_to(tmp_path / "out")
    export_kit(made, FORMATS["wenet"], tmp_path / "near", root=".")
    assert all(
        json.loads(row)["wav"].startswith("audio/")
        for row in (tmp_path / "near/data.list").read_text().splitlines()
    )
    assert check("wenet", made, tmp_path / "near/data.list").clean
    assert {copy.text for copy in copies_of(made, case="lower")} == {
        copy.text.lower() for copy in copies_of(made)
    }


@pytest.mark.parametrize(
    ("name", "options", "part"),
    [
        ("speechbrain", {"root": "/data/$x"}, "cannot hold '\\$'"),
        ("kaldi", {"root": "a|b"}, "cannot hold"),
        ("nemo", {"root": "a\nb"}, "cannot hold"),
        ("nemo", {"append_to": Path("none.json")}, "none.json: is no file"),
    ],
)
def test_bad_exports(made: Kit, tmp_path: Path, name: str, options: dict[str, str | Path], part: str) -> None:
    with pytest.raises(MemauditError, match=part):
        export_kit(made, FORMATS[name], tmp_path / "out", **options)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_where_an_export_must_not_go(kit: Kit, tmp_path: Path) -> None:
    inside = kit.root / "train" / "more"
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine").touch()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    through = tmp_path / "through"
    through.symlink_to(kit.root)
    for out, part in (
        (inside, "lies in the kit"),
        (through / "audit/x", "lies in the kit"),
        (full, "is not empty"),
        (full / "mine", "is no folder"),
        (link, "is no folder"),
        (full / "mine" / "x", "cannot be written"),
    ):
        with pytest.raises(MemauditError, match=part):
            export_kit(kit, FORMATS["nemo"], out)
    assert [path.name for path in full.iterdir()] == ["mine"]
    assert not inside.exists()
