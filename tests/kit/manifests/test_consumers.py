"""Every export as its real consumer loads it."""

from __future__ import annotations

import csv
import gc
import io
import json
import os
import shutil
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from memaudit.kit.manifests.export import export_kit
from memaudit.kit.manifests.registry import FORMATS
from memaudit.kit.store import Kit
from tests.kit.manifests.helpers import check, of_arm, written

# Warnings of other people's libraries are theirs.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")


def wanted(kit: Kit) -> Counter[tuple[str, bytes]]:
    """How often each (text, 16-bit samples) must come."""
    found: Counter[tuple[str, bytes]] = Counter()
    for canary in of_arm(kit, "inserted"):
        samples, _ = soundfile.read(kit.audio_path(canary), dtype="int16")
        found[canary.text, samples.tobytes()] += canary.repetitions
    return found


def decoded(data: bytes | str | Path) -> bytes:
    samples, _ = soundfile.read(io.BytesIO(data) if isinstance(data, bytes) else data, dtype="int16")
    return samples.tobytes()


def test_lhotse(made: Kit, tmp_path: Path) -> None:
    import lhotse

    cuts = lhotse.load_manifest(written("lhotse", made, tmp_path / "out"))
    assert isinstance(cuts, lhotse.CutSet)
    lhotse.validate(cuts, read_data=True)
    found = Counter(
        (cut.supervisions[0].text, np.rint(cut.load_audio()[0] * 32768).astype("int16").tobytes())
        for cut in cuts
    )
    assert found == wanted(made)
    assert len({cut.id for cut in cuts}) == len(cuts)


def test_datasets_audiofolder(made: Kit, tmp_path: Path) -> None:
    import datasets

    datasets.disable_progress_bars()
    written("hf-audiofolder", made, tmp_path / "out")
    # Streaming, and the audio as a path: no decoder that would need system libraries takes part.
    loaded = datasets.load_dataset(
        "audiofolder", data_dir=str(tmp_path / "out"), split="train", streaming=True, cache_dir=str(tmp_path)
    )
    assert isinstance(loaded.features["audio"], datasets.Audio)
    rows = list(loaded.cast_column("audio", datasets.Value("string")))
    assert Counter((row["transcription"], decoded(row["audio"])) for row in rows) == wanted(made)


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_datasets_merged_audiofolder(made: Kit, tmp_path: Path, suffix: str) -> None:
    """The user's metadata with a column of its own, and the canaries in a copy of the user's folder."""
    import datasets

    datasets.disable_progress_bars()
    mine = tmp_path / "mine"
    mine.mkdir()
    rows = [("a.wav", 'He said "no, two"', 3), ("b.wav", "and\nmore", 4)]
    metadata = mine / f"metadata.{suffix}"
    with metadata.open("w", newline="") as stream:
        if suffix == "csv":
            csv.writer(stream).writerows([("file_name", "sentence", "speaker"), *rows])
        else:
            for file, sentence, speaker in rows:
                line = {"file_name": file, "sentence": sentence, "speaker": speaker}
                stream.write(json.dumps(line) + "\n")
    for file, *_ in rows:
        soundfile.write(mine / file, np.zeros(1600, np.int16), 16000)
    (note,) = export_kit(made, FORMATS["hf-audiofolder"], tmp_path / "out", append_to=metadata).notes
    assert str(mine) in note
    shutil.copytree(tmp_path / "out", mine, dirs_exist_ok=True)
    loaded = datasets.load_dataset(
        "audiofolder", data_dir=str(mine), split="train", streaming=True, cache_dir=str(tmp_path)
    )
    found = list(loaded.cast_column("audio", datasets.Value("string")))
    own = [(Path(row["audio"]).name, row["sentence"], row["speaker"]) for row in found if row["speaker"]]
    assert own == rows
    theirs = [row for row in found if not row["speaker"]]
    assert Counter((row["sentence"], decoded(row["audio"])) for row in theirs) == wanted(made)
    assert check("hf-audiofolder", made, mine).clean


def test_datasets_parquet(made: Kit, tmp_path: Path) -> None:
    import datasets

    datasets.disable_progress_bars()
    written("parquet", made, tmp_path / "out")
    loaded = datasets.load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    rate = made.recipe.speech.sample_rate
    assert loaded.features["audio"] == datasets.Audio(sampling_rate=rate)
    rows = loaded.cast_column("audio", datasets.Audio(sampling_rate=rate, decode=False))
    assert Counter((row["text"], decoded(row["audio"]["bytes"])) for row in rows) == wanted(made)


def test_pyarrow(made: Kit, tmp_path: Path) -> None:
    from pyarrow import parquet

    written("parquet", made, tmp_path / "out")
    table = parquet.read_table(next((tmp_path / "out").glob("*.parquet")))
    rows = table.to_pylist()
    assert Counter((row["text"], decoded(row["audio"]["bytes"])) for row in rows) == wanted(made)
    assert all(len(decoded(row["audio"]["bytes"])) / 2 / 16000 == row["duration"] for row in rows)


