"""From vectors to a cell: every fold and head in helper processes, resumable, then the figures.

The unit of work is one head of one fold. Finished units are kept beside the cell in a `.partial`
folder, so a killed run repeats at most the heads that were under way.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark import paths, provenance
from benchmark.cell import HEAD_ORDER, PROTOCOL_VERSION, Cell, FoldResult, HeadResult
from benchmark.cell_files import Predictions
from benchmark.figures import figures
from benchmark.files import canonical, code_sha256, fingerprint, write_json
from benchmark.manifest import Manifest, split_record
from benchmark.params import Probe
from benchmark.splits import describe, rounds
from tasks.base import Task

TRANSDUCTIVE = "each group is standardised by its own statistics, test groups included (transductive)"


def code_files() -> list[Path]:
    """The code that can change a figure."""
    own = [paths.ROOT / "benchmark" / name for name in ("figures.py", "metrics.py", "scoring.py", "statistics.py")]
    return [*own, *(paths.ROOT / "benchmark" / "probes").glob("*.py")]


def code_hash() -> str:
    """One hash of `code_files`."""
    return hashlib.sha256(canonical(code_sha256(code_files(), paths.ROOT)).encode()).hexdigest()


def cell_fingerprint(task: Task, listed: Manifest, probe: Probe, vectors_fingerprint: str) -> str:
    """Of everything that a cell is made from; known without vectors, audio or scikit-learn."""
    return fingerprint(
        {
            "vectors": vectors_fingerprint,
            "task": [task.name, task.kind, task.metric, task.normalisation, split_record(task)],
            "classes": listed.class_names(task.target),
            "labels": listed.column(task.target),
            "groups": listed.column(task.group),
            "split": listed.split(task),
            "probe": probe.model_dump(),
            "code": code_hash(),
            "scikit-learn": provenance.versions(["scikit-learn"]),
            "protocol": PROTOCOL_VERSION,
        }
    )


@dataclass(frozen=True, eq=False)
class Scored:
    """A task to be scored: where its vectors are, and all that stands in the manifest; equal by fingerprint."""

    task: Task
    embedder: str
    variant: str
    folder: Path
    vectors_fingerprint: str
    fingerprint: str
    classes: tuple[str, ...]
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    clip_ids: tuple[str, ...]
    split: tuple[int, ...] | tuple[str, ...]
    probe: Probe
    engine: str

    @classmethod
    def of(
        cls, task: Task, listed: Manifest, probe: Probe, *, embedder: str, vectors_fingerprint: str, engine: str,
        folder: Path,
    ) -> Scored:  # fmt: skip
        """Everything that scoring a task needs, from its manifest."""
        return cls(
            task=task,
            embedder=embedder,
            variant=listed.variant,
            folder=folder,
            vectors_fingerprint=vectors_fingerprint,
            fingerprint=cell_fingerprint(task, listed, probe, vectors_fingerprint),
            classes=tuple(listed.class_names(task.target)),
            labels=tuple(listed.column(task.target)),
            groups=tuple(listed.column(task.group)),
            clip_ids=tuple(str(clip["id"]) for clip in listed.clips),
            split=tuple(listed.split(task)),  # type: ignore[arg-type]
            probe=probe,
            engine=engine,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scored) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    @property
    def y(self) -> NDArray[np.int64]:
        """Class index of every clip."""
        index = {name: number for number, name in enumerate(self.classes)}
        return np.array([index[label] for label in self.labels], dtype=np.int64)

    @property
    def heads(self) -> list[str]:
        """The chosen heads in the protocol's order."""
        return [name for name in HEAD_ORDER if name in self.probe.heads]


@dataclass(frozen=True)
class Unit:
    """One head of one fold."""

    scored: Scored
    fold: int
    head: str

    def __str__(self) -> str:
        return f"{self.head} of fold {self.fold} of {self.scored.task.name}"


@dataclass(frozen=True)
class Outcome:
    """What a unit answers: the record, and the predictions of the fold's test clips."""

    result: HeadResult
    predictions: list[int]
    seconds: float = 0.0  # for the run's record only


def units(scored: Scored) -> list[Unit]:
    """The work of one cell; slow heads first within a fold, so that helpers end together."""
    slow_first = sorted(scored.heads, key=lambda name: (name not in ("rf", "lr", "svc"), name))
    return [Unit(scored, each.number, head) for each in rounds(scored.split) for head in slow_first]


def score_unit(unit: Unit) -> Outcome:
    """Fit one head on one fold; runs in a helper process."""
    from benchmark.probes.selection import run_head, seed_for

    begun = time.monotonic()
    outcome = run_head(
        unit.head,
        _problem(unit.scored, unit.fold),
        engine=unit.scored.engine,  # type: ignore[arg-type]
        mode=unit.scored.probe.mode,
        metric=unit.scored.task.metric,
        seed=seed_for(unit.scored.probe.seed, unit.scored.task.name, unit.fold, unit.head),
    )
    return Outcome(outcome.result, [int(p) for p in outcome.predictions], time.monotonic() - begun)


