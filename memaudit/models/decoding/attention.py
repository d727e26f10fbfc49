"""Encoder/decoder models with attention: greedy transcript and exact loss by teacher forcing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.floating[Any]]
# Takes U tokens and gives [U, V]: row u scores what follows the first u + 1 of them.
Score = Callable[[Sequence[int]], Logits]


def greedy_search(
    extend: Score,
    prompt: Sequence[int],
    *,
    end: int,
    limit: int,
    suppressed: Collection[int] = (),
    suppressed_first: Collection[int] = (),
) -> tuple[int, ...]:
    """The best token after each prefix, until the end-of-text token or the model's last position.

    Args:
        extend: called first with the prompt, then with each token found: it remembers what came before.
        prompt: the tokens that the decoder starts with, at least one.
        end: the end-of-text token.
        limit: the most tokens, prompt included, that the decoder has positions for. A model that repeats
            itself ends there, with the tokens that it has.
        suppressed: tokens that are never chosen.
        suppressed_first: tokens that are not chosen right after the prompt.

    Returns:
        The tokens after the prompt, without the end; the first of equal scores wins.
    """
    never = np.fromiter(suppressed, dtype=np.intp)
    at_first = np.union1d(never, np.fromiter(suppressed_first, dtype=np.intp)).astype(np.intp)
    found: list[int] = []
    given: Sequence[int] = prompt
    while len(prompt) + len(found) < limit:
        scores = extend(given)[-1]
        barred = never if found else at_first
        if barred.size:
            scores = scores.copy()
            scores[barred] = -np.inf
        token = int(scores.argmax())
        if token == end:
            break
        found.append(token)
        given = (token,)
    return tuple(found)


def attention_loss(score: Score, prompt: Sequence[int], targets: Sequence[int], *, end: int) -> float:
    """-log p(targets, end | prompt, audio) in nats: the sum of -log p(y_u | y_<u, audio), the end included.

    Each factor is the softmax over all V tokens as the model gives it: what a search suppresses has its
    probability here, because suppression is the search's and not the model's. The prompt is given, so it
    costs nothing.

    Args:
        score: called once, with the prompt and the targets.
        prompt: the tokens that the decoder starts with, at least one.
        targets: U token indices; may be empty.
        end: the end-of-text token.

    Raises:
        ValueError: if a target or the end is no index into V.
    """
    followed = np.asarray([*targets, end], dtype=np.intp)
    logits = score([*prompt, *targets])[len(prompt) - 1 :]
    if ((followed < 0) | (followed >= logits.shape[1])).any():
        raise ValueError(f"targets {list(targets)} and end {end} are not all among {logits.shape[1]} tokens")
    # Log-softmax in place and of the followed tokens only: a tenth of the time where V is tens of thousands.
    wide = logits.astype(np.float64)
    wide -= wide.max(axis=1, keepdims=True)
    chosen = wide[np.arange(followed.size), followed]
    np.exp(wide, out=wide)
    return max(0.0, float((np.log(wide.sum(axis=1)) - chosen).sum()))
