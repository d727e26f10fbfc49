"""A second of faint noise through an encoder/decoder model as it is loaded: does it run, and fit?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from memaudit.errors import ModelError
from memaudit.models.attention.recognizer import AttentionRecognizer
from memaudit.models.decoding.attention import Logits


def probed(recognizer: AttentionRecognizer, *, unnamed: int, where: str) -> AttentionRecognizer:
    """``recognizer`` with what the probe showed added to its info.

    Args:
        recognizer: as it was put together.
        unnamed: how many tokens the decoder may score that the vocabulary does not name.
        where: the decoder's file.

    Raises:
        ModelError: if the model fails on the noise, so that it would fail on every utterance, or its tokens
            are not those of the vocabulary.
    """
    if recognizer.model.scored is not None:  # said before a token that is none makes the graph fail
        _size_told(recognizer, recognizer.model.scored, unnamed=unnamed, where=where)
    noise = np.random.default_rng(0).normal(0.0, 1e-3, recognizer.sample_rate).astype(np.float32)
    features = recognizer.front_end(noise)
    first, second = (recognizer.model.hear(features) for _ in range(2))
    scores = [heard.score(recognizer.search.prompt) for heard in (first, second)]
    told = [f"a second of audio gives {first.frames.shape[0]} encoder frames"]
    warnings = []
    told += _size_told(recognizer, scores[0].shape[1], unnamed=unnamed, where=where)
    if not (np.array_equal(first.frames, second.frames) and np.array_equal(scores[0], scores[1])):
        warnings.append("two runs on the same audio differ: losses are random, as if dropout were on")
    info = recognizer.info
    tokens = recognizer.tokens
    if tokens.leading_space is None:
        share = _share_of_spaces(recognizer, scores[0])
        if share is not None:
            tokens = tokens.with_leading_space(value=share >= 0.5)
            written = "with" if share >= 0.5 else "without"
            told.append(
                f"references are written {written} a space before the first word ('tokens.leading_space'): "
                f"on noise the model begins {share:.0%} of words with one"
            )
    info = replace(
        info,
        inferred=(*info.inferred, *told),
        warnings=(*info.warnings, *warnings),
        decoder={**info.decoder, "tokens": tokens.describe()},
    )
    return replace(recognizer, info=info, tokens=tokens)


def _size_told(recognizer: AttentionRecognizer, scored: int, *, unnamed: int, where: str) -> list[str]:
    size = recognizer.tokens.size
    used = max(*recognizer.search.prompt, recognizer.search.end, *recognizer.search.suppressed, size - 1)
    if not used < scored <= size + unnamed:
        raise ModelError(
            f"the decoder scores {scored} tokens, the vocabulary has {size} and the search uses up to {used}",
            where=where,
            how="give the token files that the model was trained with ([tokens])",
        )
    return [f"{scored - size} of the {scored} tokens have no name and write nothing"] if scored > size else []


def _share_of_spaces(recognizer: AttentionRecognizer, logits: Logits) -> float | None:
    """Of the probability of first tokens that begin a word, the share of those with a space before it."""
    spaced, bare = recognizer.tokens.first_pieces()
    if not spaced or not bare:
        return None
    last = logits[-1].astype(np.float64)
    return float(
        np.exp(np.logaddexp.reduce(last[list(spaced)]) - np.logaddexp.reduce(last[[*spaced, *bare]]))
    )
