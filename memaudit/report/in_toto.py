"""An in-toto Statement v1 with the predicate test-result v0.1, to be signed by the user's own tool.

Its subjects are the model's files by digest. The predicate knows tests that passed, that passed with
warnings and that failed, and a policy usually asks for the result PASSED and no failed test. So an
inconclusive audit is FAILED here: it is no pass, and WARNED would be one. The verdict's own word stands in
the annotations. A gate on a lower bound that did not fail is among the warned tests; gates that a failed
self-check voids are in no list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, ClassVar

from memaudit.audit.results import ModelFile, Results
from memaudit.errors import ResultsError
from memaudit.report.judged import JudgedGate, Standing, judged
from memaudit.report.plain import plain
from memaudit.report.renderer import OneFile

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
VERDICT = "verdict"
"""The name of the test for the audit as a whole."""


class InToto(OneFile):
    """For a release pipeline's policy."""

    file_name: ClassVar[str] = "memaudit.intoto.json"

    def render(self, results: Results) -> str:
        """The unsigned statement.

        Raises:
            ResultsError: if a digest in the results is none.
        """
        gates = judged(results)
        passed = results.verdict == "passed"
        predicate = {
            "result": "PASSED" if passed else "FAILED",
            "configuration": _configuration(results),
            "passedTests": [*([VERDICT] if passed else []), *_names(gates, "passed")],
            "warnedTests": _names(gates, "no pass possible"),
            "failedTests": [*([] if passed else [VERDICT]), *_names(gates, "failed", "undecided")],
        }
        # What was heard is what was tested where no file of the model is known.
        heard = ModelFile(name=results.utterances.name, sha256=results.utterances.sha256)
        statement = {
            "_type": STATEMENT,
            "subject": [_resource(f.name, f.sha256) for f in results.model.files or (heard,)],
            "predicateType": PREDICATE,
            "predicate": predicate,
        }
        return json.dumps(statement, indent=2, allow_nan=False) + "\n"


def _configuration(results: Results) -> list[dict[str, Any]]:
    annotations = {
        "verdict": results.verdict,
        "verdictReason": plain(results.verdict_reason, 2000),
        "tool": f"memaudit {plain(results.tool.version)}",
        "created": plain(results.created),
        "adapter": plain(results.model.adapter),
        "gates": [item.name for item in judged(results)],
    }
    return [
        {**_resource(f"kit {results.kit.name}", results.kit.commitment), "annotations": annotations},
        _resource(results.utterances.name, results.utterances.sha256),
    ]


def _names(gates: Iterable[JudgedGate], *standings: Standing) -> list[str]:
    return [item.name for item in gates if item.standing in standings]


def _resource(name: str, digest: str) -> dict[str, Any]:
    if re.fullmatch(r"[0-9a-f]{64}", digest) is None:
        raise ResultsError(
            "is no SHA-256 digest, and an attestation without one says nothing",
            where=f"results.json: digest of {plain(name)}",
            how="score the kit again",
        )
    return {"name": plain(name), "digest": {"sha256": digest}}


RENDERER = InToto()