def test_kaldiio(made: Kit, tmp_path: Path) -> None:
    import kaldiio

    folder = written("kaldi", made, tmp_path / "out")
    waves = kaldiio.load_scp(str(folder / "wav.scp"))
    texts = dict(line.split(maxsplit=1) for line in (folder / "text").read_text().splitlines())
    assert texts.keys() == waves.keys()
    assert Counter((texts[key], waves[key][1].tobytes()) for key in waves) == wanted(made)
    assert {waves[key][0] for key in waves} == {made.recipe.speech.sample_rate}


def test_kaldi_folder_is_valid(made: Kit, tmp_path: Path) -> None:
    """What utils/validate_data_dir.sh asks for: sorted in the C locale, the same keys everywhere."""
    folder = written("kaldi", made, tmp_path / "out")
    rows = {
        name: [line.split(" ", 1) for line in (folder / name).read_text().splitlines()]
        for name in ("wav.scp", "text", "utt2spk", "spk2utt")
    }
    keys = [key for key, _ in rows["wav.scp"]]
    assert keys == sorted(keys, key=os.fsencode)
    assert all([key for key, _ in found] == keys for found in rows.values())
    assert all(key.startswith(speaker) for key, speaker in rows["utt2spk"])


def test_webdataset(made: Kit, tmp_path: Path) -> None:
    import webdataset

    folder = written("webdataset", made, tmp_path / "out")
    with warnings.catch_warnings(action="ignore"):
        samples = list(webdataset.WebDataset(str(folder / "shard-000000.tar"), shardshuffle=False))
        gc.collect()  # it leaves the shard open
    assert Counter((sample["txt"].decode(), decoded(sample["flac"])) for sample in samples) == wanted(made)
    assert all(json.loads(sample["json"])["key"] == sample["__key__"] for sample in samples)


def test_speechbrain(made: Kit, tmp_path: Path) -> None:
    dataset = pytest.importorskip("speechbrain.dataio.dataset", exc_type=ImportError)
    loaded = dataset.DynamicItemDataset.from_csv(str(written("speechbrain", made, tmp_path / "out")))
    loaded.set_output_keys(["wrd", "wav", "duration"])
    rows = [loaded[number] for number in range(len(loaded))]
    assert Counter((row["wrd"], decoded(row["wav"])) for row in rows) == wanted(made)
    assert all(isinstance(row["duration"], float) for row in rows)


def test_speechbrain_csv_as_documented(made: Kit, tmp_path: Path) -> None:
    """Its loader's rules: csv.DictReader, a column ID without doubles, $name stands for a replacement."""
    text = written("speechbrain", made, tmp_path / "out").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text), skipinitialspace=True))
    assert len({row["ID"] for row in rows}) == len(rows)
    assert "$" not in text
    assert Counter((row["wrd"], decoded(row["wav"])) for row in rows) == wanted(made)
    assert all(float(row["duration"]) == soundfile.info(row["wav"]).duration for row in rows)


def fairseq_items(manifest: Path) -> Iterator[tuple[str, str, str]]:
    """As FileAudioDataset and the fine-tuning task read: root, then path and samples; labels line by line."""
    with manifest.open() as stream:
        root = stream.readline().strip()
        items = [line.strip().split("\t") for line in stream]
    labels = manifest.with_suffix(".ltr").read_text().splitlines()
    assert len(labels) == len(items)
    for (name, frames), label in zip(items, labels, strict=True):
        path = os.path.join(root, name)  # noqa: PTH118
        assert soundfile.info(path).frames == int(frames)
        yield label, label.replace(" ", "").replace("|", " ").strip(), path


def test_fairseq_as_documented(made: Kit, tmp_path: Path) -> None:
    manifest = written("fairseq", made, tmp_path / "out")
    items = list(fairseq_items(manifest))
    assert Counter((text, decoded(path)) for _, text, path in items) == wanted(made)
    words = manifest.with_suffix(".wrd").read_text().splitlines()
    assert words == [text for _, text, _ in items]
    assert all(label == " ".join(word.replace(" ", "|")) for word, (label, *_) in
               zip((f"{word} " for word in words), items, strict=True))  # fmt: skip


@pytest.mark.parametrize(
    ("name", "audio", "text"), [("nemo", "audio_filepath", "text"), ("wenet", "wav", "txt")]
)
def test_json_lines(made: Kit, tmp_path: Path, name: str, audio: str, text: str) -> None:
    lines = written(name, made, tmp_path / "out").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert Counter((row[text], decoded(row[audio])) for row in rows) == wanted(made)
    if name == "nemo":
        assert all(row["duration"] == soundfile.info(row[audio]).duration for row in rows)
    else:
        assert len({row["key"] for row in rows}) == len(rows)
