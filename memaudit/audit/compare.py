"""Two checkpoints, or two systems, audited with one kit: what changed, canary by canary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from memaudit.audit.assess import CONFIDENCE, now
from memaudit.audit.audit import load
from memaudit.audit.compare_canaries import canaries, movers
from memaudit.audit.compare_cells import Both, adjusted, compared_cell
from memaudit.audit.compare_verdict import compared_gates, conclude
from memaudit.audit.compare_warnings import compare_warnings
from memaudit.audit.comparison import ComparedCell, Comparison, Scale, Side
from memaudit.audit.failures import left_out, measured
from memaudit.audit.results import Injection, Results, locate_results
from memaudit.audit.sheet import has_losses, sheets
from memaudit.audit.tool import this_tool
from memaudit.audit.utterances import Utterance
from memaudit.audit.verdict import detected
from memaudit.errors import ResultsError


@dataclass(frozen=True)
class Audit:
    """One audit as it lies on disk; ``name`` is its folder's."""

    name: str
    results: Results
    utterances: Sequence[Utterance]


def load_audit(path: Path) -> Audit:
    """Read an audit, given results.json or its folder.

    Raises:
        ResultsError: see `memaudit.audit.audit.load`.
    """
    return Audit(locate_results(path).absolute().parent.name, *load(path))


def compare(a: Audit, b: Audit, confidence: float = CONFIDENCE) -> Comparison:
    """Compare B with A, paired by canary.

    Args:
        a: the audit of the checkpoint that came before, or of the system compared with.
        b: the audit of the other.
        confidence: two-sided, of the interval of each cell; those of gated figures hold over all of these.

    Raises:
        ResultsError: where the two do not speak of one kit, its canaries, or text normalised alike.
    """
    check_alike(a, b)
    scale, both = on_one_scale(a, b)
    places = [(at, level) for at in both.values() for level in reversed(at.a.levels())]
    cells = [compared_cell(at, at.a.cell(level), level, confidence) for at, level in places]
    primary = len(next(iter(both.values())).a.levels())
    gates = compared_gates(a.results, b.results, both)
    sides = side_of(a), side_of(b)
    cells = adjusted(cells, primary)
    verdict, settled, reason = conclude(gates, cells, *sides)
    return Comparison(
        tool=this_tool(),
        created=now(),
        kit=a.results.kit,
        normaliser=a.results.normaliser,
        scale=scale,
        a=sides[0],
        b=sides[1],
        cells=tuple(cells),
        speeds=tuple(_whole(at, confidence) for at in both.values()),
        gates=tuple(gates),
        verdict=verdict,
        settled=settled,
        verdict_reason=reason,
        warnings=tuple(compare_warnings(a.results, b.results, *sides, scale)),
        movers=tuple(movers(next(iter(both.values())))),
        canaries=tuple(row for at in both.values() for row in canaries(at)),
    )


def check_alike(a: Audit, b: Audit) -> None:
    """Refuse audits that cannot be paired by canary.

    Raises:
        ResultsError: naming what differs.
    """
    kits = a.results.kit.commitment, b.results.kit.commitment
    if kits[0] != kits[1]:
        raise ResultsError(
            f"A and B were scored with different kits (commitments {kits[0][:12]} and {kits[1][:12]})",
            how="score both models with one kit, then compare",
        )
    if a.results.normaliser != b.results.normaliser:
        raise ResultsError(
            f"A and B normalise text differently ({a.results.normaliser} and {b.results.normaliser})",
            how="score both again with one version of memaudit",
        )
    first, second = ({row.id: _design(row) for row in audit.utterances} for audit in (a, b))
    for name in sorted(first.keys() | second.keys()):
        if first.get(name) != second.get(name):
            what = (
                "is not in both audits"
                if name not in first or name not in second
                else "is not the same in both"
            )
            raise ResultsError(f"canary {name} {what}", how="score the whole kit with both models")


def _design(row: Utterance) -> tuple[object, ...]:
    """What the kit says of a canary."""
    return row.arm, row.pair, row.repetitions, row.speed, row.voice, row.reference


def on_one_scale(a: Audit, b: Audit) -> tuple[Scale, dict[float, Both]]:
    """Both audits' speeds, fastest first, with membership scores that can be set against each other.

    Losses are compared a token where both models write every canary in as many tokens, else a character;
    where one of them has none, accuracies are.
    """
    gone = left_out(a.utterances) | left_out(b.utterances)
    rows = [[row for row in measured(audit.utterances, gone) if row.arm != "control"] for audit in (a, b)]
    tokens = [{row.id: row.tokens for row in side} for side in rows]
    scale: Scale = "loss per token"
    if not all(has_losses(side) for side in rows):
        scale = "accuracy"
        rows = [[row.model_copy(update={"loss": None, "infeasible": False}) for row in side] for side in rows]
    elif tokens[0] != tokens[1] or None in tokens[0].values():
        scale = "loss per character"
        rows = [[row.model_copy(update={"tokens": None}) for row in side] for side in rows]
    first, second = (sheets(side, a.results.kit.commitment)[0] for side in rows)
    return scale, {speed: Both(first[speed], second[speed]) for speed in first}


def _whole(both: Both, confidence: float) -> ComparedCell:
    return compared_cell(both, both.inserted, None, confidence)


def side_of(audit: Audit) -> Side:
    """What a comparison tells of one of its two audits."""
    found = audit.results
    return Side(
        name=audit.name,
        adapter=found.model.adapter,
        files=found.model.files,
        created=found.created,
        verdict=found.verdict,
        membership=found.membership,
        controls_passed=found.controls.passed,
        controls_accuracy=found.controls.accuracy,
        self_checks_passed=found.self_checks is None or found.self_checks.passed,
        injection=_evidence(found.injection),
        detected=bool(detected(found.cells)),
        utterances_sha256=found.utterances.sha256,
    )


def _evidence(injection: Injection) -> str:
    if injection.checked:
        return "not as designed" if injection.missing or injection.leaked else "checked"
    return "assumed" if injection.assumed else "unknown"
