"""Putting an encoder/decoder recogniser together, which its families share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import onnxruntime
from pydantic import Field

from memaudit.errors import ModelError
from memaudit.models.adapter import LoadOptions, hashed
from memaudit.models.attention.graph import EncoderDecoder
from memaudit.models.attention.probe import probed
from memaudit.models.attention.recognizer import AttentionRecognizer, Search
from memaudit.models.description import Description
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.ort.files import external_files, quantised_operators
from memaudit.models.recognizer import ModelInfo
from memaudit.models.tokens.subwords import SubwordVocabulary
from memaudit.models.validation import Table
from memaudit.reading import is_file


class AttentionDecoder(Table):
    """What every [decoder] table of an encoder/decoder model may say.

    Attributes:
        method: how transcripts are searched for.
        positions: the most tokens that the decoder has positions for, prompt included.
        suppressed: tokens that the search never chooses; losses are of the unmodified softmax.
        suppressed_first: tokens that the search does not choose right after the prompt.
    """

    method: Literal["greedy"] = "greedy"
    positions: int = Field(448, ge=2)
    suppressed: list[int] = Field(default_factory=list)
    suppressed_first: list[int] = Field(default_factory=list)

    def search(self, prompt: Sequence[int], end: int, tokens: SubwordVocabulary, *, where: str) -> Search:
        """The search with this prompt.

        Raises:
            ModelError: if there is no position left after the prompt, or a token is negative.
        """
        if len(prompt) >= self.positions:
            raise ModelError(
                f"'decoder.positions' is {self.positions}, the prompt alone has {len(prompt)} tokens",
                where=where,
            )
        barred = (tuple(self.suppressed), tuple(self.suppressed_first))
        if any(token < 0 for token in (*prompt, end, *barred[0], *barred[1])):
            raise ModelError(
                "a token in [decoder] is negative", where=where, how=f"0 to {tokens.size - 1} exist"
            )
        return Search(tuple(prompt), end, self.positions, *barred)


def subwords(description: Description) -> SubwordVocabulary:
    """The vocabulary; `ModelError` if it is of a kind that attention models do not have."""
    tokens = description.tokens()
    if not isinstance(tokens, SubwordVocabulary):
        raise ModelError(
            "'tokens.kind' is none of an encoder/decoder model",
            where=str(description.path),
            how="set it to 'tokenizer-json', 'byte-bpe', 'base64-bpe' or 'moonshine-bin'",
        )
    return tokens


def file_of(description: Description, role: str, name: str) -> Path:
    """A file of the model; `ModelError` if it is missing."""
    path = description.folder / name
    if not is_file(path):
        raise ModelError(
            f"the {role} {name} is missing",
            where=str(description.path),
            how=f"put it there or mend 'files.{role}'",
        )
    return path


def assembled(
    description: Description,
    options: LoadOptions,
    *,
    graphs: Sequence[Path],
    front_end: FrontEnd,
    tokens: SubwordVocabulary,
    search: Search,
    model: EncoderDecoder,
    unnamed: int,
    decoder: Mapping[str, Any],
) -> AttentionRecognizer:
    """The recogniser, after a second of noise has run through it.

    Args:
        description: where it was described.
        options: how it is loaded.
        graphs: the files of the graphs, the decoder of the first call last.
        front_end: of the encoder.
        tokens: the vocabulary.
        search: prompt, end and bounds.
        model: the bound graphs.
        unnamed: how many tokens the decoder may score that the vocabulary does not name.
        decoder: what else `ModelInfo.decoder` is to say.

    Raises:
        ModelError: if the model fails on the noise, or its tokens are not those of the vocabulary.
    """
    weights = [data for path in graphs for data in external_files(path)]
    quantised = sorted({name for path in graphs for name in quantised_operators(path)})
    files = dict.fromkeys([*graphs, *weights, *description.files, *tokens.files])
    info = ModelInfo(
        adapter=options.adapter,
        files=hashed(tuple(files)),
        front_end=front_end.describe(),
        decoder={
            "method": "greedy",
            "loss": "teacher-forcing",
            **decoder,
            **{key: list(v) if isinstance(v, tuple) else v for key, v in asdict(search).items()},
            "tokens": tokens.describe(),
            "runtime": f"onnxruntime {onnxruntime.__version__}",
        },
        inferred=(*description.reasons, *model.told()),
        warnings=tuple(f"{name} quantises activations as it runs: losses wobble" for name in quantised),
    )
    recognizer = AttentionRecognizer(info, front_end, tokens, search, model)
    return probed(recognizer, unnamed=unnamed, where=str(graphs[-1]))
