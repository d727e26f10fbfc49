"""memaudit.toml and model.toml."""

from __future__ import annotations

from pathlib import Path

from memaudit.cli.config import read_config
from memaudit.cli.gate_places import gate_places
from tests.fuzz.parser import Parser, Target, file_target

_CONFIG = b"""seed = 3
[score]
gate = ["exposure@1 <= 3", 'epsilon <= 2']
jobs = 2
[gate]
gate = "auc <= 0.6"
"""
_FRONT_ENDS = ("nemo", "whisper", "sherpa-whisper", "torchaudio")
_TABLES = (b"[front_end]", b"[tokens]", b"[files]", b"[decoder]", b'family = "', b"kind = ", b'"nemo"')


def _config(name: str, seed: bytes) -> Parser:
    def prepare(folder: Path) -> Target:
        def read(path: Path) -> None:
            read_config(path.parent)
            gate_places(path.parent)

        return file_target(folder / name, [seed], read)

    covers = ("memaudit.cli.config", "memaudit.cli.gate_places")
    return Parser(name, covers, prepare, (b"[score]", b"gate = ", b"[tool.memaudit]"))


def _model_toml(folder: Path) -> Target:
    from memaudit.models.registry import load_recognizer
    from tests.models import builders

    path = builders.write_onnx(folder, builders.onnx_graph(builders.weights()))
    plain = (folder / "model.toml").read_bytes()
    seeds = [plain, plain + b'[files]\nmodel = "model.onnx"\n[decoder]\n[inputs]\nfeatures = "x"\n']
    table = 'schema = "memaudit/model/1"\n[front_end]\nkind = "{}"\n[tokens]\n'
    seeds += [table.format(kind).encode() for kind in (*_FRONT_ENDS, "raw")]
    return file_target(folder / "model.toml", seeds, lambda _: load_recognizer(path))


def _families(folder: Path) -> Target:
    """[front_end] and [tokens] of every kind, without a model."""
    from memaudit.models.registry import describe
    from tests.models import builders

    text = b'schema = "memaudit/model/1"\nfamily = "onnx-ctc"\n[front_end]\nkind = "kaldi"\nnum_mels = 80\n'
    seeds = [
        text + b'dither = 0.0\n[tokens]\nkind = "lines"\nstyle = "char"\n',
        text.replace(b"kaldi", b"raw"),
    ]
    seeds += [text.replace(b"kaldi", kind.encode()) for kind in _FRONT_ENDS]
    builders.write_tokens(folder)

    def read(path: Path) -> None:
        _, description = describe(path)
        description.front_end()
        description.tokens()

    return file_target(folder / "model.toml", seeds, read)


PARSERS = (
    _config("memaudit.toml", _CONFIG),
    _config("pyproject.toml", b"[tool.memaudit]\nseed = 1\n[tool.memaudit.score]\ngate = ['auc <= 1']\n"),
    Parser("model.toml", ("memaudit.models.description",), _model_toml, _TABLES, cost=4),
    Parser("model.toml, parts", ("memaudit.models.description",), _families, _TABLES),
)
