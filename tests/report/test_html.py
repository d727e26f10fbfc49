"""The HTML report: a well-formed page that runs and loads nothing, whatever the texts say."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from memaudit.audit.assess import assess
from memaudit.audit.results import Feasibility, ModelFile, Results
from memaudit.models.inspection import Inspection
from memaudit.report.html import RENDERER
from memaudit.report.words import accuracy_text, percent
from tests.audit.synthetic import subject, utterances

HOSTILE = [
    "<script>alert(1)</script>",
    "]]><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "</table></style><b>bold</b>",
    "\x1b[31mred\x1b[0m \u202eright to left\u0000",
    "&lt;already&gt; & more",
]
VOID = {"meta", "br", "img", "hr", "input", "link"}


class Page(HTMLParser):
    """Tags, attributes and text of a page; complains about what is not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def results(seed: int = 1, leak: float = 0.3, **options: object) -> Results:
    return assess(utterances(seed, leak=leak, **options), subject(), [], "0" * 64)  # type: ignore[arg-type]


def test_a_page_that_runs_and_loads_nothing() -> None:
    page = Page(RENDERER.render(results()))
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "iframe", "object", "embed", "link", "img", "form"}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("href", "xlink:href", "src"):
            assert (attributes.get(name) or "#").startswith("#"), (tag, attributes)


def test_ids_are_unique_and_every_reference_has_its_target() -> None:
    text = RENDERER.render(results())
    page = Page(text)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    references = re.findall(r"url\(#([^)]+)\)", text)
    references += [a["xlink:href"][1:] for _, a in page.tags if a.get("xlink:href")]  # type: ignore[index]
    labels = [a["aria-labelledby"] for _, a in page.tags if a.get("aria-labelledby")]
    references += [name for label in labels for name in str(label).split()]
    assert references
    assert set(references) <= set(ids)


def test_figures_have_words() -> None:
    page = Page(RENDERER.render(results()))
    figures = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(figures) == 5
    assert all(attributes["role"] == "img" for attributes in figures)
    assert [tag for tag, _ in page.tags].count("figcaption") == 5


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_texts_stay_text(hostile: str) -> None:
    rows = utterances(1, leak=0.3)
    rows = [row.model_copy(update={"transcript": hostile, "reference": hostile}) for row in rows]
    harmless = [row.model_copy(update={"transcript": "abc", "reference": "abc"}) for row in rows]
    bad, good = (Page(RENDERER.render(assess(each, subject(), [], "0" * 64))) for each in (rows, harmless))
    assert [tag for tag, _ in bad.tags] == [tag for tag, _ in good.tags]
    shown = "".join(bad.text)
    visible = hostile.translate(dict.fromkeys((0x1B, 0x202E, 0), "\ufffd"))
    assert visible in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize(("leak", "word"), [(0.5, "failed"), (0.0, "inconclusive")])
def test_the_verdict_comes_first(leak: float, word: str) -> None:
    found = results(leak=leak)
    assert found.verdict == word
    page = Page(RENDERER.render(found))
    heading = next(attributes for tag, attributes in page.tags if tag == "h1")
    assert heading["class"] == f"verdict {word}"
    assert "safe" not in "".join(page.text).lower().split()


def test_the_models_facts_and_what_the_controls_showed() -> None:
    found = results()
    inspection = Inspection(
        features=80,
        frames=25,
        frames_per_second=25.0,
        blank=0.2,
        deterministic=True,
        padding="varies",
        padding_difference=0.5,
        quantised=("MatMulInteger",),
        warnings=("only 20% of the frames are blank",),
    )
    model = found.model.model_copy(
        update={"inferred": ("it is <b>known</b>",), "warnings": ("losses wobble",), "inspection": inspection}
    )
    fits = Feasibility(speed=4.0, n=90, infeasible=("c1", "c2"), frames_per_token=0.9)
    own = found.controls.model_copy(
        update={"source": "given", "manifest": ModelFile(name="own.csv", sha256="0" * 64)}
    )
    changed = found.model_copy(
        update={"model": model, "feasibility": (fits,), "controls": own, "kit_controls": found.controls}
    )
    page = " ".join("".join(Page(RENDERER.render(changed)).text).split())
    for part in (
        "it is <b>known</b>",
        "losses wobble",
        "25 output frames a second, one every 40 ms",
        "padding in a batch changes results",
        "quantised: MatMulInteger",
        "only 20% of the frames are blank",
        "2 of 90 canaries without an alignment; 0.9 output frames a token (median): c1, c2",
        "Your own controls (own.csv): passed",
        "These do not decide, since others were given.",
    ):
        assert part in page
    many = fits.model_copy(update={"infeasible": tuple(f"c{number}" for number in range(50))})
    assert "all in results.json" in RENDERER.render(changed.model_copy(update={"feasibility": (many,)}))


