"""Reads every format with a reader of its own; anything that it cannot read raises."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from google.protobuf import json_format
from huggingface_hub.repocard_data import EvalResult, model_index_to_eval_results
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from junitparser import JUnitXml, TestSuite
from markdown_it import MarkdownIt
from markdown_it.token import Token

from memaudit.audit.results import Results
from tests.report.test_html import Page

DATA = Path(__file__).parent.parent / "data"


@cache
def sarif_schema() -> jsonschema.Draft4Validator:
    """The standard's schema."""
    document = json.loads((DATA / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator.check_schema(document)
    return jsonschema.Draft4Validator(document)


def read_sarif(text: str) -> dict[str, Any]:
    """The one run of a valid log."""
    document = json.loads(text)
    sarif_schema().validate(document)
    (run,) = document["runs"]
    return run


def read_junit(text: str) -> TestSuite:
    """The one suite; its counts are those of its cases."""
    suites = JUnitXml.fromstring(text.encode())
    (suite,) = suites
    told = (suite.tests, suite.failures, suite.errors, suite.skipped)
    suite.update_statistics()
    assert told == (suite.tests, suite.failures, suite.errors, suite.skipped)
    return suite


def read_gitlab(text: str) -> list[dict[str, Any]]:
    """Issues with the five keys that GitLab asks for, and no other."""
    issues = json.loads(text)
    for issue in issues:
        assert issue.keys() == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["location"]["lines"]["begin"] >= 1
        assert not issue["location"]["path"].startswith(("/", "./", ".."))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    return issues


def read_csv(documents: dict[str, str]) -> dict[str, list[dict[str, str]]]:
    """The rows of each table, with as many fields as the head has."""
    tables = {}
    for name, text in documents.items():
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        columns = next(reader)
        assert len(set(columns)) == len(columns)
        tables[name] = [dict(zip(columns, row, strict=True)) for row in reader]
    return tables


def read_markdown(text: str) -> list[Token]:
    """Block tokens; HTML, images and links of any kind are refused."""
    parser = MarkdownIt("gfm-like", {"html": True})
    assert parser.linkify is not None
    parser.linkify.set({"fuzzy_link": False})  # no server links a bare domain such as model.pt
    tokens = parser.parse(text)
    inner = [child.type for token in tokens for child in token.children or ()]
    kinds = {token.type for token in tokens} | set(inner)
    assert not kinds & {"html_block", "html_inline", "image", "link_open", "s_open", "fence", "code_block"}
    # What a server would make of the text: mentions, references, emoji.
    for token in tokens:
        for child in token.children or ():
            if child.type == "text":
                assert not re.search(r"[@#]\w|:[a-z0-9_+-]+:|www\.", child.content), child.content
    return tokens


def shown(tokens: list[Token]) -> str:
    """The text that a reader sees, without zero-width spaces."""
    parts = [child.content for token in tokens for child in token.children or () if child.content]
    return " ".join(parts).replace("\u200b", "")


def read_in_toto(text: str) -> dict[str, Any]:
    """The predicate of a valid statement."""
    document = json.loads(text)
    statement = json_format.ParseDict(document, statement_pb2.Statement())
    Statement.copy_from_pb(statement).validate()
    json_format.ParseDict(document["predicate"], test_result_pb2.TestResult())
    assert document["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    return document


def read_model_index(text: str) -> list[EvalResult]:
    """The metrics as Hugging Face's own reader sees them."""
    document = yaml.safe_load(text)
    assert document == json.loads(text)
    _, found = model_index_to_eval_results(document["model-index"])
    return found


def clean(text: str) -> None:
    """No control, direction or surrogate character, and no line separator but a plain line end."""
    bad = {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {"\n", "\r"}
    assert not bad, bad


def _model_card(documents: dict[str, str]) -> None:
    read_markdown(documents["model-card.md"])
    assert read_model_index(documents["model-card.yaml"])


def _single(read: Callable[[str], object]) -> Callable[[dict[str, str]], object]:
    def reader(documents: dict[str, str]) -> object:
        (text,) = documents.values()
        return read(text)

    return reader


READERS: dict[str, Callable[[dict[str, str]], object]] = {
    "csv": read_csv,
    "gitlab": _single(read_gitlab),
    "html": _single(Page),
    "in-toto": _single(read_in_toto),
    "json": _single(lambda text: Results.model_validate(json.loads(text))),
    "junit": _single(read_junit),
    "markdown": _single(read_markdown),
    "model-card": _model_card,
    "sarif": _single(read_sarif),
}
