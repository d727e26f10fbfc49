"""Texts of which the trainer's corpus has something are not drawn."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
import unicodedata
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memaudit.errors import RecipeError
from memaudit.kit.corpus import LONGEST_LINE, read_texts
from memaudit.kit.draft import draft_apart, draft_kit
from memaudit.kit.exclusion import Corpus
from memaudit.kit.plain import plain
from memaudit.kit.text import WordSource, draw_texts, text_source
from tests.kit.recipes import tiny, unhurried

NOTHING: Callable[[str], frozenset[int]] = lambda text: frozenset()  # noqa: E731


def runs(text: str, size: int) -> set[str]:
    """Every run of ``size`` words, by the definition."""
    words = text.split()
    size = min(size, len(words))
    return {" ".join(words[start : start + size]) for start in range(len(words) - size + 1)}


def write(folder: Path, lines: list[str], name: str = "corpus.txt") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@settings(unhurried, max_examples=400)
@given(st.text() | st.text(st.characters(max_codepoint=127)))
def test_texts_are_made_plain_by_the_rules(text: str) -> None:
    """Character by character, without the short cut for ASCII."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = []
    for character in folded:
        category = unicodedata.category(character)
        if category == "Pd" or (category[0] in "ZC" and category != "Cf"):
            kept.append(" ")
        elif category[0] not in "PS" and category != "Cf":
            kept.append(character)
    assert plain(text) == " ".join("".join(kept).split())


@settings(unhurried, max_examples=60)
@given(
    corpus=st.lists(st.lists(st.sampled_from("abcd"), max_size=9).map(" ".join), max_size=30),
    size=st.integers(1, 4),
    seed=st.integers(0, 2**32),
)
def test_no_text_has_a_run_of_the_corpus(
    tmp_path_factory: pytest.TempPathFactory, corpus: list[str], size: int, seed: int
) -> None:
    path = write(tmp_path_factory.mktemp("corpus"), corpus)
    source = WordSource(tuple("abcdefgh"), (3, 4))

    def draw(taken: Container[str]) -> list[str]:
        return draw_texts(source, [3, 4] * 4, seed, "text", taken)

    searched = Corpus((path,), size)
    try:
        texts, redrawn = searched.draw(draw, NOTHING)
    except RecipeError:
        return  # so much is excluded that nothing is left
    lines = [line for line in corpus if line]
    for text in texts:
        assert not any(run in runs(line, size) for line in lines for run in runs(text, size))
    assert (redrawn > 0) == (texts != draw(frozenset()))
    assert texts == Corpus((path,), size).draw(draw, NOTHING)[0]


def test_only_the_texts_that_are_refused_change(tmp_path: Path) -> None:
    recipe = tiny()
    before = draft_kit(recipe, 3)
    canaries = [draft for draft in before if draft.lot.arm != "control"]
    hit = canaries[4]
    words = hit.text.split()
    path = write(tmp_path, ["something else", f"He said: {' '.join(words[1:4]).upper()}!"])
    drafted = draft_apart(recipe, 3, text_source(recipe), Corpus((path,)))
    changed = [new for old, new in zip(before, drafted.drafts, strict=True) if old != new]
    assert [draft.id for draft in changed] == [hit.id]
    assert changed[0].lot == hit.lot
    assert len(changed[0].text.split()) == len(words)
    assert drafted.redrawn == 1
    # two words in a row are no run of three
    free = draft_apart(recipe, 3, text_source(recipe), Corpus((write(tmp_path, [" ".join(words[:2])]),)))
    assert free.drafts == before
    assert free.redrawn == 0


def test_fixed_words_of_a_pattern_are_not_looked_for(tmp_path: Path) -> None:
    recipe = tiny(
        text={"style": "pattern", "pattern": "my secret code is {word} {word}", "control_style": "recipe"}
    )
    path = write(tmp_path, ["my secret code is", "code is abandon"])
    drafted = draft_apart(recipe, 3, text_source(recipe), Corpus((path,)))
    assert drafted.drafts == draft_kit(recipe, 3)
    texts = [draft.text for draft in drafted.drafts if draft.lot.arm != "control"]
    first = texts[0].split()[4]
    drafted = draft_apart(recipe, 3, text_source(recipe), Corpus((write(tmp_path, [f"code is {first}"]),)))
    assert not any(draft.text.split()[4] == first for draft in drafted.drafts if draft.lot.arm != "control")


def test_controls_may_be_in_the_corpus(tmp_path: Path) -> None:
    recipe = tiny()
    controls = [draft.text for draft in draft_kit(recipe, 3) if draft.lot.arm == "control"]
    drafted = draft_apart(recipe, 3, text_source(recipe), Corpus((write(tmp_path, controls),)))
    assert drafted.drafts == draft_kit(recipe, 3)


@pytest.mark.parametrize("style", ["digits", "file"])
def test_a_corpus_that_leaves_nothing_is_one_line(tmp_path: Path, style: str) -> None:
    lines = [f"line {number} of the file" for number in range(40)]
    table: dict[str, Any] = {"style": style, "words": [3, 3], "control_style": "recipe"}
    if style == "file":
        table["file"] = str(write(tmp_path, lines, "lines.txt"))
    else:
        digits = text_source(tiny(text=table)).words  # type: ignore[attr-defined]
        lines = [" ".join((a, b, c)) for a in digits for b in digits for c in digits]
    recipe = tiny(text=table)
    with pytest.raises(
        RecipeError, match=r"no text of \d words is left|still have 3 words in a row"
    ) as caught:
        draft_apart(recipe, 3, text_source(recipe), Corpus((write(tmp_path, lines),)))
    assert "\n" not in str(caught.value)


def test_what_was_read_is_recorded(tmp_path: Path) -> None:
    first = write(tmp_path, ["a b c", "", "d e f"])
    second = tmp_path / "more.jsonl"
    second.write_text(json.dumps({"text": "g h", "audio": "x.wav"}) + "\n")
    corpus = Corpus((first, second))
    corpus.draw(lambda taken: ["one two three four"], NOTHING)
    assert [(file.name, file.lines) for file in corpus.files] == [("corpus.txt", 2), ("more.jsonl", 1)]
    for path, file in zip((first, second), corpus.files, strict=True):
        assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    def peak(lines: int) -> int:
        path = tmp_path / f"{lines}.txt"
        with path.open("w") as stream:
            stream.writelines(f"the number {number} in a long row of words\n" for number in range(lines))
        tracemalloc.start()
        Corpus((path,)).draw(lambda taken: ["one two three four"], NOTHING)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(1_000) > 0
    assert peak(60_000) < 1.5 * peak(1_000) + 50_000


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.txt", b"fine\n\xff\n", r"a\.txt:2: is no UTF-8 text"),
        ("a.jsonl", b'{"text": "fine"}\nnot json\n', r"a\.jsonl:2: is no JSON"),
        ("a.jsonl", b'{"text": 3}\n', r"a\.jsonl:1: has no text"),
        ("a.txt", b'{"txt": "first line decides"}\n', r"a\.txt:1: has no text"),
        ("a.txt", b"x" * (LONGEST_LINE + 1), r"a\.txt:1: a line of more than"),
        ("a.txt", None, r"a\.txt: cannot be read"),
    ],
)
def test_a_corpus_that_cannot_be_read_names_the_line(
    tmp_path: Path, name: str, content: bytes | None, what: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(RecipeError, match=what):
        list(read_texts(tmp_path / name))


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert list(read_texts(tmp_path / "a.txt")) == [(1, "one"), (2, "two")]
