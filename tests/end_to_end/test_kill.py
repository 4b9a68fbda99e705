"""Killed at any moment, a run goes on where it stopped and ends with the bytes of an undisturbed one."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Clone

KILLS = 20
COMPARED = ("cells", "embeddings", "leaderboard", "manifests")


def processes_of(group: int) -> list[tuple[int, str]]:
    """Process ids and command lines of a process group, oldest first."""
    listed = subprocess.run(["ps", "-eo", "pgid=,pid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [(int(pid), args) for pgid, pid, args in rows if int(pgid) == group]


def kill(group: int, how: str) -> str:
    """Kill the whole group, only DVC, or only the stage that it runs; answers the stage that was hit."""
    found = processes_of(group)
    stages = [(pid, args) for pid, args in found if " -m benchmark " in args and "multiprocessing" not in args]
    stage = " ".join(stages[-1][1].split(" -m benchmark ")[1].split()[:2]) if stages else "dvc itself"
    if how == "group" or not stages:
        os.killpg(group, signal.SIGKILL)
    else:
        victims = stages if how == "child" else [row for row in found if "dvc repro" in row[1]][:1]
        for pid, _ in victims:
            os.kill(pid, signal.SIGKILL)
    return stage


def test_killed_at_random_moments(clone: Clone) -> None:
    clone.repro()
    undisturbed = clone.contents(*COMPARED)
    lock = (clone.folder / "dvc.lock").read_bytes()
    draw = random.Random(20)
    hits: list[str] = []

    def start_over() -> None:
        for name in ("cells", "leaderboard", "manifests", "plans"):
            shutil.rmtree(clone.folder / "results" / name, ignore_errors=True)
        for folder in (clone.folder / "results" / "embeddings").iterdir():
            if folder.is_dir():
                shutil.rmtree(folder)
        shutil.rmtree(clone.folder / ".dvc" / "cache", ignore_errors=True)
        shutil.rmtree(clone.cache, ignore_errors=True)
        (clone.folder / "dvc.lock").unlink(missing_ok=True)

    start_over()
    while len(hits) < KILLS:
        running = clone.start("dvc", "repro")
        try:
            running.wait(timeout=draw.uniform(1.0, 9.0))
            assert running.returncode == 0
            start_over()
        except subprocess.TimeoutExpired:
            hits.append(kill(running.pid, draw.choice(("group", "dvc", "child"))))
            running.wait(timeout=120)
            deadline = time.monotonic() + 120  # an orphaned stage ends its work first
            while processes_of(running.pid) and time.monotonic() < deadline:
                time.sleep(0.2)
            assert not processes_of(running.pid), "helper processes outlived their stage"
    clone.repro()
    print(f"{len(hits)} kills, stages hit: {sorted(set(hits))}")
    after = clone.contents(*COMPARED)
    assert sorted(after) == sorted(undisturbed)
    assert [name for name in after if after[name] != undisturbed[name]] == []
    assert (clone.folder / "dvc.lock").read_bytes() == lock


def test_two_runs_at_once(clone: Clone) -> None:
    before = clone.contents("cells", "embeddings")
    first = clone.start("python", "-m", "benchmark", "evaluate", "logmel_stats", "--fresh")
    second = clone.start("python", "-m", "benchmark", "evaluate", "logmel_stats", "--fresh")
    said = "".join((each.communicate(timeout=300)[0] or "") for each in (first, second))
    assert (first.returncode, second.returncode) == (0, 0), said
    assert said.count("is at it already; waiting for it to end") == 1
    assert clone.contents("cells", "embeddings") == before
