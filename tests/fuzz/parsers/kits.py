"""Recipes, and the files of a kit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from memaudit.audit.policy import check_gates, choose
from memaudit.kit.feasibility import recipe_tokenizer
from memaudit.kit.packaged import packaged_recipes
from memaudit.kit.recipe import load_recipe
from memaudit.kit.store import ASSIGNMENT, INFO, MANIFEST, SECRET, open_kit
from memaudit.kit.text import text_source
from tests.fuzz.kits import tone_kit
from tests.fuzz.parser import Parser, Target, file_target
from tests.kit.recipes import tiny

_TABLES = (b"[text]", b"[speech]", b"[design]", b"[feasibility]", b"[[design]]", b'base = "routine"\n')


def _recipe(folder: Path) -> Target:
    seeds = [path.read_bytes() for path in packaged_recipes().values()]
    return file_target(folder / "mine.toml", seeds, lambda path: load_recipe(str(path)))


def _override(folder: Path) -> Target:
    seeds = (b"design.controls=5", b"text.words=[4, 5]", b'speech.voices=["en-us+f2"]', b"text.style=digits")
    return Target(seeds, lambda data: load_recipe("smoke", [data.decode("utf-8", "surrogateescape")]))


def _part(name: str) -> Callable[[Path], Target]:
    """One file of a whole kit."""

    def prepare(folder: Path) -> Target:
        root = folder / "kit"
        tone_kit(root)
        return file_target(root / name, [(root / name).read_bytes()], lambda _: open_kit(root))

    return prepare


def _lines(folder: Path) -> Target:
    seeds = [b"amber birch\ncedar delta\n", b'{"text": "amber birch"}\n{"text": "cedar delta"}\n']
    recipe = tiny(text={"style": "file", "file": str(folder / "lines.txt")})
    return file_target(folder / "lines.txt", seeds, lambda _: text_source(recipe))


def _words(folder: Path) -> Target:
    recipe = tiny(text={"wordlist": str(folder / "words.txt")})
    words = [f"{one}{other}\n" for one in "abcdefgh" for other in "mnopqrst"]
    return file_target(folder / "words.txt", ["".join(words).encode()], lambda _: text_source(recipe))


def _pattern(folder: Path) -> Target:
    seeds = (b"my code is {digit}{digit}", b"{word} lives at {digit} {word} street", b"{letter:3} or {a|b}")

    def parse(data: bytes) -> object:
        text = data.decode("utf-8", "replace")
        return text_source(tiny(text={"style": "pattern", "pattern": text}))

    return Target(seeds, parse)


def _tokenizer(suffix: str, seed: Callable[[], bytes]) -> Callable[[Path], Target]:
    def prepare(folder: Path) -> Target:
        recipe = tiny(feasibility={"tokenizer": str(folder / f"mine{suffix}")})

        def read(_: Path) -> None:
            recipe_tokenizer(recipe).count("amber birch")

        return file_target(folder / f"mine{suffix}", [seed()], read)

    return prepare


def _gates(folder: Path) -> Target:
    seeds = (b"accuracy_gap@16/4x <= 0.10", b"exposure@1 <= 3", b"epsilon <= 2", b"auc@4/2x < 1e-1")

    def parse(data: bytes) -> None:
        text = data.decode("utf-8", "surrogateescape")
        check_gates([text], [1, 4, 16], [2.0, 4.0])
        choose([text], ["epsilon <= 2"])

    return Target(seeds, parse)


def _json_seed() -> bytes:
    from tests.fuzz.vocabularies import tokenizer_json

    return tokenizer_json()


def _model_seed() -> bytes:
    from tests.fuzz.vocabularies import sentencepiece_model

    return sentencepiece_model()


_STORE = ("memaudit.kit.store", "memaudit.kit.verify", "memaudit.kit.commitment")
PARSERS = (
    Parser("recipe", ("memaudit.kit.recipe",), _recipe, _TABLES),
    Parser("recipe --set", ("memaudit.kit.recipe",), _override),
    Parser("recipe, text lines", ("memaudit.kit.text.lines", "memaudit.kit.corpus"), _lines),
    Parser("recipe, word list", ("memaudit.kit.wordlists",), _words),
    Parser("recipe, pattern", ("memaudit.kit.text.pattern",), _pattern, (b"{", b"}", b"|", b":")),
    Parser("recipe, tokenizer.json", ("memaudit.kit.feasibility_tokens",), _tokenizer(".json", _json_seed)),
    Parser("recipe, sentencepiece", ("memaudit.kit.feasibility_tokens",), _tokenizer(".model", _model_seed)),
    Parser("kit.json", _STORE, _part(INFO)),
    Parser("kit, assignment", _STORE, _part(ASSIGNMENT)),
    Parser("kit, training manifest", _STORE, _part(MANIFEST)),
    Parser("kit, secret", _STORE, _part(SECRET)),
    Parser("gates", ("memaudit.audit.gate_syntax",), _gates, (b"<=", b"@", b"/4x", b"epsilon")),
)
