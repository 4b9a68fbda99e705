"""Clips a second of embedders: one clip after another in one process, and by the extraction engine, in one run.

    python -m performance.throughput [EMBEDDER …] [--dataset emodb] [--clips 60] [--workers 2] [--device cpu]

The plain way reads a clip, resamples and pads it and calls `embed` on it alone; the engine is
`benchmark.extraction` as `moodbench embed` runs it, to vectors on disk. Each embedder gets a process of its own and
does both there, after a few clips to warm up. Starting helper processes and reading weights is not counted in
either: the seconds of a run over one clip a worker are taken off (column *start*). Statistics that an embedder
fits to the dataset are counted in both. *difference* is the largest of the vectors, relative to a vector's
largest value.

Without names every row of the catalogue is tried; one that cannot run here says why. Rates hold only on an idle
machine: mind the load printed, and give --clips for a quick look.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark import datasets, embedder_spec, extraction
from benchmark.audio import pad_to
from benchmark.check.subject import relative_difference
from benchmark.construction import Construction
from benchmark.embedding import training_clips
from benchmark.errors import BenchmarkError
from benchmark.manifest import Manifest
from benchmark.params import EmbedderEntry
from benchmark.reader import ClipReader
from benchmark.workers import Workers, default_count
from embedders.base import Declared, EmbedderError, FittedEmbedder
from embedders.catalog import CATALOG


@dataclass(frozen=True)
class Job:
    """One embedder over one list of clips; picklable."""

    making: Construction
    listed: Manifest
    prepared: Path
    workers: int
    batch_seconds: float


@dataclass(frozen=True)
class Timed:
    """Seconds of both ways, without the start, and how far their vectors are apart."""

    plain: float
    engine: float
    start: float
    difference: float


def measure(job: Job) -> Timed:
    # a clip for each helper process, each a batch of its own: all of them start
    few = replace(job, listed=replace(job.listed, clips=job.listed.clips[: job.workers]), batch_seconds=0.001)
    _plain(few)  # weights, compiled kernels and the reader's imports
    start, _ = _clocked(lambda: _engine(few))
    alone, _ = _clocked(lambda: _plain(few))
    plain, wanted = _clocked(lambda: _plain(job))
    engine, found = _clocked(lambda: _engine(job))
    return Timed(plain - alone, engine - start, start, relative_difference(found, wanted))


def _clocked(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    done = work()
    return time.perf_counter() - begun, done


def _plain(job: Job) -> NDArray[np.float32]:
    listed = job.listed
    embedder = job.making.make()
    rate = int(embedder.sample_rate)
    shortest = round(Declared.of(embedder).min_seconds * rate)
    reader = ClipReader(job.prepared, rate)
    if isinstance(embedder, FittedEmbedder):
        embedder.fit_statistics(training_clips(listed, job.prepared, rate), dataset=listed.dataset)
    clips = (pad_to(reader.read(str(clip["id"])), shortest) for clip in listed.clips)
    return np.concatenate([embedder.embed([clip]) for clip in clips])


def _engine(job: Job) -> NDArray[np.float32]:
    with tempfile.TemporaryDirectory(prefix="moodbench-") as folder:
        extraction.extract(
            job.making,
            job.listed,
            job.prepared,
            Path(folder) / "vectors",
            fingerprint="throughput",
            workers=job.workers,
            budget_seconds=job.batch_seconds,
            record={},
            advance=lambda _clips, _seconds: None,
        )
        vectors: NDArray[np.float32] = np.load(Path(folder) / "vectors" / "vectors.npy")
        return vectors


def thinned(listed: Manifest, clips: int) -> Manifest:
    """`clips` of a dataset's clips, evenly spaced in its order; all of them for 0."""
    count = len(listed.clips)
    if not 0 < clips < count:
        return listed
    return replace(listed, clips=[listed.clips[place * count // clips] for place in range(clips)])


def made(name: str, device: str) -> Construction:
    """How to make a catalogue row from what is on this machine; raises `BenchmarkError` where it cannot be made."""
    return embedder_spec.construction_here(embedder_spec.resolve(name, EmbedderEntry()), device, fetch=False)


def line(name: str, job: Job) -> str:
    with Workers(1) as pool:  # a fresh process: TensorFlow of one row must not meet openSMILE of the next
        ((_, timed),) = pool.in_order(measure, [job])
    if timed.engine < timed.start / 2 or timed.plain <= 0:  # the difference of two long times says nothing
        return f"{name:32} too few clips to tell: {timed.start:.1f} s of start outweigh them. Raise --clips."
    clips = len(job.listed.clips) - job.workers
    return (
        f"{name:32} {clips / timed.plain:10.1f} {clips / timed.engine:10.1f} {timed.plain / timed.engine:7.2f}x "
        f"{timed.start:8.1f} {timed.difference:11.1e}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("embedders", nargs="*", default=list(CATALOG), metavar="EMBEDDER")
    parser.add_argument("--dataset", default="emodb")
    parser.add_argument("--clips", type=int, default=0, help="evenly spaced; 0: all")
    parser.add_argument("--workers", type=int, default=default_count())
    parser.add_argument("--batch-seconds", type=float, default=120.0)
    parser.add_argument("--device", default="cpu", choices=("auto", "cpu", "cuda"))
    given = parser.parse_args(arguments)
    listed = thinned(datasets.base_manifest(given.dataset), given.clips)
    prepared = datasets.ensure_prepared(given.dataset)
    if len(listed.clips) <= given.workers:
        parser.error(f"found {len(listed.clips)} clips, expected more than --workers ({given.workers})")
    seconds = sum(clip["samples"] / clip["rate"] for clip in listed.clips)
    print(
        f"{len(listed.clips)} clips of {given.dataset} ({seconds:.0f} s), {given.workers} workers, {default_count()} "
        f"cores, load average before {os.getloadavg()[0]:.1f}"
    )
    print(f"{'embedder':32} {'plain /s':>10} {'engine /s':>10} {'ratio':>8} {'start s':>8} {'difference':>11}")
    for name in given.embedders:
        try:
            text = line(name, Job(made(name, given.device), listed, prepared, given.workers, given.batch_seconds))
        except (BenchmarkError, EmbedderError) as error:
            text = f"{name:32} not run: {error}"
        print(text, flush=True)


if __name__ == "__main__":
    main()
