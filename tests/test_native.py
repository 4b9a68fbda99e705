"""Threads and memory of native libraries, seen from outside."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import types

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from benchmark import paths
from benchmark.native import one_thread
from benchmark.workers import Workers

FAULTS = """
import resource, threading
from benchmark.native import keep_freed_memory

{keep}
def work():
    for _ in range(20):
        bytearray(2**26)  # above what malloc learns to keep by itself
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        bytearray(2**26)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

{work}
"""
PAGES = 20 * 2**26 // os.sysconf("SC_PAGE_SIZE")


def threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info()]


def test_one_thread_until_the_end(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    np.ones((2, 2)) @ np.ones((2, 2))
    before, environment = threads(), dict(os.environ)
    assert before
    with one_thread():
        assert set(threads()) == {1}
        assert dict(os.environ) == environment  # a library that is loaded now would read it for good
    assert threads() == before


def told(loaded: bool) -> list[str | None]:
    if loaded:
        sys.modules["numba"] = types.ModuleType("numba")
    with one_thread():
        pass
    return [os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")]


@pytest.mark.parametrize("loaded", [False, True])
def test_a_helper_process_tells_libraries_to_come_by_the_environment(monkeypatch, loaded):
    """All but numba where it is loaded: it would refuse to compile once its threads are started."""
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    with Workers(1) as pool:
        ((_, seen),) = pool.in_order(told, [loaded])
    assert seen == ["1", "1", None if loaded else "1"]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library than glibc")
@pytest.mark.parametrize(
    ("keep", "variables", "comes_anew"),
    [
        ("", {}, True),
        ("keep_freed_memory()", {}, False),
        ("keep_freed_memory()", {"MALLOC_MMAP_THRESHOLD_": "131072"}, True),
        ("keep_freed_memory()", {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=131072"}, True),
    ],
)
@pytest.mark.parametrize("work", ["work()", "t = threading.Thread(target=work); t.start(); t.join()"])
def test_freed_memory_is_kept_unless_the_user_says_how(keep, variables, comes_anew, work):
    """Counted by the pages that the system had to map."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    done = subprocess.run(
        [sys.executable, "-c", FAULTS.format(keep=keep, work=work)],
        cwd=paths.ROOT,
        env=plain | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (int(done.stdout) > PAGES / 2) == comes_anew, done.stdout
