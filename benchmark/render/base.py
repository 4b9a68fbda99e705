"""What all renderers share: one way to write a number, one to name a thing, one to say a state.

Names, reasons and notes come from users; `plain` makes them one printable line, and each renderer
then escapes them for its own format.
"""

from __future__ import annotations

import unicodedata

from benchmark.board import Column, Entry, Leaderboard, MetricValue, Row, Section
from benchmark.cell import Interval

PERCENT_METRICS = {"accuracy": "accuracy", "uar": "UAR", "macro_f1": "macro-F1"}
AGGREGATE_TITLES = ("UM", "WM", "GM", "mean rank")
NOTHING = "–"
NOT_ESTIMABLE = "[–]"
DAGGER = "†"  # of a score whose model may know the recordings
WITHOUT = "Without scores of models that were trained on the task's corpus"


def plain(text: str) -> str:
    """`text` on one line: control and invisible characters become blanks, runs of blanks one."""
    visible = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    return " ".join(visible.split())


def metric_title(metric: str) -> str:
    """E.g. "macro-F1"."""
    return PERCENT_METRICS.get(metric, plain(metric))


def number(metric: str, value: float) -> str:
    """Percent with one decimal for proportions, three decimals for the rest."""
    return f"{100 * value:.1f}" if metric in PERCENT_METRICS else f"{value:.3f}"


def limits(metric: str, interval: Interval | None) -> str:
    """E.g. "[70.1, 78.3]", or `NOT_ESTIMABLE`."""
    if interval is None or interval.low is None or interval.high is None:
        return NOT_ESTIMABLE
    return f"[{number(metric, interval.low)}, {number(metric, interval.high)}]"


def figure(value: MetricValue) -> str:
    """E.g. "74.2 [70.1, 78.3]"."""
    return f"{number(value.metric, value.value)} {limits(value.metric, value.interval)}"


def suite_scores(row: Row, section: Section) -> tuple[str, ...]:
    """UM, WM, GM and mean rank of a row as text, `NOTHING` for an incomplete one."""
    score = row.suite_score
    if score is None:
        return (NOTHING,) * len(AGGREGATE_TITLES)
    metrics = {column.task.metric for column in section.columns}
    scale = "accuracy" if metrics.issubset(PERCENT_METRICS) else "mixed"
    means = [NOTHING if mean is None else number(scale, mean) for mean in (score.um, score.wm, score.gm)]
    mark = DAGGER if row.contaminated else ""
    return (*(text if text == NOTHING else f"{text}{mark}" for text in means), f"{score.mean_rank:.2f}{mark}")


def dagger(entry: Entry) -> str:
    """The mark of a contaminated score, "" for others."""
    return DAGGER if entry.contaminated else ""


def models_table(leaderboard: Leaderboard) -> tuple[list[str], list[list[str]]]:
    """Header and lines of what the rows are; no lines where that is not known."""
    header = ["embedder", "parameters", "dim", "vector bytes an hour of audio", "trained on"]
    lines = [
        [
            plain(model.embedder),
            NOTHING if model.parameters is None else f"{model.parameters:,}",
            NOTHING if model.dim is None else f"{model.dim:,}",
            NOTHING if model.bytes_per_hour is None else f"{model.bytes_per_hour:,.0f}",
            plain(", ".join(model.training_sets)) or ("nothing" if model.parameters == 0 else "not declared"),
        ]
        for model in leaderboard.models
    ]
    return header, lines


def column_title(column: Column) -> str:
    """The column's key and metric, marked when the corpus is generated."""
    return f"{column.key} ({'synthetic, ' if column.synthetic else ''}{metric_title(column.task.metric)})"


def heading(leaderboard: Leaderboard) -> str:
    """The suite's title, marked when all of it is generated."""
    title = plain(leaderboard.suite.title)
    return f"{title} (synthetic)" if leaderboard.synthetic and "synthetic" not in title.lower() else title


def score_header(section: Section) -> list[str]:
    """Titles of the score table: name, aggregates unless one task says all, tasks, coverage."""
    aggregates = () if section.single else AGGREGATE_TITLES
    return ["embedder", *aggregates, *(column_title(column) for column in section.columns), "coverage"]


def comparison(section: Section) -> tuple[list[str], list[list[str]]]:
    """Header and lines of the oracle and published figures, a table of their own so that nobody takes them for scores.

    Rows with neither are left out, and so are published columns without a figure.
    """
    shown = [row for row in section.rows if any(entry.published or entry.primary for entry in row.entries)]
    header, lines = ["embedder"], [[plain(row.embedder)] for row in shown]
    for position, column in enumerate(section.columns):
        entries = [row.entries[position] for row in shown]
        header.append(f"{column.key}: oracle (head)")
        for line, entry in zip(lines, entries, strict=True):
            line.append(oracle_text(entry))
        if any(entry.published for entry in entries):
            header.append(f"{column.key}: published")
            for line, entry in zip(lines, entries, strict=True):
                line.append(published_text(entry))
    return header, lines


def elsewhere(leaderboard: Leaderboard) -> tuple[list[str], list[list[str]]]:
    """Header and lines of the printed rows that no embedder here stands for."""
    header = ["published row", *leaderboard.published_tasks, "UM as printed"]
    lines = [
        [plain(row.embedder), *(number(f.metric, f.value) if f else NOTHING for f in (*row.figures, row.um))]
        for row in leaderboard.published_rows
    ]
    return header, lines


def section_title(section: Section, leaderboard: Leaderboard) -> str:
    """What tells this section from the others; "" when there is only one and nothing to say."""
    parts = [section.kind] if len({other.kind for other in leaderboard.sections}) > 1 else []
    if section.variants:
        parts.append(f"on variants of the official sets: {', '.join(section.variants)}")
    elif len(leaderboard.sections) > 1:
        parts.append("on the official sets")
    title = plain("; ".join(parts))
    return title[:1].upper() + title[1:]


def oracle_text(entry: Entry) -> str:
    """E.g. "86.9 (svc)", `NOTHING` where there is none."""
    primary = entry.primary
    if primary is None or primary.oracle is None:
        return NOTHING
    return f"{number(primary.metric, primary.oracle)}{dagger(entry)} ({plain(entry.oracle_head)})"


def published_text(entry: Entry) -> str:
    """The printed figure that stands beside, or `NOTHING`."""
    return number(entry.published.metric, entry.published.value) if entry.published else NOTHING


def chosen_text(entry: Entry) -> str:
    """E.g. "svc 3, lda 2": how many folds chose which head on validation."""
    return ", ".join(f"{plain(head)} {folds}" for head, folds in entry.chosen) or NOTHING


def absent(leaderboard: Leaderboard) -> list[tuple[str, str, str, str, str]]:
    """What has no score: embedders, columns, state, reason, way out; a reason that several share stands once."""
    columns: dict[tuple[str, str, str, str], list[str]] = {}
    for _, column, entry in leaderboard.entries():
        if entry.state != "scored":
            why = (plain(entry.embedder), entry.state, _sentence(entry.reason), plain(entry.way_out))
            columns.setdefault(why, []).append(column.key)
    embedders: dict[tuple[str, str, str, str], list[str]] = {}
    for (embedder, state, reason, way_out), keys in sorted(columns.items()):
        embedders.setdefault((", ".join(sorted(keys)), state, reason, way_out), []).append(embedder)
    return sorted((", ".join(names), *shared) for shared, names in embedders.items())


def _sentence(reason: str) -> str:
    text = plain(reason)
    return text if text.endswith((".", "!", "?")) else f"{text}."
