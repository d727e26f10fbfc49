"""An engine with a journal gives what it gives without one, wherever the journal was cut."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from memaudit.audit.engine.inline import Inline
from memaudit.audit.engine.work import Heard, Item
from memaudit.audit.journal.file import JournalFile
from memaudit.audit.journal.memory import Memory, read_row, row
from memaudit.audit.journal.recording import Recorder
from memaudit.errors import JournalError, OutputError
from memaudit.kit.audio import write_flac
from memaudit.models.recognizer import ModelInfo, Recognition, Samples
from tests.audit.journal.headers import some_header


class Counting:
    """A recogniser whose answers depend on the batch; it knows how much it was asked."""

    info = ModelInfo("counting", ())
    sample_rate = 16_000

    def __init__(self, batch_size: int | None) -> None:
        self.batch_size = batch_size
        self.heard = 0

    def recognize_batch(self, samples: list[Samples], references: list[str | None]) -> list[Recognition]:
        self.heard += len(samples)
        sizes = "-".join(str(one.size) for one in samples)
        return [
            Recognition(f"{sizes} {place} {text}", loss=0.1 * one.size, tokens=3)
            for place, (one, text) in enumerate(zip(samples, references, strict=True))
        ]


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[Item]:
    folder = tmp_path_factory.mktemp("audio")
    for number in range(11):
        write_flac(folder / f"u{number}.flac", np.full(100 + number, 0.1, np.float32), 16_000)
    return [Item(f"u{number}", str(folder / f"u{number}.flac"), f"text {number}") for number in range(11)]


def rate(recognizer: Counting, more: int) -> int:
    recognizer.heard += 1
    return recognizer.sample_rate + more


Answers = tuple[list[Heard], list[Heard], list[Heard], int]


def asked(recorder: Recorder, items: list[Item]) -> Answers:
    """Everything that an audit asks: runs of one name and of another, and a call."""
    kit = recorder.part("kit")
    first = list(kit.run(items))
    second = list(kit.run(items[:3]))
    other = list(recorder.part("other").run([Item(item.id, item.audio, "other") for item in items]))
    value = recorder.part("call").call(f"{__name__}:rate", 5)
    return *(sorted(found, key=lambda heard: heard.id) for found in (first, second, other)), value  # type: ignore[return-value]


@pytest.mark.parametrize("size", [1, 4, None])
def test_cut_anywhere_and_resumed(items: list[Item], tmp_path: Path, size: int | None) -> None:
    expected = asked(Recorder(Inline(Counting(size))), items)
    header = some_header()
    path = tmp_path / "journal"
    with JournalFile(path) as journal:
        journal.restart(header)
        assert asked(Recorder(Inline(Counting(size)), journal.memory, journal.append), items) == expected
    whole = path.read_bytes()
    asked_for = 2 * len(items) + 3 + 1
    for cut in np.random.default_rng(4).integers(len(whole.splitlines(keepends=True)[0]), len(whole), 25):
        path.write_bytes(whole[:cut])
        model = Counting(size)
        with JournalFile(path) as journal:
            kept = journal.memory.heard + len(journal.memory.values)
            journal.resume()
            assert asked(Recorder(Inline(model), journal.memory, journal.append), items) == expected
        assert model.heard == asked_for - kept
        assert path.read_bytes() == whole
    model = Counting(size)
    with JournalFile(path) as journal:
        assert asked(Recorder(Inline(model), journal.memory, journal.append), items) == expected
    assert model.heard == 0
    assert path.read_bytes() == whole


def test_what_is_as_usual_is_not_written() -> None:
    rows = [
        Heard("a", Recognition("text", 1.5, 3), 16_000),
        Heard("b", Recognition("", None, 3, infeasible=True), 8_000),
        Heard("c", Recognition("text"), 0),
        Heard("d", None, 0, "took more than 60 s"),
    ]
    assert [read_row(row(heard)) for heard in rows] == rows
    assert row(rows[2]) == {"id": "c", "rate": 0, "transcript": "text"}


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "a", "rate": 1, "transcript": 3},
        {"id": "a", "rate": True},
        {"id": "a", "rate": 1, "loss": "1"},
        {"id": "a", "rate": 1, "other": 1},
        {"rate": 1, "transcript": "x"},
        {"id": "a"},
    ],
)
def test_rows_of_another_kind_are_refused(bad: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with JournalFile(path) as journal:
        journal.restart(some_header())
        journal.append({"run": "kit", "heard": [bad]})
    with pytest.raises(JournalError, match="journal:2: is no line of a journal"):
        JournalFile(path)


def test_nothing_is_written_without_a_journal(items: list[Item]) -> None:
    engine = Inline(Counting(1))  # type: ignore[arg-type]
    assert Recorder(engine).part("kit") is engine
    part = Recorder(engine, Memory()).part("kit")
    assert {heard.id for heard in part.run(items)} == {item.id for item in items}
    assert (part.info, part.sample_rate, part.unit) == (engine.info, 16_000, 1)


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    with JournalFile(tmp_path / "journal") as journal:
        journal.restart(some_header())
        with pytest.raises(OutputError, match="another run is writing it"):
            JournalFile(tmp_path / "journal")
    JournalFile(tmp_path / "journal").close()


def test_a_line_that_cannot_be_written_whole_is_taken_back(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "journal"
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from memaudit.audit.journal.file import JournalFile\n"
        "from tests.audit.journal.headers import some_header\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "journal = JournalFile(Path(sys.argv[1])); journal.restart(some_header())\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))\n"
        "try:\n"
        "    while True: journal.append({'run': 'kit', 'heard': [], 'more': 'x' * 700})\n"
        "except Exception as error: print(type(error).__name__, error)\n"
        "journal.finish()\n"
    )
    assert resource.RLIMIT_FSIZE is not None
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("OutputError")
    assert "cannot be written (File too large)" in done.stdout
    with JournalFile(path) as journal:
        assert journal.memory.complete
