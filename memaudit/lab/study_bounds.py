"""One-run lower bounds on epsilon over a study, and where they are loose."""

from __future__ import annotations

from memaudit.lab.study_findings import Findings
from memaudit.lab.study_words import mean_range, ranged


def bound_header(found: Findings) -> list[str]:
    """The columns of `bound_rows`: repetitions at the fastest speed, then one copy by all levels together."""
    first = next(iter(found.conditions.values()))
    return ["training", *(f"r{dose.repetitions}" for dose in first.fastest), "one copy, jointly"]


def bound_rows(found: Findings) -> list[list[str]]:
    """A row a condition: bounds for all copies together, means over seeds with the least and the largest."""
    levels = [dose.repetitions for dose in next(iter(found.conditions.values())).fastest]
    rows = []
    for name, condition in found.conditions.items():
        doses = {dose.repetitions: dose for dose in condition.fastest}
        shown = []
        for level in levels:
            bound = doses[level].epsilon if level in doses else None
            shown.append("" if bound is None else ranged(bound))
        joint = [v.joint_epsilon for v in found.of(name) if v.joint_epsilon is not None]
        rows.append([condition.title, *shown, mean_range(joint) if joint else ""])
    return rows


def loose(found: Findings) -> list[str]:
    """Where these bounds say less than they seem to."""
    ceilings = [
        dose.ceiling
        for victim in found.victims
        for dose in victim.doses
        if dose.ceiling is not None and dose.speed == victim.fastest
    ]
    sentences = []
    if ceilings:
        sentences.append(
            f"Right guesses throughout would show {mean_range([min(ceilings), max(ceilings)])} at any "
            "number of copies: the number of canaries caps these bounds, however much a victim has memorised."
        )
    sentences += [
        f"{found.conditions[name].title}, {item.repetitions} copies: training promised at most "
        f"{item.promised:.3g}; what lies between the bound and that is open."
        for name in found.names("private")
        for item in found.of(name)[0].privacy
    ]
    sentences.append(
        "Each bound guesses who was in from losses of one trained model. Attacks that see more, such as "
        "those with shadow models or gradients, may show more."
    )
    return sentences
