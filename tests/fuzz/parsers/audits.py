"""Transcripts, and the files of an audit."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from memaudit.audit.injection import read_injection
from memaudit.audit.normalise import NAME, normalise
from memaudit.audit.results import read_results
from memaudit.audit.transcripts import read_transcripts
from memaudit.audit.utterances import read_utterances
from memaudit.kit.injection.check import Normaliser, check_injection
from memaudit.kit.manifests.base import Source
from memaudit.kit.manifests.registry import FORMATS
from memaudit.report.renderer import RENDERERS, Material, renderer
from tests.fuzz.kits import tone_kit
from tests.fuzz.parser import Parser, Target, file_target
from tests.kit.manifests.helpers import written

_IDS = ("c0", "c1", "c2", "c3")
_PLAIN = tuple(name for name in RENDERERS if name != "html")


def _transcripts(suffix: str, seed: bytes) -> Parser:
    def prepare(folder: Path) -> Target:
        return file_target(folder / f"heard{suffix}", [seed], lambda path: read_transcripts(path, _IDS))

    return Parser(f"transcripts {suffix}", ("memaudit.audit.transcripts",), prepare, (b"id", b"loss"))


def _results(folder: Path) -> Target:
    from tests.report.audits import audit

    seeds = [json.dumps(audit(kind).document()).encode() for kind in ("failed", "bare", "transcripts")]
    return file_target(folder / "results.json", seeds, read_results)


def _reports(folder: Path) -> Target:
    """Whatever results.json the schema takes: every report of it, but the slow page."""
    from tests.report.audits import audit, material

    material("mixed", folder)
    seeds = [json.dumps(audit(kind).document()).encode() for kind in ("mixed", "bare")]

    def read(path: Path) -> None:
        found = read_results(path)
        for name in _PLAIN:
            renderer(name).documents(Material(found, folder, ()))

    return file_target(folder / "results.json", seeds, read)


def _page(folder: Path) -> Target:
    from tests.report.audits import audit

    seeds = [json.dumps(audit(kind).document()).encode() for kind in ("failed", "bare")]

    def read(path: Path) -> None:
        renderer("html").documents(Material(read_results(path), folder, ()))

    return file_target(folder / "results.json", seeds, read)


def _gate_again(folder: Path) -> Target:
    from memaudit.audit.assess import regate
    from memaudit.audit.audit import load
    from tests.report.audits import material

    made = material("failed", folder)
    seeds = [(folder / "utterances.jsonl").read_bytes()]
    document = made.results.document()

    def parse(data: bytes) -> object:
        document["utterances"]["sha256"] = hashlib.sha256(data).hexdigest()
        (folder / "results.json").write_text(json.dumps(document))
        (folder / "utterances.jsonl").write_bytes(data)
        results, utterances = load(folder)
        return regate(results, utterances, ["exact_gap <= 0.1"])

    return Target(tuple(seeds), parse)


def _utterances(folder: Path) -> Target:
    from tests.report.audits import rows

    lines = [json.dumps(row.model_dump()) for row in rows("failed")[:6]]
    return file_target(folder / "utterances.jsonl", ["\n".join(lines).encode() + b"\n"], read_utterances)


def _injection(folder: Path) -> Target:
    kit = tone_kit(folder / "kit")
    manifest = written("nemo", kit, folder / "export")
    found = check_injection(kit, FORMATS["nemo"], Source(manifest), Normaliser(NAME, normalise))
    seed = json.dumps(found.document()).encode()
    return file_target(folder / "injection.json", [seed], lambda path: read_injection(path, kit))


PARSERS = (
    _transcripts(
        ".jsonl",
        b"".join(
            b'{"id": "%s", "transcript": "amber birch", "loss": 1.5}\n' % name.encode() for name in _IDS
        ),
    ),
    _transcripts(
        ".csv",
        b"id,transcript,loss\n" + b"".join(b'%s,"amber, birch",2.5\n' % name.encode() for name in _IDS),
    ),
    Parser("utterances.jsonl", ("memaudit.audit.utterances",), _utterances),
    Parser("utterances.jsonl, gated", ("memaudit.audit.utterances",), _gate_again, cost=100),
    Parser("results.json", ("memaudit.audit.results",), _results, cost=2),
    Parser("results.json, reports", ("memaudit.audit.results",), _reports, cost=30),
    Parser("results.json, page", ("memaudit.audit.results",), _page, cost=400),
    Parser("injection.json", ("memaudit.audit.injection",), _injection),
)
