"""What was audited and whether the audit could have seen anything: short answers for Markdown."""

from __future__ import annotations

from memaudit.audit.results import Results
from memaudit.report.markdown_text import code, escape
from memaudit.report.words import controls_words, p_text, percent, top_cell

MOST_FILES = 20
"""So many files of a model are named; results.json has them all."""


def model_words(results: Results) -> str:
    """The audited files by digest, and the family that ran them."""
    files = results.model.files
    family = f"family {code(results.model.adapter)}"
    if results.model.adapter == "transcripts":
        family = "transcripts of a system that memaudit did not run"
    if not files:
        return f"no files, {family}"
    named = ", ".join(f"{code(file.name)} (SHA-256 {code(file.sha256)})" for file in files[:MOST_FILES])
    more = len(files) - MOST_FILES
    return f"{named}{f' and {more} more files' if more > 0 else ''}; {family}"


def kit_words(results: Results) -> str:
    """The kit, its size and its commitment."""
    kit = results.kit
    state = "verified" if kit.commitment_verified else "not verified"
    return (
        f"{escape(kit.name)}: {kit.inserted} inserted against {kit.held_out} held-out canaries, "
        f"{kit.controls} controls; commitment {code(kit.commitment)}, {state}"
    )


def power_words(results: Results) -> str:
    """The smallest gap that the primary cell would show."""
    cell = top_cell(results)
    place = f"at {cell.repetitions} copies and {cell.speed:g} times speed"
    if cell.smallest_detectable_gap is None:
        return f"No gap {place} would be shown with a chance of 80 %."
    return (
        f"An accuracy gap of {cell.smallest_detectable_gap:.2f} {place} would be shown with a chance of 80 % "
        f"(n = {cell.inserted.n} inserted, {cell.held_out.n} held out)."
    )


def injection_words(results: Results) -> str:
    """Whether the canaries were in the training set."""
    known = results.injection
    if known.checked:
        return (
            f"checked in the training manifest: {known.missing or 0} of {results.kit.inserted} missing, "
            f"{known.leaked or 0} of {results.kit.held_out} held-out ones in it"
        )
    return "assumed on the user's word" if known.assumed else "no evidence"


def checks_words(results: Results) -> str:
    """What the audit's checks on itself showed."""
    checks = results.self_checks
    if checks is None:
        return "not made"
    trial = checks.a_a
    parts = [
        f"on arms drawn anew its test found something in {percent(trial.rate)} of {trial.audits} trials "
        f"({percent(trial.level)} allowed)"
    ]
    blind = checks.blind_baseline
    if blind is None:
        parts.append("no blind baseline")
    else:
        parts.append(
            f"without the model the kit's texts, audio and voices tell the arms apart with an AUC of "
            f"{blind.auc:.2f} (p {p_text(blind.p_value)}, n = {blind.canaries})"
        )
    return f"{'passed' if checks.passed else '**failed, which voids the verdict**'}: {'; '.join(parts)}"


GATES = {
    "default": "memaudit's default policy, since none were given",
    "given": "given to the command, not fixed before training",
    "pre-registered": "fixed in the kit before training",
}


def gates_words(results: Results) -> str:
    """Where the gates come from, and what they were held against."""
    told = GATES.get(results.policy, "unknown")
    earlier = results.baseline
    if earlier is None:
        return told
    kit = "the same kit" if earlier.paired else f"another kit, {escape(earlier.kit)}"
    return (
        f"{told}; in the place of their bounds the figures of an audit made {code(earlier.created)} with "
        f"{kit} (utterances SHA-256 {code(earlier.utterances_sha256)})"
    )


def fact_rows(results: Results) -> list[list[str]]:
    """(question, answer) pairs, in Markdown."""
    controls = " ".join(escape(item, 1000) for item in controls_words(results))
    return [
        ["What was audited?", model_words(results)],
        ["With which kit?", kit_words(results)],
        ["Could the audit have seen it?", f"{power_words(results)} {controls}"],
        ["Is the audit itself sound?", checks_words(results)],
        ["Were the canaries in the training set?", injection_words(results)],
        ["Where do the gates come from?", gates_words(results)],
    ]
