"""Every format, for every outcome of an audit: rendered, read by a reader of its own, and honest."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from memaudit.errors import ResultsError, UsageError
from memaudit.files import sha256_file
from memaudit.report.renderer import RENDERERS, Material, renderer, write_reports
from tests.report.audits import HOSTILE, VERDICTS, audit, material, rendered
from tests.report.readers import READERS, clean

TEXTS = {"html", "junit", "markdown", "model-card"}
"""Formats that speak in sentences."""


def test_every_format_has_a_reader() -> None:
    assert READERS.keys() == RENDERERS.keys()


@pytest.mark.parametrize("kind", VERDICTS)
@pytest.mark.parametrize("name", sorted(RENDERERS))
def test_read_back(name: str, kind: str, tmp_path: Path) -> None:
    assert audit(kind).verdict == VERDICTS[kind]
    documents = rendered(name, kind, tmp_path)
    READERS[name](documents)
    for text in documents.values():
        clean(text)
        assert not re.search(r"\bsafe\b", text, re.IGNORECASE)  # a pass is no proof of absence
    joined = " ".join(" ".join(documents.values()).split())
    if name in TEXTS and kind in ("passed", "inconclusive", "bare"):
        assert "not detected at this power" in joined
    if name in TEXTS and VERDICTS[kind] != "passed":
        assert "Passed: every gate held" not in joined


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text[:12]))
@pytest.mark.parametrize("name", sorted(RENDERERS.keys() - {"html", "json"}))
def test_hostile_texts(name: str, hostile: str, tmp_path: Path) -> None:
    documents = rendered(name, "mixed", tmp_path, fouled=hostile)
    READERS[name](documents)
    for file_name, text in documents.items():
        clean(text)
        if file_name != "utterances.csv":
            assert len(text.encode()) < 200_000


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_hostile_texts_come_back_from_json_as_they_were(hostile: str, tmp_path: Path) -> None:
    documents = rendered("json", "mixed", tmp_path, fouled=hostile)
    READERS["json"](documents)
    (text,) = documents.values()
    found = json.loads(text)
    assert found["kit"]["name"] == hostile
    assert not {"\x1b", "\x00", "\x07"} & set(text)  # escaped, so that no terminal obeys them


def test_one_call_writes_all(tmp_path: Path) -> None:
    found = material("mixed", tmp_path)
    told: list[str] = []
    paths = write_reports(found.results, sorted(RENDERERS), tmp_path, told.append)
    assert len({path.name for path in paths}) == len(paths) == len(told)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in paths} | {"utterances.jsonl"}
    before = [sha256_file(path) for path in paths]
    again = write_reports(found.results, sorted(RENDERERS), tmp_path / "again", beside=tmp_path)
    assert [sha256_file(path) for path in again] == before


def test_an_unknown_format_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'docx' is no report format; use one or more of csv, gitlab, html"):
        write_reports(audit("failed"), ["html", "docx"], tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UsageError):
        renderer("")


def test_a_format_that_cannot_be_made_leaves_the_others_unwritten(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="utterances cannot be read"):
        write_reports(audit("failed"), ["markdown", "csv"], tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ResultsError, match=r"utterances.jsonl is needed"):
        renderer("csv").documents(Material(audit("failed")))


def test_the_utterances_of_another_audit_are_refused(tmp_path: Path) -> None:
    material("passed", tmp_path)
    with pytest.raises(ResultsError, match="not the utterances that the results were made from"):
        write_reports(audit("failed"), ["csv"], tmp_path)
