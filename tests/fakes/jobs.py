"""Functions for helper processes: they must be importable by name there."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

_setup: list[object] = []


def remember(*arguments):
    _setup.append(arguments)


def refuse():
    raise RuntimeError("setup cannot be done")


def what_was_set_up(job):
    return os.getpid(), list(_setup)


def square(job):
    time.sleep(0.05 if job % 3 == 0 else 0.0)  # so that later jobs overtake
    return job * job


def fail_on_three(job):
    if job == 3:
        raise ValueError("three is not to be had")
    return job


def die_on_three(job):
    if job == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return job


def sleep_long(job):
    print(os.getpid(), flush=True)
    time.sleep(60)


def own_pid_then_hang(job):
    if job:
        time.sleep(3600)
    return os.getpid()


def die_while_answering(job):
    def kill_when_it_writes():
        while sys._current_frames()[threading.main_thread().ident].f_code.co_name != "_send":
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=kill_when_it_writes).start()
    return megabytes(job)


def megabytes(job):
    return bytes(job * 1_000_000)
