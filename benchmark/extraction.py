"""Clips to vectors: batches of like length, the contract enforced on every answer, resumable.

Batches are a pure function of the manifest and the budget, so that a resumed run does the very
batches that are missing. Out of memory halves a batch and goes on.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark import audio
from benchmark.contract import validate_vectors
from benchmark.embedder_spec import Construction, as_benchmark_error
from benchmark.errors import ContractError
from benchmark.manifest import Manifest
from benchmark.reader import read_batch, shared_reader
from benchmark.store import Writer
from benchmark.workers import Workers
from embedders.base import Clip, Declared, Embedder, FittedEmbedder

MAX_CLIPS = 64


@dataclass(frozen=True)
class Batch:
    """Rows of the manifest that are embedded together."""

    rows: tuple[int, ...]


@dataclass(frozen=True)
class Summary:
    """What an extraction did on this machine; never part of a result."""

    clips: int
    reused: int
    padded: int
    seconds: float
    audio_seconds: float


def plan_batches(manifest: Manifest, *, rate: int, budget_seconds: float, equal_length: bool) -> list[Batch]:
    """Rows sorted by length, cut so that the padded batch stays within `budget_seconds` of audio.

    Long batches come first: what does not fit in memory shows at once.
    """
    lengths = [audio.resampled_length(clip["samples"], clip["rate"], rate) for clip in manifest.clips]
    budget = budget_seconds * rate
    batches: list[Batch] = []
    rows: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda r: (-lengths[r], r)):
        longest = lengths[rows[0]] if rows else 0
        full = bool(rows) and ((len(rows) + 1) * longest > budget or len(rows) >= MAX_CLIPS)
        differs = bool(rows) and equal_length and lengths[row] != longest
        if full or differs:
            batches.append(Batch(tuple(rows)))
            rows = []
        rows.append(row)
    if rows:
        batches.append(Batch(tuple(rows)))
    return batches


def embed_clips(embedder: Embedder, clips: Sequence[Clip], names: Sequence[str]) -> NDArray[np.float32]:
    """Vectors of clips, shape (len(clips), dim), checked; short clips padded; halved when memory is short.

    Raises:
        ContractError: the embedder raised, or answered what the contract forbids.
    """
    declared = Declared.of(embedder)
    shortest = round(declared.min_seconds * embedder.sample_rate)
    padded = [audio.pad_to(clip, shortest) for clip in clips]
    if declared.equal_length and len({len(clip) for clip in padded}) > 1:
        # lengths at the embedder's rate can differ by one sample where the manifest's agreed
        return np.concatenate([embed_clips(embedder, [c], [n]) for c, n in zip(padded, names, strict=True)])
    try:
        answer = embedder.embed(padded)
    except Exception as error:
        if len(clips) > 1 and _out_of_memory(error):
            half = len(clips) // 2
            parts = [(clips[:half], names[:half]), (clips[half:], names[half:])]
            return np.concatenate([embed_clips(embedder, c, n) for c, n in parts])
        where = f"embedding {names[0]!r}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
        raise as_benchmark_error(error, where) from error
    return validate_vectors(answer, len(clips), embedder.dim, list(names))


def extract(
    construction: Construction | Embedder,
    manifest: Manifest,
    prepared: Path,
    folder: Path,
    *,
    fingerprint: str,
    workers: int,
    budget_seconds: float,
    record: Mapping[str, Any],
    advance: Callable[[int, float], None],
) -> Summary:
    """Embed every clip of a dataset into the store at `folder`, going on where a killed run stopped.

    `construction` may also be an embedder itself (from Python), which then runs in this process.
    `advance(clips, audio seconds)` is called after each batch.
    """
    begun = time.monotonic()
    embedder = construction.make() if isinstance(construction, Construction) else construction
    declared, rate = Declared.of(embedder), int(embedder.sample_rate)
    if declared.in_workers and isinstance(embedder, FittedEmbedder):
        raise ContractError("an embedder cannot both run in workers and be fitted to a dataset; declare one of them.")
    batches = plan_batches(manifest, rate=rate, budget_seconds=budget_seconds, equal_length=declared.equal_length)
    writer = Writer(
        folder, fingerprint=fingerprint, clips=len(manifest.clips), dim=int(embedder.dim), batching=str(budget_seconds)
    )
    done = writer.done
    pending = [batch for batch in batches if not done[list(batch.rows)].all()]
    ids = [str(clip["id"]) for clip in manifest.clips]
    seconds = [clip["samples"] / clip["rate"] for clip in manifest.clips]
    reused = int(done.sum())
    advance(reused, sum(seconds[row] for row in np.flatnonzero(done)))
    fitted: Mapping[str, Any] = {}
    if isinstance(embedder, FittedEmbedder):
        embedder.fit_statistics(_training_clips(manifest, prepared, rate), dataset=manifest.dataset)
        fitted = embedder.statistics_record()

    in_workers = declared.in_workers and isinstance(construction, Construction) and workers > 1
    setup = (_setup_embedding, construction) if in_workers else ()
    with Workers(workers, *setup) as pool:
        jobs = ((str(prepared), rate, [ids[row] for row in batch.rows]) for batch in pending)
        function: Callable[[Any], Any] = _embed_batch if in_workers else read_batch
        for batch, (_, answer) in zip(pending, pool.in_order(function, jobs), strict=True):
            names = [ids[row] for row in batch.rows]
            vectors = answer if in_workers else embed_clips(embedder, answer, names)
            writer.put(batch.rows, vectors)
            advance(len(batch.rows), sum(seconds[row] for row in batch.rows))
    padded = sum(duration < declared.min_seconds for duration in seconds)
    writer.finish(
        {
            **record,
            "dataset": manifest.dataset,
            "variant": manifest.variant,
            "clips_fingerprint": manifest.clips_fingerprint,
            "sample_rate": rate,
            "padded_clips": padded,
            "statistics": dict(fitted),
        }
    )
    return Summary(len(ids), reused, padded, time.monotonic() - begun, float(sum(seconds)))


_embedder: Embedder | None = None  # of a helper process


def _setup_embedding(construction: Construction) -> None:
    global _embedder
    _embedder = construction.make()


def _embed_batch(job: tuple[str, int, Sequence[str]]) -> NDArray[np.float32]:
    assert _embedder is not None
    return embed_clips(_embedder, read_batch(job), job[2])


def _training_clips(manifest: Manifest, prepared: Path, rate: int) -> Iterator[Clip]:
    rows = [c for c in manifest.clips if c["part"] == "train"] or manifest.clips
    read = functools.partial(shared_reader(str(prepared), rate).read)
    return (read(str(clip["id"])) for clip in rows)


def _out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__ or "out of memory" in str(error)
