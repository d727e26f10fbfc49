"""The verdict in plain words, for every renderer."""

from __future__ import annotations

from collections.abc import Sequence

from memaudit.audit.results import ArmScores, Cell, Controls, RecallHalf, Results
from memaudit.audit.verdict import detected
from memaudit.models.frontends.usual import short_name

HEADLINES = {
    "failed": "Failed: the model has memorised more than the gates allow.",
    "passed": "Passed: every gate held at the stated confidence.",
    "inconclusive": "Inconclusive: this audit can neither fail nor pass the model.",
}


def headline(results: Results) -> str:
    """The verdict in one sentence."""
    return HEADLINES[results.verdict]


def percent(value: float) -> str:
    """A share as a whole percentage.

    >>> percent(0.734)
    '73 %'
    """
    return f"{100 * value:.0f} %"


def interval(estimate: float, low: float, high: float, digits: int = 2) -> str:
    """A figure with its limits.

    >>> interval(0.734, 0.61, -0.001)
    '0.73 (0.61 to 0.00)'
    """
    return f"{estimate:z.{digits}f} ({low:z.{digits}f} to {high:z.{digits}f})"


def percent_interval(estimate: float, low: float, high: float) -> str:
    """A share with its limits.

    >>> percent_interval(0.734, 0.61, 0.8)
    '73 % (61 to 80 %)'
    """
    return f"{percent(estimate)} ({100 * low:.0f} to {percent(high)})"


def accuracy_text(arm: ArmScores) -> str:
    """An arm's accuracy with its interval."""
    return percent_interval(arm.accuracy, arm.accuracy_low, arm.accuracy_high)


def exact_text(arm: ArmScores) -> str:
    """An arm's share of transcripts without a fault, with its interval."""
    return percent_interval(arm.exact, arm.exact_low, arm.exact_high)


def one_or_range(values: Sequence[int]) -> str:
    """Sizes that are mostly alike.

    >>> one_or_range([20, 20]), one_or_range([20, 18])
    ('20', '18 to 20')
    """
    return str(min(values)) if min(values) == max(values) else f"{min(values)} to {max(values)}"


def listed(values: Sequence[object]) -> str:
    """Several as a reader would say them.

    >>> listed([1, 2, 4])
    '1, 2 and 4'
    """
    words = [str(value) for value in values]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def copies(number: int) -> str:
    """A dose.

    >>> copies(1), copies(4)
    ('1 copy', '4 copies')
    """
    return "1 copy" if number == 1 else f"{number} copies"


def p_text(value: float) -> str:
    """A p-value with two significant digits.

    >>> p_text(0.0001)
    '0.0001'
    """
    return f"{value:.2g}"


def with_chance(arm: ArmScores) -> str:
    """An arm's accuracy beside what the same transcripts reach against other canaries' texts."""
    chance = "" if arm.chance is None else f" (chance {percent(arm.chance)})"
    return percent(arm.accuracy) + chance


def controls_words(results: Results) -> list[str]:
    """What the controls showed, a sentence each: those that decide first."""
    shown = [_controls(results.controls)]
    if results.kit_controls is not None:
        shown.append(f"{_controls(results.kit_controls)} These do not decide, since others were given.")
    return shown


def _controls(controls: Controls) -> str:
    whose = "Controls" if controls.source == "kit" else "Your own controls"
    if controls.manifest is not None:
        whose += f" ({controls.manifest.name})"
    state = "passed" if controls.passed else "not passed"
    if controls.accuracy is None or controls.low is None or controls.chance is None:
        return f"{whose}: not measured, {state}."
    parts = [
        f"{percent(controls.accuracy)} of characters right, at least {percent(controls.low)} "
        f"(chance {percent(controls.chance)}), n = {controls.n}"
    ]
    others = controls.other_texts
    if others is not None:
        parts.append(
            f"the spoken text has {others.loss:.2f} nats a token, another control's {others.other_loss:.2f}, "
            f"and is the likelier one in {others.likelier} of {others.n}"
        )
    parts += [
        f"with the front end {short_name(trial.front_end)} it would be {percent(trial.accuracy)}"
        for trial in controls.front_ends
        if trial.better
    ]
    return f"{whose}: {state}: {'; '.join(parts)}."


