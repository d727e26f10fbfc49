"""JSON Schemas: those of the models, true of real documents, and of what the design promised."""

from __future__ import annotations

import json
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner

from memaudit.audit.assess import assess
from memaudit.audit.compare import compare
from memaudit.audit.plan import make_plan
from memaudit.audit.results import Results, read_results
from memaudit.audit.schemas import MODELS, shipped, stale
from memaudit.audit.warnings import WARNING_NAMES
from memaudit.cli.main import cli
from memaudit.kit.packaged import kits_folder, packaged_recipes
from memaudit.kit.store import Kit
from tests.audit.compared import audit, heard, kit
from tests.audit.synthetic import subject, utterances
from tests.json_keys import key_paths
from tests.kit.recipes import tiny

OLDER = Path(__file__).parents[1] / "data/results-older.json"

# Every key of results.json that the design document promises to users' CI.
PROMISED = [
    "schema",
    "tool.name",
    "tool.version",
    "created",
    "kit.name",
    "kit.commitment",
    "kit.commitment_verified",
    "kit.pairs",
    "kit.held_out",
    "kit.controls",
    "model.adapter",
    "model.files.name",
    "model.files.sha256",
    "model.front_end",
    "model.decoder",
    "injection.checked",
    "injection.format",
    "injection.inserted",
    "injection.missing",
    "injection.leaked",
    "controls.n",
    "controls.accuracy",
    "controls.chance",
    "controls.passed",
    "self_checks.a_a.passed",
    "self_checks.a_a.rate",
    "self_checks.blind_baseline.passed",
    "self_checks.blind_baseline.auc",
    "self_checks.blind_baseline.p_value",
    "cells.speed",
    "cells.repetitions",
    "cells.inserted.n",
    "cells.inserted.accuracy",
    "cells.inserted.chance",
    "cells.inserted.exact",
    "cells.inserted.cer",
    "cells.inserted.wer",
    "cells.inserted.loss",
    "cells.held_out.n",
    "cells.held_out.accuracy",
    "cells.held_out.chance",
    "cells.held_out.exact",
    "cells.held_out.cer",
    "cells.held_out.wer",
    "cells.held_out.loss",
    "cells.accuracy_gap.estimate",
    "cells.accuracy_gap.low",
    "cells.accuracy_gap.high",
    "cells.accuracy_gap.confidence",
    "cells.exact_gap.estimate",
    "cells.exact_gap.low",
    "cells.exact_gap.high",
    "cells.exact_gap.confidence",
    "cells.p_value",
    "cells.p_adjusted",
    "cells.p_smallest",
    "cells.exposure.mean",
    "cells.exposure.median",
    "cells.exposure.low",
    "cells.exposure.high",
    "cells.exposure.ceiling",
    "cells.exposure.null_mean",
    "cells.exposure.extrapolated",
    "cells.auc.estimate",
    "cells.auc.low",
    "cells.auc.high",
    "cells.tpr_at_fpr.fpr",
    "cells.tpr_at_fpr.tpr",
    "cells.tpr_at_fpr.low",
    "cells.tpr_at_fpr.high",
    "cells.epsilon.group",
    "cells.epsilon.single",
    "cells.epsilon.delta",
    "cells.epsilon.confidence",
    "cells.epsilon.adjacency",
    "cells.epsilon.guesses",
    "cells.epsilon.correct",
    "cells.smallest_detectable_gap",
    "speeds.speed",
    "speeds.held_out",
    "speeds.accuracy_gap",
    "speeds.p_value",
    "speeds.trend.p_value",
    "speeds.recall_half.repetitions",
    "speeds.recall_half.low",
    "speeds.recall_half.high",
    "epsilon.joint_single",
    "epsilon.delta",
    "epsilon.confidence",
    "gates.gate",
    "gates.status",
    "gates.estimate",
    "gates.low",
    "gates.high",
    "gates.bound",
    "verdict",
    "warnings",
]


