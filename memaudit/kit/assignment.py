"""Who is inserted, how often, and who is held out: the random part of the experiment (design section 1).

A stratum is what a pair shares: voice, speed, number of words. The canaries of a stratum are alike before
anything is drawn; then a random order makes some of them pairs and the rest reserve, one fair coin a pair
says which twin is inserted, and the levels of a speed are dealt at random to its pairs. So all relabellings
of a stratum are equally likely.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from memaudit.errors import KitError, RecipeError
from memaudit.kit.apportion import apportion
from memaudit.kit.canary import Arm, Canary
from memaudit.kit.controls import control_lengths
from memaudit.kit.recipe import Recipe
from memaudit.kit.recipe_fields import DesignPart
from memaudit.kit.seeds import stream, token
from memaudit.kit.text import TextSource


@dataclass(frozen=True, slots=True)
class Stratum:
    """Canaries that share voice, speed and number of words: ``pairs`` pairs of them and ``reserve`` more."""

    speed: float
    voice: str
    words: int
    pairs: int
    reserve: int

    @property
    def size(self) -> int:
        """Canaries in the stratum."""
        return 2 * self.pairs + self.reserve


@dataclass(frozen=True, slots=True)
class Lot:
    """What was drawn for one canary; the meaning is that of the fields of `Canary`."""

    arm: Arm
    repetitions: int
    pair: str | None


def strata(recipe: Recipe, seed: int, source: TextSource | None = None) -> list[Stratum]:
    """Share out each speed's pairs and reserve over voices and numbers of words as evenly as can be.

    What is left over goes to strata chosen at random. Reserve canaries go only where there are pairs to
    compare them with.

    Args:
        recipe: what to make.
        seed: the kit's seed.
        source: of the recipe's style; it says how many words its texts may have, and where their supply is
            limited the shares follow it.

    Raises:
        RecipeError: if a limited supply of texts is too small.
    """
    if source is not None and source.supply is not None:
        return _limited_strata(recipe, seed, source.supply)
    lengths = recipe.text.lengths if source is None else source.lengths
    kinds = [(voice, words) for voice in recipe.speech.voices for words in lengths]
    found = []
    for speed in recipe.speed.factors:
        pairs, reserve = recipe.design.pairs, recipe.design.reserve
        order = stream(seed, "strata", speed).permutation(len(kinds))[:pairs]
        for place, kind in enumerate(order):
            voice, words = kinds[kind]
            found.append(
                Stratum(
                    speed, voice, words, _share(pairs, len(order), place), _share(reserve, len(order), place)
                )
            )
    return found


def _limited_strata(recipe: Recipe, seed: int, supply: Mapping[int, int]) -> list[Stratum]:
    """The same where there are only so many texts of each number of words."""
    design, voices, speeds = recipe.design, recipe.speech.voices, recipe.speed.factors
    controls = control_lengths(recipe, supply)
    kinds = [(voice, words) for voice in voices for words in supply]
    room = [(supply[words] - controls.count(words)) // (len(voices) * len(speeds)) for _, words in kinds]
    found = []
    for speed in speeds:
        order = stream(seed, "strata", speed).permutation(len(kinds))
        pairs = apportion(design.pairs, [room[kind] // 2 for kind in order])
        left = [room[kind] - 2 * share if share else 0 for kind, share in zip(order, pairs, strict=True)]
        reserve = apportion(design.reserve, left)
        if sum(pairs) < design.pairs or sum(reserve) < design.reserve:
            raise RecipeError(
                f"its {sum(supply.values())} lines are too few for {2 * design.pairs + design.reserve} "
                f"canaries at each of {len(speeds)} speeds, in pairs of one number of words and one voice",
                where=recipe.place("text.file"),
                how="give more lines, of few different lengths, or ask for fewer canaries, speeds or voices",
            )
        found += [
            Stratum(speed, voice, words, share, more)
            for (voice, words), share, more in zip((kinds[k] for k in order), pairs, reserve, strict=True)
            if share
        ]
    return found


def deal(groups: Sequence[Stratum], design: DesignPart, seed: int) -> list[Lot]:
    """Draw the lot of every canary of ``groups``, in the order of strata and of canaries in each.

    Every level gets `DesignPart.pairs_per_cell` pairs at each speed. With ``coins`` every canary of the
    pairs flips a coin of its own, and twice as many canaries are dealt each level beforehand.

    Args:
        groups: the strata; those of one speed hold `DesignPart.pairs` pairs together.
        design: levels and kind of assignment.
        seed: the kit's seed.
    """
    coins = design.assignment == "coins"
    levels = {
        speed: iter(_dealt_levels(design, stream(seed, "levels", speed), 2 if coins else 1))
        for speed in dict.fromkeys(group.speed for group in groups)
    }
    lots: list[Lot] = []
    for number, group in enumerate(groups):
        order = stream(seed, "pairing", number).permutation(group.size)
        sides = stream(seed, "coins", number).integers(2, size=2 * group.pairs if coins else group.pairs)
        drawn = [Lot("held_out", 0, None)] * group.size
        for coin, side in enumerate(sides):
            level = int(next(levels[group.speed]))
            name = token(seed, "coin", number, coin)
            if coins:
                pair = f"c{level}-{name}"
                drawn[order[coin]] = Lot("inserted", level, pair) if side else Lot("held_out", 0, pair)
            else:
                pair = f"p{name}"
                drawn[order[2 * coin + side]] = Lot("inserted", level, pair)
                drawn[order[2 * coin + 1 - side]] = Lot("held_out", 0, pair)
        lots.extend(drawn)
    return lots


def coin_levels(canaries: Sequence[Canary]) -> dict[str, int]:
    """id -> the repetitions that a canary has, or would have had if its coin had fallen the other way.

    Reserve canaries and controls, which had no coin, are not in it.

    Raises:
        KitError: if a pair has no inserted twin.
    """
    inserted = {canary.pair: canary.repetitions for canary in canaries if canary.arm == "inserted"}
    levels = {}
    for canary in canaries:
        if canary.pair is None:
            continue
        head, dash, _ = canary.pair.partition("-")
        if dash and head[1:].isdecimal():  # a coin of its own carries the level in its name
            levels[canary.id] = int(head[1:])
        elif canary.pair in inserted:
            levels[canary.id] = inserted[canary.pair]
        else:
            raise KitError(
                f"pair {canary.pair} has no inserted twin",
                where=f"canary {canary.id}",
                how="make the kit again",
            )
    return levels


def _share(total: int, parts: int, place: int) -> int:
    """How much of ``total`` the part at ``place`` gets: shares differ by one at most."""
    return total // parts + (place < total % parts)


def _dealt_levels(design: DesignPart, generator: np.random.Generator, times: int) -> list[int]:
    return list(generator.permutation(np.repeat(design.repetitions, design.pairs_per_cell * times)))
