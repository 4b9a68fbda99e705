"""`moodbench show`: one cell as a person wants to read it."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from benchmark import cell_files, manifest, paths, registry
from benchmark.cell import Cell, FoldResult
from benchmark.errors import BenchmarkError, ParamsError, UnknownNameError


def show(name: str) -> None:
    """Print the cell `EMBEDDER/TASK`, verified.

    Raises:
        ParamsError: the name has another form.
        UnknownNameError: no such embedder or task has a cell.
        CellError: the cell does not hold together.
    """
    embedder, _, task = name.partition("/")
    task = task.split("@")[0]
    if not embedder or not task:
        raise ParamsError(f"cell {name!r}: expected EMBEDDER/TASK, such as those below results/cells/.")
    folders = [p.name for p in paths.CELLS.iterdir() if p.is_dir()] if paths.CELLS.is_dir() else []
    if embedder not in folders:
        raise UnknownNameError("embedder (with cells)", embedder, folders, "Run 'moodbench run' first.")
    listed = manifest.read(registry.task(task).dataset)
    file = paths.cell(embedder, task, listed.variant if listed else "")
    if not file.is_file():
        absent = cell_files.read_not_run(embedder).get(task)
        state, reason = (
            (absent.state, absent.reason.rstrip(".")) if absent else ("not scored", "there is no result yet")
        )
        way_out = absent.way_out if absent else "Run 'moodbench run' with a suite that holds the task (moodbench use)."
        raise BenchmarkError(f"no cell of {embedder} on {task}: {state}: {reason}. {way_out}".rstrip())
    cell, _ = cell_files.read(file, embedder=embedder, task=task)
    _print(cell, Console(width=None if sys.stdout.isatty() else 110, highlight=False, markup=False))


def _print(cell: Cell, console: Console) -> None:
    variant = f" (variant {cell.variant})" if cell.variant else ""
    synthetic = ", synthetic" if cell.synthetic else ""
    console.print(f"{cell.embedder} on {cell.task_title}{variant}{synthetic}")
    console.print(
        f"{cell.clips} predicted clips of {cell.groups} groups, {len(cell.classes)} classes: {', '.join(cell.classes)}"
    )
    console.print(f"{cell.split}; normalisation {cell.normalisation}; vectors of {cell.dim} numbers; probe {cell.mode}")
    for note in cell.notes:
        console.print(f"note: {note}")
    console.print()
    scores = Table("metric", "score", "interval", "oracle (not our score)", box=None, pad_edge=False)
    for metric, value in cell.scores.items():
        interval = cell.intervals[metric]
        known = interval.low is not None and interval.high is not None
        limits = f"[{interval.low:.4f}, {interval.high:.4f}]" if known else interval.reason
        mark = " (primary)" if metric == cell.metric else ""
        scores.add_row(metric + mark, f"{value:.4f}", limits, f"{cell.oracle.scores[metric]:.4f} ({cell.oracle.head})")
    console.print(scores)
    console.print()
    folds = Table(
        "fold", "train", "valid.", "test", "chosen", "point", "validation", "test score", box=None, pad_edge=False
    )
    for fold in cell.folds:
        folds.add_row(*_fold(fold, cell.metric))
    console.print(folds)
    console.print(f"\nfingerprint {cell.fingerprint}\nvectors     {cell.vectors_fingerprint}")


def _fold(fold: FoldResult, metric: str) -> list[str]:
    chosen = next(head for head in fold.heads if head.head == fold.chosen)
    point = ", ".join(f"{key}={value}" for key, value in (chosen.params or {}).items()) or "defaults"
    figures = [chosen.validation, (chosen.test or {}).get(metric)]
    sizes = [str(n) for n in (fold.fold, fold.train, fold.validation, fold.test)]
    return [*sizes, fold.chosen, point, *("–" if figure is None else f"{figure:.4f}" for figure in figures)]
