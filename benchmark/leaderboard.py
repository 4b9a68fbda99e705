"""Cells into a leaderboard: a pure view of one suite that renderers only have to write down.

The suite score (UM, WM, GM, mean rank) belongs to rows that have every task that any row has; a task
without a cell is shown with its reason and is never a zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmark.aggregate import aggregate, average_ranks
from benchmark.board import Column, Entry, Leaderboard, MetricValue, PublishedRow, Row, Section, State
from benchmark.cell import PROTOCOL_VERSION, Cell, NotRun
from benchmark.errors import CellError, UnknownNameError
from benchmark.published import AGGREGATES, PublishedFigure
from tasks.base import Suite, Task

MISSING = "no result yet"
MISSING_WAY_OUT = "Run: moodbench run"
SAME_IN_A_COLUMN = ("clips", "groups", "classes", "normalisation", "split", "mode", "synthetic", "protocol_version")


def build_leaderboard(
    suite: Suite,
    tasks: Mapping[str, Task],
    cells: Mapping[tuple[str, str], Cell],
    not_run: Mapping[tuple[str, str], NotRun],
    embedders: Sequence[str],
    published: Sequence[PublishedFigure] = (),
) -> Leaderboard:
    """The view of `suite` for `embedders`; `cells` and `not_run` are keyed by (embedder, task).

    `cells` must be current: whoever reads them from disk leaves stale ones out. Cells of embedders or
    tasks that were not asked for are not looked at.

    Raises:
        UnknownNameError: the suite names a task that `tasks` does not have.
        CellError: a cell stands under another key, lacks its primary metric, does not ask what the task
            asks, or was made otherwise than the other cells of its column.
    """
    for name in suite.tasks:
        if name not in tasks:
            raise UnknownNameError("task", name, tasks, f"Suite {suite.name!r} lists it.")
    wanted = [tasks[name] for name in suite.tasks]
    cells = {key: cell for key, cell in cells.items() if key[0] in embedders and key[1] in suite.tasks}
    for key, cell in cells.items():
        _check(key, cell, tasks[key[1]])
    beside = {(ours, task, f.metric): f for f in published for ours in f.our_embedders for task in f.our_tasks}
    sections, lacking = [], []
    for kind in dict.fromkeys(task.kind for task in wanted):
        of_kind = [task for task in wanted if task.kind == kind]
        tried = {name for _, name in cells} | {name for (_, name), why in not_run.items() if why.state == "failed"}
        shown = [task for task in of_kind if task.name in tried] or of_kind
        for variants, names in _lineups(shown, embedders, cells):
            sections.append(_section(kind, shown, variants, names, cells, not_run, beside, len(of_kind)))
        if rest := [task for task in of_kind if task not in shown]:
            nothing = {task.name: "" for task in rest}
            lacking.append(_section(kind, rest, nothing, sorted(embedders), cells, not_run, beside, len(of_kind)))
    published_tasks, published_rows = _elsewhere(wanted, embedders, published)
    return Leaderboard(
        suite=suite,
        protocol_version=PROTOCOL_VERSION,
        sections=tuple(sections),
        lacking=tuple(lacking),
        published_tasks=published_tasks,
        published_rows=published_rows,
    )


def with_remarks(board: Leaderboard, remarks: Mapping[str, Sequence[str]]) -> Leaderboard:
    """`board` with what is to be known of the data of some tasks, by task name."""
    sections = []
    for section in board.sections:
        columns = [replace(c, remarks=tuple(remarks.get(c.task.name, ()))) for c in section.columns]
        sections.append(replace(section, columns=tuple(columns)))
    return replace(board, sections=tuple(sections))


def with_training(
    board: Leaderboard, seen: Mapping[tuple[str, str], Sequence[str]], clean: Sequence[Section]
) -> Leaderboard:
    """`board` with the training sets that may hold a task's recordings, by (embedder, task).

    `clean` are the sections of a board that was built without the contaminated cells, so that ranks and means there
    are of what is left; it is kept only where some score is contaminated.
    """
    sections = [
        replace(section, rows=tuple(_seen_row(row, section.columns, seen) for row in section.rows))
        for section in board.sections
    ]
    marked = replace(board, sections=tuple(sections))
    return replace(marked, clean=tuple(clean) if marked.contaminated else ())


def _seen_row(row: Row, columns: Sequence[Column], seen: Mapping[tuple[str, str], Sequence[str]]) -> Row:
    pairs = zip(columns, row.entries, strict=True)
    entries = [replace(e, seen=tuple(seen.get((row.embedder, c.task.name), ()))) for c, e in pairs]
    return replace(row, entries=tuple(entries))


def _check(key: tuple[str, str], cell: Cell, task: Task) -> None:
    embedder, name = key
    if (cell.embedder, cell.task) != key:
        raise CellError(f"the cell under {embedder}/{name} says it is {cell.embedder}/{cell.task}. {_redo(embedder)}")
    for field in ("metric", "dataset"):
        found, expected = getattr(cell, field), getattr(task, field)
        if found != expected:
            raise CellError(f"cell {embedder}/{name}: {field} is {found!r}, expected {expected!r}. {_redo(embedder)}")
    if cell.metric not in cell.scores:
        raise CellError(f"cell {embedder}/{name} has no score for its metric {cell.metric!r}. {_redo(embedder)}")


def _redo(embedder: str) -> str:
    return f"Run `moodbench evaluate {embedder} --fresh`."


def _lineups(
    tasks: Sequence[Task], embedders: Sequence[str], cells: Mapping[tuple[str, str], Cell]
) -> list[tuple[dict[str, str], list[str]]]:
    """Embedders parted so that no task has two variants among them: (variant of each task, embedders).

    The fullest rows found the line-ups, partial rows join the first that contradicts none of their
    cells, and rows without any cell join the largest.
    """
    seen = {e: {t.name: cells[e, t.name].variant for t in tasks if (e, t.name) in cells} for e in sorted(embedders)}
    lineups: list[tuple[dict[str, str], list[str]]] = []
    for embedder in sorted(seen, key=lambda name: (-len(seen[name]), name)):
        mine = seen[embedder]
        if not mine and lineups:
            max(lineups, key=lambda lineup: len(lineup[1]))[1].append(embedder)
            continue
        for variants, names in lineups:
            if all(variants.get(task, variant) == variant for task, variant in mine.items()):
                variants.update(mine)
                names.append(embedder)
                break
        else:
            lineups.append((dict(mine), [embedder]))
    named = [({t.name: variants.get(t.name, "") for t in tasks}, names) for variants, names in lineups]
    return sorted(named, key=lambda lineup: (-len(lineup[1]), list(lineup[0].values()))) or [
        ({t.name: "" for t in tasks}, [])
    ]


def _section(
    kind: str,
    tasks: Sequence[Task],
    variants: Mapping[str, str],
    names: Sequence[str],
    cells: Mapping[tuple[str, str], Cell],
    not_run: Mapping[tuple[str, str], NotRun],
    beside: Mapping[tuple[str, str, str], PublishedFigure],
    total: int,
) -> Section:
    columns, by_task = [], []
    for task in tasks:
        mine = [cells[name, task.name] for name in names if (name, task.name) in cells]
        columns.append(_column(task, variants[task.name], mine))
        entries = [
            replace(
                _entry(name, cells.get((name, task.name)), not_run.get((name, task.name))),
                published=beside.get((name, task.name, task.metric)),
            )
            for name in names
        ]
        by_task.append(_ranked(entries))
    rows = [_row(entries, columns, total) for entries in zip(*by_task, strict=True)]
    return Section(kind=kind, columns=tuple(columns), rows=tuple(sorted(rows, key=_place)))


def _column(task: Task, variant: str, cells: Sequence[Cell]) -> Column:
    key = f"{task.name}@{variant}" if variant else task.name
    if not cells:
        return Column(
            key=key,
            task=task,
            variant=variant,
            synthetic=task.synthetic,
            split=str(task.split),
            normalisation=task.normalisation,
        )
    first = cells[0]
    for cell in cells[1:]:
        for field in SAME_IN_A_COLUMN:
            if getattr(cell, field) != getattr(first, field):
                raise CellError(
                    f"{key}: {field} is {getattr(cell, field)!r} in the cell of {cell.embedder}, but "
                    f"{getattr(first, field)!r} in that of {first.embedder}; they cannot be compared. "
                    "Run `moodbench run` to renew the older one."
                )
    return Column(
        key=key,
        task=task,
        variant=variant,
        synthetic=first.synthetic,
        split=first.split,
        normalisation=first.normalisation,
        mode=first.mode,
        clips=first.clips,
        groups=first.groups,
        classes=tuple(first.classes),
    )


def _entry(embedder: str, cell: Cell | None, absent: NotRun | None) -> Entry:
    """A failure hides an older cell: the model as it is now has no score."""
    if absent is not None and (cell is None or absent.state == "failed"):
        state: State = "failed" if absent.state == "failed" else "not run"
        return Entry(embedder=embedder, state=state, reason=absent.reason, way_out=absent.way_out)
    if cell is None:
        return Entry(embedder=embedder, state="missing", reason=MISSING, way_out=MISSING_WAY_OUT)
    order = sorted(cell.scores, key=lambda metric: (metric != cell.metric, metric))
    metrics = tuple(
        MetricValue(
            metric=metric,
            value=cell.scores[metric],
            interval=cell.intervals.get(metric),
            oracle=cell.oracle.scores.get(metric),
        )
        for metric in order
    )
    return Entry(
        embedder=embedder,
        state="scored",
        metrics=metrics,
        clips=cell.clips,
        oracle_head=cell.oracle.head,
        chosen=tuple(sorted(cell.chosen.items(), key=lambda item: (-item[1], item[0]))),
        notes=tuple(cell.notes),
    )


def _ranked(entries: Sequence[Entry]) -> list[Entry]:
    """The entries of one column with ranks; the best is marked once there is something to be better than."""
    values = [entry.primary.value for entry in entries if entry.primary]
    ranks = iter(average_ranks(values))
    return [
        replace(entry, rank=next(ranks), best=len(values) > 1 and entry.primary.value == max(values))
        if entry.primary
        else entry
        for entry in entries
    ]


def _row(entries: Sequence[Entry], columns: Sequence[Column], total: int) -> Row:
    figures = [(e.primary.value, e.clips, e.rank) for e in entries if e.primary and e.clips and e.rank is not None]
    score = None
    if len(figures) == len(columns):
        values, clips, ranks = zip(*figures, strict=True)
        score = aggregate(values, clips, [column.task.metric for column in columns], ranks)
    return Row(embedder=entries[0].embedder, entries=tuple(entries), suite_score=score, tasks=total)


def _place(row: Row) -> tuple[bool, float, str]:
    if row.suite_score is not None:
        return False, -row.suite_score.um, row.embedder
    return True, -row.scored, row.embedder


def _elsewhere(
    tasks: Sequence[Task], embedders: Sequence[str], published: Sequence[PublishedFigure]
) -> tuple[tuple[str, ...], tuple[PublishedRow, ...]]:
    """Printed rows that stand beside none of ours, on the tasks that we share; the highest UM first."""
    theirs = {(f.embedder, ours, f.metric): f for f in published for ours in f.our_tasks}
    shared = [task for task in tasks if any(task.name in f.our_tasks for f in published)]
    um = {f.embedder: f for f in published if f.task == AGGREGATES[0]}
    names = {f.embedder for f in published if not set(f.our_embedders) & set(embedders)}
    rows = [
        PublishedRow(
            embedder=name, figures=tuple(theirs.get((name, t.name, t.metric)) for t in shared), um=um.get(name)
        )
        for name in names
    ]
    rows.sort(key=lambda row: (-row.um.value if row.um else 0.0, row.embedder))
    return tuple(task.name for task in shared), tuple(rows)
