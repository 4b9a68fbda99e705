"""Which clips sound alike: an inverted index over landmarks, then a look at each candidate's samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.audit.landmarks import FRAME_SECONDS, RATE

LARGEST_RUN = 24  # clips that share a hash; a commoner hash tells nothing
ENOUGH = 5  # hashes that two clips share at one offset
BAND = (150.0, 1200.0)  # Hz; where half a sample of misalignment does no harm
SLACK_SECONDS = 0.1  # about the offset that the hashes say
LEAST_OVERLAP_SECONDS = 0.5
ALIKE = 0.9  # correlation of the overlapping samples
CHUNK = 20_000_000  # pairs counted at a time: bounds memory; more are counted in parts, each needing two


@dataclass(frozen=True)
class Candidate:
    """Two clips (their numbers, the lower first) that share landmarks; `b` begins `offset` seconds into `a`."""

    a: int
    b: int
    offset: float
    hashes: int


def candidates(clips: NDArray[np.int32], hashes: NDArray[np.uint64], frames: NDArray[np.int32]) -> list[Candidate]:
    """Pairs of clips that share at least `ENOUGH` hashes at one offset; the three arrays are parallel, shape (n,).

    Costs a sort and the pairs within runs of equal hashes, never the pairs of all clips.
    """
    order = np.argsort(hashes, kind="stable")
    clips, hashes, frames = clips[order], hashes[order], frames[order]
    starts = np.flatnonzero(np.r_[True, hashes[1:] != hashes[:-1]]) if len(hashes) else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[starts, len(hashes)])
    counts: dict[tuple[int, int, int], int] = {}
    for keys, numbers in _counted(clips, frames, starts, sizes):
        for key, number in zip(keys.tolist(), numbers.tolist(), strict=True):
            found = (key >> 42, (key >> 21) & 0x1FFFFF, (key & 0x1FFFFF) - (1 << 20))
            counts[found] = counts.get(found, 0) + number
    return _best(counts)


def _counted(
    clips: NDArray[np.int32], frames: NDArray[np.int32], starts: NDArray[np.int64], sizes: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Packed (a, b, offset in frames) with how often each occurs more than once, a chunk at a time."""
    waiting: list[NDArray[np.int64]] = []
    held = 0
    for size in range(2, LARGEST_RUN + 1):
        runs = starts[sizes == size]
        for i in range(size):
            for j in range(i + 1, size):
                one, two = runs + i, runs + j
                differ = clips[one] != clips[two]
                one, two = one[differ], two[differ]
                swap = clips[one] > clips[two]
                one, two = np.where(swap, two, one), np.where(swap, one, two)
                offset = (frames[one] - frames[two]).astype(np.int64) + (1 << 20)
                waiting.append((clips[one].astype(np.int64) << 42) | (clips[two].astype(np.int64) << 21) | offset)
                held += len(one)
                if held >= CHUNK:
                    yield from _shared(waiting)
                    waiting, held = [], 0
    yield from _shared(waiting)


def _shared(waiting: list[NDArray[np.int64]]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    if waiting:
        keys, numbers = np.unique(np.concatenate(waiting), return_counts=True)
        yield keys[numbers > 1], numbers[numbers > 1]


def _best(counts: dict[tuple[int, int, int], int]) -> list[Candidate]:
    """The offset (with its neighbours: a shift is seldom a whole frame) at which each pair agrees most."""
    found: dict[tuple[int, int], Candidate] = {}
    for a, b, offset in counts:
        number = sum(counts.get((a, b, offset + step), 0) for step in (-1, 0, 1))
        known = found.get((a, b))
        if number >= ENOUGH and (known is None or number > known.hashes):
            found[a, b] = Candidate(a, b, offset * FRAME_SECONDS, number)
    return sorted(found.values(), key=lambda candidate: (candidate.a, candidate.b))


def likeness(a: NDArray[np.float32], b: NDArray[np.float32], offset: float) -> float:
    """Largest correlation of two clips (mono, `RATE`) within `SLACK_SECONDS` of `offset`, between 0 and 1.

    Counts only where they overlap, and only an overlap that holds at least half of the energy of the
    quieter-lived clip; either polarity.
    """
    x, y = _band(a), _band(b)
    slack, middle = round(SLACK_SECONDS * RATE), round(offset * RATE)
    shifts = np.arange(middle - slack, middle + slack + 1)
    products = _products(x, y, shifts)
    energy_a, energy_b = np.r_[0.0, np.cumsum(x * x)], np.r_[0.0, np.cumsum(y * y)]
    begin, end = np.maximum(shifts, 0), np.minimum(len(a), shifts + len(b))
    valid = end - begin >= min(LEAST_OVERLAP_SECONDS * RATE, 0.5 * min(len(a), len(b)))
    begin, end, shifts, products = begin[valid], end[valid], shifts[valid], products[valid]
    if not len(begin):
        return 0.0
    inside_a = energy_a[end] - energy_a[begin]
    inside_b = energy_b[end - shifts] - energy_b[begin - shifts]
    whole = (inside_a >= 0.5 * energy_a[-1]) | (inside_b >= 0.5 * energy_b[-1])
    scale = np.sqrt(inside_a * inside_b)
    fit = np.where(whole & (scale > 0), np.abs(products) / np.where(scale > 0, scale, 1.0), 0.0)
    return float(min(1.0, fit.max()))


def _products(a: NDArray[np.float64], b: NDArray[np.float64], shifts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum of a[n] b[n - shift] for each shift."""
    from scipy.fft import irfft, next_fast_len, rfft

    size = next_fast_len(len(a) + len(b), real=True)
    all_shifts = irfft(rfft(a, size) * np.conj(rfft(b, size)), size)
    possible = (shifts > -len(b)) & (shifts < len(a))
    answer: NDArray[np.float64] = np.where(possible, all_shifts[shifts % size], 0.0)
    return answer


def _band(signal: NDArray[np.float32]) -> NDArray[np.float64]:
    from scipy.signal import butter, sosfiltfilt

    padded = signal.astype(np.float64)
    if len(padded) < 64:
        return padded
    filtered: NDArray[np.float64] = sosfiltfilt(butter(4, BAND, "bandpass", fs=RATE, output="sos"), padded, padlen=32)
    return filtered


def groups_of(pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Clips joined by pairs, directly or through others; each group sorted, the groups too."""
    leader: dict[int, int] = {}

    def find(clip: int) -> int:
        while leader.setdefault(clip, clip) != clip:
            leader[clip] = leader[leader[clip]]
            clip = leader[clip]
        return clip

    for a, b in pairs:
        low, high = sorted((find(a), find(b)))
        leader[high] = low
    members: dict[int, list[int]] = {}
    for clip in sorted(leader):
        members.setdefault(find(clip), []).append(clip)
    return sorted(members.values())
