"""Clips a second of reading a prepared dataset, with one and with two workers, in one run.

    python -m performance.reading DATASET [--rate 16000]

DATASET is prepared first if need be. The audio is decoded once, at preparation: reading is int16 from
disk to float32, and resampling where the rate differs. Two workers need two idle cores: mind the load printed.
"""

from __future__ import annotations

import argparse
import os
import time

from benchmark import datasets
from benchmark.reader import read_batch
from benchmark.workers import Workers

BATCH = 32
PASSES = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset")
    parser.add_argument("--rate", type=int, default=16000)
    given = parser.parse_args()
    listed = datasets.base_manifest(given.dataset)
    prepared = str(datasets.ensure_prepared(given.dataset))
    ids = [clip["id"] for clip in listed.clips]
    seconds = sum(clip["samples"] / clip["rate"] for clip in listed.clips)
    jobs = [(prepared, given.rate, ids[start : start + BATCH]) for start in range(0, len(ids), BATCH)]
    load = os.getloadavg()[0]
    rates = {workers: len(ids) / _fastest(jobs, workers) for workers in (1, 2)}
    for workers, rate in rates.items():
        print(f"{workers} workers: {rate:.0f} clips/s, {seconds / len(ids) * rate:.0f} times real time")
    print(
        f"two workers to one: {rates[2] / rates[1]:.2f}x ({len(ids)} clips of {given.dataset} at {given.rate} Hz, "
        f"load average before {load:.1f} on {os.cpu_count()} cores)"
    )


def _fastest(jobs: list[tuple[str, int, list[str]]], workers: int) -> float:
    """Seconds of the fastest of some passes over all jobs: the others were disturbed."""
    spent = []
    with Workers(workers) as pool:
        for _ in range(PASSES + 1):  # in the first one processes are started, and TFDS is imported
            begun = time.perf_counter()
            for _ in pool.in_order(read_batch, jobs):
                pass
            spent.append(time.perf_counter() - begun)
    return min(spent[1:])


if __name__ == "__main__":
    main()
