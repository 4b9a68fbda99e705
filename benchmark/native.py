"""What native libraries take of the machine in a process that computes: memory and threads."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of glibc's mallopt
_LARGEST = 2**31 - 1  # bytes
_FROM_THE_SYSTEM = (2**30, 2**25)  # bytes; older versions of glibc take the second at most
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def keep_freed_memory() -> None:
    """Let malloc keep what is freed for the next batch, which needs as much again.

    By default glibc takes each large array from the system anew and gives it back at once. Every page of it is then
    cleared and mapped again, which can take longer than to compute with it. Threads share one arena, for what they free
    in arenas of their own is given back all the same. Only the speed of this process changes, and that its memory
    stays as large as it has been. Nothing is done with another C library, or where the user has said how in
    glibc's own variables (`MALLOC_TRIM_THRESHOLD_` and its like, or `glibc.malloc` in `GLIBC_TUNABLES`).
    """
    if any(name.startswith("MALLOC_") for name in os.environ) or "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", ""):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # TypeError: Windows
        return
    if any(mallopt(_M_MMAP_THRESHOLD, size) for size in _FROM_THE_SYSTEM):  # up to the first that is taken
        mallopt(_M_TRIM_THRESHOLD, _LARGEST)  # alone it would make glibc take every large array from the system
        mallopt(_M_ARENA_MAX, 1)


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for BLAS and OpenMP until the end.

    Of several processes with a thread a core each, every one would wait for the others: OpenBLAS's and OpenMP's
    threads spin while they have nothing to do. And sums do not depend on the core count.

    What is loaded already is limited, and set free at the end. What is loaded later is told by the environment, which
    a library reads once: so only in a helper process, which ends with its work.
    """
    from threadpoolctl import threadpool_limits

    if multiprocessing.parent_process() is not None:
        # numba, once loaded, compares the environment with its threads at every compilation
        told = (name for name in _THREADS if name != "NUMBA_NUM_THREADS" or "numba" not in sys.modules)
        os.environ.update(dict.fromkeys(told, "1"))
    with threadpool_limits(limits=1):
        yield
