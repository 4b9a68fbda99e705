"""Clips to vectors by one embedder: padding, windows, less memory than hoped for, and the contract enforced.

All of the engine that can change a vector is here and in `audio.py`; what plans, reads and spreads the work is not.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark import audio
from benchmark.contract import named, validate_vectors
from benchmark.embedder_spec import as_benchmark_error
from benchmark.manifest import Manifest
from benchmark.reader import shared_reader
from embedders.base import Clip, Declared, Embedder
from embedders.windows import cut

MAX_CLIPS = 64  # in one call of `embed`


def embed_clips(
    embedder: Embedder, clips: Sequence[Clip], names: Sequence[str], *, budget_seconds: float = math.inf
) -> NDArray[np.float32]:
    """Vectors of clips, shape (len(clips), dim), checked.

    Short clips are padded, and long ones cut into windows, as the embedder declares; windows are embedded
    `budget_seconds` of audio at a time. A batch is halved when memory is short.

    Raises:
        Unavailable: what the embedder needs is not here.
        ContractError: the embedder raised, or answered what the contract forbids.
    """
    declared = Declared.of(embedder)
    shortest = round(declared.min_seconds * embedder.sample_rate)
    padded = [audio.pad_to(clip, shortest) for clip in clips]
    if declared.window_seconds > 0:
        return _by_windows(embedder, declared, padded, names, budget_seconds)
    return _as_they_are(embedder, declared, padded, names)


def _by_windows(
    embedder: Embedder, declared: Declared, clips: Sequence[Clip], names: Sequence[str], budget_seconds: float
) -> NDArray[np.float32]:
    longest = max(1, round(declared.window_seconds * embedder.sample_rate))
    windows = [cut(clip, longest) for clip in clips]
    at_once = int(max(1, min(MAX_CLIPS, budget_seconds / declared.window_seconds)))
    pieces = [(window, name) for own, name in zip(windows, names, strict=True) for window in own]
    vectors = np.concatenate(
        [
            _as_they_are(embedder, declared, *zip(*pieces[start : start + at_once], strict=True))
            for start in range(0, len(pieces), at_once)
        ]
    )
    ends = np.cumsum([len(own) for own in windows])
    return np.stack([part.mean(axis=0, dtype=np.float64) for part in np.split(vectors, ends[:-1])]).astype(np.float32)


def _as_they_are(
    embedder: Embedder, declared: Declared, clips: Sequence[Clip], names: Sequence[str]
) -> NDArray[np.float32]:
    if declared.equal_length and len({len(clip) for clip in clips}) > 1:
        # lengths at the embedder's rate can differ by one sample where the manifest's agreed
        return np.concatenate([_as_they_are(embedder, declared, [c], [n]) for c, n in zip(clips, names, strict=True)])
    try:
        answer = embedder.embed(list(clips))
    except Exception as error:
        if len(clips) > 1 and out_of_memory(error):
            half = len(clips) // 2
            parts = [(clips[:half], names[:half]), (clips[half:], names[half:])]
            return np.concatenate([_as_they_are(embedder, declared, c, n) for c, n in parts])
        raise as_benchmark_error(error, f"embedding {named(names)}") from error
    return validate_vectors(answer, len(clips), embedder.dim, list(names))


def training_clips(manifest: Manifest, prepared: Path, rate: int) -> Iterator[Clip]:
    """What an embedder's statistics are fitted to: the training part, or all clips where there is none; lazily."""
    rows = [clip for clip in manifest.clips if clip["part"] == "train"] or manifest.clips
    read = functools.partial(shared_reader(str(prepared), rate).read)
    return (read(str(clip["id"])) for clip in rows)


def out_of_memory(error: Exception) -> bool:
    """Whether an embedder's error says that memory is short, on whatever device."""
    return isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__ or "out of memory" in str(error)
