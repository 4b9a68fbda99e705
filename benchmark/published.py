"""Figures that others printed, as data: `results/published/<name>.csv` and `<name>_names.csv`.

The first file holds the facts (suite, task, embedder, metric, value, source, note) under the names
that the paper uses; the second says which task and which row of ours asks the same question. Tasks
called UM, WM and GM are the paper's own aggregates over all its tasks.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from benchmark.errors import BenchmarkError

AGGREGATES = ("UM", "WM", "GM")
FIGURE_COLUMNS = ["suite", "task", "embedder", "metric", "value", "source", "note"]
NAME_COLUMNS = ["what", "ours", "published"]
PERCENT_SUFFIX = "_percent"


@dataclass(frozen=True, kw_only=True)
class PublishedFigure:
    """One printed number; `value` is a fraction where the paper prints percent.

    `our_tasks` and `our_embedders` are the names on our side that it may stand beside.
    """

    suite: str
    task: str
    embedder: str
    metric: str
    value: float
    source: str
    note: str = ""
    our_tasks: tuple[str, ...] = ()
    our_embedders: tuple[str, ...] = ()


def load_published(name: str, folder: Path) -> tuple[PublishedFigure, ...]:
    """The figures of `Suite.published`, in file order; none for the empty name.

    Raises:
        BenchmarkError: a file is absent, has other columns, a value that is no number, or a figure twice.
    """
    if not name:
        return ()
    tasks, embedders = _names(folder / f"{name}_names.csv")
    figures: dict[tuple[str, str, str], PublishedFigure] = {}
    path = folder / f"{name}.csv"
    for line, row in enumerate(_rows(path, FIGURE_COLUMNS), start=2):
        metric, value = _fraction(row["metric"], row["value"], f"{path.name} line {line}")
        key = (row["task"], row["embedder"], metric)
        if key in figures:
            raise BenchmarkError(f"{path.name} line {line}: {', '.join(key)} stands there twice. Keep one of them.")
        figures[key] = PublishedFigure(
            suite=row["suite"],
            task=row["task"],
            embedder=row["embedder"],
            metric=metric,
            value=value,
            source=row["source"],
            note=row["note"],
            our_tasks=tuple(tasks[row["task"]]),
            our_embedders=tuple(embedders[row["embedder"]]),
        )
    return tuple(figures.values())


def _names(path: Path) -> tuple[defaultdict[str, list[str]], defaultdict[str, list[str]]]:
    """Their name -> our names, for tasks and for embedders."""
    known = {"task": defaultdict[str, list[str]](list), "embedder": defaultdict[str, list[str]](list)}
    for line, row in enumerate(_rows(path, NAME_COLUMNS), start=2):
        if row["what"] not in known:
            raise BenchmarkError(f"{path.name} line {line}: what={row['what']!r}; expected task or embedder.")
        known[row["what"]][row["published"]].append(row["ours"])
    return known["task"], known["embedder"]


def _rows(path: Path, columns: list[str]) -> list[dict[str, str]]:
    if not path.is_file():
        raise BenchmarkError(
            f"published figures {path.name} not found in {path.parent.name}/. "
            f"Add it with the columns {', '.join(columns)}, or clear `published` of the suite."
        )
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if reader.fieldnames != columns:
                raise BenchmarkError(f"{path.name}: found the columns {reader.fieldnames}, expected {columns}.")
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise BenchmarkError(f"{path.name} is no CSV in UTF-8 ({error}). Mend it, or restore it from git.") from None
    for line, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise BenchmarkError(f"{path.name} line {line}: expected {len(columns)} fields. Quote texts with commas.")
    return rows


def _fraction(metric: str, text: str, where: str) -> tuple[str, float]:
    """The metric's name and its value; percent are divided as decimals, so that 37.2 becomes 0.372."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise BenchmarkError(f"{where}: value {text!r} is no number.") from None
    if not value.is_finite():
        raise BenchmarkError(f"{where}: value {text!r} is not finite.")
    if metric.endswith(PERCENT_SUFFIX):
        return metric.removesuffix(PERCENT_SUFFIX), float(value / 100)
    return metric, float(value)
