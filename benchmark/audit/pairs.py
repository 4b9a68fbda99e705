"""Which clips sound alike: an inverted index over landmarks, then a look at each candidate's samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
SHARES = 8  # parts in which hashes are sorted: bounds memory


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
    found = list(_counted(_equal_runs(clips, hashes, frames)))
    if not found:
        return []
    keys, inverse = np.unique(np.concatenate([keys for keys, _ in found]), return_inverse=True)
    numbers = np.bincount(inverse, weights=np.concatenate([numbers for _, numbers in found])).astype(np.int64)
    return _best(keys, numbers)


def _equal_runs(
    clips: NDArray[np.int32], hashes: NDArray[np.uint64], frames: NDArray[np.int32]
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Clips and frames of equal hashes, each of shape (runs, size) for every size, from one share of the hashes."""
    shares = np.empty(len(hashes), np.uint8)
    np.remainder(hashes, np.uint64(SHARES), out=shares, casting="unsafe")
    for share in range(SHARES):
        mine = np.flatnonzero(shares == share)
        mine = mine[np.argsort(hashes[mine], kind="stable")]
        ordered = hashes[mine]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(mine) else np.zeros(0, np.int64)
        sizes = np.diff(np.r_[starts, len(mine)])
        for size in np.unique(sizes[(sizes > 1) & (sizes <= LARGEST_RUN)]):
            places = mine[starts[sizes == size, None] + np.arange(size)]
            yield clips[places], frames[places]


def _counted(
    runs: Iterable[tuple[NDArray[np.int32], NDArray[np.int32]]],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Packed (a, b, offset in frames) with how often each occurs more than once, a chunk at a time."""
    waiting: list[NDArray[np.int64]] = []
    held = 0
    for clips, frames in runs:
        for i in range(clips.shape[1]):
            for j in range(i + 1, clips.shape[1]):
                differ = clips[:, i] != clips[:, j]
                one, two = clips[differ, i].astype(np.int64), clips[differ, j].astype(np.int64)
                offset = frames[differ, i].astype(np.int64) - frames[differ, j]
                offset = np.where(one > two, -offset, offset) + (1 << 20)
                waiting.append((np.minimum(one, two) << 42) | (np.maximum(one, two) << 21) | offset)
                held += len(one)
                if held >= CHUNK:
                    yield _shared(waiting)
                    waiting, held = [], 0
    if waiting:
        yield _shared(waiting)


def _shared(waiting: list[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    keys, numbers = np.unique(np.concatenate(waiting), return_counts=True)
    return keys[numbers > 1], numbers[numbers > 1]


def _best(keys: NDArray[np.int64], numbers: NDArray[np.int64]) -> list[Candidate]:
    """The offset (with its neighbours: a shift is seldom a whole frame) at which each pair agrees most.

    `keys` are sorted and differ, so that the neighbours of an offset stand beside it.
    """
    around = numbers.copy()
    adjacent = np.flatnonzero(keys[1:] == keys[:-1] + 1)
    around[adjacent] += numbers[adjacent + 1]
    around[adjacent + 1] += numbers[adjacent]
    enough = np.flatnonzero(around >= ENOUGH)
    order = enough[np.lexsort((-numbers[enough], -around[enough], keys[enough] >> 21))]
    pairs = keys[order] >> 21
    first = order[np.flatnonzero(np.r_[True, pairs[1:] != pairs[:-1]])] if len(order) else order
    return [
        Candidate(key >> 42, (key >> 21) & 0x1FFFFF, ((key & 0x1FFFFF) - (1 << 20)) * FRAME_SECONDS, hashes)
        for key, hashes in zip(keys[first].tolist(), around[first].tolist(), strict=True)
    ]


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
