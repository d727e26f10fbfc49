"""Which token of a file is the blank."""

from __future__ import annotations

from pathlib import Path

from memaudit.errors import ModelError

# What the usual toolkits call their blank (k2, WeNet and ESPnet, OpenFST, Hugging Face).
BLANK_NAMES = ("<blk>", "<blank>", "<eps>", "<pad>", "[PAD]")


def find_blank(named: int | str | None, symbols: tuple[str, ...], *, where: str, path: Path) -> int:
    """Index of the blank; ``len(symbols)`` where it is one past the file's last token.

    Args:
        named: what model.toml says: a token, an index, or None for the one token with a usual name.
        symbols: the tokens of the file.
        where: the model.toml.
        path: the token file.

    Raises:
        ModelError: if there is no such token, or none or several have a usual name.
    """
    if isinstance(named, int):
        if named > len(symbols):
            raise ModelError(
                f"'tokens.blank' is {named}, but {path.name} has {len(symbols)} tokens", where=where
            )
        return named
    if named is not None:
        if named not in symbols:
            raise ModelError(f"'tokens.blank': {named!r} is not in {path.name}", where=where)
        return symbols.index(named)
    found = [name for name in BLANK_NAMES if name in symbols]
    if len(found) != 1:
        has = f"has {' and '.join(found)}" if found else f"has none of {', '.join(BLANK_NAMES)}"
        raise ModelError(
            f"'tokens.blank' is not given and {path.name} {has}",
            where=where,
            how="set 'tokens.blank' to the blank's token or index",
        )
    return symbols.index(found[0])
