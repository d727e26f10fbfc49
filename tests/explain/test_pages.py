"""Everything that results.json, gates, warnings and exit codes can say has a page that explains it."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from click.testing import CliRunner

from memaudit.audit.gates import DEFAULT_POLICY
from memaudit.audit.metrics import METRICS
from memaudit.audit.results import Results
from memaudit.audit.verdict import EXIT_CODES
from memaudit.audit.warnings import WARNING_NAMES
from memaudit.cli.main import COMMANDS, cli
from memaudit.explain import Page, UnknownTermError, page, pages
from memaudit.explain.pages import KINDS
from tests.json_keys import key_paths

PATHS = sorted(set(key_paths(Results)))
SECTIONS = {
    "statistic": ("Meaning", "Formula", "Source", "Limits", "Example"),
    "gate metric": ("Meaning", "Formula", "Source", "Limits", "Example"),
    "self-check": ("Meaning", "Formula", "Source", "Limits", "Example"),
    "verdict": ("Meaning", "Limits", "Example"),
    "warning": ("Meaning", "Fix", "Example"),
    "exit code": ("Meaning", "Example"),
    "key": ("Meaning", "Limits", "Example"),
}


def claims(one: Page, path: str) -> bool:
    """Whether a page lists a key by its name or by the end of its path."""
    return any(path == key or path.endswith(f".{key}") for key in one.keys)


@pytest.mark.parametrize("path", PATHS)
def test_every_key_of_the_results_has_a_page_that_names_it(path: str) -> None:
    one = page(path)
    assert claims(one, path), one.name
    name = path.rpartition(".")[2]
    assert name == one.name or re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", one.text), (one.name, name)


def test_no_key_is_explained_twice_and_none_is_made_up() -> None:
    listed = Counter(key for one in pages().values() for key in one.keys)
    assert [key for key, count in listed.items() if count > 1] == []
    ends = {path.split(".", depth)[depth] for path in PATHS for depth in range(path.count(".") + 1)}
    assert sorted(listed.keys() - ends) == []


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_has_a_page(name: str) -> None:
    assert page(name).kind == "gate metric"
    assert page(f"{name}@16/4x <= 0.10") is page(name)


def test_the_default_policy_has_pages() -> None:
    assert [page(text).name for text in DEFAULT_POLICY] == ["accuracy_gap"]


@pytest.mark.parametrize("name", WARNING_NAMES)
def test_every_warning_has_a_page(name: str) -> None:
    assert page(name).kind == "warning"
    assert page(name).name == name


def test_every_page_on_a_warning_or_metric_is_of_one_that_exists() -> None:
    for kind, names in (("warning", WARNING_NAMES), ("gate metric", METRICS)):
        assert {one.name for one in pages().values() if one.kind == kind} == set(names)


@pytest.mark.parametrize("code", sorted({2, *EXIT_CODES.values()}))
def test_every_exit_code_has_a_page(code: int) -> None:
    for term in (str(code), f"exit {code}", f"Exit code {code}", f"exit-{code}"):
        assert page(term).kind == "exit code"
        assert str(code) in page(term).title


@pytest.mark.parametrize("verdict", EXIT_CODES)
def test_every_verdict_has_a_page(verdict: str) -> None:
    assert page(verdict).kind == "verdict"
    assert f"Exit code {EXIT_CODES[verdict]}" in page(verdict).text  # type: ignore[index]


@pytest.mark.parametrize("name", pages())
def test_pages_are_whole_and_short(name: str) -> None:
    one = pages()[name]
    assert one.kind in KINDS
    for heading in SECTIONS[one.kind]:
        assert one.section(heading), heading
    headings = re.findall(r"^#+ (.*)$", one.body, re.MULTILINE)
    assert set(headings) <= {"Meaning", "Formula", "Source", "Limits", "Example", "Fix"}
    assert 20 < len(one.summary) < 250
    assert len(one.text.split()) < 260
    assert not re.search(r"\bsafe\b", one.text)
    assert "\n\n\n" not in one.text


def test_the_commands_that_pages_name_exist() -> None:
    named = {word for one in pages().values() for word in re.findall(r"`memaudit ([a-z-]+)", one.text)}
    assert len(named) > 5
    assert named <= set(COMMANDS)


@pytest.mark.parametrize(
    ("term", "name"),
    [
        ("Accuracy-Gap", "accuracy_gap"),
        ("accuracy gap", "accuracy_gap"),
        ("cells[0].exposure.ceiling", "exposure"),
        ("cells[].epsilon.ceiling", "epsilon"),
        ("self_checks.a_a.rate", "a_a"),
        ("transcripts alone", "transcripts-only"),
    ],
)
def test_terms_are_found_however_they_are_written(term: str, name: str) -> None:
    assert page(term).name == name


def test_near_misses_are_named() -> None:
    with pytest.raises(UnknownTermError, match=r"near: .*exposure"):
        page("exposre")
    with pytest.raises(UnknownTermError, match="run memaudit explain for the list"):
        page("zzzzqqqq")


def test_the_command() -> None:
    run = CliRunner().invoke
    listed = run(cli, ["explain"])
    assert listed.exit_code == 0
    assert all(f"  {name}: " in listed.stdout for name in pages())
    shown = run(cli, ["explain", "exposure"])
    assert shown.stdout == page("exposure").text
    document = json.loads(run(cli, ["explain", "exit", "3", "--json"]).stdout)
    assert (document["name"], document["kind"]) == ("exit-3", "exit code")
    assert len(json.loads(run(cli, ["explain", "--json"]).stdout)["pages"]) == len(pages())
    refused = run(cli, ["explain", "exposre"])
    assert refused.exit_code == 2
    assert refused.stdout == ""
    assert len(refused.stderr.strip().splitlines()) == 1
