"""Every parser by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tests.fuzz.parser import Parser
from tests.fuzz.parsers import audio, audits, graphs, journals, kits, manifests, settings, tokens

_MODULES = (kits, settings, manifests, audits, journals, audio, tokens, graphs)

PARSERS: Mapping[str, Parser] = MappingProxyType(
    {parser.name: parser for module in _MODULES for parser in module.PARSERS}
)

ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "memaudit.audit.engine.child": "messages between processes of this program",
        "memaudit.audit.engine.wire": "messages between processes of this program, tested with it",
        "memaudit.audit.schemas": "the package's own files",
        "memaudit.audit.doctor": "asks what is installed and opens nothing of the user's",
        "memaudit.cli.schema": "the package's own files",
        "memaudit.explain.pages": "the package's own files",
        "memaudit.kit.language": "the package's own files",
        "memaudit.kit.worker": "messages between processes of this program",
        "memaudit.kit.worker_client": "messages between processes of this program",
        "memaudit.audit.engine.cluster_actor": "messages between processes of this program",
        "memaudit.audit.engine.confine": "the system's own figures",
        "memaudit.kit.lines": "an unfinished kit of this user, taken where it is as it was written",
        "memaudit.kit.unfinished": "an unfinished kit of this user, refused where others could write",
        "memaudit.kit.manifests.audio_files": "a kit's audio, whose hashes were checked",
        "memaudit.kit.manifests.copies": "a kit's audio, whose hashes were checked",
        "memaudit.lab": "the lab's own files, which it wrote itself",
        "memaudit.reading": "what the other parsers read with",
        "memaudit.models.torchscript.module": "code, which is opened with --trust-model only",
        "memaudit.models.torchscript.exported": "code, which is opened with --trust-model only",
    }
)
"""Modules, and packages, that read something and have no parser here, each with the reason."""
