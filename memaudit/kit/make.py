"""Making a kit: under a temporary name, renamed when it is whole, gone on with where it was interrupted."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from memaudit.files import sha256_file, write_json
from memaudit.kit.cast import Cast, make_cast
from memaudit.kit.commitment import commit_file, salt_of
from memaudit.kit.control_speech import pinned
from memaudit.kit.draft import draft_apart
from memaudit.kit.exclusion import RUN, Corpus
from memaudit.kit.feasibility import check_feasible, recipe_tokenizer
from memaudit.kit.info import SCHEMA, KitInfo, Tally, entropy, exclusion, versions
from memaudit.kit.lines import read_kept, write_lines
from memaudit.kit.origin import Origin, listing
from memaudit.kit.recipe import Recipe
from memaudit.kit.render import render
from memaudit.kit.store import ASSIGNMENT, INFO, MANIFEST, SECRET, Kit, read_canaries
from memaudit.kit.text import text_source
from memaudit.kit.unfinished import Unfinished


@dataclass(frozen=True)
class Inputs:
    """What a kit is made from besides its recipe: files on this machine.

    Attributes:
        recordings: the folder of the speaker ``recordings``.
        exclude: text files; no canary has a run of words that occurs in them.
        exclude_run: how many words such a run has.
        gates: fixed with the kit, checked by `memaudit.audit.policy.check_gates`; the commitment binds them.
    """

    recordings: Path | None = None
    exclude: tuple[Path, ...] = ()
    exclude_run: int = RUN
    gates: tuple[str, ...] = ()

    def cast(self, recipe: Recipe) -> Cast:
        """Who speaks a recipe."""
        return make_cast(recipe, None if self.recordings is None else str(self.recordings))

    def corpus(self) -> Corpus:
        """The excluded texts, not read yet."""
        return Corpus(self.exclude, self.exclude_run)

    def origin(self, recipe: Recipe, cast: Cast, seed_given: bool) -> Origin:
        """What a kit is made from, before its texts are drawn."""
        return Origin(
            schema="memaudit/unfinished/1",
            seed_given=seed_given,
            recipe=recipe.document(),
            versions=versions(recipe, cast),
            gates=self.gates,
            recordings=listing(self.recordings),
        )


def make_kit(
    recipe: Recipe,
    out: Path,
    *,
    seed: int | None = None,
    jobs: int = 1,
    force: bool = False,
    inputs: Inputs | None = None,
    progress: Callable[[int, int], None] | None = None,
    note: Callable[[str], None] | None = None,
) -> Kit:
    """Make a kit in the folder ``out``.

    The same recipe, seed and versions on the same platform give the same bytes, whatever ``jobs``. The kit's
    recipe names the engine that spoke the controls, where the given one leaves that to what is installed.

    Where an earlier call was interrupted or killed, the same call goes on with what it left, with the seed
    that it drew, and the kit has the same bytes as one made at once (`memaudit.kit.unfinished`).

    Args:
        recipe: what to make.
        out: a folder that does not exist or is empty, or, with ``force``, an older kit to be replaced.
        seed: fixes everything random; whoever knows it knows the assignment. By default one is drawn
            that nobody can guess.
        jobs: how many processes speak at a time.
        force: replace an older kit, and remove an unfinished one that was made from something else.
        inputs: recordings to use, and texts to keep away from.
        progress: called with (utterances done, total).
        note: called with a sentence where an unfinished kit is gone on with.

    Raises:
        RecipeError: if the recipe cannot be carried out.
        SpeechError: if an utterance stays faulty.
        AudioError: if a recording is missing or cannot be read.
        MissingExtraError: if a speaker's packages are not installed.
        OutputError: if ``out`` holds something, an unfinished kit of something else lies there, or it cannot
            be written: then what is done stays for the next call. After any other error nothing stays.
    """
    out = Path(os.path.abspath(out))  # not resolve: a link at the end must be seen  # noqa: PTH100
    inputs = inputs or Inputs()
    recipe = pinned(recipe)
    with Unfinished(out, force) as unfinished:
        text = text_source(recipe)
        cast = inputs.cast(recipe)
        origin = inputs.origin(recipe, cast, seed is not None)
        seed = unfinished.seed(origin, seed)
        corpus = inputs.corpus()
        drafted = draft_apart(recipe, seed, text, corpus)
        recipe_tokenizer(recipe)  # what cannot be read is refused before anything is spoken
        folder = unfinished.begin(origin.with_texts(drafted.drafts), seed)
        kept = read_kept(folder, recipe, drafted.drafts)
        if kept and note is not None:
            note(
                f"Going on with an unfinished kit: {len(kept)} of {len(drafted.drafts)} utterances are done."
            )
        with closing(render(drafted.drafts, folder, recipe, seed, cast, jobs, progress, kept)) as rendered:
            hashes = write_lines(folder, recipe, kept, rendered)
        check_feasible(read_canaries(folder), recipe)
        hashes |= {name: sha256_file(folder / name) for name in (MANIFEST, ASSIGNMENT, SECRET)}
        tally = Tally.of(read_canaries(folder))
        info = KitInfo(
            schema=SCHEMA,
            name=recipe.name,
            recipe=recipe,
            versions=versions(recipe, cast),  # by now each speaker knows which voices it used
            counts=tally.counts,
            seconds=tally.seconds,
            entropy=entropy(text),
            exclusion=exclusion(corpus, drafted.redrawn),
            gates=inputs.gates,
            commitment=commit_file(folder / ASSIGNMENT, salt_of(seed), inputs.gates),
            files=dict(sorted(hashes.items())),
        )
        write_json(folder / INFO, info.document())
        unfinished.finish()
    return Kit(out, recipe, info.commitment, info)
