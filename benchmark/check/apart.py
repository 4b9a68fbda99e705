"""The part of `moodbench check` and `moodbench register` that runs in a process of its own and imports the model."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmark import cost
from benchmark.check import signals
from benchmark.check.battery import not_made, outcomes
from benchmark.check.report import Finding, Skipped
from benchmark.check.subject import Subject
from benchmark.construction import Construction
from benchmark.errors import BenchmarkError, ContractError
from benchmark.isolation import tell
from benchmark.model_errors import place, text, what_is_missing
from embedders.base import Embedder

DATASET = "check"
LONG_SECONDS = 60.0
SPEED_CLIPS = 8
SPEED_SECONDS = 5.0


def battery(making: Construction, *, thorough: bool, may_lack: bool) -> tuple[Subject, set[str]] | None:
    """Try every check on one model and tell each outcome as it comes.

    Answers the model under test with the names of the checks that it passed; None where it could not be made.

    Raises:
        Unavailable: a package or the weights are not here. With `may_lack` only until the model is made: one that
            lacks something in a check has failed that check.
        BenchmarkError: the module cannot be imported.
    """
    with _watched_stdout("at import"):
        tell({"doing": "import"})
        _import(making)
    with _watched_stdout("after its import"):
        tell({"doing": "construction"})
        if in_vain := making.device_in_vain():
            tell({"note": in_vain})
        on_gpu, no_gpu = other_device(making)
        try:
            subject = Subject(making.make, on_gpu, DATASET, LONG_SECONDS, thorough=thorough, no_gpu=no_gpu)
        except (Exception, SystemExit) as error:
            if (missing := what_is_missing(error)) is not None:
                raise missing from None
            tell({"finding": dataclasses.asdict(not_made(error))})
            return None
        if making.takes_device() and making.device != "auto" and (finding := _made_as_in_a_run(making)):
            tell({"finding": dataclasses.asdict(finding)})
            return None
        passed = set()
        for outcome in outcomes(subject, lambda name: tell({"doing": name}), may_lack=may_lack):
            if isinstance(outcome, Skipped):
                tell({"skipped": dataclasses.asdict(outcome)})
                continue
            tell({"finding": dataclasses.asdict(outcome)})
            passed |= {outcome.name} if outcome.passed else set()
    return subject, passed


def battery_and_cost(making: Construction, thorough: bool) -> None:
    """Try every check on one row, then tell what the model is and what it costs.

    Raises:
        Unavailable: a package or the weights are not here.
        BenchmarkError: the module cannot be imported.
    """
    tried = battery(making, thorough=thorough, may_lack=False)
    if tried is None:
        return
    subject, passed = tried
    tell({"doing": "speed"})
    embedder = subject.embedder
    made: dict[str, Any] = {}
    if "attributes" in passed:  # else they may be anything, and what is told is JSON
        made |= {"dim": embedder.dim, "sample_rate": embedder.sample_rate}
    if "deterministic" in passed:
        made["vectors"] = subject.vectors(signals.various(subject.rate)).tolist()
        made["tolerance"] = float(subject.declared.tolerance)  # numpy's, too, are amounts
        made["speed"] = _speed(subject)
    tell({"made": made | {"parameters": cost.parameters(embedder), "peak_bytes": cost.peak_bytes()}})


def vectors(making: Construction) -> None:
    """Tell the vectors of the test signals, as another process makes them."""
    tell({"doing": "processes"})
    subject = Subject(making.make, None, DATASET, LONG_SECONDS)
    subject.fitted(subject.embedder)
    tell({"vectors": subject.vectors(signals.various(subject.rate)).tolist()})


def _made_as_in_a_run(making: Construction) -> Finding | None:
    """What is wrong where a run tells the constructor `auto`, and the checks another device."""
    try:
        dataclasses.replace(making, device="auto").make()
    except (Exception, SystemExit) as error:
        finding = not_made(error)
        mend = "Take auto, cpu and cuda (choose_device of embedders.torch_common does), or fix `device` in kwargs."
        return dataclasses.replace(
            finding, seen=f"{finding.seen} where it is given device='auto', as in a run", mend=mend
        )
    return None


def _import(making: Construction) -> None:
    try:
        making.load()
    except (BenchmarkError, SystemExit):
        raise
    except BaseException as error:  # of a stranger's making, as in the stage
        raise ContractError(f"{text(error)}{place(error)}") from None


def other_device(making: Construction) -> tuple[Callable[[], Embedder] | None, str]:
    """How to make the same embedder on a GPU, or why it cannot be compared with one there."""
    if making.device != "cpu":
        return None, f"the model is tried on {making.device!r}, not on the CPU"
    if reason := making.why_no_device():
        return None, reason
    if importlib.util.find_spec("torch") is None:
        return None, "torch, which is asked for a GPU, is not installed"
    import torch

    if not torch.cuda.is_available():
        return None, "torch sees no GPU here"
    return dataclasses.replace(making, device="cuda").make, ""


def _speed(subject: Subject) -> dict[str, float]:
    """Seconds for one batch of clips of some seconds, everything loaded."""
    length = max(SPEED_SECONDS, float(subject.declared.min_seconds))
    clips = [signals.noise(round(length * subject.rate)) for _ in range(SPEED_CLIPS)]
    begun = time.monotonic()
    subject.vectors(clips)
    return {"clips": SPEED_CLIPS, "audio_seconds": SPEED_CLIPS * length, "seconds": time.monotonic() - begun}


@contextmanager
def _watched_stdout(when: str) -> Iterator[None]:
    """Tells of what is printed to stdout, by Python or by native code."""
    with tempfile.TemporaryFile() as file:
        sys.stdout.flush()
        before = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            yield
        finally:
            sys.stdout.flush()
            os.dup2(before, 1)
            os.close(before)
            size = os.fstat(file.fileno()).st_size
            if size:
                file.seek(0)
                begins = file.read(40).decode("utf-8", "replace")
                tell({"note": f"prints {size:,} bytes to stdout {when} ({begins!r}…); moodbench drops them"})
