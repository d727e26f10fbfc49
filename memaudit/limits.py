"""How much memaudit reads of a file that others made: every limit is here.

Each is far above what an audit needs. What is beyond one is refused with an error that names it.
"""

from __future__ import annotations

from typing import Final

LARGEST_DOCUMENT: Final = 1 << 29
"""Bytes of a file that is read as a whole: recipe, kit.json, transcripts, results, vocabularies."""

LARGEST_TOML: Final = 1 << 22
MOST_DOTS: Final = 100
"""Bytes of a TOML file, and dots in a line of it: Python's parser takes the square of the parts of a key."""

MOST_COPIES: Final = 1_000_000
"""Repetitions of one canary."""

MOST_UTTERANCES: Final = 2_000_000
"""Lines of a kit's assignment."""

LONGEST_LINE: Final = 1 << 26
"""Bytes of a line of a training manifest or of an assignment."""

LARGEST_MEMBER: Final = 1 << 30
"""Bytes of one file inside a tar shard."""

UNPACKED: Final = 1 << 28
MOST_UNPACKED: Final = 200
"""A gzip file of which more than `UNPACKED` bytes came out may not be more than so many
times its own size. Manifests pack to a tenth, and audio hardly at all; a bomb packs to a thousandth."""

LONGEST_AUDIO: Final = 1 << 26
"""Samples a channel of one recording: 70 minutes at 16 kHz."""

LARGEST_VOCABULARY: Final = 10_000_000
"""Tokens of a model, and the greatest index of one."""

LONGEST_MESSAGE: Final = 600
"""Characters of each part of an error (what, where, how): what is cut here came from a file."""
