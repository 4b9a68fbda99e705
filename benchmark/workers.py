"""Helper processes: started by spawn, ended with their parent, their failures told apart from errors.

Spawn, because a fork after TFDS has read hangs, and because openSMILE must never live in a process
that has imported TensorFlow.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Any, TypeVar

from benchmark.errors import BenchmarkError

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

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def in_order(
        self, function: Callable[[Job], Result], jobs: Iterable[Job], *, ahead: int = 2
    ) -> Iterator[tuple[Job, Result]]:
        """Each job with its result, in the order of the jobs, at most `ahead` a worker under way.

        Raises:
            BenchmarkError: a worker died (killed, out of memory, crashed native code).
        """
        waiting: deque[tuple[Job, Future[Result]]] = deque()
        try:
            for job in jobs:
                waiting.append((job, self._pool.submit(function, job)))
                if len(waiting) >= self.count * ahead:
                    yield _take(waiting)
            while waiting:
                yield _take(waiting)
        except BrokenProcessPool:
            raise BenchmarkError(
                "a worker process died (killed, out of memory, or a crash in native code) while working on "
                f"{_name(waiting)}. Run again: finished work is kept; with less memory use fewer --workers."
            ) from None
        finally:
            for _, future in waiting:
                future.cancel()


def default_count() -> int:
    """One worker a core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _take(waiting: deque[tuple[Job, Future[Result]]]) -> tuple[Job, Result]:
    job, future = waiting[0]
    result = future.result()
    waiting.popleft()
    return job, result


def _name(waiting: deque[tuple[Any, Any]]) -> str:
    return str(waiting[0][0])[:200] if waiting else "nothing"


def _start(setup: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    if setup is not None:
        setup(*arguments)


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)  # the parent is gone: nobody takes a result any more
