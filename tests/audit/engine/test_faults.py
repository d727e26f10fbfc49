"""Models that crash, hang, run wild or raise: one recording is lost, and nothing else."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from memaudit.audit.engine.attendant import ProcessError
from memaudit.audit.engine.environment import allowed, environment
from memaudit.audit.engine.limits import Limits
from memaudit.audit.engine.model_spec import ModelSpec
from memaudit.audit.engine.opening import open_engine
from memaudit.audit.engine.work import Heard, Item
from memaudit.errors import ModelError, UsageError
from tests.audit.engine.conftest import MODEL, Writer
from tests.models.builders import onnx_graph, weights, write_onnx

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="held on Linux alone")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals")

#: What a model does on one recording -> what is said of it.
FAULTS = {
    "os.abort()": "was ended by SIGABRT as it heard this",
    "ctypes.string_at(0)": "was ended by SIGSEGV as it heard this",
    "os._exit(3)": "ended with code 3 as it heard this",
    "os.kill(os.getpid(), signal.SIGKILL)": "was ended by SIGKILL as it heard this",
    "sys.exit(5)": "ended with code 5 as it heard this",
    "1 / 0": "failed (ZeroDivisionError: division by zero)",
    "raise MemoryError": "failed (MemoryError: )",
}
BODY = """
import ctypes, os, re, signal, sys
def transcribe(waves):
    if any(len(wave) == 12000 for wave in waves):
        {fault}
    return [str(len(wave)) for wave in waves]
