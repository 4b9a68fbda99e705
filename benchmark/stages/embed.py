"""Stage embed: one embedder over every dataset of its plan, doing only what is not there yet.

What is to be done is decided here, in a light process. The embedder runs apart, where it may do what it likes.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark import datasets, isolation, manifest, paths, plan, provenance, store
from benchmark.embedder_spec import Construction, as_benchmark_error, construction, resolve, weights_file
from benchmark.errors import BenchmarkError, DatasetError, Unavailable
from benchmark.files import LOCK_SECONDS, held
from benchmark.manifest import Manifest
from benchmark.params import Params
from benchmark.plan import DatasetPlan, Plan, Readiness, Status
from benchmark.progress import bar, say


def run(
    params: Params,
    embedder: str,
    *,
    device: str,
    workers: int,
    batch_seconds: float,
    patience: float,
    fresh: bool = False,
) -> None:
    """Embed what is missing, and leave the status that `evaluate` reads.

    What is unavailable is recorded, and is no failure. The skip is decided before any model or
    framework is imported. A model counts as hanging after `patience` seconds without a finished batch.

    Raises:
        BenchmarkError: the model raised, died, hung or broke its contract, its weights are not the declared ones,
            or a dataset is broken.
    """
    with held(paths.lock(f"embed-{embedder}"), who=f"embed {embedder}", wait_seconds=LOCK_SECONDS):
        todo = plan.read(embedder)
        statuses = {
            name: DatasetPlan(
                readiness=todo.readiness if todo.readiness.state != "ready" else wanted.readiness,
                clips_fingerprint=wanted.clips_fingerprint,
                vectors_fingerprint=wanted.vectors_fingerprint,
            )
            for name, wanted in todo.datasets.items()
        }
        pending = [name for name, wanted in todo.datasets.items() if fresh or not _current(embedder, name, wanted)]
        for name in todo.datasets.keys() - set(pending):  # there already, whatever has since gone missing
            statuses[name] = todo.datasets[name].model_copy(update={"readiness": Readiness()})
        possible = [name for name in pending if statuses[name].readiness.state == "ready"]
        problem: BenchmarkError | None = None
        try:
            if possible:
                if fresh:
                    for name in possible:
                        store.discard_unfinished(paths.vectors(embedder, name))
                _embed(params, todo, possible, device, workers, batch_seconds, patience)
        except BenchmarkError as error:
            problem = error
            for name in possible:
                if not _current(embedder, name, todo.datasets[name]):
                    statuses[name] = statuses[name].model_copy(update={"readiness": Readiness.of(error)})
        plan.write_status(embedder, Status(datasets=statuses))
        for name in sorted(pending):
            if statuses[name].readiness.state == "unavailable" or name not in possible:
                say(f"embed {embedder}: not run on {name}: {statuses[name].readiness.reason}")
        if problem is not None and Readiness.of(problem).state == "failed":
            raise problem


def _current(embedder: str, dataset: str, wanted: DatasetPlan) -> bool:
    known = wanted.vectors_fingerprint
    return known is not None and store.is_current(paths.vectors(embedder, dataset), known)


@dataclass(frozen=True)
class Job:
    """One dataset to embed, with all that another process must know of it."""

    embedder: str
    identity: dict[str, Any] | None
    making: Construction
    listed: Manifest
    prepared: Path
    folder: Path
    fingerprint: str
    workers: int
    budget_seconds: float


def _embed(
    params: Params,
    todo: Plan,
    names: Sequence[str],
    device: str,
    workers: int,
    budget_seconds: float,
    patience: float,
) -> None:
    spec = resolve(todo.embedder, params.embedders[todo.embedder])
    making = construction(spec, weights_file(spec), device)
    jobs = []
    for name in names:
        listed = manifest.read(name)
        wanted = todo.datasets[name]
        if listed is None or listed.clips_fingerprint != wanted.clips_fingerprint or not wanted.vectors_fingerprint:
            raise DatasetError(f"the manifest of {name} is not the one planned for; run 'moodbench prepare' again.")
        audio, folder = datasets.audio_of(listed), paths.vectors(todo.embedder, name)
        made = wanted.vectors_fingerprint
        jobs.append(Job(todo.embedder, todo.identity, making, listed, audio, folder, made, workers, budget_seconds))
    with Progress(jobs) as progress:
        isolation.run_apart(_extract, jobs, quiet_seconds=patience, doing=progress, told=progress.take)


def _extract(jobs: Sequence[Job]) -> None:
    """The part that runs apart: the only one that imports the model."""
    from benchmark import extraction

    for job in jobs:
        try:
            done = extraction.extract(
                job.making,
                job.listed,
                job.prepared,
                job.folder,
                fingerprint=job.fingerprint,
                workers=job.workers,
                budget_seconds=job.budget_seconds,
                record={"embedder": job.embedder, "identity": job.identity},
                advance=lambda clips, _seconds: isolation.tell({"clips": clips}),
            )
        except SystemExit:
            raise
        except BaseException as error:  # of a stranger's making: cancelled tasks and the like are no Exception
            raise _told(error, f"{job.embedder} on {job.listed.dataset}") from error
        isolation.tell({"finished": dataclasses.asdict(done)})


def _told(error: BaseException, where: str) -> BenchmarkError:
    """A module that is imported late, and is not there, is as absent as one at the top of the file."""
    missing = error.__cause__ if isinstance(error, BenchmarkError) else error
    if isinstance(missing, ModuleNotFoundError) and missing.name:
        package = missing.name.partition(".")[0]
        return Unavailable(f"cannot import {missing.name!r}", f"Install what it needs: pip install {package}.")
    return as_benchmark_error(error, where)  # type: ignore[arg-type]


class Progress:
    """What the other process has told so far: shown as a bar, kept in the run's record, named when it dies."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = list(jobs)
        self._record: dict[str, Any] = provenance.read_run(jobs[0].embedder)
        self._bars = ExitStack()
        self._begin()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.close()

    def __str__(self) -> str:
        done = f", after {self._clips} of {len(self._job.listed.clips)} clips" if self._clips else ""
        return f"{self._job.embedder} on {self._job.listed.dataset}{done}"

    def take(self, news: dict[str, Any]) -> None:
        """News of the job under way: `clips` embedded, or its summary when it is `finished`."""
        if "clips" in news:
            self._clips += news["clips"]
            self._advance(news["clips"])
        if "finished" in news:
            self._keep(news["finished"])
            if self._jobs:
                self._begin()

    def _begin(self) -> None:
        self._bars.close()
        self._job, self._clips = self._jobs.pop(0), 0
        title = f"embed {self._job.embedder} on {self._job.listed.dataset}"
        self._advance = self._bars.enter_context(bar(title, len(self._job.listed.clips), "clips"))

    def _keep(self, done: dict[str, Any]) -> None:
        self._record.setdefault("embed", {})[self._job.listed.dataset] = {
            "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "seconds": done["seconds"],
            "clips": done["clips"],
            "clips_reused": done["reused"],
            "clips_padded": done["padded"],
            "audio_seconds": done["audio_seconds"],
            "workers": self._job.workers,
            "device": self._job.making.device,
        }
        provenance.write_run(self._job.embedder, self._record)
