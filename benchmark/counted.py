"""Which cells of a row count now, and why others do not: edited, made from other inputs, of a model failed since."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from benchmark import cell_files, manifest, paths, plan
from benchmark.cell import Cell, NotRun
from benchmark.errors import BenchmarkError, CellError
from benchmark.params import Params
from benchmark.scoring import cell_fingerprint
from tasks.base import Task


def of_row(params: Params, embedder: str, wanted: Iterable[Task]) -> dict[str, Cell | NotRun]:
    """The verified cell of each task, or why none counts; a task that was never scored is left out."""
    tasks = list(wanted)
    try:
        reasons = cell_files.read_not_run(embedder)
    except CellError as error:
        reasons = {task.name: NotRun(task=task.name, state="failed", reason=str(error)) for task in tasks}
    answer: dict[str, Cell | NotRun] = {}
    for task in tasks:
        if task.name in reasons:
            answer[task.name] = _failed_since(embedder, task) or reasons[task.name]
        elif (found := _cell(params, embedder, task)) is not None:
            answer[task.name] = found
    return answer


def _cell(params: Params, embedder: str, task: Task) -> Cell | NotRun | None:
    """The verified cell, None where there is none, or why the one on disk does not count."""
    try:
        listed = manifest.read(task.dataset)
        file = paths.cell(embedder, task.name, listed.variant if listed else "")
        if listed is None or not file.is_file():
            return _failed_since(embedder, task)
        cell, _ = cell_files.read(file, embedder=embedder, task=task.name)
        expected = cell_fingerprint(task, listed, params.probe, cell.vectors_fingerprint)
    except BenchmarkError as error:
        return NotRun(task=task.name, state="failed", reason=str(error))
    if (newer := _newer_inputs(embedder, task, cell)) is not None:
        return newer
    if cell.fingerprint != expected:
        reason = "its cell was made by other code, settings, labels or folds than the present ones"
        return NotRun(task=task.name, state="unavailable", reason=reason, way_out="Run 'moodbench run'.")
    try:
        cell_files.check_asked(cell, task, listed, params.probe)
    except CellError as error:
        return NotRun(task=task.name, state="failed", reason=str(error))
    return cell


def _failed_since(embedder: str, task: Task) -> NotRun | None:
    """Why the present embedder could not embed, if so; `evaluate`, which records reasons, did not run after it."""
    with contextlib.suppress(BenchmarkError):
        wanted = plan.read(embedder).datasets.get(task.dataset)
        left = plan.read_status(embedder).datasets.get(task.dataset)
        same = wanted is not None and left is not None and wanted.vectors_fingerprint == left.vectors_fingerprint
        if left is not None and same and left.readiness.state == "failed":
            return NotRun(task=task.name, **left.readiness.model_dump())
    return None


def _newer_inputs(embedder: str, task: Task, cell: Cell) -> NotRun | None:
    """Why a cell does not stand for the embedder as it is now: its vectors have changed since, or could not be made.

    A failed embed stage keeps DVC from its evaluate stage, so the old cell is still there.
    """
    try:
        wanted = plan.read(embedder).datasets.get(task.dataset)
    except BenchmarkError:
        return None  # never prepared here: the cells of the clone are all there is
    if wanted is None or wanted.vectors_fingerprint in (None, cell.vectors_fingerprint):
        return None
    why = wanted.readiness
    with contextlib.suppress(BenchmarkError):
        why = plan.read_status(embedder).datasets.get(task.dataset, wanted).readiness
    return NotRun(
        task=task.name,
        state="failed" if why.state == "failed" else "unavailable",
        reason=why.reason or "its cell was made from other vectors than the present embedder's",
        way_out=why.way_out or "Run 'moodbench run'.",
    )