def top_cell(results: Results) -> Cell:
    """The primary cell: fastest speed, most repetitions."""
    return max(results.cells, key=lambda cell: (cell.speed, cell.repetitions))


def meaning(results: Results) -> list[str]:
    """What was found, in sentences that carry their numbers, intervals and n."""
    cell = top_cell(results)
    gap = cell.accuracy_gap
    sentences = [
        f"Canaries that were {cell.repetitions} times in the training set were transcribed with "
        f"{percent(cell.inserted.accuracy)} of their characters right (n = {cell.inserted.n}); canaries that "
        f"never were in it with {percent(cell.held_out.accuracy)} (n = {cell.held_out.n}). The gap is "
        f"{gap.estimate:.2f} (95 % interval {gap.low:.2f} to {gap.high:.2f})."
    ]
    shown = detected([item for item in results.cells if item.speed == results.primary_speed])
    if shown:
        levels = ", ".join(str(item.repetitions) for item in sorted(shown, key=lambda item: item.repetitions))
        sentences.append(
            f"At {results.primary_speed:g} times speed memorisation is shown at {levels} repetitions "
            "(p at most 0.05, adjusted for the number of tests)."
        )
        sentences.extend(_half(results))
        sentences.append(
            "It is memorisation and not skill: which canaries went in was decided by fair coins, and the "
            "held-out twins were made in the same way."
        )
    else:
        sentences.append(
            f"At {results.primary_speed:g} times speed memorisation was not detected at this power. "
            "That is no proof of its absence."
        )
    return sentences


def _half(results: Results) -> list[str]:
    """Where half of the canaries are transcribed exactly, if the levels of the kit show it."""
    speed = next(item for item in results.speeds if item.speed == results.primary_speed)
    half = speed.recall_half
    if half is None or half.repetitions is None:
        return []
    return [
        f"Half of the canaries are transcribed without a fault at {half.repetitions:.1f} copies "
        f"({_half_limits(half)})."
    ]


def half_words(half: RecallHalf | None) -> str:
    """At how many copies half of the canaries are transcribed without a fault, as a sentence."""
    if half is None:
        return "One repetition level gives no curve."
    limits = _half_limits(half)
    if half.repetitions is not None:
        return (
            "Half recall (every second canary transcribed without a fault) lies at "
            f"{half.repetitions:.1f} copies ({limits})."
        )
    if half.status == "not reached":
        return f"Half recall is not reached by the most copies of this kit ({limits})."
    if half.status == "already reached":
        return f"Half recall lies below the fewest copies of this kit ({limits})."
    return "Half of the held-out canaries are read as well, so no number of copies can be named."


def _half_limits(half: RecallHalf) -> str:
    name = f"{percent(half.confidence)} interval"
    if half.high is None:
        return f"{name} from {half.low:.1f}, no upper limit"
    return f"{name} {half.low:.1f} to {half.high:.1f}"


def next_steps(results: Results) -> list[str]:
    """What the reader may do about the verdict."""
    if not results.controls.passed:
        return [
            "Look at what memaudit inspect-model says; mend front end, tokens or files until the controls "
            "are read; then score again."
        ]
    if results.verdict == "failed":
        return [
            "Look at the examples, and at the least number of repetitions where a gate fails.",
            "Deduplicate the training data or clip gradients for each example, train again, and score again "
            "with a fresh kit.",
        ]
    if results.verdict == "inconclusive":
        steps = [f"{gate.gate}: {gate.reason}." for gate in results.gates if gate.status == "inconclusive"]
        if not (results.injection.checked or results.injection.assumed):
            steps.append(
                "Prove with memaudit check-injection that the canaries were in the training set, or state it "
                "with --assume-injected."
            )
        return steps
    return ["Keep results.json and the kit's audit folder: they are the evidence for this verdict."]
