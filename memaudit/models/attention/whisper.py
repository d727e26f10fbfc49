"""The prompt of a Whisper model: start, language, task and no timestamps (Radford et al. 2022, figure 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from memaudit.errors import ModelError
from memaudit.models.attention.languages import language_code
from memaudit.models.attention.loading import AttentionDecoder
from memaudit.models.tokens.subwords import SubwordVocabulary

# Files often leave the timestamps from 0 to 30 s out; embeddings may be padded to a multiple of 64.
UNNAMED = 1501 + 63
_MULTILINGUAL_SIZE = 51865


class WhisperDecoder(AttentionDecoder):
    """[decoder] of a Whisper model.

    Attributes:
        language: the code of the language that the prompt says, such as "en"; "" for a model of English only,
            whose prompt has neither language nor task.
        task: what the prompt asks for.
    """

    language: str = "en"
    task: Literal["transcribe", "translate"] = "transcribe"

    def prompt(self, tokens: SubwordVocabulary, *, where: str) -> tuple[int, ...]:
        """The tokens that the decoder starts with.

        Raises:
            ModelError: if the vocabulary lacks one of them.
        """
        names = ["<|startoftranscript|>"]
        if self.language:
            names += [f"<|{language_code(self.language)}|>", f"<|{self.task}|>"]
        names.append("<|notimestamps|>")
        return tuple(special(tokens, name, where=where) for name in names)


def special(tokens: SubwordVocabulary, name: str, *, where: str) -> int:
    """The index of a special token; `ModelError` if the vocabulary has none of that name."""
    index = tokens.index(name)
    if index is None:
        raise ModelError(
            f"the vocabulary has no token {name}",
            where=where,
            how="give the token files of the Whisper model, or mend 'decoder.language' ('' for English only)",
        )
    return index


@dataclass(frozen=True)
class Wanted:
    """What a Whisper model's configuration says of its prompt.

    Attributes:
        language: as `WhisperDecoder.language`.
        task: as `WhisperDecoder.task`.
        reason: where the language is from.
    """

    language: str
    task: str
    reason: str


def wanted(generation: Mapping[str, Any], config: Mapping[str, Any], names: Mapping[int, str]) -> Wanted:
    """Language and task by generation_config.json, then config.json, then "en".

    Args:
        generation: generation_config.json, empty where there is none.
        config: config.json, likewise.
        names: the special tokens by index.
    """
    forced: Sequence[Any] = next((f for c in (generation, config) if (f := c.get("forced_decoder_ids"))), [])
    spoken = [names.get(pair[1], "") for pair in forced if isinstance(pair, Sequence) and pair[1] is not None]
    task = str(generation.get("task") or ("translate" if "<|translate|>" in spoken else "transcribe"))
    if not _multilingual(generation, config, spoken):
        return Wanted("", task, "the model is of English only: the prompt says no language")
    if named := generation.get("language"):
        code = language_code(str(named))
        return Wanted(code, task, f"the language is {code!r}: generation_config.json says so")
    languages = [
        name for name in spoken if name not in ("<|transcribe|>", "<|translate|>", "<|notimestamps|>")
    ]
    if languages and languages[0]:
        code = language_code(languages[0])
        return Wanted(code, task, f"the language is {code!r}: forced_decoder_ids say so")
    return Wanted("en", task, "the language is 'en', as nothing says another ('decoder.language' does)")


def _multilingual(generation: Mapping[str, Any], config: Mapping[str, Any], spoken: Sequence[str]) -> bool:
    stated = generation.get("is_multilingual")
    if isinstance(stated, bool):
        return stated
    if spoken:
        return any(name != "<|notimestamps|>" for name in spoken)
    size = config.get("vocab_size")
    # Every published model of English only has one token less; a smaller vocabulary was made by the user.
    return size != _MULTILINGUAL_SIZE - 1
