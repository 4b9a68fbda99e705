"""Helper processes: started by spawn, ended with their parent, their failures told apart from errors.

Spawn, because a fork after TFDS has read hangs, and because openSMILE must never live in a process
that has imported TensorFlow. Ctrl-C is their parent's business: it ends them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from benchmark.errors import BenchmarkError, ProcessDiedError
from benchmark.native import keep_freed_memory

POLL_SECONDS = 2.0

Job = TypeVar("Job")
Result = TypeVar("Result")


class Workers:
    """A pool of processes; `setup(*arguments)` runs once in each. Use as a context manager."""

    def __init__(self, count: int, setup: Callable[..., None] | None = None, *arguments: Any) -> None:
        self.count = max(1, count)
        self._pool = ProcessPoolExecutor(
            self.count,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start,
            initargs=(setup, arguments),
        )
        self._ending = ""  # how the first of them died

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is not None:  # nobody takes what is under way, and it may never end
            self._kill()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def in_order(
        self, function: Callable[[Job], Result], jobs: Iterable[Job], *, ahead: int = 2
    ) -> Iterator[tuple[Job, Result]]:
        """Each job with its result, in the order of the jobs, at most `ahead` a worker under way.

        Raises:
            ProcessDiedError: a worker died (killed, out of memory, crashed native code).
        """
        waiting: deque[tuple[Job, Future[Result]]] = deque()
        try:
            for job in jobs:
                with deaf_to_interrupts():  # this may start a process
                    waiting.append((job, self._pool.submit(_do, function, job)))
                if len(waiting) >= self.count * ahead:
                    yield self._take(waiting)
            while waiting:
                yield self._take(waiting)
        except BrokenProcessPool:
            who = f"a worker process died while working on {_name(waiting)}: it"
            raise ProcessDiedError(who, self._how_it_died()) from None
        finally:
            for _, future in waiting:
                future.cancel()

    def _take(self, waiting: deque[tuple[Job, Future[Result]]]) -> tuple[Job, Result]:
        job, future = waiting[0]
        while not futures.wait([future], timeout=POLL_SECONDS).done:
            dead = [process.exitcode for process in self._processes() if process.exitcode is not None]
            if dead:  # and the pool has not noticed: it reads the half of a result that was left
                self._ending = self._ending or ending(dead[0])
                self._kill()
        result = future.result()
        waiting.popleft()
        return job, result

    def _how_it_died(self) -> str:
        processes = self._processes()
        self._pool.shutdown(wait=True)  # until then some may not have been waited for
        codes = [process.exitcode for process in processes]
        found = next((code for code in codes if code not in (None, -signal.SIGTERM)), -signal.SIGTERM)
        self._ending = self._ending or ending(found)  # SIGTERM is how the pool ends the others
        return self._ending

    def _kill(self) -> None:
        for process in self._processes():
            process.kill()
        if self._pool._result_queue is not None:
            # the pool may be reading the half of a result: that gets an end now, instead of a wait for the rest
            self._pool._result_queue._writer.close()  # type: ignore[attr-defined]

    def _processes(self) -> list[BaseProcess]:
        return list((self._pool._processes or {}).values())


def ending(code: int) -> str:
    """How a process ended, by its exit code (negative: a signal), and the way out; goes on after its name."""
    if code >= 0:
        return f"ended with exit code {code} (sys.exit or os._exit in the model's code). A model must raise instead."
    if code == -signal.SIGKILL:
        return (
            "was killed (SIGKILL), often for lack of memory. Run again, with fewer --workers or a smaller "
            "--batch-seconds: finished work is kept."
        )
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if code == -signal.SIGTERM:
        return f"was ended from outside ({name}). Run again: finished work is kept."
    return f"died by {name} (a crash in native code). Run again with PYTHONFAULTHANDLER=1 to see where."


@contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Processes started in here never get SIGINT, not even while Python starts; for this one it waits."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent() -> None:
    """Let this process, one started by `multiprocessing`, end when its parent is gone, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def default_count() -> int:
    """One worker a core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _name(waiting: deque[tuple[Any, Any]]) -> str:
    if not waiting:
        return "nothing"
    job = waiting[0][0]
    if isinstance(job, tuple) and isinstance(job[-1], list) and job[-1]:  # ends in the clips of a batch
        clips = job[-1]
        return f"{clips[0]!r}" + (f" and {len(clips) - 1} more" if len(clips) > 1 else "")
    return str(job)[:200]


_unusable: str | None = None  # of a helper process: why its setup failed


def _start(setup: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    global _unusable
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    keep_freed_memory()
    if setup is not None:
        try:
            setup(*arguments)
        except Exception as error:  # raised here it would only be a dead process
            _unusable = f"a worker process cannot be set up: {type(error).__name__}: {' '.join(str(error).split())}"


def _do(function: Callable[[Job], Result], job: Job) -> Result:
    if _unusable is not None:
        raise BenchmarkError(_unusable)
    return function(job)


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)  # the parent is gone: nobody takes a result any more
