"""`moodbench run`: dvc repro that goes past broken rows, then the leaderboards, and an honest exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmark import params, paths
from benchmark.isolation import end_gently
from benchmark.progress import say
from benchmark.stages import report as report_stage
from benchmark.stages.prepare import KEEP_GOING, SKIP_BROKEN
from benchmark.workers import deaf_to_interrupts

QUIET = "MOODBENCH_QUIET"  # under `run` the table is printed once, at the end
STAGE_SECONDS = 10.0  # for a stage to clean up when it is interrupted


def run(*, skip_broken: bool = False) -> int:
    """Exit code 0 when every wanted row is scored or unavailable, 1 when a row failed or was refused."""
    params.load()  # a mistake there is one clear line, not one from each stage
    environment = dict(os.environ)
    here = str(Path(sys.executable).parent)  # the stages' `python` is this environment's
    environment["PATH"] = os.pathsep.join([here, environment.get("PATH", "")])
    environment |= {KEEP_GOING: "1", QUIET: "1"} | ({SKIP_BROKEN: "1"} if skip_broken else {})
    command = [sys.executable, "-m", "dvc", "repro", "--keep-going"]
    with deaf_to_interrupts():  # so that Ctrl-C comes here only, and the end has an order
        running = subprocess.Popen(command, cwd=paths.ROOT, env=environment)
    try:
        code = running.wait()
    except BaseException:
        end_gently(running.pid, seconds=STAGE_SECONDS)
        running.wait()
        raise
    failed = report(show=True)
    return 1 if code or failed else 0


def report(*, show: bool) -> int:
    """Write, and show, the leaderboards; 1 when a row failed or a cell was refused."""
    boards, problems = report_stage.run(params.load())
    if show:
        from rich.console import Console

        from benchmark.render.console import print_leaderboard

        console = Console(width=None if sys.stdout.isatty() else 100)
        for board in boards:
            print_leaderboard(board, console)
            page = paths.LEADERBOARD.relative_to(paths.RESULTS.parent) / board.suite.name / "index.html"
            console.print(f"page: {page}", highlight=False)
    for problem in problems:
        say(f"failed: {problem}")
    return 1 if problems else 0
