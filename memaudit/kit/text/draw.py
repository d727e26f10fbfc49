"""Drawing the texts of a kit."""

from __future__ import annotations

from collections.abc import Container, Sequence

from memaudit.errors import RecipeError
from memaudit.kit.seeds import stream
from memaudit.kit.text.source import TextSource

#: The texts of a kit may be at most this share of all random texts that there are, so that chance repeats
#: are rare. Of a file's lines it may take them all.
LARGEST_SHARE = 0.1
#: How many texts in a row may be refused because they are in ``taken``, before there seems to be no other.
MOST_REFUSALS = 2000


def draw_texts(
    source: TextSource, lengths: Sequence[int], seed: int, name: str, taken: Container[str] = frozenset()
) -> list[str]:
    """Different texts with the given numbers of words, none of them in ``taken``.

    Each text comes from a random stream of its own, so knowing some of them tells nothing of the others.

    Raises:
        RecipeError: if there are too few texts of a length to choose from.
    """
    for words in sorted(set(lengths)):
        wanted, count = lengths.count(words), source.count(words)
        if wanted > (count if source.supply else LARGEST_SHARE * count):
            raise RecipeError(
                f"{wanted} texts of {words} words are too many where there are {count}",
                where="text",
                how="ask for longer texts, a larger word list, more lines or fewer canaries",
            )
    used: set[str] = set()
    texts = []
    for number, words in enumerate(lengths):
        generator = stream(seed, name, number)
        text = source.draw(generator, words)
        refusals = 0
        while text in used or text in taken:
            refusals += text not in used
            if refusals == MOST_REFUSALS:
                raise RecipeError(
                    f"no text of {words} words is left that is not taken",
                    where="text",
                    how="ask for longer texts, a larger word list, more lines or fewer canaries",
                )
            text = source.draw(generator, words)
        used.add(text)
        texts.append(text)
    return texts
