"""kit.json: what a kit was made from, with what, how much it holds, and the hash of every file."""

from __future__ import annotations

import platform
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Annotated, Any, Final, Literal

import numpy as np
import soundfile
from pydantic import Field

import memaudit
from memaudit.kit.canary import Canary
from memaudit.kit.cast import Cast
from memaudit.kit.exclusion import Corpus
from memaudit.kit.recipe import Recipe
from memaudit.kit.recipe_fields import Part
from memaudit.kit.text import TextSource
from memaudit.kit.wordlists import PACKAGED

SCHEMA: Final = "memaudit/kit/1"
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Counts(Part):
    """Numbers of utterances. ``copies`` counts an inserted canary as often as it is repeated."""

    utterances: int
    coins: int
    inserted: int
    held_out: int
    reserve: int
    controls: int
    copies: int


class Seconds(Part):
    """Seconds of audio. ``copies`` is what the training set grows by."""

    inserted: float
    copies: float
    held_out: float
    controls: float


class Entropy(Part):
    """How much chance is in one text.

    Its items are drawn uniformly from ``alphabet`` of them; None where that differs within a text.
    """

    alphabet: int | None
    least_bits: float
    most_bits: float


class ExcludedFile(Part):
    """A file of texts to keep away from: its name, hash and number of texts."""

    name: str
    sha256: Hash
    lines: int


class Exclusion(Part):
    """No canary has ``run`` words in a row that occur in these files; ``redrawn`` texts were refused."""

    run: int
    redrawn: int
    files: tuple[ExcludedFile, ...]


def _is_none(value: Any) -> bool:
    return value is None


def _is_empty(value: tuple[str, ...]) -> bool:
    return not value


class KitInfo(Part):
    """The content of kit.json. ``files`` maps the path of every other file to its SHA-256.

    The commitment binds assignment, audio and ``gates``.
    """

    schema_: Literal["memaudit/kit/1"] = Field(alias="schema", description=f'"{SCHEMA}"')
    name: str
    recipe: Recipe
    versions: dict[str, str]
    counts: Counts
    seconds: Seconds
    entropy: Entropy
    exclusion: Exclusion | None = Field(None, exclude_if=_is_none, description="texts to keep away from")
    gates: tuple[str, ...] = Field(
        (), exclude_if=_is_empty, description="gates that were fixed before training, as texts"
    )
    commitment: Hash = Field(description="64 hexadecimal digits")
    files: dict[str, Hash] = Field(description="path -> SHA-256 as 64 hexadecimal digits")

    def document(self) -> dict[str, Any]:
        """What is written to kit.json."""
        return self.model_dump(mode="json", by_alias=True)


def versions(recipe: Recipe, cast: Cast) -> dict[str, str]:
    """Everything that the bytes of a kit depend on, besides recipe and seed."""
    packages = ["python-stretch", "soxr"]
    uses_words = recipe.text.style in {"words", "pattern"}
    if uses_words and recipe.text.wordlist in PACKAGED and PACKAGED[recipe.text.wordlist].mnemonic:
        packages.append("mnemonic")
    return {
        "memaudit": memaudit.__version__,
        **dict(sorted((cast.versions() | {name: version(name) for name in packages}).items())),
        "libsndfile": soundfile.__libsndfile_version__,
        "numpy": np.__version__,
        "platform": f"{platform.system()} {platform.machine()}".lower(),
    }


@dataclass(frozen=True)
class Tally:
    """What the canaries of a kit add up to."""

    counts: Counts
    seconds: Seconds

    @classmethod
    def of(cls, canaries: Iterable[Canary]) -> Tally:
        """Count them, in one pass, and add up their audio to the millisecond."""
        number: dict[str, int] = defaultdict(int)
        length: dict[str, float] = defaultdict(float)
        coins = set()
        for canary in canaries:
            number[canary.arm] += 1
            number["reserve"] += canary.arm == "held_out" and canary.pair is None
            number["copies"] += canary.repetitions
            length[canary.arm] += canary.duration
            length["copies"] += canary.duration * canary.repetitions
            if canary.pair is not None:
                coins.add(canary.pair)
        return cls(
            Counts(
                utterances=number["inserted"] + number["held_out"] + number["control"],
                coins=len(coins),
                inserted=number["inserted"],
                held_out=number["held_out"],
                reserve=number["reserve"],
                controls=number["control"],
                copies=number["copies"],
            ),
            Seconds(
                inserted=round(length["inserted"], 3),
                copies=round(length["copies"], 3),
                held_out=round(length["held_out"], 3),
                controls=round(length["control"], 3),
            ),
        )


def entropy(source: TextSource) -> Entropy:
    """The entropy of the texts that have least and most of it."""
    bits = [source.bits(words) for words in source.lengths]
    return Entropy(alphabet=source.alphabet, least_bits=min(bits), most_bits=max(bits))


def exclusion(corpus: Corpus, redrawn: int) -> Exclusion | None:
    """What was kept away from, or None."""
    if not corpus.paths:
        return None
    files = tuple(ExcludedFile(**asdict(file)) for file in corpus.files)
    return Exclusion(run=corpus.run, redrawn=redrawn, files=files)
