"""Providers: what this onnxruntime has is used as asked for; what it has not is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import onnxruntime
import pytest

from memaudit.cli.main import cli
from memaudit.errors import ModelError, UsageError
from memaudit.kit.store import Kit
from memaudit.models.ort.providers import PROVIDERS, available, check_running, requested
from memaudit.models.ort.session import open_session
from memaudit.models.registry import load_recognizer
from tests.models.builders import onnx_graph, weights, write_onnx

MISSING = sorted(PROVIDERS.keys() - set(available()))


def test_names_are_onnxruntimes() -> None:
    # onnxruntime lists those of its own release; ROCm left in 1.23.
    assert set(PROVIDERS.values()) - {"ROCMExecutionProvider"} <= set(onnxruntime.get_all_providers())
    assert "cpu" in available()


@pytest.mark.parametrize("name", available())
def test_what_is_here_is_what_runs(tmp_path: Path, name: str) -> None:
    path = write_onnx(tmp_path, onnx_graph(weights()))
    assert open_session(path, provider=name).get_providers()[0] == PROVIDERS[name]


@pytest.mark.parametrize("name", MISSING)
def test_what_is_not_here_is_refused(tmp_path: Path, name: str) -> None:
    path = write_onnx(tmp_path, onnx_graph(weights()))
    with pytest.raises(UsageError) as caught:
        load_recognizer(path, provider=name)
    assert f"onnxruntime {onnxruntime.__version__} has no '{name}' here" in str(caught.value)
    assert f"this onnxruntime has: {', '.join(available())}" in str(caught.value)


@pytest.mark.parametrize("name", ["", "CPU", "CPUExecutionProvider", "gpu"])
def test_what_is_no_provider_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        requested(name)
    assert f"no provider '{name}'" in str(caught.value)
    assert "cuda" in str(caught.value)


def test_a_provider_that_gave_way_to_another_is_an_error(tmp_path: Path) -> None:
    session = open_session(write_onnx(tmp_path, onnx_graph(weights())))
    running = session.get_providers()
    check_running(running, "CPUExecutionProvider", tmp_path)
    with pytest.raises(ModelError, match="does not run it on CUDAExecutionProvider, but on CPU"):
        check_running(running, "CUDAExecutionProvider", tmp_path)
    with pytest.raises(ModelError, match="but on nothing"):
        check_running([], "CUDAExecutionProvider", tmp_path)


def test_the_command_line_says_so_and_results_name_it(small_kit: Kit, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from memaudit.kit.packaged import kits_folder

    model = kits_folder() / "recognisers" / "clipped"
    words = ["score", str(kits_folder() / "reference"), "--model", str(model), "--out", str(tmp_path / "a")]
    refused = CliRunner().invoke(cli, [*words, "--provider", MISSING[0]])
    assert refused.exit_code == 2
    assert len(refused.stderr.splitlines()) == 1
    assert f"has no '{MISSING[0]}' here" in refused.stderr
    assert CliRunner().invoke(cli, [*words, "--provider", "cpu"]).exit_code in (0, 1, 3)
    assert json.loads((tmp_path / "a/results.json").read_text())["model"]["decoder"]["provider"] == "cpu"
