"""Scoring an embedder from Python, by the same code as the stages, without touching results/."""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from benchmark import datasets, declared, extraction, model_errors, params, paths, registry, rows, scorable, scoring
from benchmark.construction import Construction
from benchmark.errors import BenchmarkError, ParamsError, ProcessDiedError
from benchmark.files import fingerprint
from benchmark.manifest import Manifest
from benchmark.params import Probe
from benchmark.scoring import Scored, Unit
from benchmark.workers import Workers, default_count
from embedders.base import Embedder
from tasks.base import Predefined, Task

if TYPE_CHECKING:
    import pandas as pd

SCRIPT = (
    "evaluate starts helper processes, and these import the running script anew, which fails. Expected a file that "
    'calls it under `if __name__ == "__main__":` (a notebook or a prompt will do, too). Write the script so.'
)


def evaluate(
    embedder: str | Embedder,
    suites: str | Sequence[str] = ("demo",),
    *,
    name: str | None = None,
    heads: str | Sequence[str] = ("lda", "lr", "qda", "rf", "svc"),
    mode: Literal["grid", "none"] = "grid",
    workers: int | None = None,
    batch_seconds: float = 120.0,
) -> pd.DataFrame:
    """Embed and score every task of `suites`; one row a task.

    `embedder` is an object, or the name of a row of params.yaml, the catalogue or an installed package; `name` is
    what messages call it. An object with `fit_statistics` is left fitted to the last dataset.

    Columns: task, variant, metric, score (primary metric, pooled over the predicted clips), low, high
    (95 % jackknife interval over groups), accuracy, uar, macro_f1, clips, groups, leaks (whether the task leaks by
    its very definition, and says so).

    In a script, call it under `if __name__ == "__main__":`, because it starts helper processes. Datasets that were
    never audited are audited first.

    Raises:
        ParamsError: an argument cannot be.
        UnknownNameError: no such suite, or no such row.
        BenchmarkError: the probe does not score a task's kind, or no helper process can be started.
        Unavailable: the archive of a dataset is not here, or what a row needs.
        SplitError: a task leaks and does not say so.
        ContractError: it is no embedder, or it raised, or answered what the contract forbids.
    """
    import pandas as pd

    if workers and not declared.is_whole(workers):
        raise ParamsError(f"workers is {workers!r}, expected a whole number, or None (or 0) for one a core.")
    rows.require_seconds("batch_seconds", batch_seconds)
    count, probe = int(workers or default_count()), _probe(_texts("heads", heads), mode)
    tasks = registry.tasks_of(_texts("suites", suites))
    scorable.require_kinds(tasks)
    _require_helpers()
    making, called, made = _given(embedder, name)
    work = [_listed(dataset, tasks, count) for dataset in dict.fromkeys(task.dataset for task in tasks)]
    table = []
    with tempfile.TemporaryDirectory(prefix="moodbench-") as folder:
        for listed, own in work:
            vectors = Path(folder) / "vectors" / paths.file_name(listed.dataset)
            identity = fingerprint([folder, listed.clips_fingerprint])  # of this call: what is scored is told by it
            with model_errors.told(f"{called} on {listed.dataset}"):
                extraction.extract(
                    making,
                    listed,
                    datasets.ensure_prepared(listed.dataset),
                    vectors,
                    fingerprint=identity,
                    workers=count,
                    budget_seconds=batch_seconds,
                    record={"embedder": called},
                    advance=lambda _clips, _seconds: None,
                    made=made,
                )
            for task in own:
                scored = Scored.of(
                    task, listed, probe, embedder=called, vectors_fingerprint=identity, engine="fast", folder=vectors
                )
                table.append(_row(scored, listed, count, int(made.dim)))
    return pd.DataFrame(table)


def _texts(argument: str, given: object) -> list[str]:
    """One text or several as a list, or `ParamsError`."""
    several = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    if not several or not all(isinstance(each, str) for each in several):
        raise ParamsError(f"{argument} is {given!r}, expected a name, or several in a list.")
    return list(map(str, several))


def _probe(heads: list[str], mode: str) -> Probe:
    """As params.yaml's section `probe` is checked."""
    try:
        return Probe.model_validate({"heads": heads, "mode": mode})
    except ValidationError as error:
        raise ParamsError("; ".join(params.explain(each) for each in error.errors()) + ".") from None


def _given(embedder: str | Embedder, name: str | None) -> tuple[Construction | Embedder, str, Embedder]:
    """What `extract` takes, what it is called, and the embedder itself."""
    called = name if name is not None else embedder if isinstance(embedder, str) else "my_embedder"
    if not isinstance(called, str) or not params.NAME.fullmatch(called) or called in params.RESERVED:
        raise ParamsError(
            f"name is {called!r}, expected small letters, digits and '_', a letter first, as in params.yaml"
            f"{params.better_name(called)}."
        )
    if isinstance(embedder, str):
        making = rows.construction(embedder)
        return making, called, rows.made(embedder, making)
    return embedder, called, rows.checked(embedder)


def _require_helpers() -> None:
    """Start a helper process; raises `BenchmarkError` where it cannot import the caller's script."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # it is such a helper, and imports the script
        sys.exit(SCRIPT)
    if Path(getattr(sys.modules["__main__"], "__file__", None) or "").name == "<stdin>":
        raise BenchmarkError(SCRIPT)
    try:
        with Workers(1) as pool:
            list(pool.in_order(abs, [0]))
    except ProcessDiedError:
        if getattr(sys.modules["__main__"], "__file__", None) is None:  # nothing that helpers would import anew
            raise
        raise BenchmarkError(SCRIPT) from None


def _listed(dataset: str, tasks: Sequence[Task], workers: int) -> tuple[Manifest, list[Task]]:
    """A dataset as it is here, built if need be, with those of the tasks that are its own, none of which leaks."""
    own = [task for task in tasks if task.dataset == dataset]
    listed = datasets.base_manifest(dataset).with_splits(own)
    scorable.require_no_leaks(own, listed, workers=workers)
    return listed, own


def _row(scored: Scored, listed: Manifest, workers: int, dim: int) -> dict[str, object]:
    work: list[Unit] = scoring.units(scored)
    with Workers(workers) as pool:
        done = {(u.fold, u.head): outcome for u, outcome in pool.in_order(scoring.score_unit, work, ahead=6)}
    cell, _ = scoring.assemble(scored, done, dim=dim)
    interval, split = cell.intervals[cell.metric], scored.task.split
    return {
        "task": cell.task,
        "variant": listed.variant,
        "metric": cell.metric,
        "score": cell.scores[cell.metric],
        "low": interval.low,
        "high": interval.high,
        **cell.scores,
        "clips": cell.clips,
        "groups": cell.groups,
        "leaks": isinstance(split, Predefined) and bool(split.leaks),
    }
