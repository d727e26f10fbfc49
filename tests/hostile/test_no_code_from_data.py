"""What the package must never call, looked for in its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import memaudit

ROOT = Path(memaudit.__file__).parent
SOURCES = sorted(ROOT.rglob("*.py"))

MODULES = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "marshal",
    "code",
    "pty",
}
NAMES = {"eval", "exec", "compile", "__import__"}
CALLS = {
    *(
        "torch.load",
        "torch.hub.load",
        "torch.package.PackageImporter",
        "numpy.load",
        "np.load",
        "np.lib.format",
    ),
    *("yaml.load", "yaml.unsafe_load", "yaml.full_load", "os.system", "os.popen"),
    *("tempfile.mktemp", "shutil.unpack_archive", "subprocess.getoutput", "subprocess.getstatusoutput"),
}
METHODS = {
    "extract",
    "extractall",
    "register_custom_ops_library",
    "unsafe_load",
    "read_pickle",
    "load_state_dict",
}
OPENERS = {
    "torch.jit.load": "models/torchscript/module.py",
    "torch.export.load": "models/torchscript/exported.py",
}
"""Calls that may run code of a file: where each is, once, behind `require_trust`."""


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, dotted(node.func)


def forbidden(tree: ast.AST) -> Iterator[str]:
    """What in a source must not be there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            whole = [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
            yield from (name for name in whole if name.split(".")[0] in MODULES or name in CALLS)
    for node, name in calls(tree):
        if name in NAMES or name in CALLS or (name.rpartition(".")[2] in METHODS and not _own_weights(name)):
            yield name
        for option in node.keywords:
            said = option.value.value if isinstance(option.value, ast.Constant) else None
            if option.arg in ("shell", "allow_pickle") and said is not False:
                yield f"{name}({option.arg})"
            if option.arg == "weights_only" and said is not True:
                yield f"{name}(weights_only)"


def _in_lab(path: Path, name: str) -> bool:
    """The lab reads weights that it wrote itself, as arrays only: ``weights_only`` is looked at besides."""
    return name == "torch.load" and path.relative_to(ROOT).parts[0] == "lab"


def _own_weights(name: str) -> bool:
    """The lab's modules are given weights that it has in memory."""
    return name.endswith(".load_state_dict")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_source_makes_code_of_data(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [name for name in forbidden(tree) if not _in_lab(path, name)] == []
    for node, name in calls(tree):
        assert name != "torch.load" or "weights_only" in {option.arg for option in node.keywords}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import torch\ntorch.load('x')",
        "import numpy as np\nnp.load('x')",
        "eval('1')",
        "subprocess.run('x', shell=True)",
        "pandas.read_pickle('x')",
        "archive.extractall('x')",
        "options.register_custom_ops_library('x.so')",
        "f(allow_pickle=True)",
        "f(weights_only=False)",
        "from yaml import unsafe_load\nfrom torch import load",
    ],
)
def test_the_search_finds_what_it_is_for(source: str) -> None:
    assert list(forbidden(ast.parse(source)))


def test_code_is_opened_in_two_places() -> None:
    places: dict[str, list[str]] = {name: [] for name in OPENERS}
    for path in SOURCES:
        for _, name in calls(ast.parse(path.read_text(encoding="utf-8"))):
            if name in places:
                places[name].append(path.relative_to(ROOT).as_posix())
    assert places == {name: [place] for name, place in OPENERS.items()}


def test_whoever_opens_code_asks_for_trust_first() -> None:
    """In each function that opens a module, `require_trust` is called in an earlier line."""
    found = 0
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            lines = {name: node.lineno for node, name in calls(function)}
            for opener in ("open_module", "open_program"):
                if opener in lines:
                    found += 1
                    assert lines.get("require_trust", 10**9) < lines[opener], f"{path}: {function.name}"
    assert found >= 4
