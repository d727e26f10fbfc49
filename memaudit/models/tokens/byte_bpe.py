"""Byte-level BPE in the files of GPT-2 and Whisper: vocab.json, merges.txt and added_tokens.json."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from memaudit.errors import ModelError
from memaudit.models.tokens.subwords import SubwordTable, SubwordVocabulary
from memaudit.models.tokens.text_files import is_special, read_indices, read_text
from memaudit.models.tokens.tokenizers_codec import TokenizersCodec, tokenizers_library
from memaudit.panics import panics_as_errors


class ByteBpeTokens(SubwordTable):
    """[tokens] of kind "byte-bpe".

    Attributes:
        vocab: token -> index.
        merges: a pair of tokens a line, the pair that is merged first at the top.
        added: further tokens -> index, special ones among them; "" where there is no such file.
    """

    kind: Literal["byte-bpe"] = "byte-bpe"
    vocab: str = Field("vocab.json", min_length=1)
    merges: str = Field("merges.txt", min_length=1)
    added: str = "added_tokens.json"

    def load(self, folder: Path, *, where: str) -> SubwordVocabulary:
        """Read the three files.

        Raises:
            ModelError: if one cannot be read, or they do not fit together.
            MissingExtraError: if ``tokenizers`` is not installed.
        """
        library = tokenizers_library(self.kind)
        paths = [folder / name for name in (self.vocab, self.merges, self.added) if name]
        vocab = read_indices(paths[0], where=where)
        merges = _merges(paths[1], where=where)
        added = read_indices(paths[2], where=where) if self.added else {}
        for pair in merges:
            if not vocab.keys() >= {*pair, "".join(pair)}:
                raise ModelError(
                    f"merges {' and '.join(pair)}, which are not all in {paths[0].name}",
                    where=str(paths[1]),
                    how="take all files of one export",
                )
        names = {**vocab, **added}
        if len(set(names.values())) != len(names):
            raise ModelError(
                f"two tokens have one index in {paths[0].name} and {self.added}",
                where=str(folder),
                how="take all files of one export",
            )
        if not names:
            raise ModelError("there are no tokens", where=str(paths[0]))
        try:
            with panics_as_errors():
                tokenizer = library.Tokenizer(library.models.BPE(vocab=vocab, merges=merges))
        except Exception as error:  # the library raises nothing narrower
            raise ModelError(
                f"no byte-level BPE ({' '.join(str(error).split())[:160]})",
                where=str(paths[0]),
                how="take all files of one export",
            ) from error
        tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = library.decoders.ByteLevel()
        silent = frozenset(i for name, i in names.items() if name in added or is_special(name))
        codec = TokenizersCodec(
            tokenizer, byte_level=True, special={name: i for name, i in names.items() if i in silent}
        )
        return SubwordVocabulary(self, tuple(paths), codec, max(names.values()) + 1, silent)


def _merges(path: Path, *, where: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate(read_text(path, where=where).split("\n"), start=1):
        if not line.strip() or (number == 1 and line.startswith("#version")):
            continue
        parts = line.removesuffix("\r").split(" ")
        if len(parts) != 2 or not all(parts):
            raise ModelError(f"line {number}, {line[:40]!r}, is not two tokens", where=str(path))
        pairs.append((parts[0], parts[1]))
    return pairs
