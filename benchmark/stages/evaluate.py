"""Stage evaluate: one embedder's vectors to cells, one for every task of the chosen suites."""

from __future__ import annotations

import json
import time
from pathlib import Path

from benchmark import cell_files, manifest, paths, plan, provenance, registry, scoring, store
from benchmark.audit import run as audit
from benchmark.cell import NotRun
from benchmark.errors import BenchmarkError, CellError, StoreError
from benchmark.files import LOCK_SECONDS, held
from benchmark.manifest import Manifest
from benchmark.params import Params
from benchmark.plan import DatasetPlan, Readiness
from benchmark.progress import bar, say
from benchmark.scorable import not_scored
from benchmark.scoring import Outcome, Progress, Scored
from benchmark.splits import rounds
from benchmark.workers import Workers
from tasks.base import Task


def run(params: Params, embedder: str, *, engine: str, workers: int, fresh: bool = False) -> None:
    """Score what is missing or was made from other inputs; what cannot be scored is recorded with its reason.

    Raises:
        BenchmarkError: a task could not be scored for a reason that is nobody's absence.
    """
    with held(paths.lock(f"evaluate-{embedder}"), who=f"evaluate {embedder}", wait_seconds=LOCK_SECONDS):
        status = plan.read_status(embedder)
        absent: list[NotRun] = []
        todo: list[Scored] = []
        for task in registry.tasks_of(params.suites):
            found = _task(params, embedder, task, status.datasets.get(task.dataset), engine, fresh)
            if isinstance(found, NotRun):
                absent.append(found)
            elif found is not None:
                todo.append(found)
        if todo:
            absent += _score(embedder, todo, workers, fresh)
        cell_files.write_not_run(embedder, absent)
        for row in absent:
            say(f"evaluate {embedder}: not run on {row.task}: {row.reason}")
        broken = [row for row in absent if row.state == "failed"]
        if broken:
            raise BenchmarkError(f"evaluate {embedder}: {len(broken)} tasks failed, for the reasons above.")


def _task(
    params: Params, embedder: str, task: Task, wanted: DatasetPlan | None, engine: str, fresh: bool
) -> Scored | NotRun | None:
    """The work that a task needs, the reason why it cannot be done, or None when its cell is current."""
    if reason := not_scored(task):
        return NotRun(task=task.name, state="unavailable", reason=reason)
    if wanted is None:
        return _stale(task, f"{embedder} was not planned for dataset {task.dataset}")
    try:
        listed = manifest.read(task.dataset)
        if listed is None or wanted.vectors_fingerprint is None:
            return _not_run(task, wanted.readiness)
        if listed.clips_fingerprint != wanted.clips_fingerprint:
            return _stale(task, f"the vectors of {task.dataset} belong to another manifest")
        if refused := audit.refusal(task, listed):
            return NotRun(task=task.name, state="failed", reason=refused, way_out="Mend the split or the corpus.")
        scored = Scored.of(
            task,
            listed,
            params.probe,
            embedder=embedder,
            vectors_fingerprint=wanted.vectors_fingerprint,
            engine=engine,
            folder=paths.vectors(embedder, task.dataset),
        )
    except BenchmarkError as error:
        return _not_run(task, Readiness.of(error))
    if not fresh and _current(scored, listed):
        return None
    if not store.is_current(scored.folder, scored.vectors_fingerprint):
        return _not_run(task, wanted.readiness)
    return None if not fresh and _carried_over(scored, listed) else scored


def _current(scored: Scored, listed: Manifest) -> bool:
    """Whether the stored cell was made from just these inputs, and its figures follow from its predictions."""
    file = paths.cell(scored.embedder, scored.task.name, listed.variant)
    try:
        if json.loads(file.read_text(encoding="utf-8"))["fingerprint"] != scored.fingerprint:
            return False
        cell, _ = cell_files.read(file, embedder=scored.embedder, task=scored.task.name)
        cell_files.check_asked(cell, scored.task, listed, scored.probe)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    except CellError as error:
        say(f"evaluate: {error}")
        return False
    return True


