"""TorchScript is code: what it does with the user's word, and that it does nothing without."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch

from memaudit.errors import ModelError, UntrustedModelError
from memaudit.models.registry import adapters, load_recognizer
from tests.models import builders

_MARK = "/was/run"  # replaced by a path of the test

_MODULE = '''
class Writer(torch.nn.Module):
    """Writes a file when it is loaded, and another when it is run."""

    def __init__(self) -> None:
        super().__init__()
        self.value = torch.zeros(1)

    @torch.jit.export
    def __getstate__(self) -> tuple[torch.Tensor, bool]:
        return (self.value, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[torch.Tensor, bool]) -> None:
        self.value = state[0]
        self.training = state[1]
        torch.save(self.value, "/was/run")

    def forward(self, x: torch.Tensor, x_lens: torch.Tensor) -> torch.Tensor:
        torch.save(x, "/was/run")
        return x
'''


def writer(folder: Path, mark: Path) -> Path:
    """A TorchScript archive that writes ``mark``."""
    source = folder / "writer_module.py"
    source.write_text(f"import torch\n{_MODULE.replace(_MARK, str(mark))}")
    code = (
        "import sys, warnings, torch; warnings.simplefilter('ignore'); sys.path.insert(0, sys.argv[1])\n"
        "from writer_module import Writer\n"
        "torch.jit.script(Writer().eval()).save(sys.argv[2])"
    )
    path = folder / "model.pt"
    subprocess.run([sys.executable, "-c", code, str(folder), str(path)], check=True, capture_output=True)
    builders.write_tokens(folder)
    builders.write_toml(folder, family="torchscript-ctc")
    mark.unlink(missing_ok=True)
    return path


def test_an_archive_that_writes_files(tmp_path: Path) -> None:
    mark = tmp_path / "written"
    path = writer(tmp_path, mark)
    with pytest.raises(UntrustedModelError, match="--trust-model"):
        load_recognizer(path)
    assert not mark.exists()
    # With the user's word it runs, and this is what it can do: the reason for asking.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ModelError):
            load_recognizer(path, trust_model=True).recognize(builders.speech(0.5), None)
    assert mark.exists()


_WATCHED = """
import sys
from pathlib import Path
from memaudit.errors import UntrustedModelError
from memaudit.models.registry import load_recognizer
touched = []
def watch(event, given):
    if event in ("open", "os.open") and str(given[0]) == sys.argv[1]:
        touched.append(event)
    if event in ("pickle.find_class", "marshal.loads", "subprocess.Popen", "os.system"):
        touched.append(event)
adapter = sys.argv[2]
try:
    load_recognizer(Path(sys.argv[3]), adapter=adapter)  # imports whatever there is to import
except Exception:
    pass
sys.addaudithook(watch)
try:
    load_recognizer(Path(sys.argv[1]), adapter=adapter)
except UntrustedModelError as error:
    print("untrusted", touched, "torch" in sys.modules)
"""


@pytest.mark.parametrize("name", [name for name, one in adapters().items() if one.runtime == "torch"])
def test_nothing_opens_an_untrusted_file(tmp_path: Path, name: str) -> None:
    """Not even its first bytes are read, and torch is not imported."""
    suffix = adapters()[name].suffixes[0]
    for part in ("first", "second"):
        folder = tmp_path / part
        folder.mkdir()
        (folder / f"model{suffix}").write_bytes(b"PK\x03\x04 no archive")
        builders.write_tokens(folder)
        builders.write_toml(folder, family=name)
    first, second = (str(tmp_path / part / f"model{suffix}") for part in ("first", "second"))
    command = [sys.executable, "-c", _WATCHED, second, name, first]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "untrusted [] False", done.stderr[-1500:]


class Exploit:
    """Runs a command when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (_touch, (str(self.mark), "x"))


def _touch(path: str, text: str) -> None:
    Path(path).write_text(text)


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize("way", ["pickle", "torch.save"])
def test_a_checkpoint_of_pickles_is_never_unpickled(tmp_path: Path, way: str, trust: bool) -> None:
    """A .pt that is no TorchScript is a pickle: it is no model here, trusted or not."""
    mark = tmp_path / "run"
    path = tmp_path / "model.pt"
    if way == "pickle":
        path.write_bytes(pickle.dumps(Exploit(mark)))
    else:
        torch.save({"model": Exploit(mark)}, path)
    builders.write_tokens(tmp_path)
    builders.write_toml(tmp_path, family="torchscript-ctc")
    with pytest.raises(ModelError):
        load_recognizer(path, trust_model=trust)
    assert not mark.exists()


@pytest.mark.parametrize("name", ["model.nemo", "pytorch_model.bin", "model.ckpt", "model.pkl", "model.npy"])
def test_training_checkpoints_are_no_models(tmp_path: Path, name: str) -> None:
    mark = tmp_path / "run"
    (tmp_path / name).write_bytes(pickle.dumps(Exploit(mark)))
    with pytest.raises(ModelError):
        load_recognizer(tmp_path / name, trust_model=True)
    assert not mark.exists()
