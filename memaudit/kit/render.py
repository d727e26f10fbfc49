"""From drafts to the audio files of a kit."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from memaudit.errors import SpeechError
from memaudit.kit.cast import Cast
from memaudit.kit.draft import Draft
from memaudit.kit.finish import Finish
from memaudit.kit.job import Audio, Job
from memaudit.kit.pool import run
from memaudit.kit.recipe import Recipe
from memaudit.kit.seeds import key
from memaudit.kit.speakers import SpeechRequest


@dataclass(frozen=True, slots=True)
class Rendered:
    """The audio of one draft: the SHA-256 of its FLAC file, and its duration in seconds."""

    draft: Draft
    sha256: str
    duration: float


def render(
    drafts: Sequence[Draft],
    folder: Path,
    recipe: Recipe,
    seed: int,
    cast: Cast,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
    kept: Sequence[Rendered] = (),
) -> Generator[Rendered]:
    """Make the audio of ``drafts`` in their order, a few at a time, so that memory stays bounded.

    The first of them may be made already; the others follow.

    Args:
        drafts: what to make.
        folder: the kit's; its audio folders are there.
        recipe: how to speak and to finish it.
        seed: fixes the noise, if the recipe asks for some.
        cast: who speaks; each checks all its drafts before anything is spoken.
        jobs: how many processes speak the canaries at a time. If the controls, which are few, have a speaker
            of their own, one more speaks them.
        progress: called with (utterances done, total).
        kept: the first drafts' audio, where it is there from an earlier run.

    Raises:
        SpeechError: if an utterance is faulty, or is the same audio as another.
        OutputError: if a file cannot be written.
        MemauditError: if the speaker refuses.
    """
    seen = {bytes.fromhex(one.sha256): one.draft.text for one in kept}
    rate = recipe.speech.sample_rate
    if kept and progress is not None:
        progress(len(kept), len(drafts))
    with closing(_spoken(drafts, folder, recipe, seed, cast, jobs, len(kept))) as answers:
        for done, (draft, audio) in enumerate(zip(drafts[len(kept) :], answers, strict=True), len(kept) + 1):
            digest = bytes.fromhex(audio.sha256)
            if digest in seen:
                raise SpeechError(
                    f"the same audio came out for {draft.text!r} and {seen[digest]!r}",
                    where=f"voice {draft.voice!r}",
                    how="use another voice or language",
                )
            seen[digest] = draft.text
            yield Rendered(draft, audio.sha256, audio.frames / rate)
            if progress is not None:
                progress(done, len(drafts))


def _spoken(
    drafts: Sequence[Draft], folder: Path, recipe: Recipe, seed: int, cast: Cast, jobs: int, kept: int
) -> Generator[Audio]:
    """The audio of each draft but the first ``kept`` in turn, as its speaker comes to it."""
    shares = [(role, [draft for draft in drafts if cast.role(draft.lot.arm) is role]) for role in cast.roles]
    for role, share in shares:
        role.speaker.check([_request(draft, recipe) for draft in share])
    with ExitStack() as stack:
        answers = {}
        for role, share in shares:
            processes = max(1, jobs) if role is cast.canaries else 1
            done = sum(cast.role(draft.lot.arm) is role for draft in drafts[:kept])
            # A speaker with state must have said what it said before in this chunk.
            again = done % role.speaker.chunk if role.speaker.fresh else 0
            work = _work(share[done - again :], again, folder, recipe, seed)
            made = stack.enter_context(closing(run(work, role.source, role.speaker, processes)))
            answers[role.source] = islice(made, again, None)
        for draft in drafts[kept:]:
            yield next(answers[cast.role(draft.lot.arm).source])


def _work(drafts: Sequence[Draft], again: int, folder: Path, recipe: Recipe, seed: int) -> Iterator[Job]:
    """The jobs of ``drafts``; the first ``again`` are only spoken, since their files are there."""
    for number, draft in enumerate(drafts):
        request = _request(draft, recipe)
        if number < again:
            yield Job(request)
        else:
            yield Job(request, _finish(draft, recipe, seed), str(folder / draft.audio))


def _request(draft: Draft, recipe: Recipe) -> SpeechRequest:
    return SpeechRequest(draft.spoken, draft.voice, recipe.speech.rate, draft.id, draft.text)


def _finish(draft: Draft, recipe: Recipe, seed: int) -> Finish:
    noise_db = recipe.speed.noise_floor_db
    noise_seed = 0 if noise_db is None else int.from_bytes(key(seed, "noise", draft.id)[:8], "big")
    return Finish(draft.speed, recipe.speed.method, recipe.speech.sample_rate, noise_db, noise_seed)
