"""One `dvc repro` a project at a time: `run` waits for one that is at it, such as one whose own `run` was killed."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from benchmark import paths
from benchmark.errors import LockedError
from benchmark.files import LOCK_SECONDS
from benchmark.progress import say

POLL_SECONDS = 0.5


def wait_for_dvc(*, seconds: float = LOCK_SECONDS) -> None:
    """Return when no other process reproduces this project's pipeline.

    DVC itself would refuse to start a stage meanwhile, and fail all rows that need it.

    Raises:
        LockedError: one still does, after so many seconds.
    """
    deadline = time.monotonic() + seconds
    told = None
    while (other := at_work(paths.ROOT)) is not None:
        if told != other:
            say(f"run: process {other} (dvc repro) is at it already; waiting for it to end")
            told = other
        if time.monotonic() > deadline:
            raise LockedError(
                f"run: process {other} (dvc repro) is still at it after {seconds:.0f} s. Wait for it to end, or stop "
                "that process."
            )
        time.sleep(POLL_SECONDS)


def at_work(folder: Path) -> int | None:
    """The process that runs `dvc repro` in a folder, whoever started it; None without one."""
    import psutil

    for process in psutil.process_iter():
        with suppress(psutil.Error):  # another user's, or just gone
            words = process.cmdline()
            if "repro" in words and any(_is_dvc(word) for word in words) and Path(process.cwd()) == folder.resolve():
                return int(process.pid)
    return None


def _is_dvc(word: str) -> bool:
    return Path(word).name == "dvc" or 'run_module("dvc"' in word
