"""The study's page, table and figures, from hand-made figures."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from memaudit.lab.study import BASELINE, Condition, KitPlan, TrainingSet
from memaudit.lab.study_bounds import bound_header, bound_rows, loose
from memaudit.lab.study_claims import claims
from memaudit.lab.study_controls import auditor_controls
from memaudit.lab.study_figures import study_plots
from memaudit.lab.study_findings import Findings
from memaudit.lab.study_folder import Study
from memaudit.lab.study_page import render
from memaudit.lab.study_table import evidence, header, markdown, rows, terminal
from memaudit.lab.train import Plan
from tests.lab.study_builders import LEVELS, TINY, findings, victim, whole_study
from tests.report.browser import Visit, chromium, needs_browser

COMMAND = "memaudit lab run --profile full --out DIR"


def page(found: Findings) -> str:
    plan = Plan("sgd", 1e-3, epochs=1)
    conditions = {name: Condition(c.title, "baseline", plan) for name, c in found.conditions.items()}
    seeds = tuple(sorted({v.seed for v in found.victims}))
    profile = replace(
        TINY, conditions=conditions, seeds=seeds, kits={"main": KitPlan()}, sets={"main": TrainingSet(1)}
    )
    study = Study(Path("out"), profile, {"memaudit": "1.0"}, {"system": "Linux"})
    return render(study, found, claims(found), auditor_controls(found), COMMAND)


@pytest.fixture(scope="module")
def whole() -> str:
    return page(whole_study())


def test_the_page_needs_nothing_else(whole: str) -> None:
    assert "<script" not in whole
    assert not re.search(r"""(src|href)=["'](https?:|//)""", whole)
    assert not re.search(r"url\((?!#)", whole)
    assert "default-src 'none'" in whole
    named = re.findall(r'\bid="([^"]+)"', whole)
    assert len(named) == len(set(named))


def test_every_claim_stands_there_with_its_rule_and_what_it_rests_on(whole: str) -> None:
    for claim in claims(whole_study()):
        assert claim.title in whole
        assert claim.rule.split(";")[0].replace("'", "&#39;") in whole
    assert whole.count('<td class="passed">shown</td>') == 6
    assert "gap above 0 in 3 of 3 seeds" in whole


def test_every_figure_has_words_for_those_who_do_not_see_it(whole: str) -> None:
    figures = re.findall(r"<svg.*?</svg>", whole, re.DOTALL)
    titles = []
    for svg in figures:
        root = ET.fromstring(svg)  # noqa: S314 - our own page
        title, words = root[0], root[1]
        assert title.tag.endswith("title")
        assert title.text
        titles.append(title.text)
        assert words.tag.endswith("desc")
        assert words.text
        assert re.search(r"\d", words.text)
    assert titles == [
        "Accuracy gap by repetitions, clipping",
        "Loss AUC by repetitions, clipping",
        "Accuracy gap by repetitions, data and model",
        "Loss AUC by repetitions, data and model",
        "Speed ladder",
        "Word error rate against memorisation",
        "Epsilon: promised and found",
        "Cost of a step",
    ]
    assert whole.count("<figcaption>") == len(figures)


def test_figures_without_data_are_left_out() -> None:
    alone = findings({BASELINE: "baseline"}, [victim(BASELINE)])
    assert len(study_plots(alone)) == 2
    text = page(alone)
    assert "Speed ladder" not in text
    assert text.count("not run") >= 5


def test_a_control_that_failed_is_the_headline() -> None:
    whole = whole_study()
    missed = [replace(v, detected=()) if v.condition == BASELINE else v for v in whole.victims]
    text = page(replace(whole, victims=tuple(missed)))
    assert '<h1 class="failed">A control of the auditor failed' in text
    assert "memorisation is shown in 0 of 3 victims without clipping" in text


def test_titles_are_escaped() -> None:
    whole = whole_study()
    named = {name: replace(c, title=f"<b>{name}</b> & co") for name, c in whole.conditions.items()}
    text = page(replace(whole, conditions=named))
    assert "<b>" not in text
    assert "&lt;b&gt;unclipped&lt;/b&gt; &amp; co" in text


