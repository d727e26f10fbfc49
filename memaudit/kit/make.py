"""Making a kit: under a temporary name, renamed when it is whole."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from memaudit.files import canonical_json, output_errors, sha256_file, write_json
from memaudit.kit.building import building, check_free
from memaudit.kit.canary import Canary
from memaudit.kit.cast import Cast, make_cast
from memaudit.kit.commitment import commit_file, salt_of
from memaudit.kit.control_speech import pinned
from memaudit.kit.draft import draft_apart
from memaudit.kit.exclusion import RUN, Corpus
from memaudit.kit.feasibility import check_feasible, recipe_tokenizer
from memaudit.kit.info import SCHEMA, KitInfo, Tally, entropy, exclusion, versions
from memaudit.kit.recipe import Recipe
from memaudit.kit.render import Rendered, render
from memaudit.kit.seeds import draw_seed
from memaudit.kit.store import ASSIGNMENT, INFO, MANIFEST, SECRET, SECRET_SCHEMA, Kit, read_canaries
from memaudit.kit.text import text_source


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


def make_kit(
    recipe: Recipe,
    out: Path,
    *,
    seed: int | None = None,
    jobs: int = 1,
    force: bool = False,
    inputs: Inputs | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Kit:
    """Make a kit in the folder ``out``.

    The same recipe, seed and versions on the same platform give the same bytes, whatever ``jobs``. The kit's
    recipe names the engine that spoke the controls, where the given one leaves that to what is installed.

    Args:
        recipe: what to make.
        out: a folder that does not exist or is empty, or, with ``force``, an older kit to be replaced.
        seed: fixes everything random; whoever knows it knows the assignment. By default one is drawn
            that nobody can guess.
        jobs: how many processes speak at a time.
        force: replace an older kit.
        inputs: recordings to use, and texts to keep away from.
        progress: called with (utterances done, total).

    Raises:
        RecipeError: if the recipe cannot be carried out.
        SpeechError: if an utterance stays faulty.
        AudioError: if a recording is missing or cannot be read.
        MissingExtraError: if a speaker's packages are not installed.
        OutputError: if ``out`` holds something, or cannot be written. Nothing is left behind then.
    """
    out = Path(os.path.abspath(out))  # not resolve: a link at the end must be seen  # noqa: PTH100
    check_free(out, INFO, force)
    inputs = inputs or Inputs()
    recipe = pinned(recipe)
    seed = draw_seed() if seed is None else seed
    text = text_source(recipe)
    corpus = inputs.corpus()
    drafted = draft_apart(recipe, seed, text, corpus)
    cast = inputs.cast(recipe)
    recipe_tokenizer(recipe)  # what cannot be read is refused before anything is spoken
    with building(out) as folder:
        for side in ("train", "audit"):
            (folder / side / "audio").mkdir(parents=True)
        with closing(render(drafted.drafts, folder, recipe, seed, cast, jobs, progress)) as rendered:
            hashes = _write_lines(folder, recipe, rendered)
        check_feasible(read_canaries(folder), recipe)
        _write_secret(folder / SECRET, seed)
        hashes |= {name: sha256_file(folder / name) for name in (MANIFEST, ASSIGNMENT, SECRET)}
        tally = Tally.of(read_canaries(folder))
        info = KitInfo(
            schema=SCHEMA,
            name=recipe.name,
            recipe=recipe,
            versions=versions(recipe, cast),
            counts=tally.counts,
            seconds=tally.seconds,
            entropy=entropy(text),
            exclusion=exclusion(corpus, drafted.redrawn),
            gates=inputs.gates,
            commitment=commit_file(folder / ASSIGNMENT, salt_of(seed), inputs.gates),
            files=dict(sorted(hashes.items())),
        )
        write_json(folder / INFO, info.document())
    return Kit(out, recipe, info.commitment, info)


def _write_lines(folder: Path, recipe: Recipe, rendered: Iterable[Rendered]) -> dict[str, str]:
    """Write the lines of every utterance as it is made: path -> SHA-256 of each audio file.

    They come sorted by id, which is the order of the lines.
    """
    hashes = {}
    with (
        output_errors(folder),
        (folder / ASSIGNMENT).open("wb") as assignment,
        (folder / MANIFEST).open("wb") as manifest,
    ):
        for one in rendered:
            canary = _canary(recipe, one)
            hashes[canary.audio] = canary.sha256
            assignment.write(f"{canonical_json(canary.row())}\n".encode())
            if canary.arm == "inserted":
                manifest.write(f"{canonical_json(canary.manifest_row())}\n".encode())
    return hashes


def _canary(recipe: Recipe, rendered: Rendered) -> Canary:
    draft = rendered.draft
    return Canary(
        id=draft.id,
        pair=draft.lot.pair,
        text=draft.text,
        arm=draft.lot.arm,
        repetitions=draft.lot.repetitions,
        speed=draft.speed,
        voice=draft.voice,
        language=recipe.text.language,
        duration=rendered.duration,
        audio=draft.audio,
        sha256=rendered.sha256,
    )


def _write_secret(path: Path, seed: int) -> None:
    """Salt and seed, for the owner's eyes only. The seed is a text: it may have more than 53 bits."""
    document = {"schema": SECRET_SCHEMA, "salt": salt_of(seed), "seed": str(seed)}
    with output_errors(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write((json.dumps(document, indent=2) + "\n").encode())
