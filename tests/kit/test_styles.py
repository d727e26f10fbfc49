"""Every style of text: what it draws, how often, and how much chance is in it."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from memaudit.errors import RecipeError
from memaudit.kit.draft import draft_kit
from memaudit.kit.language import languages
from memaudit.kit.recipe_fields import Style
from memaudit.kit.text import STYLES, TextSource, WordSource, text_source
from memaudit.kit.text.letters import LetterSource
from memaudit.kit.text.lines import LineSource
from memaudit.kit.text.pattern import SLOTS, Pattern, PatternSource
from memaudit.kit.text.pseudowords import PseudowordSource
from tests.kit.recipes import tiny, unhurried

TWO = WordSource(("yes", "no"), (1, 2, 3))
THREE = LetterSource(("x", "y", "z"), (1, 2))
SYLLABLES = PseudowordSource(("ba", "ki"), 2, (1, 2))
# Sources with so few texts that all can be listed.
SMALL: dict[str, tuple[TextSource, int]] = {
    "words": (TWO, 3),
    "letters": (THREE, 2),
    "digits": (text_source(tiny(text={"style": "digits", "words": [2, 2]})), 2),
    "pseudowords": (SYLLABLES, 2),
    "pattern": (PatternSource((Pattern(("it", "is", TWO, THREE, "or", SYLLABLES)),)), 6),
    "file": (LineSource({2: ("a b", "c d", "e f"), 3: ("g h i",)}), 2),
}
# What a recipe says for each style.
TABLES: dict[str, dict[str, Any]] = {
    "words": {},
    "letters": {},
    "digits": {},
    "pseudowords": {"syllables": 3},
    "pattern": {"pattern": ["my code is {digit} {letter} {word}", "he said {pseudoword} {pseudoword}"]},
    "file": {"file": "lines.txt"},
}


def test_the_registry_has_every_style_that_a_recipe_may_name() -> None:
    assert set(STYLES) == set(get_args(Style)) == set(SMALL) == set(TABLES)


@pytest.mark.parametrize("style", sorted(SMALL))
def test_entropy_is_the_log_of_how_many_texts_there_are_and_all_are_equally_likely(style: str) -> None:
    source, words = SMALL[style]
    generator = np.random.default_rng(3)
    seen = Counter(source.draw(generator, words) for _ in range(60 * source.count(words)))
    assert len(seen) == source.count(words) == round(2 ** source.bits(words))
    assert source.bits(words) == pytest.approx(math.log2(len(seen)))
    assert stats.chisquare(list(seen.values())).pvalue > 0.001
    assert all(len(text.split()) == words for text in seen)


@settings(unhurried, max_examples=25)
@given(
    style=st.sampled_from(sorted(set(STYLES) - {"file", "words"})),
    code=st.sampled_from(sorted(languages())),
    words=st.tuples(st.integers(1, 4), st.integers(4, 8)),
    seed=st.integers(0, 2**64),
)
def test_every_style_in_every_language(style: str, code: str, words: tuple[int, int], seed: int) -> None:
    table = {"style": style, "language": code, "words": list(words)} | TABLES[style]
    if style == "pattern":
        table["pattern"] = ["{digit} {letter}", "{pseudoword} {digit} {letter}"]
    source = text_source(tiny(text=table))
    generator = np.random.default_rng(seed)
    assert source.lengths == ((2, 3) if style == "pattern" else tuple(range(words[0], words[1] + 1)))
    for length in source.lengths:
        text = source.draw(generator, length)
        assert len(text.split()) == length
        assert text == " ".join(text.lower().split())
        assert 0 < source.bits(length) <= length * 60
        assert source.bits(length) == pytest.approx(math.log2(source.count(length)), abs=1.1)


def test_bits_of_the_real_alphabets() -> None:
    def bits(words: int, **table: Any) -> float:
        return text_source(tiny(text=table)).bits(words)

    assert bits(4, style="letters") == pytest.approx(4 * math.log2(26))
    assert bits(4, style="letters", language="es") == pytest.approx(4 * math.log2(25))
    assert bits(6, style="digits", language="cs") == pytest.approx(6 * math.log2(10))
    assert bits(2, style="pseudowords", language="nl") == pytest.approx(2 * 2 * math.log2(12 * 4))
    assert bits(2, style="pseudowords", syllables=3) == pytest.approx(2 * 3 * math.log2(11 * 4))
    assert bits(3, language="de", wordlist="german-512") == 27
    assert bits(6, style="pattern", pattern="my code is {digit} {digit} {word}") == pytest.approx(
        2 * math.log2(10) + 11
    )


def test_a_pattern_of_the_same_length_adds_no_bits() -> None:
    patterns = (Pattern(("one", TWO, TWO)), Pattern(("two", TWO, "x")))
    source = PatternSource(patterns)
    assert source.bits(3) == 1  # of the one that has least
    assert source.count(3) == 4
    drawn = Counter(source.draw(np.random.default_rng(5), 3).split()[0] for _ in range(1))
    assert set(drawn) <= {"one", "two"}
    generator = np.random.default_rng(5)
    first = Counter(source.draw(generator, 3).split()[0] for _ in range(4000))
    assert stats.binomtest(first["one"], 4000).pvalue > 0.001


def test_fixed_words_are_told_from_secret_ones() -> None:
    source = PatternSource((Pattern(("my", "code", TWO, "and", THREE)), Pattern(("his", TWO))))
    assert source.fixed("my code no and x") == {0, 1, 3}
    assert source.fixed("his yes") == {0}
    assert TWO.fixed("yes no") == frozenset()


def test_spelled_letters_in_a_pattern_are_set_off() -> None:
    source = PatternSource((Pattern(("it", "is", THREE, THREE, "then", TWO, THREE)), Pattern((THREE, "so"))))
    assert source.spoken("it is x y then no z") == "it is, X, Y, then no, Z"
    assert source.spoken("y so") == "Y, so"


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("my code is {digt}", r"no slot \{digt\}; use \{digit\}"),
        ("my code is {digit", "neither a plain word nor a slot"),
        ("My code is {digit}", "'My' is neither"),
        ("it's {digit}", "neither a plain word"),
        ("{digit}{digit}", r"no slot \{digit\}\{digit\}|neither"),
        ("nothing is secret", "has no secret slot"),
        (["it is {word}", "{} no"], "no slot {}"),
    ],
)
def test_bad_patterns(pattern: Any, what: str) -> None:
    recipe = tiny(text={"style": "pattern", "pattern": pattern})
    with pytest.raises(RecipeError, match=what) as caught:
        text_source(recipe)
    assert str(caught.value).startswith("tiny.toml: text.pattern = ")


def test_every_slot_can_be_drawn() -> None:
    recipe = tiny(text={"style": "pattern", "pattern": " ".join(f"{{{name}}}" for name in SLOTS)})
    assert len(text_source(recipe).draw(np.random.default_rng(1), len(SLOTS)).split()) == len(SLOTS)


def test_a_list_of_another_language_is_refused() -> None:
    with pytest.raises(
        RecipeError, match=r"text\.wordlist = 'bip39-en': is a list of the language 'en'.*german-512"
    ):
        text_source(tiny(text={"language": "de"}))
    with pytest.raises(RecipeError, match=r"nothing is known of the language 'xx'"):
        text_source(tiny(text={"style": "digits", "language": "xx"}))


def lines_recipe(folder: Path, lines: list[str], **tables: Any) -> Any:
    path = folder / "lines.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    base = {"text": {"style": "file", "file": str(path), "control_style": "recipe"}}
    return tiny(**(base | tables))


@settings(unhurried, max_examples=40)
@given(
    counts=st.dictionaries(st.integers(1, 6), st.integers(20, 80), min_size=1, max_size=4),
    voices=st.sampled_from([["a"], ["a", "b"]]),
    factors=st.sampled_from([[4.0], [1.0, 4.0]]),
    seed=st.integers(0, 2**64),
)
def test_lines_are_all_used_once_and_pairs_are_alike(
    tmp_path_factory: pytest.TempPathFactory,
    counts: dict[int, int],
    voices: list[str],
    factors: list[float],
    seed: int,
) -> None:
    lines = [
        " ".join(f"w{words}x{number}" for _ in range(words))
        for words in counts
        for number in range(counts[words])
    ]
    # The most that can be asked for: whole pairs in every voice and speed, from what controls leave.
    design = {"repetitions": [1], "controls": 2, "reserve_per_speed": 1}
    room = sum((count - 2) // (len(voices) * len(factors)) // 2 for count in counts.values()) * len(voices)
    recipe = lines_recipe(
        tmp_path_factory.mktemp("lines"),
        lines,
        speech={"voices": voices},
        speed={"factors": factors},
        design=design | {"pairs_per_cell": max(1, room - len(counts) * len(voices))},
    )
    drafts = draft_kit(recipe, seed)
    texts = [draft.text for draft in drafts]
    assert len(set(texts)) == len(texts)
    assert set(texts) <= set(lines)
    pairs: dict[str, list[tuple[str, float, int]]] = {}
    for draft in drafts:
        if draft.lot.pair:
            pairs.setdefault(draft.lot.pair, []).append((draft.voice, draft.speed, len(draft.text.split())))
    assert all(len(twins) == 2 and len(set(twins)) == 1 for twins in pairs.values())
    assert len(pairs) == recipe.design.pairs * len(factors)


def test_too_few_lines_are_refused(tmp_path: Path) -> None:
    recipe = lines_recipe(tmp_path, [f"line number {number}" for number in range(20)])
    with pytest.raises(
        RecipeError, match=r"text\.file = .*20 lines are too few for 22 canaries.*give more lines"
    ):
        draft_kit(recipe, 1)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"one two\nthree\nOne, two!\n", r"lines\.txt:3: 'One, two!' is there twice, first in line 1"),
        (b"one\n...\n", r"lines\.txt:2: '\.\.\.' is nothing to be said"),
        (b"one\ntwo\x07three\n", r"lines\.txt:2"),
        (b"one\n" + b"x" * 2000 + b"\n", r"lines\.txt:2: a line of 2000 characters is too long"),
        (b"only one\n", "fewer than two lines"),
        (b'{"text": "one"}\n{"txt": "two"}\n', r"lines\.txt:2: has no text"),
        (b'{"text": "one"}\n{"text"\n', r"lines\.txt:2: is no JSON"),
        (b"\xff\xfe\n", r"lines\.txt:1: is no UTF-8 text"),
        (None, r"text\.file = .*there is no such file"),
    ],
)
def test_bad_files_of_lines(tmp_path: Path, content: bytes | None, what: str) -> None:
    path = tmp_path / "lines.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecipeError, match=what):
        text_source(tiny(text={"style": "file", "file": str(path)}))


def test_lines_may_be_json_and_have_marks(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text('{"text": "Wie geht\'s?"}\n\n{"text": "gut,  danke", "id": 3}\n', encoding="utf-8")
    source = text_source(tiny(text={"style": "file", "file": str(path)}))
    assert isinstance(source, LineSource)
    assert source.lines == {2: ("Wie geht's?", "gut, danke")}
    assert source.alphabet == 2


def test_files_are_looked_for_beside_the_recipe_and_then_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from memaudit.kit.recipe import load_recipe

    (tmp_path / "recipe").mkdir()
    (tmp_path / "mine.txt").write_text("one two\nthree four\n")
    (tmp_path / "recipe/r.toml").write_text('schema = "memaudit/recipe/1"\nname = "r"\n')
    monkeypatch.chdir(tmp_path)
    overrides = ["text.style=file", "text.file=mine.txt"]
    assert text_source(load_recipe("recipe/r.toml", overrides)).alphabet == 2
    (tmp_path / "recipe/mine.txt").write_text("one two\nthree four\nfive six\n")
    assert text_source(load_recipe("recipe/r.toml", overrides)).alphabet == 3
