"""Bringing audits up to date, and judging tasks by them."""

from __future__ import annotations

from collections.abc import Iterable

from benchmark import datasets, manifest
from benchmark.audit import record
from benchmark.audit.record import Findings
from benchmark.audit.verdict import Verdict, counted, judge
from benchmark.errors import BenchmarkError, DatasetError
from benchmark.manifest import Manifest
from benchmark.workers import default_count
from tasks.base import Task

_made: dict[str, Findings] = {}  # in this process without being stored, by fingerprint


def ensure(listed: Manifest, *, store: bool = True, workers: int | None = None) -> Findings:
    """The findings on a dataset, from disk where its clips and the method are unchanged, else made and stored.

    Without `store`, nothing is written: what is made is kept for this process.

    Raises:
        Unavailable: they must be made, and the archive is not here.
    """
    wanted = record.wanted_fingerprint(listed)
    try:
        stored = record.read(listed.dataset)
    except DatasetError:
        stored = None  # made anew from the audio, which is here
    if stored is not None and stored.fingerprint == wanted:
        return stored
    if not store and wanted in _made:
        return _made[wanted]
    findings = record.examine(listed, datasets.audio_of(listed), workers=workers or default_count())
    if store:
        record.write(findings)
    else:
        _made[wanted] = findings
    return findings


def verdict(task: Task, listed: Manifest, findings: Findings | None = None) -> Verdict | None:
    """The verdict on a task by `findings`, or by the stored ones; None where its dataset, as listed, was never audited.

    Raises:
        DatasetError: the stored findings cannot be read.
    """
    findings = findings or record.read(listed.dataset)
    if findings is None or findings.fingerprint != record.wanted_fingerprint(listed):
        return None
    return judge(task, listed, findings)


def refusal(task: Task, listed: Manifest, findings: Findings | None = None) -> str:
    """Why a task must not be scored, "" where nothing leaks, or it says itself that it leaks, or was never audited.

    `findings` and what is raised are as for `verdict`.
    """
    found = verdict(task, listed, findings)
    if found is None or found.passed:
        return ""
    more = f", and {len(found.leaks) - 1} more" if len(found.leaks) > 1 else ""
    crossing = f"{counted(len(found.leaks), 'leak')} between its parts"
    return f"{crossing}: {found.leaks[0]}{more}; 'moodbench audit {task.name}' lists all"


def show(tasks: Iterable[Task], *, allow_leaks: bool) -> int:
    """Print the verdict on each task; 1 when one leaks, a marked one only without `allow_leaks`.

    Raises:
        BenchmarkError: a task could not be audited (its archive is absent or broken), after all others were.
    """
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    leaking, unknown = 0, 0
    for task in tasks:
        try:
            found = _audited(task)
        except BenchmarkError as error:
            unknown += 1
            console.print(f"{task.name}: not audited: {error}")
            continue
        refused = bool(found.leaks) and not (found.marked and allow_leaks)
        leaking += refused
        console.print(f"{task.name}: {'FAILED, ' if refused else ''}{found.line}")
        if found.marked:
            console.print(f"  marked as leaking: {found.marked}")
        for offender in (*found.leaks, *found.conflicts):
            console.print(f"  {offender}")
    if unknown:
        raise BenchmarkError(f"{counted(unknown, 'task')} could not be audited, for the reasons above.")
    return 1 if leaking else 0


def _audited(task: Task) -> Verdict:
    listed = manifest.read(task.dataset) or datasets.base_manifest(task.dataset)
    listed = listed.with_splits([task])
    return judge(task, listed, ensure(listed))
