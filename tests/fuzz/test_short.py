"""A short run of every parser, and the list of those that read files."""

from __future__ import annotations

import ast
import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import memaudit
from memaudit.kit.manifests.registry import FORMATS
from memaudit.models.tokens.registry import TOKEN_KINDS
from tests.fuzz.mutate import Mutator
from tests.fuzz.registry import ELSEWHERE, PARSERS
from tests.fuzz.run import fault, run

ROOT = Path(memaudit.__file__).parent
INPUTS = 300
_READING = re.compile(
    r"\b(json\.loads?|tomllib\.loads?|parse_toml|csv\.(reader|DictReader)|read_text|read_bytes|raw_lines"
    r"|model_validate_json|tarfile\.open|gzip\.open|GzipFile|ParquetFile|SoundFile|soundfile\.(read|info)"
    r"|InferenceSession|Tokenizer\.from_(str|file)|LoadFromSerializedProto|\.Load|mmap\.mmap)\("
)


@pytest.mark.parametrize("name", PARSERS)
def test_nothing_undocumented(name: str) -> None:
    parser = PARSERS[name]
    outcome = run(parser, max(3, INPUTS // parser.cost), seed=7)
    assert outcome.inputs >= 3
    assert outcome.faults == {}


@pytest.mark.parametrize("name", [name for name, parser in PARSERS.items() if parser.cost == 1])
def test_anything_at_all(name: str, tmp_path: Path) -> None:
    """Arbitrary bytes, and mutations that hypothesis can make smaller."""
    target = PARSERS[name].prepare(tmp_path)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.binary(max_size=200) | st.randoms(use_true_random=False))
    def check(drawn: bytes | random.Random) -> None:
        data = drawn
        if not isinstance(data, bytes):
            data = Mutator(target.seeds, PARSERS[name].words, data).draw()
        assert fault(target.parse, data) is None

    check()


def test_seeds_are_taken(tmp_path: Path) -> None:
    """A harness whose own seeds are refused would fuzz nothing: most parsers take theirs."""
    from memaudit.errors import MemauditError

    for name in ("recipe", "kit.json", "gates", "injection.json", "utterances.jsonl", "memaudit.toml"):
        folder = tmp_path / name
        folder.mkdir()
        target = PARSERS[name].prepare(folder)
        for seed in target.seeds:
            try:
                target.parse(seed)
            except MemauditError as error:
                pytest.fail(f"{name}: {error}")


def test_every_format_and_kind_has_a_parser() -> None:
    covered = {module for parser in PARSERS.values() for module in parser.covers}
    for format_ in FORMATS.values():
        assert type(format_).__module__ in covered
    for place in TOKEN_KINDS.values():
        assert place.partition(":")[0] in covered


def _reads(path: Path) -> bool:
    """Whether a module calls something that reads a file or takes one's text apart."""
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and _READING.search(f"{ast.unparse(node.func)}("):
            return True
    return False


def test_no_reader_is_forgotten() -> None:
    """Each module that reads is covered by a parser here, or says in `ELSEWHERE` why it need not be."""
    covered = {module for parser in PARSERS.values() for module in parser.covers}
    missing = []
    for path in sorted(ROOT.rglob("*.py")):
        module = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
        excused = any(module == name or module.startswith(f"{name}.") for name in ELSEWHERE)
        if _reads(path) and module not in covered and not excused:
            missing.append(module)
    assert missing == []
