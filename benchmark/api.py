"""Scoring an embedder object from Python, by the same code as the stages, without touching results/."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from benchmark import datasets, extraction, registry, scoring
from benchmark.files import fingerprint
from benchmark.manifest import Manifest
from benchmark.params import Probe
from benchmark.scoring import Scored, Unit
from benchmark.workers import Workers, default_count
from embedders.base import Embedder

if TYPE_CHECKING:
    import pandas as pd


def evaluate(
    embedder: Embedder,
    suites: Sequence[str] = ("demo",),
    *,
    name: str = "my_embedder",
    heads: Sequence[str] = ("lda", "lr", "qda", "rf", "svc"),
    mode: Literal["grid", "none"] = "grid",
    workers: int | None = None,
    batch_seconds: float = 120.0,
) -> pd.DataFrame:
    """Embed and score every task of `suites`; one row a task.

    Columns: task, variant, metric, score (primary metric, pooled over the predicted clips), low, high
    (95 % jackknife interval over groups), accuracy, uar, macro_f1, clips, groups.

    In a script, call it under `if __name__ == "__main__":`, because it starts helper processes.

    Raises:
        UnknownNameError: no such suite.
        Unavailable: the archive of a dataset is not here.
        ContractError: the embedder raised, or answered what the contract forbids.
    """
    import pandas as pd

    count = workers or default_count()
    probe = Probe.model_validate({"heads": list(heads), "mode": mode})
    tasks = registry.tasks_of(list(suites))
    rows = []
    with tempfile.TemporaryDirectory(prefix="moodbench-") as folder:
        for dataset in dict.fromkeys(task.dataset for task in tasks):
            own = [task for task in tasks if task.dataset == dataset]
            listed = datasets.base_manifest(dataset).with_splits(own)
            vectors = Path(folder) / name / dataset
            identity = fingerprint([name, listed.clips_fingerprint])
            extraction.extract(
                embedder,
                listed,
                datasets.ensure_prepared(dataset),
                vectors,
                fingerprint=identity,
                workers=count,
                budget_seconds=batch_seconds,
                record={"embedder": name},
                advance=lambda _clips, _seconds: None,
            )
            for task in own:
                scored = Scored.of(
                    task, listed, probe, embedder=name, vectors_fingerprint=identity, engine="fast", folder=vectors
                )
                rows.append(_row(scored, listed, count, embedder.dim))
    return pd.DataFrame(rows)


def _row(scored: Scored, listed: Manifest, workers: int, dim: int) -> dict[str, object]:
    work: list[Unit] = scoring.units(scored)
    with Workers(workers) as pool:
        done = {(u.fold, u.head): outcome for u, outcome in pool.in_order(scoring.score_unit, work, ahead=6)}
    cell, _ = scoring.assemble(scored, done, dim=dim)
    interval = cell.intervals[cell.metric]
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
    }