def test_the_table_has_a_row_a_condition_and_a_cell_a_column() -> None:
    conditions = list(whole_study().conditions.values())
    table = rows(conditions)
    assert [row[0] for row in table] == [condition.title for condition in conditions]
    assert {len(row) for row in table} == {len(header(conditions))}
    first = dict(zip(header(conditions), table[0], strict=True))
    assert first["WER"] == "0.020"
    assert first["exact r16"] == "0.70"
    assert first["AUC r16"] == "0.85"
    assert first["epsilon r16"] == "2.10"
    assert re.fullmatch(r"\+0\.70 \(\+0\.\d\d, \+0\.\d\d\)", first["accuracy gap r16"])
    ladder = dict(zip(header(conditions), table[6], strict=True))
    assert ladder["accuracy gap r1"] == ""  # its kit has no such level
    assert ladder["accuracy gap r16"].startswith("+0.70")


def test_a_spread_over_seeds_is_mean_and_range() -> None:
    victims = [victim(BASELINE, seed, wer=wer) for seed, wer in ((1, 0.02), (2, 0.03), (3, 0.07))]
    table = rows(list(findings({BASELINE: "baseline"}, victims).conditions.values()))
    assert table[0][1] == "0.040 (0.020 to 0.070)"


def test_more_seeds_narrow_the_pooled_interval() -> None:
    widths = []
    for seeds in ((1,), (1, 2, 3)):
        pooled = whole_study(seeds).conditions[BASELINE].fastest[-1]
        assert pooled.n == 40 * len(seeds)
        assert pooled.gap.low < pooled.gap.estimate < pooled.gap.high
        widths.append(pooled.gap.high - pooled.gap.low)
    assert widths[1] < widths[0]


def test_markdown_is_a_table_that_a_readme_can_take() -> None:
    found = whole_study()
    text = markdown(list(found.conditions.values()), claims(found), COMMAND)
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 2
    for lines in tables:
        assert len({line.count("|") for line in lines}) == 1
        assert re.fullmatch(r"(\| --- )+\|", lines[1])
    assert len(tables[0]) == 2 + len(found.conditions)
    assert [line.split(" | ")[2] for line in tables[1][2:]] == ["shown"] * 6
    assert f"Made by `{COMMAND}`." in text
    assert "3 seeds" in text


def test_the_terminal_shows_levels_claims_and_evidence() -> None:
    found = whole_study()
    judged = claims(found)
    stream = io.StringIO()
    Console(width=300, file=stream).print(terminal(list(found.conditions.values()), judged))
    text = stream.getvalue()
    for level in LEVELS:
        assert f"r{level}" in text
    for claim in judged:
        assert f"{claim.number}. {claim.title}: shown" in text
        assert evidence(claim)[:60] in text


def test_bounds_stand_beside_what_they_can_show_at_most() -> None:
    found = whole_study()
    table = {row[0]: row[1:] for row in bound_rows(found)}
    assert bound_header(found) == ["training", "r1", "r4", "r16", "one copy, jointly"]
    assert table["title of unclipped"] == ["0.30", "1.20", "2.10", "0.20"]
    assert table["title of ladder"][:2] == ["", ""]
    sentences = loose(found)
    assert "would show 2.25 at any number" in sentences[0]
    assert sum("training promised at most" in sentence for sentence in sentences) == len(LEVELS)
    text = page(found)
    assert all(sentence in text for sentence in sentences)


@pytest.mark.slow
@needs_browser
def test_in_a_browser_nothing_is_asked_for_and_axe_finds_nothing(whole: str, tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    file = tmp_path / "study.html"
    file.write_text(whole)
    with chromium() as browser:
        for width, scheme in ((1280, "light"), (360, "dark")):
            opened = Visit(browser, file, width, scheme=scheme, trusted=True)
            assert opened.told == []
            assert opened.asked == [file.as_uri()]
            assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
            found = Axe().run(opened.page).response
            assert [(item["id"], item["nodes"][0]["html"]) for item in found["violations"]] == []
            opened.page.screenshot(path=str(tmp_path / f"{width}.png"), full_page=True)
            opened.close()
