"""`moodbench sweep`: which row of a sweep is best, by validation scores; test scores are not looked at."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from benchmark import counted, params, plan, registry
from benchmark.cell import Cell, NotRun
from benchmark.embedder_spec import is_as_planned, resolve
from benchmark.errors import BenchmarkError, UnknownNameError
from benchmark.params import ORIGINS, EmbedderEntry, Params


@dataclass(frozen=True)
class Standing:
    """A row of a sweep: what sets it apart, and its validation score on each task that it was scored on."""

    row: str
    settings: str
    scores: dict[str, float]
    reason: str = ""  # of one without scores


def rows_of(name: str, found: Params) -> dict[str, EmbedderEntry]:
    """The rows of a sweep: called NAME or NAME_…, all of one model and one weights file.

    Raises:
        UnknownNameError: fewer than two rows are so.
    """
    largest = _largest(name, found)
    if len(largest) < 2:
        beginnings = {row[:place] for row in found.embedders for place, sign in enumerate(row) if sign == "_"}
        raise UnknownNameError(
            "sweep",
            name,
            [each for each in beginnings if len(_largest(each, found)) > 1],
            f"Expected two rows or more whose names begin with '{name}_', of one model: moodbench register {name} … "
            "--sweep argument=value,value.",
        )
    return largest


def _largest(name: str, found: Params) -> dict[str, EmbedderEntry]:
    """Of the rows that are called so, the most that are of one model."""
    groups: dict[tuple[str | None, ...], dict[str, EmbedderEntry]] = {}
    for row, entry in found.embedders.items():
        if row == name or row.startswith(f"{name}_"):
            given = {origin: getattr(entry, origin) for origin in ORIGINS}
            if not any(given.values()):  # the catalogue's row of that name
                given["like"] = row
            groups.setdefault((*given.values(), entry.weights), {})[row] = entry
    return max(groups.values(), key=len, default={})


def standings(name: str, found: Params) -> list[Standing]:
    """Every row of a sweep with the mean over folds of its chosen heads' validation scores, task by task.

    Only cells count that would stand in a table now; a row that was changed since it was planned has none.
    """
    rows = rows_of(name, found)
    tasks = registry.tasks_of(found.suites)
    answer = []
    for row, entry in rows.items():
        cells = {} if _was_changed(row, entry) else counted.of_row(found, row, tasks)
        scores: dict[str, float] = {}
        for task, cell in cells.items():
            score = validation_score(cell) if isinstance(cell, Cell) else None
            scores |= {task: score} if score is not None else {}
        reasons = [cell.reason for cell in cells.values() if isinstance(cell, NotRun)]
        without = "" if scores else next(iter(reasons), "not run as it is now")
        answer.append(Standing(row, _apart(entry, rows), scores, without))
    return answer


def _was_changed(row: str, entry: EmbedderEntry) -> bool:
    """Whether a row is another one than in its plan, so that what it was scored on says nothing of it."""
    try:
        planned = plan.read(row).identity
    except BenchmarkError:
        return False  # never prepared here: the cells of the clone are all there is
    try:
        return not is_as_planned(resolve(row, entry), planned)
    except BenchmarkError:
        return True  # its model is not found any more


def validation_score(cell: Cell) -> float | None:
    """The task's primary metric on validation: the mean over folds, of the head chosen in each; None without any."""
    found = [head.validation for fold in cell.folds for head in fold.heads if head.head == fold.chosen]
    known = [value for value in found if value is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(found) else None


def best(rows: list[Standing]) -> tuple[Standing, list[str]]:
    """The row with the highest mean validation score over the tasks that every scored row has, and these tasks.

    Of equal rows the first in params.yaml. Rows without any score are left out.

    Raises:
        BenchmarkError: there is no such task.
    """
    scored = [row for row in rows if row.scores]
    common = [task for task in (scored[0].scores if scored else ()) if all(task in row.scores for row in scored)]
    if not common:
        what = "no task in common with a validation score" if scored else "no validation score yet"
        lacking = "; ".join(f"{row.row}: {row.reason}" for row in rows if row.reason)
        raise BenchmarkError(
            f"the rows of this sweep have {what}{f' ({lacking})' if lacking else ''}, expected one. Run 'moodbench "
            "run' first."
        )
    return max(scored, key=lambda row: mean_over(row, common)), common


def mean_over(row: Standing, tasks: list[str]) -> float:
    """The mean of a row's validation scores over tasks."""
    return math.fsum(row.scores[task] for task in tasks) / len(tasks)


def _apart(entry: EmbedderEntry, rows: Mapping[str, EmbedderEntry]) -> str:
    """The arguments in which a row differs from another of its sweep."""
    keys = dict.fromkeys(key for each in rows.values() for key in each.kwargs)
    differ = [key for key in keys if any(each.kwargs.get(key) != entry.kwargs.get(key) for each in rows.values())]
    return ", ".join(f"{key}={entry.kwargs[key]}" for key in differ if key in entry.kwargs) or "as it is"


def show(name: str) -> None:
    """Print the rows of a sweep and name the best by validation score."""
    rows = standings(name, params.load())
    winner, tasks = best(rows)
    table = Table(
        "row", "settings", f"validation score ({len(tasks)} task{'s' * (len(tasks) > 1)})", box=None, pad_edge=False
    )
    scored = [row for row in rows if row.scores]
    for row in sorted(scored, key=lambda each: -mean_over(each, tasks)):
        table.add_row(row.row, row.settings, f"{mean_over(row, tasks):.4f}")
    console = Console(width=None if sys.stdout.isatty() else 110, markup=False, highlight=False)
    console.print(table)
    for row in rows:
        if row.reason:
            console.print(f"Not compared: {row.row} ({row.settings}): {row.reason.rstrip('.')}.", soft_wrap=True)
    left_out = sorted({task for row in rows for task in row.scores} - set(tasks))
    if left_out:
        console.print(f"Left out, for not every row was scored on them: {', '.join(left_out)}.")
    console.print(f"Best by validation score: {winner.row} ({winner.settings}), over {', '.join(tasks)}.")
