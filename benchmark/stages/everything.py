"""`moodbench run`: dvc repro that goes past broken rows, then the leaderboards, and an honest exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmark import params, paths, plan
from benchmark.errors import BenchmarkError
from benchmark.files import LOCK_SECONDS, held, write_bytes
from benchmark.isolation import end_gently
from benchmark.progress import say
from benchmark.stages import report as report_stage
from benchmark.stages.prepare import KEEP_GOING, SKIP_BROKEN
from benchmark.stages.waiting import wait_for_dvc
from benchmark.workers import deaf_to_interrupts

QUIET = "MOODBENCH_QUIET"  # under `run` the table is printed once, at the end
STAGE_SECONDS = 10.0  # for a stage to clean up when it is interrupted
# Ctrl-C comes to `run` only, and the end has an order. A blocked SIGINT would not do: DVC starts the stages by the
# user's shell, and some (dash) unblock all signals for what they start. What is ignored stays ignored.
DEAF_DVC = """
import runpy, signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
runpy.run_module("dvc", run_name="__main__", alter_sys=True)
"""


def run(*, skip_broken: bool = False) -> int:
    """Exit code 0 when every wanted row is scored or unavailable, 1 when a row failed or was refused.

    Raises:
        LockedError: another run of this project has not ended after an hour.
    """
    params.load()  # a mistake there is one clear line, not one from each stage
    with held(paths.lock("run"), who="run", wait_seconds=LOCK_SECONDS):
        wait_for_dvc()
        return _run(skip_broken=skip_broken)


def _run(*, skip_broken: bool) -> int:
    environment = dict(os.environ)
    here = str(Path(sys.executable).parent)  # the stages' `python` is this environment's
    environment["PATH"] = os.pathsep.join([here, environment.get("PATH", "")])
    environment |= {KEEP_GOING: "1", QUIET: "1"} | ({SKIP_BROKEN: "1"} if skip_broken else {})
    command = [sys.executable, "-c", DEAF_DVC, "repro", "--keep-going"]
    code = _ended(command, environment)
    if code and _mend_dvc():
        code = _ended(command, environment)
    for name in _partly_embedded() if code else ():  # DVC leaves out all that follows a failed stage
        _ended([sys.executable, "-m", "benchmark", "evaluate", name], environment)
    failed = report(show=True)
    return 1 if code or failed else 0


def _partly_embedded() -> list[str]:
    """Rows with vectors of some datasets, where others have failed."""
    found = []
    for name in params.load().embedders:
        try:
            wanted, status = plan.read(name).datasets, plan.read_status(name).datasets
        except BenchmarkError:  # not planned, or never begun
            continue
        states = {
            dataset: each.readiness.state
            for dataset, each in status.items()
            if dataset in wanted and each.vectors_fingerprint == wanted[dataset].vectors_fingerprint
        }
        if {"ready", "failed"} <= set(states.values()):
            found.append(name)
    return found


def _ended(command: list[str], environment: dict[str, str]) -> int:
    with deaf_to_interrupts():  # until it ignores them itself
        running = subprocess.Popen(command, cwd=paths.ROOT, env=environment)
    try:
        return running.wait()
    except BaseException:
        end_gently(running.pid, seconds=STAGE_SECONDS)
        running.wait()
        raise


def _mend_dvc() -> bool:
    """Put away what a killed DVC left: it writes two files in place, and refuses to read a half-written one ever after.

    Nothing is computed again without them: the stages find their finished work. Answers whether there was any.
    """
    readers = {paths.ROOT / "dvc.lock": _read_lock, paths.ROOT / ".dvc" / "tmp" / "rwlock": _read_json}
    broken = [file for file, read in readers.items() if not _readable(file, read)]
    if not broken:
        return False
    time.sleep(1.0)  # a DVC that is at work right now will be done with them
    for file in broken:
        if not _readable(file, readers[file]):
            committed = subprocess.run(["git", "show", f"HEAD:./{file.name}"], cwd=file.parent, capture_output=True)
            if committed.returncode == 0:
                write_bytes(file, committed.stdout)
            else:
                file.unlink(missing_ok=True)
            how = "put back the committed one" if committed.returncode == 0 else "removed it"
            say(f"run: {file.relative_to(paths.ROOT)} was left half-written by a killed DVC; {how}")
    return True


def _readable(file: Path, read: Callable[[Path], None]) -> bool:
    try:
        read(file)
    except FileNotFoundError:
        return True  # DVC makes it
    except ValueError:
        return False
    return True


def _read_json(file: Path) -> None:
    json.loads(file.read_text(encoding="utf-8"))


def _read_lock(file: Path) -> None:
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA, vol
    from dvc.utils.serialize import YAMLFileCorruptedError, load_yaml

    try:
        COMPILED_LOCKFILE_SCHEMA(load_yaml(str(file)))
    except (YAMLFileCorruptedError, vol.Invalid) as error:
        raise ValueError(str(error)) from None


def report(*, show: bool, clean: bool = False) -> int:
    """Write, and show, the leaderboards; 1 when a row failed or a cell was refused.

    `clean` shows the tables without contaminated scores; what is written is the same.
    """
    boards, problems = report_stage.run(params.load())
    if show:
        from rich.console import Console

        from benchmark.render.console import print_leaderboard

        console = Console(width=None if sys.stdout.isatty() else 100)
        for board in boards:
            print_leaderboard(board, console, clean=clean)
            page = paths.LEADERBOARD.relative_to(paths.RESULTS.parent) / board.suite.name / "index.html"
            console.print(f"page: {page}", highlight=False)
    for problem in problems:
        say(f"failed: {problem}")
    return 1 if problems else 0
