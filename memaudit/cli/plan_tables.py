"""A plan's tables for the terminal."""

from __future__ import annotations

from rich.table import Table

from memaudit.audit.gate_syntax import parse_gate
from memaudit.audit.metrics import METRICS
from memaudit.audit.plan import Plan
from memaudit.audit.plan_cells import PlannedCell
from memaudit.audit.plan_chances import Chance
from memaudit.audit.plan_needed import MOST
from memaudit.kit.control_speech import control_speech
from memaudit.kit.feasibility_speed import HARD_PITCH, HARD_TEMPO
from memaudit.kit.profiles import PROFILES


def summary(plan: Plan) -> Table:
    """Counts, audio, entropy, and the chance of a clean model."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    audio, bits = plan.audio, plan.entropy
    number = f"{len(plan.gates)} gate{'' if len(plan.gates) == 1 else 's'}"
    table.add_row("recipe", plan.recipe.name)
    table.add_row("canaries", f"{plan.inserted} inserted, {plan.held_out} held out, {plan.controls} controls")
    if plan.controls:
        table.add_row("controls", str(control_speech(plan.recipe)))
    table.add_row("entropy of a text", f"{bits.least_bits:.1f} to {bits.most_bits:.1f} bits")
    added = (
        f"{plan.copies} copies, {audio.copies / 60:.1f} minutes "
        f"({audio.inserted / 60:.1f} without repetitions); estimated {audio.basis}"
    )
    if audio.share is not None and audio.training_hours is not None:
        added += f"; {audio.share:.2%} of the training set once added to {audio.training_hours:g} hours"
    table.add_row("audio to train on", added)
    table.add_row("held back", f"{audio.held_out / 60:.1f} minutes")
    table.add_row(
        "a clean model",
        f"passes the {'default policy' if plan.policy == 'default' else 'gates'} with a chance of "
        f"{_share(plan.chances.all_pass)} ({number}), if it reads the controls and the canaries were shown "
        "to be in the training set",
    )
    table.add_row(
        "a leak",
        f"of {plan.gap:g} in every gated cell fails at least one of them with a chance of "
        f"{_share(plan.chances.any_fails)}",
    )
    for item in plan.supposed:
        table.add_row(
            f"unread at speed {item.speed:g}",
            f"supposed to score {item.mean:.2f} on average, deviation {item.deviation:.2f}: {item.basis}",
        )
    return table


def gates(plan: Plan) -> Table | None:
    """What each gate does to a leak in its own cell and to a clean model; None where the cells show it."""
    if plan.chances.basis == "computed":
        return None
    table = Table(
        box=None,
        pad_edge=False,
        title=f"What the gates do (over {plan.chances.audits} simulated audits of each kind; in brackets the "
        "95 % limits of the simulation)",
        title_justify="left",
    )
    for heading in ("gate", f"fails a leak of {plan.gap:g}\nin its cell", "passes a\nclean model"):
        table.add_column(heading, justify="left" if heading == "gate" else "right")
    for gate in plan.chances.gates:
        table.add_row(gate.gate, _share(gate.fails), _share(gate.passes))
    return table


def cells(plan: Plan) -> Table:
    """What each cell can show."""
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        title="What each cell can show (gaps: with a chance of 80 %; exposure and epsilon: at most)",
        title_justify="left",
    )
    for heading in (
        "speed", "copies", "in", "out", f"fails a leak\nof {plan.gap:g}", "gap that\nfails", "gap\nshown",
        "exposure,\nbits", "epsilon\ngroup", "\nsingle", "least\np",
    ):  # fmt: skip
        table.add_column(heading, justify="right")
    for cell in plan.cells:
        table.add_row(
            f"{cell.speed:g}",
            str(cell.repetitions),
            str(cell.inserted),
            str(cell.held_out),
            _fails(cell),
            _figure(cell.smallest_failed),
            _figure(cell.smallest_detectable),
            f"{cell.exposure_ceiling:.1f}",
            _figure(cell.epsilon_group),
            _figure(cell.epsilon_single),
            "-" if cell.p_smallest is None else f"{cell.p_smallest:.2g}",
        )
    return table


def tracks(plan: Plan) -> Table:
    """Frames against tokens at each speed."""
    part = plan.recipe.feasibility
    unit = "characters" if part.tokenizer in (None, "char") else "tokens"
    table = Table(
        box=None,
        pad_edge=False,
        title=f"Frames of {part.frame_shift_ms:g} ms against {unit} (medians)",
        title_justify="left",
    )
    headings = ["speed", "seconds", "frames", unit, "frames\nneeded", "CTC cannot\nalign"]
    for heading in [
        *headings,
        *(["dropped by\nthe filters", "drops none\nup to speed"] if _filtered(plan) else []),
    ]:
        table.add_column(heading, justify="right")
    for row in plan.speeds:
        filters = [_chance(row.dropped), _figure(row.passing)] if _filtered(plan) else []
        table.add_row(
            f"{row.speed:g}",
            f"{row.seconds:.2f}",
            f"{row.frames:g}",
            f"{row.tokens:g}",
            f"{row.frames_needed:g}",
            _chance(row.infeasible),
            *filters,
        )
    return table


def toolkits(plan: Plan) -> Table | None:
    """What the defaults of known toolkits would drop; None where the plan is for one of them."""
    if plan.recipe.feasibility.profile is not None:
        return None
    table = Table(
        box=None, pad_edge=False, title="Dropped by the default settings of (--profile)", title_justify="left"
    )
    table.add_column("")
    for row in plan.speeds:
        table.add_column(f"speed {row.speed:g}", justify="right")
    for name, profile in PROFILES.items():
        table.add_row(f"{name} ({profile.what})", *(_chance(row.toolkits[name]) for row in plan.speeds))
    return table


def needs(plan: Plan) -> str | None:
    """How many pairs a cell the wanted chance needs."""
    wanted = plan.needed
    if wanted is None:
        return None
    chance = f"{wanted.power:.0%}"
    lines = [
        f"[bold]pairs a cell for a chance of {chance}[/bold] (now {plan.recipe.design.pairs_per_cell})",
        f"  to fail a leak of {wanted.gap:g}: {_pairs(wanted.fail)}",
        f"  to pass a clean model: {_pairs(wanted.clean)}",
    ]
    if wanted.both is not None:
        times = wanted.both / plan.recipe.design.pairs_per_cell
        lines.append(
            f"  both: --set design.pairs_per_cell={wanted.both}, "
            f"{plan.audio.copies * times / 60:.0f} minutes to train on"
        )
    return "\n".join(lines)


def notes(plan: Plan) -> list[str]:
    """What a reader must know beside the figures."""
    found = [
        f"{name} is a lower bound: a gate on it can fail and never pass, so no audit passes these gates."
        for name in dict.fromkeys(parse_gate(gate, METRICS).metric for gate in plan.gates)
        if METRICS[name].lower_only
    ]
    method = plan.recipe.speed.method
    hard = HARD_TEMPO if method == "tempo" else HARD_PITCH
    fastest = plan.speeds[0]
    if fastest.speed < hard:
        found.append(
            f"At speed {fastest.speed:g} recognisers read canaries that they never saw: only from {hard:g} "
            f"on, with method {method}, does reading one mean having memorised it."
        )
    profile = plan.recipe.feasibility.profile
    found.extend(
        f"At speed {row.speed:g} the filters would drop {_chance(row.dropped)} of the canaries: make-kit "
        "will refuse."
        for row in plan.speeds
        if row.dropped
    )
    if any(row.infeasible for row in plan.speeds) and plan.recipe.feasibility.tokenizer is None:
        found.append(
            "Characters stand in for tokens, about the most that there can be: give the trainer's with "
            "--tokenizer."
        )
    if profile is not None:
        found.extend(
            f"{profile}: {source.repository} {source.path}: {source.setting}"
            for source in PROFILES[profile].sources
        )
    return found


def _filtered(plan: Plan) -> bool:
    part = plan.recipe.feasibility
    return bool(part.profile or part.min_seconds or part.max_seconds or part.max_chars_per_second)


def _fails(cell: PlannedCell) -> str:
    if cell.fails is not None:
        return _chance(cell.fails)
    return "see gates" if cell.gated else "not gated"


def _share(chance: Chance) -> str:
    """A chance, with the limits of its simulation."""
    if chance.low is None or chance.high is None:
        return _chance(chance.value)
    return f"{_chance(chance.value)} ({_chance(chance.low)} to {_chance(chance.high)})"


def _chance(value: float) -> str:
    """A share in per cent that never rounds to 0 or 100 what is neither."""
    if 0.0 < value < 0.01:
        return "<1%"
    return ">99%" if 0.99 < value < 1.0 else f"{value:.0%}"


def _pairs(number: int | None) -> str:
    return f"more than {MOST}" if number is None else str(number)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
