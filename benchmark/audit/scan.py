"""One look at every clip of a dataset, streamed through helper processes: what it is, and what it sounds like."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark import audio
from benchmark.audit import landmarks, pairs
from benchmark.reader import shared_reader
from benchmark.workers import Workers

SILENT = 33  # peak in steps of int16: -60 dB below full scale
TRIM = 8  # samples as quiet as this at either end do not count for exact duplicates
FULL_SCALE = 32767
CLIPPED_SHARE = 0.001  # of the samples at full scale
SHORT_SECONDS = 0.25
LONG_SECONDS = 120.0
JOB = 32  # clips that a helper looks at before it answers

Job = tuple[str, Sequence[str]]


@dataclass(frozen=True)
class Look:
    """What one clip is: seconds, sha256 of its trimmed samples ("" for silence), faults, landmarks."""

    seconds: float
    sha256: str
    faults: tuple[str, ...]
    hashes: NDArray[np.uint64]
    frames: NDArray[np.int32]


def looks(
    prepared: Path, clip_ids: Sequence[str], *, workers: int, advance: Callable[[int], None]
) -> Iterator[tuple[str, Look]]:
    """Every clip with its look, in order; samples never leave the helper processes."""
    jobs = [(str(prepared), clip_ids[start : start + JOB]) for start in range(0, len(clip_ids), JOB)]
    with Workers(workers) as pool:
        for (_, names), found in pool.in_order(_look_at, jobs):
            yield from zip(names, found, strict=True)
            advance(len(names))


def confirmed(
    prepared: Path, suspects: Sequence[tuple[str, str, float]], *, workers: int
) -> Iterator[tuple[str, str, float, float]]:
    """Pairs (a, b, offset in seconds) whose samples agree as well, with their likeness."""
    jobs = [(str(prepared), suspects[start : start + JOB]) for start in range(0, len(suspects), JOB)]
    if jobs:
        with Workers(workers) as pool:
            for (_, asked), answers in pool.in_order(_compare, jobs):
                for (a, b, offset), likeness in zip(asked, answers, strict=True):
                    if likeness >= pairs.ALIKE:
                        yield a, b, offset, likeness


class Heard:
    """The landmarks of many clips side by side, for the search among them."""

    def __init__(self, most: int) -> None:
        room = most * landmarks.MAX_HASHES  # what is not written to costs no memory
        self._hashes, self._frames = np.empty(room, np.uint64), np.empty(room, np.int32)
        self._clips: list[str] = []
        self._ends = [0]

    def add(self, clip: str, look: Look) -> None:
        """One more clip; at most `most`."""
        begin, end = self._ends[-1], self._ends[-1] + len(look.hashes)
        self._hashes[begin:end], self._frames[begin:end] = look.hashes, look.frames
        self._clips.append(clip)
        self._ends.append(end)

    def suspects(self) -> list[tuple[str, str, float]]:
        """Pairs of clips that share landmarks, with the offset in seconds that the landmarks say."""
        numbers = np.repeat(np.arange(len(self._clips), dtype=np.int32), np.diff(self._ends))
        alike = pairs.candidates(numbers, self._hashes[: len(numbers)], self._frames[: len(numbers)])
        return [(self._clips[each.a], self._clips[each.b], each.offset) for each in alike]


def look_at(samples: NDArray[np.int16], rate: int) -> Look:
    """The look of one clip: int16 mono samples, shape (n,), at `rate` Hz."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > TRIM)
    peak = int(np.abs(samples.astype(np.int32)).max(initial=0))
    seconds = len(samples) / rate
    faults = {
        "constant": samples.min() == samples.max(),
        "silent": peak < SILENT,
        "clipped": peak >= FULL_SCALE and np.mean(np.abs(samples.astype(np.int32)) >= FULL_SCALE) > CLIPPED_SHARE,
        "very short": seconds < SHORT_SECONDS,
        "very long": seconds > LONG_SECONDS,
    }
    trimmed = samples[loud[0] : loud[-1] + 1] if len(loud) else samples[:0]
    signal = audio.resample(audio.to_float(samples), rate, landmarks.RATE)
    hashes, frames = landmarks.landmarks(signal)
    return Look(
        seconds=seconds,
        sha256=hashlib.sha256(trimmed.tobytes()).hexdigest() if len(trimmed) else "",
        faults=tuple(name for name, found in faults.items() if found),
        hashes=hashes,
        frames=frames,
    )


def _look_at(job: Job) -> list[Look]:
    folder, clip_ids = job
    reader = shared_reader(folder, landmarks.RATE)
    return [look_at(*reader.stored(clip_id)) for clip_id in clip_ids]


def _compare(job: tuple[str, Sequence[tuple[str, str, float]]]) -> list[float]:
    folder, asked = job
    read = shared_reader(folder, landmarks.RATE).read
    longest = int(landmarks.MAX_SECONDS * landmarks.RATE)
    return [pairs.likeness(read(a)[:longest], read(b)[:longest], offset) for a, b, offset in asked]
