"""Datasets whose clips another process goes through, in turn: a bar for each, and a name for when that process dies."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from benchmark.construction import Construction
from benchmark.manifest import Manifest
from benchmark.progress import bar, say


@dataclass(frozen=True)
class DatasetJob:
    """One dataset for one embedder, with all that another process must know of it."""

    embedder: str
    identity: dict[str, Any] | None
    making: Construction
    listed: Manifest
    prepared: Path
    folder: Path
    fingerprint: str
    workers: int
    budget_seconds: float


Job = TypeVar("Job", bound=DatasetJob)


class ClipProgress(Generic[Job]):
    """The first of `left` is under way. Use as a context manager."""

    def __init__(self, verb: str, jobs: Sequence[Job]) -> None:
        self.left = list(jobs)
        self._verb = verb
        self._bars = ExitStack()
        self._noted = set[str]()
        self.begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.close()

    def __str__(self) -> str:
        done = f", after {self.clips} of {len(self._listed.clips)} clips" if self.clips else ""
        return f"{self._embedder} on {self._listed.dataset}{done}"

    def begin(self) -> None:
        """The first of what is left, from its first clip."""
        self._bars.close()
        self.clips = 0
        self._embedder, self._listed = self.left[0].embedder, self.left[0].listed
        title = f"{self._verb} {self._embedder} on {self._listed.dataset}"
        self._advance = self._bars.enter_context(bar(title, len(self._listed.clips), "clips"))

    def next(self) -> None:
        """The job under way has ended."""
        del self.left[0]
        self._bars.close()
        if self.left:
            self.begin()

    def note(self, news: dict[str, Any]) -> None:
        """A sentence for whoever asked, once for all jobs."""
        if news["note"] not in self._noted:
            self._noted.add(news["note"])
            say(f"{self._verb} {self._embedder}: {news['note']}.")

    def count(self, news: dict[str, Any], *, reused: bool) -> None:
        """So many `clips`, of so many `audio_seconds`, are done; or were, before (`reused`)."""
        self.clips += news["clips"]
        self._advance(news["clips"], news["audio_seconds"], reused=reused)