def test_chance_stands_beside_each_accuracy() -> None:
    found = results()
    text = RENDERER.render(found)
    for cell in found.cells:
        for arm in (cell.inserted, cell.held_out):
            assert arm.chance is not None
            assert f'<td class="figure">{accuracy_text(arm)}</td><td>{percent(arm.chance)}</td>' in text


def test_the_same_results_give_the_same_page() -> None:
    found = results()
    assert RENDERER.render(found) == RENDERER.render(found)


def test_results_without_the_newer_keys_render() -> None:
    document = results().document()
    for key in ("roc", "epsilon", "learning", "self_checks", "feasibility", "warning_names", "kit_controls"):
        del document[key]
    for speed in document["speeds"]:
        del speed["recall_half"]["slope"], speed["recall_half"]["floor"]
    for cell in document["cells"]:
        del cell["cer_gap"], cell["wer_gap"], cell["exposure"]["extrapolated"]
        del cell["epsilon"]["used"], cell["epsilon"]["fdp_estimate"]
    page = Page(RENDERER.render(Results.model_validate(document)))
    assert [tag for tag, _ in page.tags].count("svg") == 4
    assert "not made" in "".join(page.text)


def test_one_level_and_one_speed_render_as_well_as_many() -> None:
    for levels, speeds, figures in (((8,), (4.0,), 5), ((1, 2, 4, 8, 16, 32, 64), (1.0, 4.0), 6)):
        found = results(levels=levels, speeds=speeds, pairs=6)
        page = Page(RENDERER.render(found))
        assert [tag for tag, _ in page.tags].count("svg") == figures
        told = next(item for item in page.text if item.startswith("Area under the curve"))
        assert f"{levels[0]} cop" in told
        assert f"{levels[-1]} copies" in told


def test_figures_carry_no_styles_that_a_server_may_strip() -> None:
    text = RENDERER.render(results())
    for drawing in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        assert "style" not in drawing
        assert 'fill="none"' in drawing
        assert 'stroke="currentColor"' in drawing


def test_differences_are_marked_in_examples() -> None:
    found = results()
    row = found.examples[-1].model_copy(update={"reference": "able about above", "transcript": "Able above"})
    text = RENDERER.render(found.model_copy(update={"examples": (row,)}))
    assert '<td class="words">able <del>about</del> above</td>' in text
    assert '<td class="words">Able above</td>' in text
    row = row.model_copy(update={"transcript": "able x about above"})
    text = RENDERER.render(found.model_copy(update={"examples": (row,)}))
    assert '<td class="words">able <ins>x</ins> about above</td>' in text


def test_numbers_stand_with_their_interval_or_in_a_row_with_their_n() -> None:
    text = RENDERER.render(results(speeds=(1.0, 4.0)))
    tables = re.findall(r"<table>.*?</table>", text, re.DOTALL)
    measured = [table for table in tables if "Copies" in table and "Spoken" not in table]
    assert len(measured) == 6
    for table in measured:
        head, *rows = re.findall(r"<tr>.*?</tr>", table, re.DOTALL)
        assert "n inserted / held out" in head
        assert len(rows) == 6
        for row in rows:
            assert re.search(r"<td>\d+ / \d+</td>", row)
            assert len(re.findall(r"<t[hd]", row)) == len(re.findall(r"<t[hd]", head.replace("<thead", "")))
