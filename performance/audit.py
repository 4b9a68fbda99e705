"""What an audit costs and finds: clips a second of looking, the search in a generated large set, real corpora.

    python -m performance.audit [--clips 100000]
    python -m performance.audit --real emotify ravdess      # what is found in these, and in how many seconds

The large set is made of landmarks, not of audio: clips that share nothing, and a known number of copies
whose hashes have survived in part. Prints seconds, memory of this process, and how many copies were found.
`performance/scale.py` takes as many real files through everything.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from benchmark import datasets
from benchmark.audit import record
from benchmark.audit.landmarks import MAX_HASHES, RATE, landmarks
from benchmark.audit.pairs import candidates

COPIES = 500
SURVIVING = 0.2  # share of the hashes of a copy that equal its original's
SEARCHED = 300  # hashes of a clip of some seconds


def looking(seconds: float = 3.0, clips: int = 200) -> None:
    rng = np.random.default_rng(0)
    time_axis = np.arange(int(seconds * RATE)) / RATE
    begun = time.perf_counter()
    for _ in range(clips):
        pitch = np.interp(time_axis, np.linspace(0, seconds, 12), rng.uniform(100, 260, 12))
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        landmarks(sum(np.sin(k * phase) / k for k in range(1, 9)).astype(np.float32))
    spent = time.perf_counter() - begun
    print(f"landmarks: {clips} clips of {seconds:g} s in {spent:.1f} s, {clips / spent:.0f} clips/s on one core")


def search(clips: int) -> None:
    rng = np.random.default_rng(1)
    hashes = rng.integers(0, 1 << 39, (clips, SEARCHED), dtype=np.int64).astype(np.uint64)
    frames = np.sort(rng.integers(0, 300, (clips, SEARCHED)), axis=1).astype(np.int32)
    kept = int(SURVIVING * SEARCHED)
    for copy in range(COPIES):
        hashes[clips - 1 - copy, :kept] = hashes[copy, :kept]
        frames[clips - 1 - copy, :kept] = frames[copy, :kept] + 17
    numbers = np.repeat(np.arange(clips, dtype=np.int32), SEARCHED)
    begun = time.perf_counter()
    found = {(c.a, c.b) for c in candidates(numbers, hashes.ravel(), frames.ravel())}
    spent = time.perf_counter() - begun
    planted = {(copy, clips - 1 - copy) for copy in range(COPIES)}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"search: {clips} clips, {hashes.size / 1e6:.0f} M hashes (at most {MAX_HASHES} a clip) in {spent:.1f} s; "
        f"copies found {len(found & planted)} of {COPIES}, others {len(found - planted)}; peak memory {memory:.2f} GB"
    )


def real(dataset: str, workers: int) -> None:
    """Every finding on a real corpus; nothing is written to results."""
    listed = datasets.base_manifest(dataset)
    begun = time.perf_counter()
    found = record.examine(listed, datasets.audio_of(listed), workers=workers)
    spent = time.perf_counter() - begun
    faults = ", ".join(f"{len(clips)} {name}" for name, clips in found.faults.items()) or "no odd clips"
    print(
        f"{dataset}: {found.clips} clips, {found.seconds / 3600:.2f} h in {spent:.1f} s with {workers} workers "
        f"({found.clips / spent:.0f} clips/s); {len(found.exact)} exact, {len(found.near)} near, {faults}"
    )
    for group in found.exact:
        print(f"  exact: {', '.join(group)}")
    for near in found.near:
        print(f"  near: {near.a}, {near.b} from {near.offset:g} s, likeness {near.likeness:g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--real", nargs="+", default=[], metavar="DATASET")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    for dataset in given.real:
        real(dataset, given.workers)
    if not given.real:
        looking()
        search(given.clips)


if __name__ == "__main__":
    main()
