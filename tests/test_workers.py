"""Helper processes: order, errors, sudden death, and no orphans."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib import import_module

import pytest

from benchmark import paths
from benchmark.errors import BenchmarkError
from benchmark.workers import Workers, default_count


@pytest.fixture
def jobs(fakes):
    return import_module("jobs")


def test_results_come_in_the_order_of_the_jobs(jobs):
    with Workers(2) as pool:
        assert list(pool.in_order(jobs.square, iter(range(20)))) == [(job, job * job) for job in range(20)]
        assert list(pool.in_order(jobs.square, [])) == []


def test_jobs_are_taken_as_needed(jobs):
    """A generator of large jobs is not drained into memory."""
    taken = []

    def generate():
        for job in range(100):
            taken.append(job)
            yield job

    with Workers(1) as pool:
        results = pool.in_order(jobs.square, generate(), ahead=2)
        assert next(results) == (0, 0)
        assert len(taken) <= 3


def test_setup_runs_once_in_each_process(jobs):
    with Workers(2, jobs.remember, "model", 7) as pool:
        answers = [answer for _, answer in pool.in_order(jobs.what_was_set_up, range(8))]
    assert {tuple(seen) for _, seen in answers} == {(("model", 7),)}
    assert os.getpid() not in {pid for pid, _ in answers}


def test_an_error_in_a_job_is_the_error_here(jobs):
    with Workers(1) as pool:
        results = pool.in_order(jobs.fail_on_three, range(6))
        assert [next(results)[1] for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ValueError, match="three is not to be had"):
            next(results)
        assert list(pool.in_order(jobs.square, [5])) == [(5, 25)], "the pool is still of use"


@pytest.mark.timeout(60)
def test_an_error_here_does_not_wait_for_the_rest_of_a_result(jobs):
    def take_one():
        with Workers(2) as pool:
            next(pool.in_order(jobs.megabytes, [1, 300, 300, 300]))
            while not any(frame.f_code.co_name == "_recv" for frame in sys._current_frames().values()):
                time.sleep(0.001)  # until the next is on its way
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        take_one()


@pytest.mark.timeout(60)
def test_an_error_here_does_not_wait_for_what_never_ends(jobs):
    def take_one():
        with Workers(2) as pool:
            next(pool.in_order(jobs.own_pid_then_hang, [0, 1, 1, 1]))
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        take_one()


def test_a_worker_that_dies_names_the_job(jobs):
    with Workers(1) as pool:
        results = pool.in_order(jobs.die_on_three, [1, 2, 3, 4])
        with pytest.raises(
            BenchmarkError,
            match=r"a worker process died while working on [34]: it was killed \(SIGKILL\), .*: finished work is kept",
        ):
            list(results)


@pytest.mark.timeout(60)
def test_half_a_result_is_not_waited_for(jobs):
    with Workers(2) as pool, pytest.raises(BenchmarkError, match=r"a worker process died .* was killed \(SIGKILL\)"):
        list(pool.in_order(jobs.die_while_answering, [300] * 4))


def test_a_pool_with_a_dead_worker_says_so_at_once(jobs):
    with Workers(1) as pool:
        with pytest.raises(BenchmarkError, match="a worker process died"):
            list(pool.in_order(jobs.die_on_three, [3]))
        with pytest.raises(BenchmarkError, match="a worker process died"):
            list(pool.in_order(jobs.square, [1, 2]))


def test_a_setup_that_fails_is_an_error(jobs):
    expected = "a worker process cannot be set up: RuntimeError: setup cannot be done$"
    with Workers(1, jobs.refuse) as pool, pytest.raises(BenchmarkError, match=expected):
        list(pool.in_order(jobs.square, [1]))


PARENT = """
import sys
sys.path.insert(0, sys.argv[1])
import jobs
from benchmark.workers import Workers
if __name__ == "__main__":
    with Workers(2) as pool:
        list(pool.in_order(jobs.sleep_long, range(2)))
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the process table of Linux")
def test_children_end_when_the_parent_is_killed(fakes, tmp_path):
    program = tmp_path / "parent.py"
    program.write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, str(program), str(fakes)],
        cwd=paths.ROOT,
        env={**os.environ, "PYTHONPATH": str(paths.ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    children = [int(parent.stdout.readline()) for _ in range(2)]
    assert len(set(children)) == 2
    assert all(map(alive, children))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 20
    while any(map(alive, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, children))


def test_the_default_count_is_what_this_process_may_use():
    assert 1 <= default_count() <= (os.cpu_count() or 1)
    assert Workers(0).count == 1
