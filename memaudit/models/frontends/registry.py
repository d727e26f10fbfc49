"""The front ends by the name that [front_end] kind gives them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from memaudit.models.frontends.base import FrontEnd
from memaudit.models.validation import by_kind

# A new front end is one new file and one line here.
FRONT_ENDS: Mapping[str, str] = MappingProxyType(
    {
        "kaldi": "memaudit.models.frontends.kaldi:KaldiFrontEnd",
        "nemo": "memaudit.models.frontends.nemo:NemoFrontEnd",
        "raw": "memaudit.models.frontends.raw:RawFrontEnd",
        "sherpa-whisper": "memaudit.models.frontends.sherpa_whisper:SherpaWhisperFrontEnd",
        "torchaudio": "memaudit.models.frontends.torchaudio_mel:TorchaudioFrontEnd",
        "whisper": "memaudit.models.frontends.whisper:WhisperFrontEnd",
    }
)


def make_front_end(table: Mapping[str, Any], *, where: str = "front end", key: str = "front_end") -> FrontEnd:
    """The front end that a [front_end] table describes, as `FrontEnd.describe` gives it back.

    Raises:
        ModelError: naming the file ``where``, the key, the value and what is allowed.
    """
    front_end: FrontEnd = by_kind(FRONT_ENDS, table, where=where, key=key)
    return front_end
