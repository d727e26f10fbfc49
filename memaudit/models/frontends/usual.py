"""The front ends that models are usually trained with, to try in place of one that may be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from memaudit.errors import ModelError
from memaudit.models.frontends.base import FrontEnd
from memaudit.models.frontends.registry import FRONT_ENDS, make_front_end

#: Beside each kind's defaults: what families set otherwise.
_VARIANTS: Mapping[str, tuple[Mapping[str, Any], ...]] = MappingProxyType(
    {
        "kaldi": (
            {"waveform_scale": 32768.0},
            {"waveform_scale": 32768.0, "snip_edges": True, "high_frequency": 0.0},  # WeNet
        ),
        "nemo": ({"normalise": "none"},),
        "raw": ({"normalise": True}, {"waveform_scale": 32768.0}),
    }
)


def usual_front_ends(front_end: FrontEnd) -> Iterator[FrontEnd]:
    """The usual front ends that give as many features as ``front_end`` at its sample rate, but for itself."""
    described = front_end.describe()
    wanted = {"sample_rate": front_end.sample_rate}
    if front_end.num_features is not None:
        wanted["num_mels"] = front_end.num_features
    for kind in FRONT_ENDS:
        if (kind == "raw") is not (front_end.num_features is None):
            continue
        for variant in ({}, *_VARIANTS.get(kind, ())):
            try:
                made = make_front_end({"kind": kind, **wanted, **variant})
            except ModelError:
                continue  # this kind has no such number of features, or not at this rate
            if made.describe() != described and made.num_features == front_end.num_features:
                yield made


def short_name(table: Mapping[str, Any]) -> str:
    """A described front end by its kind and what differs from that kind's defaults.

    >>> short_name({"kind": "kaldi", "num_mels": 80, "waveform_scale": 32768.0})
    'kaldi with waveform_scale 32768.0'
    """
    plain = make_front_end({"kind": table["kind"]}).describe()
    changed = [
        f"{key} {value}"
        for key, value in table.items()
        if key not in ("kind", "num_mels", "sample_rate") and plain.get(key) != value
    ]
    return " ".join((table["kind"], *(["with"] if changed else []), ", ".join(changed))).rstrip()
