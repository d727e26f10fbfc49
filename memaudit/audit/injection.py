"""Evidence from check-injection (injection.json) as an audit takes it in."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from memaudit.audit.results import Injection
from memaudit.errors import ResultsError
from memaudit.files import sha256_file
from memaudit.kit.injection.evidence import SCHEMA, Evidence
from memaudit.kit.store import INFO, Kit
from memaudit.reading import read_text

_HOW = "give the file that memaudit check-injection wrote for this kit"


def read_injection(path: Path, kit: Kit) -> Injection:
    """Read injection.json and make sure that it is about this kit.

    Raises:
        ResultsError: if it cannot be read, does not follow its schema, or is about another kit.
    """
    evidence = _read(path)
    if evidence.kit.commitment != kit.commitment or evidence.kit.sha256 != sha256_file(kit.root / INFO):
        raise ResultsError(
            f"is about another kit (commitment {evidence.kit.commitment})", where=str(path), how=_HOW
        )
    inserted = {canary.id: canary.repetitions for canary in kit.canaries if canary.arm == "inserted"}
    if evidence.inserted != len(inserted) or evidence.wanted != sum(inserted.values()):
        raise ResultsError("counts other canaries than the kit has", where=str(path), how=_HOW)
    return Injection(
        checked=True,
        format=evidence.manifest.format,
        inserted=evidence.inserted,
        missing=len(evidence.missing),
        leaked=len(evidence.leaked),
    )


def _read(path: Path) -> Evidence:
    try:
        document = json.loads(read_text(path))
    except (OSError, ValueError, RecursionError) as error:
        raise ResultsError("no injection evidence can be read here", where=str(path), how=_HOW) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise ResultsError(f"its schema is {schema!r}, not {SCHEMA!r}", where=str(path), how=_HOW)
    try:
        return Evidence.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "document"
        raise ResultsError(f"{key}: {first['msg']}", where=str(path), how=_HOW) from error
