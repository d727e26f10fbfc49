"""The model card's section and metadata, as Hugging Face's own reader takes them."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import ModelCard

from tests.report.audits import audit, rendered
from tests.report.readers import read_markdown, read_model_index, shown


def test_the_metadata_holds_the_figures_with_their_intervals(tmp_path: Path) -> None:
    results = audit("mixed")
    found = read_model_index(rendered("model-card", "mixed", tmp_path)["model-card.yaml"])
    cells = [cell for cell in results.cells if cell.speed == 4.0]
    assert len(found) == 3 * len(cells)
    for cell in cells:
        copies = f"{cell.repetitions} cop"
        mine = {item.metric_type: item for item in found if f", {copies}" in str(item.metric_name)}
        assert mine["accuracy_gap"].metric_value == round(cell.accuracy_gap.estimate, 4)
        assert mine["exposure"].metric_value == round(cell.exposure.mean, 4)
        gap = cell.exact_gap
        assert f"95 % interval {gap.low:.4f} to {gap.high:.4f}" in str(mine["exact_gap"].metric_name)
        assert f"n = {cell.inserted.n} inserted, {cell.held_out.n} held out" in str(
            mine["exact_gap"].metric_name
        )
    assert {item.dataset_revision for item in found} == {results.kit.commitment}
    assert {item.task_type for item in found} == {"automatic-speech-recognition"}


def test_section_and_metadata_make_a_card(tmp_path: Path) -> None:
    documents = rendered("model-card", "passed", tmp_path)
    card = ModelCard(f"---\n{documents['model-card.yaml']}---\n{documents['model-card.md']}")
    assert card.data.eval_results
    assert card.text.strip() == documents["model-card.md"].strip()


def test_the_section_says_what_a_pass_is_not(tmp_path: Path) -> None:
    text = shown(read_markdown(rendered("model-card", "passed", tmp_path)["model-card.md"]))
    assert "Passed: every gate held" in text
    assert "not detected at this power. That is no proof of its absence." in text
    assert "may still be there, below its power" in text
