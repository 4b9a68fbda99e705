"""Progress for people: a bar with rate and time left on a terminal, one line a step elsewhere."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

console = Console(stderr=True, highlight=False, emoji=False)  # a message may hold ":x:"

Advance = Callable[[int], None]


@contextmanager
def bar(title: str, total: int, unit: str) -> Iterator[Advance]:
    """A progress bar; yields the function that advances it by a number of units."""
    if not console.is_terminal:
        console.print(f"{title}: {total} {unit}")
        yield lambda _: None
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

        def advance(count: int) -> None:
            progress.advance(task, count)
            speed = progress.tasks[0].speed
            progress.update(task, rate=f"{speed:.1f} {unit}/s" if speed else "")

        yield advance


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
