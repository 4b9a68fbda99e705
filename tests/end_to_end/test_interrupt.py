"""Ctrl-C at any moment: one clear line, nothing half-written or left running, and the next run goes on."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Clone

FAKES = Path(__file__).resolve().parents[1] / "fakes" / "fatal_embedders.py"
ROW = '  slow: {factory: "fatal_embedders:Slow"}\n'
LINE = "interrupted: finished work is kept; run again to go on"
MADE = ("cells", "embeddings", "leaderboard", "manifests")
MOODBENCH = ("python", "-m", "benchmark")


@pytest.fixture(scope="module")
def undisturbed(clone: Clone) -> dict[str, bytes]:
    """Every file of an undisturbed run."""
    shutil.copy(FAKES, clone.path)
    clone.replace("params.yaml", "  chance: {}\n  logmel_stats: {}\n", ROW)
    clone.run(*MOODBENCH, "run")
    return made(clone)


def store(clone: Clone) -> Path:
    """The one folder with partial files; a resumed run goes on with them, and removes them."""
    return clone.folder / "results/embeddings/slow/emodb"


def made(clone: Clone) -> dict[str, bytes]:
    return {**clone.contents(*MADE), "dvc.lock": (clone.folder / "dvc.lock").read_bytes()}


def start_over(clone: Clone) -> None:
    for name in ("cells", "embeddings", "leaderboard"):
        for folder in (clone.folder / "results" / name).iterdir():
            if folder.is_dir():
                shutil.rmtree(folder)
    (clone.folder / "dvc.lock").unlink(missing_ok=True)
    shutil.rmtree(clone.folder / ".dvc" / "cache", ignore_errors=True)


def group(leader: int) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                yield process
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue


def interrupt(
    clone: Clone, command: tuple[str, ...], after: str, seconds: float, *, times: int = 1, shell: str = "/bin/sh"
) -> bool:
    """Ctrl-C some seconds after a line of the output; False when the command had ended by then."""
    running = clone.start(*MOODBENCH, *command, SHELL=shell)
    sent = False
    assert running.stdout is not None
    seen = ""
    for line in running.stdout:
        seen += line
        if after in line:  # what two processes write at once may stand in one line
            break
    else:
        raise AssertionError(f"never said {after!r}:\n{seen}")
    try:
        running.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        sent = True
        for _ in range(times):
            os.killpg(running.pid, signal.SIGINT)
            time.sleep(0.02)
    begun = time.monotonic()
    seen += running.communicate(timeout=60)[0]
    if running.returncode == 0:
        assert not sent or time.monotonic() - begun < 1, f"it took no notice:\n{seen}"
        return False
    assert time.monotonic() - begun < 15, "it ends at once"
    assert running.returncode == 130, seen
    assert "Traceback" not in seen
    assert seen.splitlines()[-1] == LINE
    assert seen.count(LINE) == 1
    while list(group(running.pid)) and time.monotonic() - begun < 15:  # what dies with its parent takes a moment
        time.sleep(0.05)
    assert list(group(running.pid)) == []
    left = [file for place in (clone.folder, clone.cache) for file in place.rglob("*.partial*")]
    assert [file for file in left if file.parent != store(clone) and file.name != "tiny.partial"] == []
    return True


def test_embed_then_evaluate(undisturbed: dict[str, bytes], clone: Clone) -> None:
    start_over(clone)
    draw = random.Random(7)
    embed = ("embed", "slow", "--batch-seconds", "2")
    hits = [interrupt(clone, embed, "embed slow on emodb", draw.uniform(0.0, 4.0), times=times) for times in (1, 2, 1)]
    assert sum(hits) >= 2
    clone.run(*MOODBENCH, *embed)
    evaluate = ("evaluate", "slow")
    hits = [
        interrupt(clone, evaluate, "evaluate slow on tiny", draw.uniform(0.0, 2.0), times=times) for times in (1, 2, 1)
    ]
    assert sum(hits) >= 2
    clone.run(*MOODBENCH, *evaluate)
    found = clone.contents("cells", "embeddings")
    assert found == {name: undisturbed[name] for name in found}
    assert {name.split("/")[1] for name in found} == {"cells", "embeddings"}


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])  # dash unblocks signals, bash does not
def test_run(undisturbed: dict[str, bytes], clone: Clone, shell: str) -> None:
    if not Path(shell).is_file():
        pytest.skip(f"there is no {shell} here")
    start_over(clone)
    draw = random.Random(8)
    begun = "Running stage 'embed@slow'"
    assert interrupt(clone, ("run",), begun, draw.uniform(0.0, 2.0), shell=shell), "the command had ended"
    embedding = "embed slow on emodb"
    assert interrupt(clone, ("run",), embedding, draw.uniform(0.5, 2.0), shell=shell), "the command had ended"
    interrupt(clone, ("run",), "Running stage 'evaluate@slow'", draw.uniform(0.0, 2.0), times=2, shell=shell)
    clone.run(*MOODBENCH, "run")
    assert made(clone) == undisturbed
