"""The footnotes of a leaderboard: how its figures were made, said once for every renderer."""

from __future__ import annotations

from benchmark.board import Leaderboard
from benchmark.render.base import DAGGER, NOT_ESTIMABLE, plain

ELSEWHERE = (
    "Rows that others printed and that no embedder here stands for, chosen on test; the UM as printed is over all "
    "tasks of the paper."
)


def oracle_label(leaderboard: Leaderboard) -> str:
    """The one label of oracle figures."""
    who = "the paper reports" if leaderboard.suite.published else "older papers report"
    return f"oracle: best head on test — how {who}, not our score"


def published_label() -> str:
    """The one label of figures that others printed."""
    return "published: printed by others, chosen on test; compare it with the oracle only"


def footnotes(leaderboard: Leaderboard) -> list[str]:
    """Sentences in plain text, in reading order; only what applies to this leaderboard."""
    columns = list({c.key: c for section in leaderboard.sections for c in section.columns}.values())
    several = any(not section.single for section in leaderboard.sections)
    notes = [
        "Score: the metric over all predicted clips together, in percent. Heads and their settings are chosen on "
        "validation, fold by fold; test is looked at once.",
        *_intervals(leaderboard),
        *_contaminated(leaderboard),
    ]
    if several:
        notes.append(
            "UM is the mean of the task scores, WM weights it by predicted clips, GM is the geometric mean; mean rank "
            "averages the ranks on the tasks. Only a row with every task of the table has them; ranks compare the rows "
            "that have the task."
        )
    if lacking := [column.key for section in leaderboard.lacking for column in section.columns]:
        notes.append(f"Tasks of the suite without any result here, in no mean and no rank: {_list(lacking)}.")
    if any(column.mode == "none" for column in columns):
        notes.append("The heads ran with their default settings (mode none), without a grid.")
    if synthetic := [column.key for column in columns if column.synthetic]:
        notes.append(
            f"Synthetic corpora, generated to try the benchmark, say nothing of real audio: {_list(synthetic)}."
        )
    if transductive := [column.key for column in columns if column.normalisation == "group"]:
        notes.append(
            "Transductive: each group (speaker) is standardised by its own statistics, test clips included, on "
            f"{_list(transductive)}."
        )
    if variants := [column.key for column in columns if column.variant]:
        notes.append(
            f"A variant differs from the official set and is not ranked with it: {_list(variants)}. "
            + ("Published figures are on the official sets." if leaderboard.suite.published else "")
        )
    notes += [f"{column.key}: {remark}" for column in columns for remark in column.remarks]
    if any(entry.primary and entry.primary.oracle is not None for _, _, entry in leaderboard.entries()):
        notes.append(_sentence(oracle_label(leaderboard)))
    if leaderboard.published_rows or any(entry.published for _, _, entry in leaderboard.entries()):
        notes.append(f"{_sentence(published_label())} Source: {_list(_sources(leaderboard))}.")
    if leaderboard.suite.note:
        notes.append(leaderboard.suite.note)
    return [plain(note) for note in notes]


def _contaminated(leaderboard: Leaderboard) -> list[str]:
    found = leaderboard.contaminated
    if not found:
        return []
    told = sorted({f"{entry.embedder} on {column.key} ({'; '.join(entry.seen)})" for column, entry in found})
    count = "1 score is" if len(found) == 1 else f"{len(found)} scores are"
    return [
        f"{DAGGER} {count} of models that were trained on the task's corpus, or on one that may share recordings with "
        f"it: {_list(told)}. Means and ranks count them; a table of its own leaves them out. Training sets are as "
        "declared."
    ]


def _intervals(leaderboard: Leaderboard) -> list[str]:
    intervals = [e.primary.interval for _, _, e in leaderboard.entries() if e.primary and e.primary.interval]
    made = sorted({(interval.level, interval.method) for interval in intervals if interval.low is not None})
    reasons = sorted({interval.reason for interval in intervals if interval.low is None and interval.reason})
    notes = [
        f"In brackets the {100 * level:g} % interval ({method}), conditional on the trained probes and the split."
        for level, method in made
    ]
    if reasons:
        notes.append(f"{NOT_ESTIMABLE} stands for no interval; {'; '.join(reasons)}.")
    return notes


def _sources(leaderboard: Leaderboard) -> list[str]:
    beside = {entry.published.source for _, _, entry in leaderboard.entries() if entry.published}
    return sorted(beside | {f.source for row in leaderboard.published_rows for f in row.figures if f})


def _sentence(label: str) -> str:
    return f"{label[0].upper()}{label[1:]}."


def _list(names: list[str]) -> str:
    return ", ".join(names)
