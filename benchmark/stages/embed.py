"""Stage embed: one embedder over every dataset of its plan, doing only what is not there yet."""

from __future__ import annotations

import datetime
import time
from typing import Any

from benchmark import datasets, manifest, paths, plan, store
from benchmark.embedder_spec import as_benchmark_error, construction, resolve, weights_file
from benchmark.errors import BenchmarkError, DatasetError
from benchmark.files import LOCK_SECONDS, held
from benchmark.params import Params
from benchmark.plan import DatasetPlan, Plan, Status
from benchmark.progress import bar, say


def run(params: Params, embedder: str, *, device: str, workers: int, batch_seconds: float, fresh: bool = False) -> None:
    """Embed what is missing, and leave the status that `evaluate` reads.

    What is unavailable is recorded, and is no failure. The skip is decided before any model or
    framework is imported.

    Raises:
        BenchmarkError: the model raised or broke its contract, or its weights are not the declared ones.
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
            statuses[name] = todo.datasets[name].model_copy(update={"readiness": plan.Readiness()})
        possible = [name for name in pending if statuses[name].readiness.state == "ready"]
        for name in sorted(set(pending) - set(possible)):
            say(f"embed {embedder}: not run on {name}: {statuses[name].readiness.reason}")
        problem: BenchmarkError | None = None
        try:
            if possible:
                if fresh:
                    for name in possible:
                        store.discard_unfinished(paths.vectors(embedder, name))
                _embed(params, todo, possible, device=device, workers=workers, budget_seconds=batch_seconds)
        except BenchmarkError as error:
            problem = error
            for name in possible:
                if not _current(embedder, name, todo.datasets[name]):
                    statuses[name] = statuses[name].model_copy(update={"readiness": plan.Readiness.of(error)})
        plan.write_status(embedder, Status(datasets=statuses))
        if problem is not None and plan.Readiness.of(problem).state == "failed":
            raise problem


def _current(embedder: str, dataset: str, wanted: DatasetPlan) -> bool:
    known = wanted.vectors_fingerprint
    return known is not None and store.is_current(paths.vectors(embedder, dataset), known)


def _embed(params: Params, todo: Plan, names: list[str], *, device: str, workers: int, budget_seconds: float) -> None:
    from benchmark import extraction, provenance

    spec = resolve(todo.embedder, params.embedders[todo.embedder])
    making = construction(spec, weights_file(spec), device)
    record: dict[str, Any] = provenance.read_run(todo.embedder)
    for name in names:
        listed = manifest.read(name)
        wanted = todo.datasets[name]
        if listed is None or listed.clips_fingerprint != wanted.clips_fingerprint or not wanted.vectors_fingerprint:
            raise DatasetError(f"the manifest of {name} is not the one planned for; run 'moodbench prepare' again.")
        prepared = datasets.ensure_prepared(name)
        datasets.check_same_clips(listed, prepared)
        begun = time.monotonic()
        with bar(f"embed {todo.embedder} on {name}", len(listed.clips), "clips") as advance:
            try:
                done = extraction.extract(
                    making,
                    listed,
                    prepared,
                    paths.vectors(todo.embedder, name),
                    fingerprint=wanted.vectors_fingerprint,
                    workers=workers,
                    budget_seconds=budget_seconds,
                    record={"embedder": todo.embedder, "identity": todo.identity},
                    advance=lambda clips, _seconds, step=advance: step(clips),  # type: ignore[misc]
                )
            except Exception as error:
                raise as_benchmark_error(error, f"{todo.embedder} on {name}") from error
        record.setdefault("embed", {})[name] = {
            "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "seconds": time.monotonic() - begun,
            "clips": done.clips,
            "clips_reused": done.reused,
            "clips_padded": done.padded,
            "audio_seconds": done.audio_seconds,
            "workers": workers,
            "device": device,
        }
        provenance.write_run(todo.embedder, record)
