"""Seeded mutations of bytes, of lines and of JSON values."""

from __future__ import annotations

import json
import random
import re
from typing import Any

LONGEST = 1 << 16
"""Bytes beyond which an input does not grow, but for the nests and runs below."""

_NUMBERS = [
    *(b"0", b"-1", b"1", b"255", b"65536", b"2147483648", b"18446744073709551616", b"-0.0", b"1e400"),
    *(b"1e-400", b"nan", b"inf", b"NaN", b"-Infinity", b"0x10", b"1_000", b"1" * 400, b"9" * 5000),
]
_TOKENS = [
    *(b"\x00", b"\n", b"\r\n", b"\r", b"\t", b" ", b'"', b"'", b"\\", b",", b":", b"=", b".", b"#", b"|"),
    *(b"[", b"]", b"{", b"}", b"null", b"true", b"[]", b"{}", b'""', b"..", b"../", b"/etc/passwd"),
    *(b"\xef\xbb\xbf", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\xe2\x80\xa8"),
    *("\u202e".encode(), "\u0130".encode(), "\u0660".encode(), "\ufb01".encode(), b"\x1b[31m", b"<script>"),
]
_NESTS = [b"[", b'{"a":', b"(", b"a.", b'"', b" ", b"\t", b"<", b"a,", b"0", b"\n"]
_VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**30, 10**400, -0.5, 1e308, float("nan")),
    *(
        float("inf"),
        "",
        " ",
        "a",
        "\x00",
        "\ud800",
        "\u202e",
        "a" * 300,
        "../x",
        "/x",
        "nan",
        "1e5",
        "\u0661",
    ),
    *([], {}, [[]], [None], {"": None}, [1, "a"], {"a": {"a": {}}}),
]
_DIGITS = re.compile(rb"\d+")


class Mutator:
    """Draws inputs from the seeds of one parser."""

    def __init__(self, seeds: tuple[bytes, ...], words: tuple[bytes, ...], seed: int | random.Random) -> None:
        self._random = seed if isinstance(seed, random.Random) else random.Random(seed)
        self._seeds = seeds
        self._tokens = [*_TOKENS, *words, *words]
        self._byte_changes = [
            *(self._flip, self._flip, self._cut, self._insert, self._insert, self._repeat, self._number),
            *(self._number, self._truncate, self._splice, self._line, self._noise, self._nest),
        ]

    def draw(self) -> bytes:
        """One input: a seed with one to six changes."""
        data = self._random.choice(self._seeds)
        if self._random.random() < 0.4 and (changed := self._structured(data)) is not None:
            data = changed
            if self._random.random() < 0.7:
                return data
        for _ in range(self._random.choice((1, 1, 1, 2, 3, 6))):
            data = self._random.choice(self._byte_changes)(data)
        return data

    def _place(self, data: bytes) -> int:
        return self._random.randint(0, len(data))

    def _slice(self, data: bytes) -> tuple[int, int]:
        start = self._place(data)
        return start, min(len(data), start + int(2 ** (self._random.random() * 10)))

    def _flip(self, data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(self._random.choice((1, 1, 2, 8)) if data else 0):
            at = self._random.randrange(len(changed))
            changed[at] = self._random.choice((changed[at] ^ (1 << self._random.randrange(8)), 0, 127, 255))
        return bytes(changed)

    def _cut(self, data: bytes) -> bytes:
        start, end = self._slice(data)
        return data[:start] + data[end:]

    def _insert(self, data: bytes) -> bytes:
        at = self._place(data)
        return data[:at] + self._random.choice(self._tokens) + data[at:]

    def _repeat(self, data: bytes) -> bytes:
        start, end = self._slice(data)
        times = self._random.choice((2, 2, 3, 50))
        return data[:start] + data[start:end] * times + data[end:] if len(data) < LONGEST else data

    def _number(self, data: bytes) -> bytes:
        found = list(_DIGITS.finditer(data[:LONGEST]))
        if not found:
            return self._insert(data)
        one = self._random.choice(found)
        return data[: one.start()] + self._random.choice(_NUMBERS) + data[one.end() :]

    def _truncate(self, data: bytes) -> bytes:
        return data[: self._place(data)]

    def _splice(self, data: bytes) -> bytes:
        other = self._random.choice(self._seeds)
        return data[: self._place(data)] + other[self._place(other) :]

    def _line(self, data: bytes) -> bytes:
        lines = data.split(b"\n")
        one, other = self._random.randrange(len(lines)), self._random.randrange(len(lines))
        match self._random.randrange(3):
            case 0:
                lines.insert(one, lines[other])
            case 1:
                lines[one], lines[other] = lines[other], lines[one]
            case _:
                del lines[one]
        return b"\n".join(lines)

    def _noise(self, data: bytes) -> bytes:
        at = self._place(data)
        return data[:at] + self._random.randbytes(self._random.choice((1, 4, 40))) + data[at:]

    def _nest(self, data: bytes) -> bytes:
        at, times = self._place(data), self._random.choice((40, 300, 300, 20_000))
        return data[:at] + self._random.choice((*_NESTS, *self._tokens)) * times + data[at:]

    def _structured(self, data: bytes) -> bytes | None:
        """A change of one JSON value, of the whole text or of one of its lines; None where it is no JSON."""
        lines = [data]
        try:
            json.loads(data)
        except (ValueError, RecursionError):
            lines = data.split(b"\n")
        at = self._random.randrange(len(lines))
        try:
            value = json.loads(lines[at])
            for _ in range(self._random.choice((1, 1, 2))):
                value = self._changed(value)
            lines[at] = json.dumps(value).encode()
        except (ValueError, RecursionError):
            return None
        return b"\n".join(lines)

    def _changed(self, value: Any) -> Any:
        if isinstance(value, dict) and value and self._random.random() < 0.95:
            name = self._random.choice(list(value))
            match self._random.randrange(10):
                case 0:
                    return {key: item for key, item in value.items() if key != name}
                case 1:
                    return {**value, self._random.choice(("", "x", name + "x", "\ud800")): value[name]}
                case 2:
                    return {**value, name: value[self._random.choice(list(value))]}
                case _:
                    return {**value, name: self._changed(value[name])}
        if isinstance(value, list) and value and self._random.random() < 0.9:
            at = self._random.randrange(len(value))
            match self._random.randrange(6):
                case 0:
                    return value[:at] + value[at + 1 :]
                case 1:
                    return [*value, value[at]]
                case _:
                    return [*value[:at], self._changed(value[at]), *value[at + 1 :]]
        return self._random.choice(_VALUES)
