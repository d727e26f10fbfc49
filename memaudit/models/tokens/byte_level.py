"""Bytes written as characters, as byte-level vocabularies since GPT-2 are stored (Radford et al. 2019)."""

from __future__ import annotations

from functools import cache


@cache
def byte_characters() -> tuple[str, ...]:
    """The character of each byte: itself where Latin-1 shows it, else one of those from U+0100 on."""
    shown = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    hidden = [byte for byte in range(256) if byte not in shown]
    return tuple(chr(byte) if byte in shown else chr(0x100 + hidden.index(byte)) for byte in range(256))


@cache
def character_bytes() -> dict[str, int]:
    """The inverse of `byte_characters`."""
    return {character: byte for byte, character in enumerate(byte_characters())}


def spelled(token: str) -> str | None:
    """The text of a byte-level token, its incomplete characters replaced; None if it is not of bytes."""
    table = character_bytes()
    if not all(character in table for character in token):
        return None
    return bytes(table[character] for character in token).decode("utf-8", errors="replace")
