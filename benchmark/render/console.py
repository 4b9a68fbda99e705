"""The leaderboard on the command line: Rich tables that fit the width of the console."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from benchmark.board import Column, Entry, Leaderboard, Section
from benchmark.render.base import (
    DAGGER,
    WITHOUT,
    absent,
    dagger,
    figure,
    heading,
    metric_title,
    number,
    plain,
    section_title,
    suite_scores,
)
from benchmark.render.notes import footnotes

NAME_WIDTH = 28  # longer names are folded
TASK_WIDTH = 20  # "74.2 [70.1, 78.3]" and its gap
SUITE_WIDTH = 20  # UM and coverage with their gaps


def print_leaderboard(leaderboard: Leaderboard, console: Console, *, clean: bool = False) -> None:
    """Scores with intervals, UM and coverage, then what was not run and why. No markup is read from names.

    `clean` shows, where there are any, the tables without contaminated scores instead.
    """
    suite = leaderboard.suite
    if clean and leaderboard.clean:
        leaderboard = replace(leaderboard, sections=leaderboard.clean, clean=())
        console.print(Text(WITHOUT, style="italic"))
    console.print(Text(f"{heading(leaderboard)}  (suite {suite.name}, version {suite.version})", style="bold"))
    for section in leaderboard.sections:
        title = section_title(section, leaderboard)
        if title:
            console.print(Text(title, style="italic"))
        for first, positions in _blocks(section, console.width):
            console.print(_table(section, positions, with_suite_score=first))
    for embedders, tasks, state, reason, way_out in absent(leaderboard):
        line = Text.assemble((embedders, "bold"), f" on {tasks}: ", (state, "yellow"), f": {reason} {way_out}".rstrip())
        console.print(Padding(line, (0, 0, 0, 2)))
    console.print(
        Text(" ".join(note for note in footnotes(leaderboard) if note.startswith(("In brackets", "[", DAGGER))))
    )


def _blocks(section: Section, width: int) -> list[tuple[bool, list[int]]]:
    """Positions of the columns that go into one table: as many as fit, spread evenly over the tables."""
    names = min(NAME_WIDTH, max((len(plain(row.embedder)) for row in section.rows), default=8))
    room = width - names - SUITE_WIDTH
    columns = len(section.columns)
    blocks = math.ceil(columns / max(1, room // TASK_WIDTH))
    size = math.ceil(columns / blocks)
    return [(start == 0, list(range(start, min(start + size, columns)))) for start in range(0, columns, size)]


def _table(section: Section, positions: Sequence[int], *, with_suite_score: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("embedder", max_width=NAME_WIDTH, overflow="fold")
    if with_suite_score and not section.single:
        table.add_column("UM", justify="right", no_wrap=True)
    for position in positions:
        table.add_column(_header(section.columns[position]), justify="right", overflow="fold")
    if with_suite_score:
        table.add_column("coverage", justify="right", no_wrap=True)
    for row in section.rows:
        cells: list[Text] = [Text(plain(row.embedder))]
        if with_suite_score and not section.single:
            cells.append(Text(suite_scores(row, section)[0], style="bold"))
        cells += [_score(row.entries[position]) for position in positions]
        if with_suite_score:
            cells.append(Text(row.coverage, style="" if row.suite_score else "yellow"))
        table.add_row(*cells)
    return table


def _header(column: Column) -> Text:
    synthetic = "\nsynthetic" if column.synthetic else ""
    return Text(f"{column.key}\n{metric_title(column.task.metric)}{synthetic}")


def _score(entry: Entry) -> Text:
    if entry.primary is None:
        return Text(entry.state, style="yellow")
    score = number(entry.primary.metric, entry.primary.value)
    interval = dagger(entry) + figure(entry.primary).removeprefix(score)
    return Text.assemble((score, "bold green" if entry.best else ""), (interval, "dim"))
