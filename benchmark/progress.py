"""Progress for people: a bar with rate and time left on a terminal, one line a step elsewhere."""

from __future__ import annotations

import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console

console = Console(stderr=True, highlight=False, emoji=False)  # a message may hold ":x:"


class Advance(Protocol):
    """Tells a bar what is done."""

    def __call__(self, count: int, audio_seconds: float = 0.0, *, reused: bool = False) -> None:
        """Units that are done; `reused` ones were done before, and are no part of the rate."""


@contextmanager
def bar(title: str, total: int, unit: str) -> Iterator[Advance]:
    """A progress bar with rate and time left; yields the function that advances it by a number of units.

    Where seconds of audio are told, the rate includes the real-time factor: how many of them go into one of the clock.
    """
    if not console.is_terminal:
        console.print(f"{title}: {total} {unit}")
        yield _advance_nothing
        return
    from rich import progress as rich

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TextColumn("{task.fields[rate]}"),
        rich.TimeElapsedColumn(),
        rich.TextColumn("left"),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=total, rate="")
        rate = Rate(unit)

        def advance(count: int, audio_seconds: float = 0.0, *, reused: bool = False) -> None:
            progress.advance(task, count)
            if not reused:
                progress.update(task, rate=rate.after(count, audio_seconds))

        yield advance


def _advance_nothing(count: int, audio_seconds: float = 0.0, *, reused: bool = False) -> None:
    """Away from a terminal."""


class Rate:
    """Units a second since it was made, and the real-time factor."""

    def __init__(self, unit: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._unit, self._clock, self._begun = unit, clock, clock()
        self._count, self._audio_seconds = 0, 0.0

    def after(self, count: int, audio_seconds: float) -> str:
        """What it is after so much more, such as "24.2 clips/s, 68x real time"."""
        self._count += count
        self._audio_seconds += audio_seconds
        passed = max(self._clock() - self._begun, 1e-9)
        factor = f", {self._audio_seconds / passed:.3g}x real time" if self._audio_seconds else ""
        return f"{self._count / passed:.1f} {self._unit}/s{factor}"


def one_line(text: str) -> str:
    """`text` with a blank for every run of control characters and line breaks, which would break or colour a line."""
    plain = "".join("\n" if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in text)
    return " ".join(part.strip() for part in plain.split("\n") if part.strip())


def say(message: str) -> None:
    """One line for a person, on stderr."""
    console.print(one_line(message), markup=False, soft_wrap=True)
    sys.stderr.flush()


def quiet_tfds() -> None:
    """Keep TFDS's own bars to terminals, and its log to warnings."""
    import logging

    import tensorflow_datasets as tfds

    logging.getLogger("absl").setLevel(logging.WARNING)
    if not console.is_terminal:
        tfds.disable_progress_bar()
