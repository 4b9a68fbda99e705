"""Which tasks are scored at all: those of a kind that the probe scores, between whose parts nothing leaks."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.audit import run as audit
from benchmark.errors import BenchmarkError, SplitError
from benchmark.manifest import Manifest
from tasks.base import Task

KINDS = ("multiclass",)  # what the probe scores so far


def not_scored(task: Task) -> str:
    """Why the probe does not score a task, "" where it does."""
    return "" if task.kind in KINDS else f"the probe does not score {task.kind} tasks yet"


def require_kinds(tasks: Sequence[Task]) -> None:
    """Raises `BenchmarkError` that names the tasks of a kind that the probe does not score; looks at no audio."""
    told: dict[str, list[str]] = {}
    for task in tasks:
        if reason := not_scored(task):
            told.setdefault(reason, []).append(task.name)
    if told:
        said = "; ".join(f"{reason} ({', '.join(names)})" for reason, names in told.items())
        raise BenchmarkError(f"{said}, expected {', '.join(KINDS)} ones. Choose suites without them.")


def require_no_leaks(tasks: Sequence[Task], listed: Manifest, *, workers: int) -> None:
    """Judge tasks of one dataset, whose clips are audited where they never were; nothing is stored.

    Raises:
        SplitError: names the tasks that leak, but for those that say so themselves.
        Unavailable: there is no audit, and the archive is not here.
    """
    findings = audit.ensure(listed, store=False, workers=workers)
    if told := [f"task {task.name!r}: {why}" for task in tasks if (why := audit.refusal(task, listed, findings))]:
        raise SplitError(f"{'; '.join(told)}. Mend the split or the corpus.")