class Progress:
    """The finished units of one cell, on disk beside it."""

    def __init__(self, scored: Scored, partial: Path) -> None:
        self._scored, self._folder = scored, partial

    def finished(self) -> dict[tuple[int, str], Outcome]:
        """Units that an earlier run of the same fingerprint finished."""
        found = {}
        for unit in units(self._scored):
            try:
                raw = json.loads(self._file(unit).read_text(encoding="utf-8"))
                if raw["fingerprint"] == self._scored.fingerprint:
                    outcome = Outcome(HeadResult.model_validate(raw["result"]), raw["predictions"])
                    found[unit.fold, unit.head] = outcome
            except (OSError, ValueError, KeyError, TypeError):
                continue  # not finished, or not readable: it is computed
        return found

    def keep(self, unit: Unit, outcome: Outcome) -> None:
        """Remember one finished unit."""
        body = {
            "fingerprint": self._scored.fingerprint,
            "result": outcome.result.model_dump(),
            "predictions": outcome.predictions,
        }
        write_json(self._file(unit), body)

    def discard(self) -> None:
        """Forget all of it."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _file(self, unit: Unit) -> Path:
        return self._folder / f"{unit.fold}-{unit.head}.json"


def partial_folder(embedder: str, task: str) -> Path:
    """Where a cell's finished units stand while it is made."""
    return paths.CELLS / embedder / f"{task}.partial"


def assemble(scored: Scored, outcomes: Mapping[tuple[int, str], Outcome], *, dim: int) -> tuple[Cell, Predictions]:
    """The cell and its predictions from all units of one task."""
    from benchmark.probes.selection import HeadOutcome, choose

    folds: list[FoldResult] = []
    columns: dict[str, list[Any]] = {name: [] for name in ("clip_id", "group", "fold", "label", "predicted")}
    heads: dict[str, list[int]] = {name: [] for name in scored.heads}
    y = scored.y
    for each in rounds(scored.split):
        mine = [outcomes[each.number, head] for head in scored.heads]
        chosen = choose([HeadOutcome(unit.result, np.array(unit.predictions)) for unit in mine])
        folds.append(
            FoldResult(
                fold=each.number,
                train=len(each.train),
                validation=len(each.validation),
                test=len(each.test),
                test_groups=sorted({scored.groups[row] for row in each.test}),
                heads=[unit.result for unit in mine],
                chosen=chosen,
            )
        )
        columns["clip_id"] += [scored.clip_ids[row] for row in each.test]
        columns["group"] += [scored.groups[row] for row in each.test]
        columns["fold"] += [each.number] * len(each.test)
        columns["label"] += y[each.test].tolist()
        columns["predicted"] += outcomes[each.number, chosen].predictions
        for head in scored.heads:
            heads[head] += outcomes[each.number, head].predictions
    predictions = Predictions(
        clip_id=columns["clip_id"],
        group=columns["group"],
        fold=np.array(columns["fold"]),
        label=np.array(columns["label"]),
        predicted=np.array(columns["predicted"]),
        heads={name: np.array(column) for name, column in heads.items()},
    )
    made = figures(predictions, {f.fold: f.chosen for f in folds}, metric=scored.task.metric, level=scored.probe.level)
    made.pop("test scores by fold")
    cell = Cell(
        embedder=scored.embedder,
        task=scored.task.name,
        task_title=scored.task.title,
        dataset=scored.task.dataset,
        variant=scored.variant,
        metric=scored.task.metric,
        normalisation=scored.task.normalisation,
        split=describe(scored.task.split),
        synthetic=scored.task.synthetic,
        mode=scored.probe.mode,
        classes=list(scored.classes),
        dim=dim,
        folds=folds,
        notes=[TRANSDUCTIVE] if scored.task.normalisation == "group" else [],
        fingerprint=scored.fingerprint,
        vectors_fingerprint=scored.vectors_fingerprint,
        predictions_sha256=hashlib.sha256(predictions.to_parquet()).hexdigest(),
        code_sha256=code_hash(),
        versions=provenance.versions(),
        **made,
    )
    return cell, predictions


@lru_cache(maxsize=1)
def _features(folder: Path, fingerprint_: str, group_key: tuple[tuple[str, ...], tuple[int, ...]] | None) -> Any:
    """The vectors of a dataset, standardised by group where asked, with the Gram matrix that folds share."""
    from benchmark.probes.normalisation import standardise_groups
    from benchmark.probes.problem import WholeGram
    from benchmark.store import open_vectors

    vectors = np.asarray(open_vectors(folder, fingerprint_))
    if group_key is None:
        return vectors, None
    groups, y = group_key
    standardised = standardise_groups(vectors, groups, np.asarray(y))
    return standardised, WholeGram(standardised)


@lru_cache(maxsize=1)
def _problem(scored: Scored, fold: int) -> Any:
    from benchmark.probes.problem import Problem

    y = scored.y
    group_key = (scored.groups, tuple(y.tolist())) if scored.task.normalisation == "group" else None
    X, whole = _features(scored.folder, scored.vectors_fingerprint, group_key)
    each = next(r for r in rounds(scored.split) if r.number == fold)
    return Problem(
        X=X,
        y=y,
        train=each.train,
        validation=each.validation,
        test=each.test,
        classes=len(scored.classes),
        normalisation=scored.task.normalisation,
        whole=whole,
    )
