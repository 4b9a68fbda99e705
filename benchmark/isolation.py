"""A stranger's code in a process of its own: whatever it does there, this process lives to tell it.

What the child has to say crosses a pipe as JSON, its errors too: nothing that a model's process sends
is unpickled here.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from benchmark.errors import BenchmarkError, ProcessDiedError, Unavailable
from benchmark.native import keep_freed_memory
from benchmark.plan import Readiness
from benchmark.workers import deaf_to_interrupts, end_with_parent, ending

POLL_SECONDS = 1.0
BEAT_SECONDS = 0.2  # signs of life are sent no oftener
FAREWELL_SECONDS = 5.0  # for a child that has answered to end by itself

_send: Callable[[dict[str, Any]], None] | None = None  # in a process that runs apart: to the one that waits for it
_last_beat = 0.0


def tell(news: Any) -> None:
    """Hand JSON to the `told` of the process that waits: a sign of life, too. Does nothing where nobody waits."""
    if _send is not None:
        _send({"news": news})


def beat() -> None:
    """A sign of life while there is no news. Does nothing where nobody waits."""
    global _last_beat
    if _send is not None and time.monotonic() - _last_beat > BEAT_SECONDS:
        _last_beat = time.monotonic()
        _send({})


def run_apart(
    function: Callable[..., None],
    *arguments: Any,
    quiet_seconds: float,
    doing: object,
    told: Callable[[Any], None],
    awaited: str = "finished batch",
    command: str = "moodbench embed",
) -> None:
    """Run `function(*arguments)`, all of it picklable, in one new process, and wait for its end.

    `told` gets what the function hands to `tell`. `str(doing)` begins the message when the process dies, or
    counts as hanging: neither `tell` nor `beat` for `quiet_seconds`; `awaited` names what did not come then, and
    `command` the one that takes --patience. What is printed to stdout there goes nowhere. At the end the process is
    gone; unless it died by itself, so is all that it had started.

    Raises:
        Unavailable: the function raised it.
        ProcessDiedError: its process died, or nothing was heard of it for too long.
        BenchmarkError: the function raised one.
    """
    with _tracker_warns_of_nothing():  # it cleans up after killed children; that is no news to the user
        resource_tracker.ensure_running()
    context = multiprocessing.get_context("spawn")
    ear, mouth = context.Pipe(duplex=False)
    child = context.Process(target=_apart, args=(mouth, function, arguments))  # no daemon: it starts workers itself
    heard = Heard()
    try:
        with deaf_to_interrupts():
            child.start()
        mouth.close()
        _listen(ear, child, quiet_seconds, told, heard)
    finally:
        _end(child, by_itself=heard.answer is not None)
        ear.close()
    if heard.answer is None:
        words = heard.last_words(child.exitcode, quiet_seconds, awaited, command)
        raise ProcessDiedError(f"{doing}:", words, outside=child.exitcode == -signal.SIGTERM)
    if heard.answer.state == "unavailable":
        raise Unavailable(heard.answer.reason, heard.answer.way_out)
    if heard.answer.state == "failed":
        raise BenchmarkError(heard.answer.reason)


@dataclass
class Heard:
    """What came of a process that ran apart."""

    answer: Readiness | None = None  # ready: the function returned
    hangs: bool = False
    said: str = ""  # by sys.exit

    def last_words(self, code: int | None, quiet_seconds: float, awaited: str, command: str) -> str:
        """Why there is no answer."""
        if self.hangs:
            return (
                f"found no {awaited} for {quiet_seconds:g} s, expected one: it hangs, and was ended. Finished "
                f"work is kept. For a slow model give '{command}' a longer --patience, or set MOODBENCH_PATIENCE."
            )
        return f"its process {ending(code or 0)}" + (f" It said: {self.said}" if self.said else "")


def _listen(
    ear: Connection, child: BaseProcess, quiet_seconds: float, told: Callable[[Any], None], heard: Heard
) -> None:
    """Take messages until there is an answer, or until there will be none."""
    open_ends: list[Any] = [ear, child.sentinel]
    silent = 0.0
    while silent < quiet_seconds:
        step = min(POLL_SECONDS, quiet_seconds - silent)
        ready = wait(open_ends, step)
        if ear in ready:
            try:
                message = json.loads(ear.recv_bytes())
            except (EOFError, OSError):
                open_ends.remove(ear)  # it is dying, or has closed all files
                continue
            silent = 0.0
            if "answer" in message:
                heard.answer = Readiness.model_validate(message["answer"])
                return
            heard.said = message.get("said", "")
            if "news" in message:
                told(message["news"])
        elif ready or child.exitcode is not None:  # the latter where a fork of it keeps its sentinel open
            return
        else:
            silent += step  # not by the clock: this process may have been stopped (Ctrl-Z) meanwhile
    heard.hangs = True


def _apart(mouth: Connection, function: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """The child's main function."""
    global _send
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    keep_freed_memory()
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - no file of ours
        os.dup2(nowhere.fileno(), 1)
    one_at_a_time = threading.Lock()

    def send(message: dict[str, Any]) -> None:
        with one_at_a_time:
            mouth.send_bytes(json.dumps(message).encode())

    _send = send
    answer = Readiness()
    try:
        function(*arguments)
    except BenchmarkError as error:
        answer = Readiness.of(error)
    except SystemExit as end:  # goes on: the parent tells how the process ended
        if isinstance(end.code, str):
            send({"said": " ".join(end.code.split())})
        raise
    _send = None
    send({"answer": answer.model_dump()})


def _end(child: BaseProcess, *, by_itself: bool) -> None:
    """See to it that neither the child nor, as far as it still stands above them, its processes are left."""
    if child.pid is None:  # never started
        return
    below = _descendants(child.pid, stop=not by_itself)
    if by_itself:
        child.join(FAREWELL_SECONDS)
    child.kill()
    _kill(below)
    child.join()


def end_gently(pid: int, *, seconds: float) -> None:
    """Kill a process, before it starts anything more; what it has started gets SIGTERM and some seconds to clean up."""
    import psutil

    below = _descendants(pid, stop=True)
    os.kill(pid, signal.SIGKILL)
    for each in below:
        with suppress(psutil.Error):
            each.terminate()
    deadline = time.monotonic() + seconds
    while any(_runs(each) for each in below) and time.monotonic() < deadline:
        time.sleep(0.05)
    _kill(below)


def _descendants(pid: int, *, stop: bool) -> list[Any]:
    """The processes below one, parents before children; with `stop` it cannot start more of them."""
    import psutil

    with suppress(psutil.Error):  # it is gone
        top = psutil.Process(pid)
        if stop:
            top.suspend()
        return list(top.children(recursive=True))
    return []


def _runs(process: Any) -> bool:
    import psutil

    with suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def _kill(processes: list[Any]) -> None:
    import psutil

    for each in processes:
        with suppress(psutil.Error):
            each.kill()


@contextmanager
def _tracker_warns_of_nothing() -> Iterator[None]:
    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join([*([before] if before else []), "ignore:resource_tracker:UserWarning"])
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before
