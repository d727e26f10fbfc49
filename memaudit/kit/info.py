"""kit.json: what a kit was made from, with what, how much it holds, and the hash of every file."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any, Final, Literal

import numpy as np
import soundfile
from pydantic import Field

import memaudit
from memaudit.kit.canary import Canary
from memaudit.kit.espeak import engine
from memaudit.kit.recipe import Recipe
from memaudit.kit.recipe_fields import Part
from memaudit.kit.text import TextSource

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
    """How much chance is in one text: items drawn uniformly from ``alphabet`` of them."""

    alphabet: int
    least_bits: float
    most_bits: float


class KitInfo(Part):
    """The content of kit.json. ``files`` maps the path of every other file to its SHA-256."""

    schema_: Literal["memaudit/kit/1"] = Field(alias="schema", description=f'"{SCHEMA}"')
    name: str
    recipe: Recipe
    versions: dict[str, str]
    counts: Counts
    seconds: Seconds
    entropy: Entropy
    commitment: Hash = Field(description="64 hexadecimal digits")
    files: dict[str, Hash] = Field(description="path -> SHA-256 as 64 hexadecimal digits")

    def document(self) -> dict[str, Any]:
        """What is written to kit.json."""
        return self.model_dump(mode="json", by_alias=True)


def versions() -> dict[str, str]:
    """Everything that the bytes of a kit depend on, besides recipe and seed."""
    packages = ("espeakng-loader", "python-stretch", "pyttsx3", "soxr")
    return {
        "memaudit": memaudit.__version__,
        "espeak-ng": engine().version,
        **{name: version(name) for name in packages},
        "libsndfile": soundfile.__libsndfile_version__,
        "numpy": np.__version__,
        "platform": f"{platform.system()} {platform.machine()}".lower(),
    }


def counts(canaries: Sequence[Canary]) -> Counts:
    """Count the canaries of a kit."""
    arms = [canary.arm for canary in canaries]
    return Counts(
        utterances=len(canaries),
        coins=len({canary.pair for canary in canaries if canary.pair is not None}),
        inserted=arms.count("inserted"),
        held_out=arms.count("held_out"),
        reserve=sum(canary.arm == "held_out" and canary.pair is None for canary in canaries),
        controls=arms.count("control"),
        copies=sum(canary.repetitions for canary in canaries),
    )


def seconds(canaries: Sequence[Canary]) -> Seconds:
    """Add up the audio of a kit, to the millisecond."""

    def total(arm: str) -> float:
        return round(sum(canary.duration for canary in canaries if canary.arm == arm), 3)

    return Seconds(
        inserted=total("inserted"),
        copies=round(sum(canary.duration * canary.repetitions for canary in canaries), 3),
        held_out=total("held_out"),
        controls=total("control"),
    )


def entropy(recipe: Recipe, source: TextSource) -> Entropy:
    """The entropy of the shortest and the longest texts."""
    least, most = recipe.text.words
    return Entropy(alphabet=source.alphabet, least_bits=source.bits(least), most_bits=source.bits(most))
