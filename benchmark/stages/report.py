"""Stage report: verified cells to leaderboards. It selects by params.yaml and never lists folders."""

from __future__ import annotations

import contextlib
import dataclasses
import json

from benchmark import counted, manifest, models, paths, registry
from benchmark.audit import run as audit
from benchmark.board import Leaderboard, Section
from benchmark.cell import Cell, NotRun
from benchmark.embedder_spec import EmbedderSpec
from benchmark.errors import BenchmarkError
from benchmark.files import write_bytes, write_json
from benchmark.leaderboard import build_leaderboard, with_remarks, with_training
from benchmark.params import Params
from benchmark.published import load_published
from tasks.base import Predefined, Suite, Task


def run(params: Params) -> tuple[list[Leaderboard], list[str]]:
    """Write the leaderboards of the chosen suites; answers them, and what failed (refused cells, failed rows).

    A refused cell is shown as failed, with the reason; nothing of it reaches a score.
    """
    cells: dict[tuple[str, str], Cell] = {}
    absent: dict[tuple[str, str], NotRun] = {}
    suites = [registry.suite(name) for name in params.suites]
    rows = models.specs(params)
    for embedder in params.embedders:
        for task, found in counted.of_row(params, embedder, registry.tasks_of(params.suites)).items():
            if isinstance(found, NotRun):
                absent[embedder, task] = found
            else:
                cells[embedder, task] = found
    remarks = _remarks(registry.tasks_of(params.suites))
    boards = []
    for suite in suites:
        board = with_remarks(_board(suite, rows, cells, absent), remarks)
        boards.append(board)
        _render(suite, board)
    _summaries(suites)
    problems = [f"{e} on {t}: {n.reason}" for (e, t), n in sorted(absent.items()) if n.state == "failed"]
    return boards, problems


def _board(
    suite: Suite,
    rows: list[EmbedderSpec],
    cells: dict[tuple[str, str], Cell],
    absent: dict[tuple[str, str], NotRun],
) -> Leaderboard:
    """One suite, with what its rows are; once more without the scores of models that know the recordings."""
    tasks, names = registry.tasks_of([suite.name]), [spec.name for spec in rows]
    published = load_published(suite.published, paths.PUBLISHED)
    board = build_leaderboard(suite, registry.tasks(), cells, absent, names, published)
    seen = models.contaminated(rows, tasks)
    clean: tuple[Section, ...] = ()
    if seen.keys() & cells.keys():
        left_out = {
            (name, task): NotRun(task=task, state="unavailable", reason=f"trained on {', '.join(sets)}")
            for (name, task), sets in seen.items()
        }
        others = {key: cell for key, cell in cells.items() if key not in seen}
        clean = build_leaderboard(suite, registry.tasks(), others, {**absent, **left_out}, names).sections
    board = with_training(board, seen, clean)
    return dataclasses.replace(board, models=tuple(models.of_rows(rows, tasks, cells)))


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