def check(name: str, document: Any) -> None:
    """Validate as any other program would: with the shipped file."""
    found = jsonschema.Draft202012Validator(shipped(name)).iter_errors(json.loads(json.dumps(document)))
    wrong = [(error.json_path, error.message[:200]) for error in found]
    if wrong:
        raise jsonschema.ValidationError(str(wrong[:3]))


def results(**options: Any) -> Results:
    return assess(utterances(3, leak=0.2, **options), subject(), [], "0" * 64)


# Few of everything, ties everywhere, no losses: whatever can be missing is missing.
BARE = {"levels": (4,), "pairs": 3, "reserve": 0, "controls": 0, "loss": False, "ties": 1.0}


def test_the_shipped_files_are_what_the_models_give() -> None:
    assert stale() == [], "run: python -m memaudit.audit.schemas"
    folder = Path(__file__).parents[2] / "memaudit/schemas"
    assert {path.stem for path in folder.iterdir()} == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_each_is_a_schema_that_refuses_unknown_keys(name: str) -> None:
    schema = shipped(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert schema["$id"].endswith(":1")


def test_a_kit_on_disk(small_kit: Kit) -> None:
    check("kit", json.loads((small_kit.root / "kit.json").read_text()))
    for line in (small_kit.root / "audit/assignment.jsonl").read_text().splitlines():
        check("canary", json.loads(line))


@pytest.mark.parametrize("name", packaged_recipes())
def test_packaged_recipes(name: str) -> None:
    check("recipe", tomllib.loads(packaged_recipes()[name].read_text(encoding="utf-8")))


def test_recipes_that_are_wrong() -> None:
    for document in (
        {"schema": "memaudit/recipe/1"},
        {"base": "routine", "design": {"pairs": 3}},
        {"base": "routine", "speed": {"factors": [0.5]}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            check("recipe", document)


@pytest.mark.parametrize("name", ["clipped", "unclipped"])
def test_model_descriptions(name: str) -> None:
    check("model", tomllib.loads((kits_folder() / "recognisers" / name / "model.toml").read_text()))


def test_plans() -> None:
    document = make_plan(tiny(), sample=0).document()
    check("plan", document)
    check("plan", document | {"needed": {"power": 0.8, "gap": 0.2, "fail": 9, "clean": None, "both": None}})


def test_comparisons() -> None:
    rows, rng = kit(1), np.random.default_rng(1)
    pair = [
        audit(heard(rows, rng, read), name) for name, read in (("a", {}), ("b", {1: 0.1, 4: 0.5, 16: 0.9}))
    ]
    check("comparison", compare(*pair).document())


def test_injection_evidence(small_kit: Kit, tmp_path: Path) -> None:
    for words in (
        ["export", small_kit.root, "--format", "nemo", "--out", tmp_path / "m"],
        ["check-injection", small_kit.root, "--format", "nemo", "--manifest",
         tmp_path / "m/manifest.json", "--out", tmp_path / "injection.json"],
    ):  # fmt: skip
        CliRunner().invoke(cli, [str(word) for word in words])
    check("injection", json.loads((tmp_path / "injection.json").read_text()))


@pytest.mark.parametrize("options", [{}, {"speeds": (4.0, 1.0)}, BARE], ids=["one", "two", "bare"])
def test_results_and_their_utterances(options: dict[str, Any]) -> None:
    check("results", results(**options).document())
    for row in utterances(3, **options):
        check("utterance", row.model_dump(mode="json"))


def test_every_promised_key_is_in_the_schema() -> None:
    schema = shipped("results")

    def has(node: dict[str, Any], path: list[str]) -> bool:
        if "$ref" in node:
            return has(schema["$defs"][node["$ref"].rpartition("/")[2]], path)
        inner = [*node.get("anyOf", ()), *([node["items"]] if "items" in node else ())]
        if path and path[0] in node.get("properties", {}):
            return has(node["properties"][path[0]], path[1:])
        return not path or any(has(one, path) for one in inner)

    assert [path for path in PROMISED if not has(schema, path.split("."))] == []
    assert set(PROMISED) <= set(key_paths(Results))


def floats(node: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every number with a point in a document."""
    found: list[tuple[Any, Any]] = []
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, float):
            found.append((node, key))
        elif isinstance(value, dict | list):
            found.extend(floats(value))
    return found


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_results_can_hold_no_nan_anywhere(wrong: float) -> None:
    document = results(pairs=4, reserve=4, levels=(4,)).document()
    places = floats(document)
    assert len(places) > 60
    for container, key in places:
        kept, container[key] = container[key], wrong
        with pytest.raises(ValueError, match="finite number"):
            Results.model_validate(document)
        container[key] = kept
    Results.model_validate(document)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        (BARE, "recall_half"),
        (BARE, "blind_baseline"),
        ({"reserve": 4}, "exposure.extrapolated at 4x: needs 100 held-out canaries, there are 34"),
    ],
)
def test_what_is_null_has_a_reason(options: dict[str, Any], key: str) -> None:
    found = results(**options)
    named = dict(zip(found.warning_names, found.warnings, strict=True))
    assert set(named) <= set(WARNING_NAMES)
    assert key in named["missing-figures"]
    assert ("transcripts-only" in named) == (found.cells[0].inserted.loss is None)
    assert ("no-controls" in named) == (found.controls.accuracy is None)


def test_extrapolated_exposure_where_it_may_be_had() -> None:
    found = results(reserve=110, levels=(16,), pairs=10)
    named = dict(zip(found.warning_names, found.warnings, strict=True))
    shown = found.cells[0].exposure.extrapolated
    assert (shown is None) == ("exposure.extrapolated" in named.get("missing-figures", ""))


def test_older_results_still_load_and_render() -> None:
    found = read_results(OLDER)
    document = json.loads(OLDER.read_text())
    assert found.verdict == document["verdict"]
    assert found.warning_names == ()
    assert found.kit.gates == ()
    assert found.epsilon is None
    check("results", document)


def test_results_without_any_newer_key_load() -> None:
    """Keys that have a default may be missing: what other minor versions did not know."""
    document = results().document()

    def strip(node: Any, schema: dict[str, Any]) -> None:
        if "$ref" in schema:
            strip(node, shipped("results")["$defs"][schema["$ref"].rpartition("/")[2]])
            return
        for one in schema.get("anyOf", ()):
            if node is not None:
                strip(node, one)
        if isinstance(node, list):
            for item in node:
                strip(item, schema.get("items", {}))
        if isinstance(node, dict):
            for key in list(node):
                if key in schema.get("properties", {}) and key not in schema.get("required", ()):
                    del node[key]
                elif key in node:
                    strip(node[key], schema.get("properties", {}).get(key, {}))

    stripped = deepcopy(document)
    strip(stripped, shipped("results"))
    assert len(json.dumps(stripped)) < len(json.dumps(document))
    assert "warning_names" not in stripped
    assert Results.model_validate(stripped).verdict == document["verdict"]


def test_the_command(tmp_path: Path) -> None:
    run = CliRunner().invoke
    assert json.loads(run(cli, ["schema", "results"]).stdout) == shipped("results")
    assert json.loads(run(cli, ["schema", "results", "--json"]).stdout) == shipped("results")
    assert set(json.loads(run(cli, ["schema", "--json"]).stdout)["schemas"]) == set(MODELS)
    assert all(f"{name}: urn:memaudit:" in run(cli, ["schema"]).stdout for name in MODELS)
    assert run(cli, ["schema", "--check"]).exit_code == 0
    refused = run(cli, ["schema", "result"])
    assert refused.exit_code == 2
    assert "results" in refused.stderr
