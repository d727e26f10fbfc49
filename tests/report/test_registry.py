"""Every registered renderer renders, to a file name of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from memaudit.audit.assess import assess
from memaudit.errors import UsageError
from memaudit.report.renderer import RENDERERS, renderer, write_reports
from tests.audit.synthetic import subject, utterances


def test_every_renderer(tmp_path: Path) -> None:
    results = assess(utterances(2, leak=0.2), subject(), [], "0" * 64)
    paths = write_reports(results, sorted(RENDERERS), tmp_path)
    assert len({path.name for path in paths}) == len(RENDERERS)
    for path in paths:
        assert results.verdict in path.read_text(encoding="utf-8")


def test_an_unknown_renderer_writes_nothing(tmp_path: Path) -> None:
    results = assess(utterances(2, leak=0.2), subject(), [], "0" * 64)
    with pytest.raises(UsageError, match="'docx' is no report format"):
        write_reports(results, ["html", "docx"], tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UsageError):
        renderer("")
