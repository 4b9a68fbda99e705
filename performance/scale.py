"""What a large corpus costs from its files to its vectors: seconds, and the memory of the main process.

    python -m performance.scale [--clips 100000] [--scratch FOLDER] [--keep]

Writes a corpus of generated clips (0.6 to 1 s at 8 kHz, each another sound) with a table, and a copy of the
project's code that takes it in as anybody's own corpus: `data add`, `prepare` (audio, manifest, audit),
`prepare` again, where nothing has changed, `audit` alone, and `embed` of a row in a worker a core and of a network,
each twice. Some clips are copies of others, under another
speaker's name: bytes equal, or quieter and begun later. Prints how many of them the audit found.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
CODE = ("benchmark", "embedders", "tasks", "tfds_builders")
NAME = "scale_corpus"
RATE = 8000
A_SPEAKER = 100  # clips
COPIES = 50  # of each kind, at most a tenth of the clips
SHIFT = 1003  # samples that a near copy begins later
ROWS = ("logmel_stats", "random_cnn")
PARAMS = f"suites:\n  - {NAME}\nprobe:\n  heads:\n    - lda\nembedders:\n" + "".join(f"  {row}: {{}}\n" for row in ROWS)


def sound(number: int) -> NDArray[np.int16]:
    """A harmonic glide with changing loudness, and a little noise; a function of the number alone."""
    rng = np.random.default_rng(number)
    time_axis = np.arange(int(rng.uniform(0.6, 1.0) * RATE)) / RATE
    knots = np.linspace(0, time_axis[-1], 6)
    phase = 2 * np.pi * np.cumsum(np.interp(time_axis, knots, rng.uniform(100, 300, 6))) / RATE
    voiced = sum(rng.uniform(0.2, 1) / k * np.sin(k * phase) for k in range(1, 9))
    loudness = np.interp(time_axis, knots, rng.uniform(0.1, 1, 6))
    noise = 0.01 * rng.standard_normal(len(time_axis))
    return np.rint(6000 * loudness * voiced + 6000 * noise).clip(-32767, 32767).astype(np.int16)


def clips(count: int) -> Iterator[tuple[NDArray[np.int16], str]]:
    """Samples, and "" or the kind of copy; copies of the first clips come last, so under another speaker."""
    copies = min(COPIES, count // 20)
    for number in range(count - 2 * copies):
        yield sound(number), ""
    for number in range(copies):
        yield sound(number), "exact"
    for number in range(copies, 2 * copies):
        yield (sound(number)[SHIFT:] // 2), "near"


def write_corpus(folder: Path, count: int) -> dict[str, int]:
    """The clips as wav files below `folder`, and `table.csv` beside it; answers the number of copies by kind."""
    planted = {"exact": 0, "near": 0}
    with folder.with_name("table.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["path", "label", "group"])
        for number, (samples, kind) in enumerate(clips(count)):
            speaker = f"s{number // A_SPEAKER:04}"
            path = folder / speaker / f"{number:07}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            with wave.open(str(path), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(RATE)
                file.writeframes(samples.tobytes())
            table.writerow([path.relative_to(folder).as_posix(), "abcd"[number % 4], speaker])
            if kind:
                planted[kind] += 1
    return planted


def run(clone: Path, *command: str, code: int = 0) -> None:
    """Run a moodbench command in the copy, and print what it cost; stops everything where it does not end with `code`.

    Two high-water marks as the system keeps them: of the process itself, and of the largest, helpers included.
    """
    environment = {**os.environ, "MOODBENCH_CACHE": str(clone.parent / "cache"), "MOODBENCH_DATA": str(clone.parent)}
    begun, peak = time.perf_counter(), 0
    with (clone.parent / "said.txt").open("a") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmark", *command], cwd=clone, env=environment, stdout=said, stderr=said
        )
        ended = 0
        while not ended:
            peak = max(peak, _high_water(process.pid))
            time.sleep(0.02)
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != code:
        sys.exit((clone.parent / "said.txt").read_text())
    shown = " ".join(word for word in command if not word.startswith((str(clone.parent), "-")))
    largest = max(peak, usage.ru_maxrss)
    print(
        f"{shown:<30} {seconds:7.1f} s   peak {peak / 1e6:5.2f} GB, largest process {largest / 1e6:5.2f} GB", flush=True
    )


def _high_water(pid: int) -> int:
    """Peak resident memory of a running process in kB, 0 where it has just ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def measure(scratch: Path, count: int) -> None:
    clone, audio = scratch / "clone", scratch / "audio"
    clone.mkdir(parents=True)
    for name in CODE:
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__", "dummy_data"))
    (clone / "params.yaml").write_text(PARAMS)
    begun = time.perf_counter()
    planted = write_corpus(audio, count)
    print(f"{count} clips written in {time.perf_counter() - begun:.1f} s, copies among them: {planted}", flush=True)
    table = scratch / "table.csv"
    run(clone, "data", "add", NAME, f"--audio={audio}", f"--table={table}", "--group=group")
    run(clone, "prepare")
    run(clone, "prepare")
    audit = clone / "results" / "manifests" / f"{NAME}.audit.json"
    found = json.loads(audit.read_text())
    audit.unlink()
    run(clone, "audit", NAME, code=1)  # the copies are leaks
    for row in ROWS:
        run(clone, "embed", row)
        run(clone, "embed", row)
    sizes = {
        "manifest": (clone / "results" / "manifests" / f"{NAME}.json").stat().st_size,
        "audio": sum(file.stat().st_size for file in audio.rglob("*.wav")),
        "prepared": sum(file.stat().st_size for file in (scratch / "cache" / "prepared").rglob("*array_record*")),
    }
    print(f"found: {len(found['exact'])} exact, {len(found['near'])} near")
    print("on disk: " + ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in sizes.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--scratch", type=Path, help="where to work; by default a temporary folder")
    parser.add_argument("--keep", action="store_true", help="leave the scratch folder")
    given = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(dir=given.scratch, prefix="scale-"))
    try:
        measure(scratch, given.clips)
    finally:
        if given.keep:
            print(f"kept: {scratch}")
        else:
            shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
