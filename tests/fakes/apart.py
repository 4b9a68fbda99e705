"""Functions to be run apart, by name: they tell, end, hang or leave things behind."""

from __future__ import annotations

import os
import re
import signal  # noqa: F401 - for what `end` is given
import subprocess
import sys
import threading
import time

import jobs

from benchmark.errors import ContractError, Unavailable
from benchmark.isolation import beat, tell
from benchmark.workers import Workers


def say(news):
    print("to stdout", flush=True)
    os.write(1, b"to stdout, as native code does\n")
    print("to stderr", file=sys.stderr, flush=True)
    for each in news:
        tell(each)
    tell(os.getpid())


def refuse(how):
    if how == "unavailable":
        raise Unavailable("weights missing", "Fetch them.")
    raise ContractError("found shape (1, 2), expected (2, 2)")


def end(how):
    eval(how)


def fork_and_end():
    fork = os.fork()
    if fork == 0:
        time.sleep(600)
        os._exit(0)
    tell(fork)
    os._exit(3)


def live(seconds):
    tell("begun")
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(0.3)
        beat()
    tell("done")


def hang(how):
    tell(os.getpid())
    if how == "sleep":
        _sleeper()
        time.sleep(3600)
    elif how == "hold_the_lock":
        _sleeper()
        re.match(r"(a+)+$", "a" * 80 + "b")  # never ends, and lets no other thread run
    else:
        with Workers(1) as pool:
            for _, pid in pool.in_order(jobs.own_pid_then_hang, [0, 1]):
                tell(pid)


def leave_behind():
    _sleeper()
    threading.Thread(target=time.sleep, args=(3600,)).start()
    tell(os.getpid())


def _sleeper():
    tell(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"]).pid)
