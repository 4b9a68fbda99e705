"""Tables for machines: unrounded CSV, and the small files that `dvc metrics` and `dvc plots` read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence

from benchmark.board import Column, Entry, Leaderboard, MetricValue
from benchmark.render.base import plain

Value = str | int | float | None

LONG_COLUMNS = (
    "suite", "task", "variant", "kind", "embedder", "state", "metric", "primary", "value", "low", "high", "level",
    "interval_method", "clips", "groups", "classes", "rank", "oracle", "oracle_head", "published", "published_source",
    "scored_tasks", "suite_tasks", "synthetic", "normalisation", "split", "protocol", "contaminated",
    "trained_on", "parameters", "dim", "bytes_per_hour", "reason", "way_out",
)  # fmt: skip
POINT_COLUMNS = ("embedder", "task", "score", "low", "high", "contaminated")
FORMULA = ("=", "+", "-", "@")


def scores_csv(leaderboard: Leaderboard) -> str:
    """One line for each metric of each scored entry, and one for each entry without a score."""
    lines: list[tuple[Value, ...]] = []
    for section in (*leaderboard.sections, *leaderboard.lacking):
        for row in section.rows:
            for column, entry in zip(section.columns, row.entries, strict=True):
                for value in entry.metrics or (None,):
                    facts = _facts(leaderboard, column, entry, value)
                    facts |= {"kind": section.kind, "scored_tasks": row.scored, "suite_tasks": row.tasks}
                    lines.append(tuple(facts.get(name) for name in LONG_COLUMNS))
    return _csv(LONG_COLUMNS, lines)


def _facts(leaderboard: Leaderboard, column: Column, entry: Entry, value: MetricValue | None) -> dict[str, Value]:
    facts: dict[str, Value] = {
        "suite": leaderboard.suite.name,
        "task": column.task.name,
        "variant": column.variant,
        "embedder": entry.embedder,
        "state": entry.state,
        "metric": value.metric if value else column.task.metric,
        "primary": "yes",
        "synthetic": "yes" if column.synthetic else "no",
        "normalisation": column.normalisation,
        "split": column.split,
        "protocol": leaderboard.protocol_version,
        "contaminated": "yes" if entry.contaminated else "no",
        "reason": entry.reason,
        "way_out": entry.way_out,
        **_model(leaderboard, entry.embedder),
    }
    if entry.published and entry.published.metric == facts["metric"]:
        facts |= {"published": entry.published.value, "published_source": entry.published.source}
    if value is None:
        return facts
    primary = value == entry.primary
    facts |= {
        "primary": "yes" if primary else "no",
        "value": value.value,
        "clips": entry.clips,
        "groups": column.groups,
        "classes": len(column.classes),
        "rank": entry.rank if primary else None,
        "oracle": value.oracle,
        "oracle_head": entry.oracle_head if value.oracle is not None else None,
    }
    if value.interval:
        interval = value.interval
        facts |= {"low": interval.low, "high": interval.high, "level": interval.level}
        facts |= {"interval_method": interval.method, "groups": interval.groups}
    return facts


def _model(leaderboard: Leaderboard, embedder: str) -> dict[str, Value]:
    for model in leaderboard.models:
        if model.embedder == embedder:
            return {
                "trained_on": "; ".join(model.training_sets),
                "parameters": model.parameters,
                "dim": model.dim,
                "bytes_per_hour": model.bytes_per_hour,
            }
    return {}


def wide_csv(leaderboard: Leaderboard) -> str:
    """One line a row; score, low and high of each column. `section` tells which lines are comparable."""
    keys = list(dict.fromkeys(column.key for section in leaderboard.sections for column in section.columns))
    aggregates = ("um", "wm", "gm", "mean_rank")
    header = ["section", "embedder", *aggregates, "scored_tasks", "suite_tasks"]
    header += ["contaminated_tasks", "trained_on", "parameters", "dim", "bytes_per_hour"]
    header += [f"{key}{suffix}" for key in keys for suffix in ("", "_low", "_high")]
    lines: list[tuple[Value, ...]] = []
    for index, section in enumerate(leaderboard.sections, start=1):
        for row in section.rows:
            facts: dict[str, Value] = {
                "section": index,
                "embedder": row.embedder,
                "scored_tasks": row.scored,
                "suite_tasks": row.tasks,
                "contaminated_tasks": row.contaminated,
                **_model(leaderboard, row.embedder),
            }
            if row.suite_score:
                facts |= {name: getattr(row.suite_score, name) for name in aggregates}
            for column, entry in zip(section.columns, row.entries, strict=True):
                if entry.primary:
                    interval = entry.primary.interval
                    facts[column.key] = entry.primary.value
                    facts[f"{column.key}_low"] = interval.low if interval else None
                    facts[f"{column.key}_high"] = interval.high if interval else None
            lines.append(tuple(facts.get(name) for name in header))
    return _csv(header, lines)


def points_csv(leaderboard: Leaderboard) -> str:
    """For `dvc plots`: the primary score of each entry that has one, with its interval."""
    lines: list[tuple[Value, ...]] = []
    for _, column, entry in leaderboard.entries():
        if entry.primary:
            interval = entry.primary.interval
            low, high = (interval.low, interval.high) if interval else (None, None)
            lines.append(
                (entry.embedder, column.key, entry.primary.value, low, high, "yes" if entry.contaminated else "no")
            )
    return _csv(POINT_COLUMNS, sorted(lines, key=lambda line: (str(line[1]), str(line[0]))))


def summary_json(leaderboard: Leaderboard) -> str:
    """For `dvc metrics show`: per embedder the coverage, the suite score if it has one, and its task scores."""
    summary: dict[str, dict[str, object]] = {}
    several_kinds = len({section.kind for section in leaderboard.sections}) > 1
    for section in leaderboard.sections:
        for row in section.rows:
            facts: dict[str, object] = {"coverage": row.coverage}
            if score := row.suite_score:
                named = {"UM": score.um, "WM": score.wm, "GM": score.gm, "mean_rank": score.mean_rank}
                facts |= {name: value for name, value in named.items() if value is not None}
            facts["tasks"] = {
                column.key: entry.primary.value
                for column, entry in zip(section.columns, row.entries, strict=True)
                if entry.primary
            }
            if row.contaminated:
                pairs = zip(section.columns, row.entries, strict=True)
                facts["contaminated"] = [column.key for column, entry in pairs if entry.contaminated]
            if several_kinds:
                summary.setdefault(row.embedder, {})[section.kind] = facts
            else:
                summary[row.embedder] = facts
    return json.dumps(summary, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _csv(header: Sequence[str], lines: Iterable[Sequence[Value]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_cell(name) for name in header])
    writer.writerows([_cell(value) for value in line] for line in lines)
    return text.getvalue()


def _cell(value: Value) -> str:
    """Numbers as `repr` gives them; text on one line, and never read as a formula by a spreadsheet."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return repr(value)
    line = plain(value)
    return f"'{line}" if line.startswith(FORMULA) else line
