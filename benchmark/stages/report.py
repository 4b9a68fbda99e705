"""Stage report: verified cells to leaderboards. It selects by params.yaml and never lists folders."""

from __future__ import annotations

import contextlib
import json

from benchmark import cell_files, manifest, paths, plan, registry
from benchmark.audit import run as audit
from benchmark.board import Leaderboard
from benchmark.cell import Cell, NotRun
from benchmark.errors import BenchmarkError, CellError
from benchmark.files import write_bytes, write_json
from benchmark.leaderboard import build_leaderboard, with_remarks
from benchmark.params import Params
from benchmark.published import load_published
from benchmark.scoring import cell_fingerprint
from tasks.base import Predefined, Suite, Task


def run(params: Params) -> tuple[list[Leaderboard], list[str]]:
    """Write the leaderboards of the chosen suites; answers them, and what failed (refused cells, failed rows).

    A refused cell is shown as failed, with the reason; nothing of it reaches a score.
    """
    cells: dict[tuple[str, str], Cell] = {}
    absent: dict[tuple[str, str], NotRun] = {}
    suites = [registry.suite(name) for name in params.suites]
    for embedder in params.embedders:
        _collect(params, embedder, cells, absent)
    remarks = _remarks(registry.tasks_of(params.suites))
    boards = []
    for suite in suites:
        board = build_leaderboard(
            suite,
            registry.tasks(),
            cells,
            absent,
            list(params.embedders),
            load_published(suite.published, paths.PUBLISHED),
        )
        board = with_remarks(board, remarks)
        boards.append(board)
        _render(suite, board)
    _summaries(suites)
    problems = [f"{e} on {t}: {n.reason}" for (e, t), n in sorted(absent.items()) if n.state == "failed"]
    return boards, problems


def _remarks(tasks: list[Task]) -> dict[str, list[str]]:
    """What a reader must know of a task's data: that it leaks, what its audit found, clips that were left out."""
    found: dict[str, list[str]] = {}
    for task in tasks:
        leaks = task.split.leaks if isinstance(task.split, Predefined) else ""
        found[task.name] = [f"LEAKS: {leaks}."] if leaks else []
        with contextlib.suppress(BenchmarkError):  # a manifest that cannot be read fails its rows, with the reason
            listed = manifest.read(task.dataset)
            if listed is None:
                continue
            verdict = audit.verdict(task, listed)
            found[task.name].append(f"{verdict.line}." if verdict else "not audited.")
            if skipped := listed.skipped:
                clips = "1 broken clip" if len(skipped) == 1 else f"{len(skipped)} broken clips"
                found[task.name].append(f"{clips} left out ({', '.join(row['clip'] for row in skipped)}).")
    return found


def _collect(
    params: Params, embedder: str, cells: dict[tuple[str, str], Cell], absent: dict[tuple[str, str], NotRun]
) -> None:
    wanted = registry.tasks_of(params.suites)
    try:
        reasons = cell_files.read_not_run(embedder)
    except CellError as error:
        reasons = {task.name: NotRun(task=task.name, state="failed", reason=str(error)) for task in wanted}
    for task in wanted:
        key = (embedder, task.name)
        if task.name in reasons:
            absent[key] = _failed_since(embedder, task) or reasons[task.name]
            continue
        found = _cell(params, embedder, task)
        if isinstance(found, NotRun):
            absent[key] = found
        elif found is not None:
            cells[key] = found


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


def _render(suite: Suite, board: Leaderboard) -> None:
    from benchmark.render.folder import render_all

    render_all(board, paths.LEADERBOARD / suite.name)


def _summaries(suites: list[Suite]) -> None:
    """One summary and one table of points over the chosen suites: what `dvc metrics` and `dvc plots` read."""
    folders = {suite.name: paths.LEADERBOARD / suite.name for suite in suites}
    summary = {name: json.loads((folder / "summary.json").read_text()) for name, folder in folders.items()}
    write_json(paths.LEADERBOARD / "summary.json", summary)
    lines: list[str] = []
    for folder in folders.values():
        header, *rows = (folder / "points.csv").read_text().splitlines()
        lines += rows if lines else [header, *rows]
    write_bytes(paths.LEADERBOARD / "points.csv", ("\n".join(lines) + "\n").encode())
