"""What a leaderboard is: frozen data between the cells and the renderers, floats unrounded.

A section holds the rows that may be compared: one kind of task, one variant of each dataset.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from benchmark.aggregate import Aggregates
from benchmark.cell import Interval
from benchmark.published import PublishedFigure
from tasks.base import Suite, Task

State = Literal["scored", "not run", "failed", "missing"]


@dataclass(frozen=True, kw_only=True)
class MetricValue:
    """One metric over the pooled predictions, as a fraction; `oracle` is the best head *on test*."""

    metric: str
    value: float
    interval: Interval | None
    oracle: float | None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One embedder on one column. `metrics` is empty unless scored, and has the primary metric first."""

    embedder: str
    state: State
    reason: str = ""
    way_out: str = ""
    metrics: tuple[MetricValue, ...] = ()
    clips: int | None = None
    oracle_head: str = ""
    chosen: tuple[tuple[str, int], ...] = ()  # head, number of folds in which validation chose it
    notes: tuple[str, ...] = ()
    rank: float | None = None  # among the scored rows of this column
    best: bool = False
    published: PublishedFigure | None = None
    seen: tuple[str, ...] = ()  # training sets of the embedder that may hold the task's recordings

    @property
    def contaminated(self) -> bool:
        """Whether there is a score, of a model that may have been trained on what it is tested on."""
        return bool(self.metrics) and bool(self.seen)

    @property
    def primary(self) -> MetricValue | None:
        """The figure that is ranked, None unless scored."""
        return self.metrics[0] if self.metrics else None


@dataclass(frozen=True, kw_only=True)
class Column:
    """One task on one variant of its dataset; sizes are None while no cell is there."""

    key: str  # task[@variant]
    task: Task
    variant: str
    synthetic: bool
    split: str
    normalisation: str
    mode: str = ""
    clips: int | None = None
    groups: int | None = None
    classes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()  # what is to be known of its data


@dataclass(frozen=True, kw_only=True)
class Row:
    """One embedder in one section, an entry for each column; `suite_score` only when all columns are scored."""

    embedder: str
    entries: tuple[Entry, ...]
    suite_score: Aggregates | None
    tasks: int  # of this kind in the suite, with those that no row has

    @property
    def scored(self) -> int:
        """How many columns have a score."""
        return sum(entry.state == "scored" for entry in self.entries)

    @property
    def contaminated(self) -> int:
        """How many of its scores are."""
        return sum(entry.contaminated for entry in self.entries)

    @property
    def coverage(self) -> str:
        """E.g. "2 of 3"."""
        return f"{self.scored} of {self.tasks}"


@dataclass(frozen=True, kw_only=True)
class Section:
    """Rows that are ranked together: complete ones by UM, then the others by coverage."""

    kind: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def single(self) -> bool:
        """One task: its score says all, aggregates would only repeat it."""
        return len(self.columns) == 1

    @property
    def variants(self) -> tuple[str, ...]:
        """The columns that stand on a variant; empty for the official sets."""
        return tuple(column.key for column in self.columns if column.variant)


@dataclass(frozen=True, kw_only=True)
class PublishedRow:
    """A printed row that no embedder of ours stands for; figures follow `Leaderboard.published_tasks`."""

    embedder: str
    figures: tuple[PublishedFigure | None, ...]
    um: PublishedFigure | None  # as printed, over all tasks of the paper


@dataclass(frozen=True, kw_only=True)
class Model:
    """What an embedder is, wherever it runs; None where nobody says."""

    embedder: str
    parameters: int | None
    dim: int | None
    bytes_per_hour: float | None  # of vectors, for an hour of the suite's audio
    training_sets: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    """One suite, ready to be written down; floats are unrounded."""

    suite: Suite
    protocol_version: int
    sections: tuple[Section, ...]
    lacking: tuple[Section, ...]  # tasks that no row has a result on: told, but no column of a table
    published_tasks: tuple[str, ...]
    published_rows: tuple[PublishedRow, ...]
    models: tuple[Model, ...] = ()
    clean: tuple[Section, ...] = ()  # the sections anew without contaminated scores; empty where there is none

    @property
    def contaminated(self) -> tuple[tuple[Column, Entry], ...]:
        """Every contaminated score."""
        return tuple((column, entry) for _, column, entry in self.entries() if entry.contaminated)

    @property
    def synthetic(self) -> bool:
        """Whether every corpus of the suite is generated."""
        columns = [column for section in self.sections for column in section.columns]
        return bool(columns) and all(column.synthetic for column in columns)

    def entries(self) -> Iterator[tuple[Section, Column, Entry]]:
        """Every entry, section by section and row by row, those of lacking tasks last."""
        for section in (*self.sections, *self.lacking):
            for row in section.rows:
                for column, entry in zip(section.columns, row.entries, strict=True):
                    yield section, column, entry