transcribe.batch_size = {batch}
"""


def heard(
    name: str, items: list[Item], jobs: int = 1, limits: Limits | None = None
) -> tuple[dict[str, Heard], list[str]]:
    """What came of each recording, and what was told."""
    told: list[str] = []
    with open_engine(ModelSpec(name), jobs, limits, told.append) as engine:
        return {one.id: one for one in engine.run(items)}, told


def lost(found: dict[str, Heard]) -> dict[str, str | None]:
    """id -> reason of those that failed; the others have the transcript that they should have."""
    for name, one in found.items():
        if one.failed is None:
            assert one.recognition is not None
            assert one.recognition.transcript == str(8_000 + 1_000 * int(name[1:]))
        else:
            assert one.recognition is None
            assert one.rate == 0
    return {name: one.failed for name, one in found.items() if one.failed is not None}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("batch", "jobs"), [(1, 1), (3, 2), (8, 1)])
def test_only_the_recording_at_fault_is_lost(
    items: list[Item], function: Writer, fault: str, batch: int, jobs: int
) -> None:
    found, told = heard(function(BODY.format(fault=fault, batch=batch)), items, jobs)
    reasons = lost(found)
    assert found.keys() == {item.id for item in items}
    assert reasons.keys() == {"u4"}
    assert str(reasons["u4"]).endswith(FAULTS[fault])
    assert told[-1] == f"{items[4].audio}: failed (python-function): {reasons['u4']}"
    assert all("(python-function)" in line for line in told)


def test_what_hangs_in_native_code_is_ended(items: list[Item], function: Writer) -> None:
    fault = "re.match('(a+)+$', 'a' * 60 + 'b')"
    found, told = heard(function(BODY.format(fault=fault, batch=1)), items, 1, Limits(timeout=2.0))
    assert lost(found) == {"u4": "the model's process did not come back in 2 s as it heard this"}
    assert len(told) == 1  # not tried again


def test_a_crash_that_does_not_come_again_loses_nothing(
    items: list[Item], function: Writer, tmp_path: Path
) -> None:
    flag = tmp_path / "crashed"
    fault = f"if not os.path.exists({str(flag)!r}): open({str(flag)!r}, 'w').close(); os.abort()"
    for batch in (1, 8):
        flag.unlink(missing_ok=True)
        found, told = heard(function(BODY.format(fault=fault, batch=batch)), items)
        assert lost(found) == {}
        assert len(told) == 1
        assert "SIGABRT" in told[0]


@LINUX
def test_memory_is_limited_and_its_end_is_an_error_of_one_recording(
    items: list[Item], function: Writer
) -> None:
    fault = "kept = bytearray(2 << 30)"
    found, _ = heard(function(BODY.format(fault=fault, batch=1)), items, 1, Limits(max_memory=700))
    assert lost(found) == {"u4": "failed (MemoryError: )"}


@LINUX
@pytest.mark.slow
def test_memory_that_the_kernel_does_not_count_is_seen_from_outside(
    items: list[Item], function: Writer
) -> None:
    # Shared memory is no data of the process; it waits to be ended.
    fault = (
        "import mmap; kept = mmap.mmap(-1, 600 << 20); [kept.write(bytes(1 << 20)) for _ in range(600)]; "
        "re.match('(a+)+$', 'a' * 60 + 'b')"
    )
    found, told = heard(function(BODY.format(fault=fault, batch=1)), items, 1, Limits(max_memory=500))
    assert lost(found) == {"u4": "the model's process used more than 500 MiB of memory as it heard this"}
    assert len(told) == 2


def endless(folder: Path, frames: int) -> Path:
    """A recogniser whose graph loops for ever on audio of so many frames."""
    graph = onnx_graph(weights(80, 29))
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Identity", ["v"], ["v_on"])],
        "body",
        [
            helper.make_tensor_value_info("n", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v", TensorProto.FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v_on", TensorProto.FLOAT, []),
        ],
    )
    nodes = [
        helper.make_node("Shape", ["x"], ["x_shape"]),
        helper.make_node("Gather", ["x_shape", "second"], ["x_frames"]),
        helper.make_node("Equal", ["x_frames", "bad"], ["is_bad"]),
        helper.make_node("Loop", ["", "is_bad", "nought"], ["still"], body=body),
        helper.make_node("Add", ["x", "still"], ["x_after"]),
    ]
    for node in graph.graph.node:
        node.input[:] = ["x_after" if name == "x" else name for name in node.input]
    old = list(graph.graph.node)
    del graph.graph.node[:]
    graph.graph.node.extend([*nodes, *old])
    for name, value in (
        ("second", np.array(1)),
        ("bad", np.array(frames)),
        ("nought", np.array(0, np.float32)),
    ):
        graph.graph.initializer.append(numpy_helper.from_array(value, name))
    onnx.checker.check_model(graph)
    path = write_onnx(folder, graph)
    symbols = ("<blk>", "|", *"abcdefghijklmnopqrstuvwxyz'")
    (folder / "tokens.txt").write_text("".join(f"{s} {i}\n" for i, s in enumerate(symbols)))
    (folder / "model.toml").write_text(
        'schema = "memaudit/model/1"\n[front_end]\nkind = "kaldi"\nnum_mels = 80\n'
        '[tokens]\nfile = "tokens.txt"\nstyle = "char"\n'
    )
    return path


@pytest.mark.slow
def test_a_graph_that_loops_for_ever(items: list[Item], tmp_path: Path) -> None:
    limits = Limits(timeout=3.0)
    whole, _ = heard(str(endless(tmp_path / "well", 1_000_000)), items, 1, limits)
    found, told = heard(str(endless(tmp_path / "ill", 12_000 // 160)), items, 2, limits)
    reasons = {name: one.failed for name, one in found.items() if one.failed}
    assert reasons == {"u4": "the model's process did not come back in 3 s as it heard this"}
    assert {name: one for name, one in found.items() if name != "u4"} == {
        name: one for name, one in whole.items() if name != "u4"
    }
    assert [line.startswith(f"{items[4].audio}: failed (onnx-ctc): ") for line in told] == [True]


def test_restarts_are_bounded(items: list[Item], function: Writer) -> None:
    name = function(BODY.format(fault="os.abort()", batch=1).replace("== 12000", "> 8000"))
    with pytest.raises(ModelError, match=r"process has ended 4 times; at last: .*SIGABRT"):
        heard(name, items, 1, Limits(restarts=3))


def test_a_start_that_fails_again_and_again_ends(items: list[Item], function: Writer, tmp_path: Path) -> None:
    flag = tmp_path / "loaded"
    name = function(
        f"import os\nif os.path.exists({str(flag)!r}): os._exit(9)\nopen({str(flag)!r}, 'w').close()\n"
        + BODY.format(fault="os.abort()", batch=1)
    )
    with pytest.raises(ModelError, match="ended with code 9 as it loaded the model"):
        heard(name, items)


def test_a_model_that_was_changed_meanwhile_is_refused(items: list[Item], function: Writer) -> None:
    fault = "open(__file__, 'a').write('#'); os.abort()"
    with pytest.raises(ModelError, match="files have changed"):
        heard(function(BODY.format(fault=fault, batch=1)), items)


def test_a_question_that_ends_the_process_spoils_no_other(items: list[Item]) -> None:
    told: list[str] = []
    with open_engine(ModelSpec(str(MODEL)), 1, None, told.append) as engine:
        with pytest.raises(ProcessError, match="SIGABRT"):
            engine.call("tests.audit.engine.calls:crash")
        assert {one.failed for one in engine.run(items)} == {None}
    assert "tests.audit.engine.calls:crash" in told[0]


SECRETS = (
    "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "HF_TOKEN", "GITHUB_TOKEN", "SSH_AUTH_SOCK", "KUBECONFIG",
    "TORCH_API_KEY", "PYTHON_KEYRING_PASSWORD", "DATABASE_URL", "CUDA_TOKEN", "ORT_API_KEYS", "PIP_INDEX_URL",
)  # fmt: skip


def test_no_secret_is_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SECRETS, "LC_TIME", "OMP_SCHEDULE", "MY_REGION"):
        monkeypatch.setenv(name, "C")
    assert not any(map(allowed, SECRETS))
    with open_engine(ModelSpec(str(MODEL)), limits=Limits(env=("MY_REGION", "HF_TOKEN"))) as engine:
        given = set(engine.call("tests.audit.engine.calls:variables"))
    assert given & {*SECRETS, "MY_REGION"} == {"MY_REGION", "HF_TOKEN"}
    assert {"LC_TIME", "OMP_SCHEDULE", "PATH", "OMP_NUM_THREADS"} <= given


def test_a_variable_that_is_not_set_is_refused() -> None:
    with pytest.raises(UsageError, match="NO_SUCH_THING is not set here"):
        open_engine(ModelSpec(str(MODEL)), limits=Limits(env=("NO_SUCH_THING",)))
    assert environment(["A"], {"A": "1", "B": "2", "LANG": "C", "PYTHONHASHSEED": "0"}) == {
        "A": "1", "LANG": "C", "PYTHONHASHSEED": "0",
    }  # fmt: skip


@pytest.mark.parametrize("limits", [{"timeout": -1.0}, {"timeout": float("inf")}, {"max_memory": 0}])
def test_limits_that_are_none(limits: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=r"--timeout|--max-memory"):
        Limits(**limits)  # type: ignore[arg-type]


@LINUX
@pytest.mark.slow
def test_a_model_file_has_no_network_and_a_function_has(function: Writer) -> None:
    function("def transcribe(waves):\n    return ['x'] * len(waves)\n")
    name = "python:my_asr:transcribe"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def reaches(model: str, *, network: bool | None) -> bool:
            with open_engine(ModelSpec(model), limits=Limits(network=network)) as engine:
                assert engine.call("tests.audit.engine.calls:owner") == [os.getuid(), os.getgid()]
                return bool(engine.call("tests.audit.engine.calls:reaches", port))

        assert reaches(str(MODEL), network=True)
        assert reaches(name, network=None)
        try:
            assert not reaches(name, network=False)
        except UsageError as error:  # where no namespace can be made
            assert "cannot be dropped here" in str(error)  # noqa: PT017
        else:
            assert not reaches(str(MODEL), network=None)


def test_cpu_time_follows_the_timeout() -> None:
    with open_engine(ModelSpec(str(MODEL)), limits=Limits(timeout=2.0)) as engine:
        limit, used = engine.call("tests.audit.engine.calls:cpu_limit")
    most = 2.0 * 10 * (os.cpu_count() or 1) + used + 2
    assert used < limit <= most
