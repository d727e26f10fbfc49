"""ONNX and .ort files, and what lies beside them: recognising a model, loading it, looking at its files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from memaudit.models.ort.files import external_files, quantised_operators
from memaudit.models.quantised import quantised_files
from tests.fuzz.parser import Parser, Target, file_target

_WORDS = (
    b"location",
    b"external_data",
    b"../x",
    b"ai.onnx",
    b"Loop",
    b"If",
    b"\x0a\x08location\x12\x05../ab",
)
_ORT = ("memaudit.models.ort.files", "memaudit.models.ort.session", "memaudit.models.quantised")


def _graph(name: str, make: Callable[[Path], Path], *, cost: int) -> Parser:
    """The graph of a model that a family recognises, mutated."""

    def prepare(folder: Path) -> Target:
        path = make(folder)

        def read(_: Path) -> None:
            external_files(path)
            quantised_operators(path)
            quantised_files(path, [path.name])
            _load(path)

        return file_target(path, [path.read_bytes()], read)

    return Parser(f"graph, {name}", _ORT, prepare, _WORDS, cost=cost)


def _beside(name: str, file: str, make: Callable[[Path], Path], *, cost: int) -> Parser:
    """A text file beside a model, mutated."""

    def prepare(folder: Path) -> Target:
        path = make(folder)
        beside = path.parent / file
        return file_target(beside, [beside.read_bytes()], lambda _: _load(path))

    covers = ("memaudit.models.model_files", "memaudit.models.registry")
    return Parser(f"beside, {name} {file}", covers, prepare, cost=cost)


def _load(path: Path) -> object:
    from memaudit.models.registry import load_recognizer

    return load_recognizer(path)


def _family(name: str, **more: bool) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        from tests.models import ctc_families

        path: Path = getattr(ctc_families, name)(folder, **more)
        return path

    return make


def _ort(folder: Path) -> Path:
    import onnxruntime

    source = _family("icefall")(folder / "source")
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(folder / "model.ort")
    options.add_session_config_entry("session.save_model_format", "ORT")
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
    (folder / "tokens.txt").write_bytes((folder / "source" / "tokens.txt").read_bytes())
    return folder / "model.ort"


def _whisper(folder: Path) -> Path:
    from tests.models import attention_builders

    attention_builders.whisper_folder(folder, attention_builders.net(0), generation={"suppress_tokens": [1]})
    return folder / "encoder_model.onnx"


def _sherpa(folder: Path) -> Path:
    from tests.models import attention_builders

    attention_builders.sherpa_folder(folder, attention_builders.net(0))
    return folder / "tiny-encoder.onnx"


PARSERS = (
    _graph("icefall", _family("icefall"), cost=12),
    _graph("external data", _family("icefall", external=True), cost=12),
    _graph("wav2vec 2.0", _family("hf"), cost=12),
    _graph("sherpa whisper", _sherpa, cost=25),
    _graph("ort format", _ort, cost=12),
    _beside("hf-ctc", "vocab.json", _family("hf"), cost=12),
    _beside("hf-ctc", "config.json", _family("hf"), cost=12),
    _beside("hf-ctc", "preprocessor_config.json", _family("hf"), cost=12),
    _beside("hf-ctc", "tokenizer_config.json", _family("hf"), cost=12),
    _beside("nemo-ctc", "config.json", _family("nemo"), cost=12),
    _beside("whisper", "config.json", _whisper, cost=25),
    _beside("whisper", "generation_config.json", _whisper, cost=25),
)
