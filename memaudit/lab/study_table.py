"""The study as a table over seeds and its claims, at a terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from memaudit.lab.study_judging import Claim
from memaudit.lab.study_pooled import Condition
from memaudit.lab.study_words import number, ranged, signed

COLOURS = {"shown": "green", "partly shown": "yellow", "not shown": "red", "not run": "dim"}


def header(conditions: Sequence[Condition]) -> list[str]:
    """The columns of the table."""
    first = conditions[0]
    levels = [dose.repetitions for dose in first.fastest]
    return [
        "training",
        "WER",
        "held out",
        *(f"accuracy gap r{level}" for level in levels),
        f"exact r{levels[-1]}",
        *(f"AUC r{level}" for level in levels),
        f"epsilon r{levels[-1]}",
    ]


def rows(conditions: Sequence[Condition]) -> list[list[str]]:
    """A row a condition at its fastest speed.

    Gaps are pooled over seeds with their 95 % intervals; the rest are means with the least and the largest.
    A condition whose kit has fewer levels has empty cells.
    """
    levels = [dose.repetitions for dose in conditions[0].fastest]
    found = []
    for condition in conditions:
        doses = {dose.repetitions: dose for dose in condition.fastest}
        top = condition.fastest[-1]
        found.append(
            [
                condition.title,
                ranged(condition.wer, 3),
                ranged(top.held_out),
                *(signed(doses[level].gap) if level in doses else "" for level in levels),
                ranged(top.exact),
                *(ranged(doses[level].auc) if level in doses else "" for level in levels),
                "none" if top.epsilon is None else ranged(top.epsilon),
            ]
        )
    return found


def caption(conditions: Sequence[Condition]) -> str:
    """What the table shows, with its sizes."""
    first = conditions[0]
    top = first.fastest[-1]
    return (
        f"Canaries at {top.speed:g} times speed, {len(first.seeds)} seed{'s' * (len(first.seeds) > 1)}; a "
        f"level has {top.n} inserted against {top.held_out_n} held-out canaries over all seeds. Accuracy "
        "gap: inserted minus held out, with the 95 % interval over the canaries of all seeds. Other "
        "figures: mean over seeds (least to largest). AUC: losses of inserted against held-out canaries. "
        "Epsilon: one-run lower bound for all copies together."
    )


def markdown(conditions: Sequence[Condition], claims: Sequence[Claim], command: str) -> str:
    """The table and the claims as Markdown, ready for a README."""
    names = header(conditions)
    lines = ["| " + " | ".join(names) + " |", "| --- " * len(names) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows(conditions)]
    lines += ["", caption(conditions), "", "| | claim | | what it rests on |", "| --- | --- | --- | --- |"]
    lines += [f"| {c.number} | {c.title} | {c.status} | {evidence(c)} |" for c in claims]
    lines += ["", f"Made by `{command}`."]
    return "\n".join(lines) + "\n"


def evidence(claim: Claim) -> str:
    """What a claim's status rests on, in one line."""
    if claim.best is None:
        return "not run"
    if claim.number == 5:  # each effect stands for itself
        shown = [f"{item.condition}: {'; '.join(item.numbers)}" for item in claim.judged]
        return ". ".join(shown)
    parts = "; ".join(f"{part.words} {part.count()}" for part in claim.best.parts)
    return f"{claim.best.condition}: {parts}. {'; '.join(claim.best.numbers)}"


def terminal(conditions: Sequence[Condition], claims: Sequence[Claim]) -> RenderableType:
    """The same for a terminal, in two tables that are narrow enough, and the claims."""
    levels = [dose.repetitions for dose in conditions[0].fastest]
    gaps = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title="Accuracy gap", title_justify="left")
    losses = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title="Loss AUC", title_justify="left")
    for table, names in (
        (gaps, ["training", "WER", *(f"r{level}" for level in levels), f"exact r{levels[-1]}"]),
        (losses, ["training", *(f"r{level}" for level in levels), f"epsilon r{levels[-1]}"]),
    ):
        for name in names:
            table.add_column(name)
    for condition in conditions:
        doses = {dose.repetitions: dose for dose in condition.fastest}
        top = condition.fastest[-1]
        shown = [number(doses[at].gap.estimate, signed=True) if at in doses else "" for at in levels]
        gaps.add_row(condition.title, ranged(condition.wer, 3), *shown, ranged(top.exact))
        aucs = [ranged(doses[at].auc) if at in doses else "" for at in levels]
        losses.add_row(condition.title, *aucs, "none" if top.epsilon is None else ranged(top.epsilon))
    parts: list[RenderableType] = [gaps, Text(), losses, Text(), Text(caption(conditions)), Text()]
    for claim in claims:
        head = Text.assemble(f"{claim.number}. {claim.title}: ", (claim.status, COLOURS[claim.status]))
        parts += [head, Text(f"   {evidence(claim)}")]
    return Group(*parts)
