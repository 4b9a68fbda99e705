"""What native libraries take of the machine in a process that computes: memory and threads."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of glibc's mallopt
_LARGEST, _FROM_THE_SYSTEM = 2**31 - 1, 2**30  # bytes
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def keep_freed_memory() -> None:
    """Let malloc keep what is freed for the next batch, which needs as much again.

    By default glibc takes each large array from the system anew and gives it back at once. Every page of it is then
    cleared and mapped again, which can take longer than to compute with it. Threads share one arena, for what they free
    in arenas of their own is given back all the same. Only the speed of this process changes, and that its memory
    stays as large as it has been. Nothing is done with another C library, or where the user has set one of glibc's own
    variables (`MALLOC_TRIM_THRESHOLD_` and its like).
    """
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # TypeError: Windows
        return
    mallopt(_M_TRIM_THRESHOLD, _LARGEST)
    mallopt(_M_MMAP_THRESHOLD, _FROM_THE_SYSTEM)
    mallopt(_M_ARENA_MAX, 1)


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for BLAS, OpenMP and numba, those that are loaded and those to come, until the end.

    Of several processes with a thread a core each, every one would wait for the others: OpenBLAS's and OpenMP's
    threads spin while they have nothing to do. And sums do not depend on the core count.
    """
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
