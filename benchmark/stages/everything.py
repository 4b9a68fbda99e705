"""`moodbench run`: dvc repro that goes past broken rows, then the leaderboards, and an honest exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmark import params, paths
from benchmark.progress import say
from benchmark.stages import report as report_stage
from benchmark.stages.prepare import KEEP_GOING

QUIET = "MOODBENCH_QUIET"  # under `run` the table is printed once, at the end


def run() -> int:
    """Exit code 0 when every wanted row is scored or unavailable, 1 when a row failed or was refused."""
    params.load()  # a mistake there is one clear line, not one from each stage
    environment = dict(os.environ)
    here = str(Path(sys.executable).parent)  # the stages' `python` is this environment's
    environment["PATH"] = os.pathsep.join([here, environment.get("PATH", "")])
    environment |= {KEEP_GOING: "1", QUIET: "1"}
    command = [sys.executable, "-m", "dvc", "repro", "--keep-going"]
    code = subprocess.run(command, cwd=paths.ROOT, env=environment, check=False).returncode
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
            console.print(
                f"page: {paths.LEADERBOARD.relative_to(paths.ROOT) / board.suite.name / 'index.html'}", highlight=False
            )
    for problem in problems:
        say(f"failed: {problem}")
    return 1 if problems else 0
