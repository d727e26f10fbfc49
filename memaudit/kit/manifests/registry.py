"""Every training format by name."""

from __future__ import annotations

import difflib

from memaudit.errors import UsageError
from memaudit.kit.manifests import (
    fairseq,
    hf_audiofolder,
    kaldi,
    lhotse,
    nemo,
    parquet,
    speechbrain,
    webdataset,
    wenet,
)
from memaudit.kit.manifests.base import ManifestFormat

_MODULES = (nemo, hf_audiofolder, parquet, lhotse, kaldi, wenet, speechbrain, fairseq, webdataset)

FORMATS: dict[str, ManifestFormat] = {module.FORMAT.name: module.FORMAT for module in _MODULES}


def manifest_format(name: str) -> ManifestFormat:
    """The format of that name.

    Raises:
        UsageError: if there is none, naming those that there are.
    """
    if name in FORMATS:
        return FORMATS[name]
    near = difflib.get_close_matches(name, FORMATS, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise UsageError(f"{name!r} is no training format", how=f"use one of {', '.join(FORMATS)}{hint}")
