"""Code that runs apart: its news, its errors, and each of its ends reach the process that waits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib import import_module

import psutil
import pytest

from benchmark import isolation, paths
from benchmark.errors import BenchmarkError, Unavailable
from benchmark.isolation import beat, run_apart, tell


@pytest.fixture
def apart(fakes):
    """`apart("name", …)` runs a function of the fakes apart; answers its news."""

    def run(name, *arguments, quiet_seconds=30.0):
        told = []
        function = getattr(import_module("apart"), name)
        run_apart(function, *arguments, quiet_seconds=quiet_seconds, doing="row on corpus", told=told.append)
        return told

    return run


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until_gone(pids) -> bool:
    deadline = time.monotonic() + 20
    while not all(map(gone, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return all(map(gone, pids))


def test_news_come_in_order_and_as_they_were(apart, capfd):
    news = [1, "zwei", {"three": [4.5, None]}]
    told = apart("say", news)
    assert told[:-1] == news
    assert told[-1] != os.getpid()
    assert wait_until_gone(told[-1:])
    assert capfd.readouterr() == ("", "to stderr\n"), "stdout goes nowhere, stderr is shown"


def test_where_nobody_waits_news_are_for_nobody():
    assert tell("news") is None
    assert beat() is None


@pytest.mark.parametrize(("error", "kind", "line"), [
    ("unavailable", Unavailable, r"^weights missing\. Fetch them\.$"),
    ("contract", BenchmarkError, r"^found shape \(1, 2\), expected \(2, 2\)$"),
])  # fmt: skip
def test_an_error_crosses_as_data(apart, error, kind, line):
    with pytest.raises(kind, match=line) as caught:
        apart("refuse", error)
    assert type(caught.value) is kind
    if kind is Unavailable:
        assert (caught.value.what, caught.value.way_out) == ("weights missing", "Fetch them.")


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ("os._exit(3)", r"its process ended with exit code 3 \(sys\.exit or os\._exit in the model's code\)\."),
        ("os._exit(0)", r"its process ended with exit code 0 "),
        ("sys.exit(4)", r"its process ended with exit code 4 "),
        ("sys.exit()", r"its process ended with exit code 0 "),
        ("sys.exit('no\\nfile')", r"its process ended with exit code 1 .* It said: no file$"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", r"its process died by SIGSEGV \(a crash in native code\)\."),
        ("os.abort()", r"its process died by SIGABRT \(a crash in native code\)\."),
        ("os.kill(os.getpid(), signal.SIGKILL)", r"its process was killed \(SIGKILL\), often for lack of memory\."),
        ("os.kill(os.getpid(), signal.SIGTERM)", r"its process was ended from outside \(SIGTERM\)\."),
        ("1 / 0", r"its process ended with exit code 1 "),
    ],
)
def test_each_end_is_told(apart, capfd, how, line):
    with pytest.raises(BenchmarkError, match=rf"^row on corpus: {line}"):
        apart("end", how)
    assert ("ZeroDivisionError" in capfd.readouterr().err) == (how == "1 / 0"), "a mistake of ours keeps its trace"


def test_a_death_is_told_though_a_fork_of_it_lives_on(fakes):
    begun = time.monotonic()
    told = []
    with pytest.raises(BenchmarkError, match="ended with exit code 3"):
        run_apart(import_module("apart").fork_and_end, quiet_seconds=60.0, doing="row", told=told.append)
    assert time.monotonic() - begun < 20
    os.kill(told[0], signal.SIGKILL)


@pytest.mark.parametrize("how", ["hold_the_lock", "hang_in_a_worker"])
def test_what_hangs_is_ended_with_all_that_it_started(fakes, how):
    begun = time.monotonic()
    told = []
    line = r"^row on corpus: found no finished batch for 4 s, expected one: .* 'moodbench embed' a longer --patience"
    with pytest.raises(BenchmarkError, match=line):
        run_apart(import_module("apart").hang, how, quiet_seconds=4.0, doing="row on corpus", told=told.append)
    assert time.monotonic() - begun < 20
    assert len(told) == 2
    assert wait_until_gone(told)


def test_signs_of_life_are_enough(apart):
    assert apart("live", 3.0, quiet_seconds=1.5) == ["begun", "done"]


def test_a_stopped_process_does_not_age(fakes):
    """Ctrl-Z and `fg`: the time between does not count."""
    running = start(fakes, "live", "3.0", "1.5")
    assert running.stdout.readline() == "begun\n"
    os.killpg(running.pid, signal.SIGSTOP)
    time.sleep(2.5)
    os.killpg(running.pid, signal.SIGCONT)
    assert running.communicate(timeout=60)[0] == "done\n"
    assert running.returncode == 0


def test_what_it_leaves_running_is_ended(apart, monkeypatch):
    monkeypatch.setattr(isolation, "FAREWELL_SECONDS", 0.5)
    told = apart("leave_behind")
    assert len(told) == 2
    assert wait_until_gone(told)


PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import apart
from benchmark.isolation import run_apart
if __name__ == "__main__":
    name, argument, quiet = sys.argv[2:]
    told = lambda news: print(news, flush=True)
    sys.stderr.write("waiting\\n")
    sys.stderr.flush()
    run_apart(getattr(apart, name), eval(argument), quiet_seconds=float(quiet), doing="row", told=told)
"""


def start(fakes, *arguments) -> subprocess.Popen[str]:
    """A process that runs something apart and prints its news."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(fakes), *arguments],
        cwd=paths.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_it_ends_with_the_process_that_waits(fakes):
    running = start(fakes, "hang", "'sleep'", "60")
    pids = [int(running.stdout.readline()) for _ in range(2)]
    running.kill()
    assert wait_until_gone(pids[:1])
    os.kill(pids[1], signal.SIGKILL)  # not one of ours: it has outlived them
    running.communicate()


@pytest.mark.parametrize("seconds", [0.0, 0.2, 0.5, 1.0])
def test_an_interrupt_is_for_the_process_that_waits_alone(fakes, seconds):
    """At any moment, the start of the child among them: it adds no trace of its own, and leaves nothing."""
    running = start(fakes, "hang", "'hang_in_a_worker'", "60")
    assert running.stderr.readline() == "waiting\n"
    time.sleep(seconds)
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert said.count("Traceback") == 1, said
    assert said.splitlines()[-1] == "KeyboardInterrupt"
    group = [process for process in psutil.process_iter() if os.getsid(process.pid) == running.pid]
    assert wait_until_gone([process.pid for process in group])