def _carried_over(scored: Scored, listed: Manifest) -> bool:
    """Keep a cell whose vectors were made anew to the same bytes, all else unchanged: scoring would give it again."""
    file = paths.cell(scored.embedder, scored.task.name, listed.variant)
    try:
        cell, predictions = cell_files.read(file, embedder=scored.embedder, task=scored.task.name)
        cell_files.check_asked(cell, scored.task, listed, scored.probe)
    except (OSError, CellError):
        return False
    if predictions.clip_id != [scored.clip_ids[row] for each in rounds(scored.split) for row in each.test]:
        return False  # the names of clips are part of vectors, not of what else a cell is made from
    before = cell.vectors_fingerprint, cell.vectors_sha256
    if scoring.cell_fingerprint(scored.task, listed, scored.probe, before[0]) != cell.fingerprint:
        return False
    meta = store.read_meta(scored.folder)
    if meta is None or meta["vectors_sha256"] != before[1]:
        return False
    try:
        store.open_vectors(scored.folder, scored.vectors_fingerprint)
    except StoreError:  # not the bytes that the record vouches for: scoring tells it
        return False
    now = {"fingerprint": scored.fingerprint, "vectors_fingerprint": scored.vectors_fingerprint}
    cell_files.write(cell.model_copy(update=now), predictions)
    Progress(scored, scoring.partial_folder(scored.embedder, scored.task.name)).discard()
    return True


def _score(embedder: str, todo: list[Scored], workers: int, fresh: bool) -> list[NotRun]:
    """Score every task of `todo` in one pool; a task that fails harms no other."""
    failed: list[NotRun] = []
    record = provenance.read_run(embedder)
    with Workers(workers) as pool:
        for scored in todo:
            begun = time.monotonic()
            progress = Progress(scored, scoring.partial_folder(embedder, scored.task.name))
            if fresh:
                progress.discard()
            try:
                seconds = _cell(scored, progress, pool)
            except BenchmarkError as error:
                failed.append(_not_run(scored.task, Readiness.of(error)))
                continue
            record.setdefault("evaluate", {})[scored.task.name] = {
                "seconds": time.monotonic() - begun,
                "seconds_by_head": seconds,
                "engine": scored.engine,
                "workers": workers,
            }
            provenance.write_run(embedder, record)
    return failed


def _cell(scored: Scored, progress: Progress, pool: Workers) -> dict[str, float]:
    """Make and store one cell; answers the seconds of each head, summed over folds."""
    everything = scoring.units(scored)
    done: dict[tuple[int, str], Outcome] = progress.finished()
    seconds: dict[str, float] = {}
    with bar(f"evaluate {scored.embedder} on {scored.task.name}", len(everything), "heads") as advance:
        advance(len(done))
        pending = [unit for unit in everything if (unit.fold, unit.head) not in done]
        for unit, outcome in pool.in_order(scoring.score_unit, pending, ahead=6):
            progress.keep(unit, outcome)
            done[unit.fold, unit.head] = outcome
            seconds[unit.head] = seconds.get(unit.head, 0.0) + outcome.seconds
            advance(1)
    meta = store.read_meta(scored.folder)
    cell, predictions = scoring.assemble(scored, done, dim=int(meta["dim"]) if meta else 0)
    cell_files.write(cell.model_copy(update={"vectors_sha256": meta["vectors_sha256"] if meta else ""}), predictions)
    _remove_other_variants(paths.cell(cell.embedder, cell.task, cell.variant), cell.task)
    progress.discard()
    return seconds


def _remove_other_variants(kept: Path, task: str) -> None:
    """A clone holds one variant of a dataset, so a cell of another would only mislead."""
    for file in [kept.parent / f"{task}.json", *kept.parent.glob(f"{task}@*.json")]:
        if file != kept:
            file.unlink(missing_ok=True)
            file.with_suffix(".parquet").unlink(missing_ok=True)


def _stale(task: Task, what: str) -> NotRun:
    return NotRun(task=task.name, state="failed", reason=what, way_out="Run 'moodbench run' (or dvc repro).")


def _not_run(task: Task, why: Readiness) -> NotRun:
    return NotRun(
        task=task.name,
        state="failed" if why.state == "failed" else "unavailable",
        reason=why.reason or "vectors are not embedded yet",
        way_out=why.way_out or "Run 'moodbench run'.",
    )
