"""Fetching wheels: what is skipped and what is an error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.real.wheels import MOONSHINE_TOKENIZER, NoAnswerError, unpacked

pytestmark = pytest.mark.real

NOBODY = ("--retries", "1", "--timeout", "5", "--isolated", "--index-url", "http://127.0.0.1:9/simple")


def test_only_an_index_that_gives_no_answer_is_a_reason_to_skip(tmp_path: Path) -> None:
    with pytest.raises(NoAnswerError, match="gives no answer"):
        unpacked(MOONSHINE_TOKENIZER, tmp_path, NOBODY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("moonshine_tokenizer")
def test_a_version_that_there_is_not_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"pip download useful-moonshine-onnx==0\.0\.1 failed"):
        unpacked(replace(MOONSHINE_TOKENIZER, version="0.0.1"), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("moonshine_tokenizer")
def test_another_wheel_than_the_pinned_one_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has the hash b4189b0d"):
        unpacked(replace(MOONSHINE_TOKENIZER, sha256="0" * 64), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("moonshine_tokenizer")
def test_it_is_downloaded_once_and_checked_every_time(tmp_path: Path) -> None:
    folder = unpacked(MOONSHINE_TOKENIZER, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert unpacked(MOONSHINE_TOKENIZER, tmp_path, NOBODY) == folder
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(ValueError, match=r"tokenizer\.json has the hash"):
        unpacked(MOONSHINE_TOKENIZER, tmp_path)
