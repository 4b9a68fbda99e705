"""`moodbench data`: every corpus with its state here, its card, and its preparation."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmark import datasets, manifest, paths, registry
from benchmark.errors import BenchmarkError, DatasetError, Unavailable
from benchmark.manifest import Manifest
from benchmark.progress import say
from benchmark.workers import Workers

READY, FOUND, WRONG, MISSING = "ready", "archive found", "archive wrong", "missing"


@dataclass(frozen=True)
class State:
    """A dataset on this machine: one of the four states, what was found, and what to do."""

    dataset: str
    state: str
    detail: str
    next_step: str


def names() -> list[str]:
    """Every dataset that a task asks something of, configs included, then builders without a task."""
    asked = dict.fromkeys(task.dataset for task in registry.tasks().values())
    plain = {registry.split_name(name)[0] for name in asked}
    return sorted([*asked, *(name for name in registry.datasets() if name not in plain)])


def state(dataset: str) -> State:
    """What is here of a dataset; opens its archive where it is not prepared yet, and decodes nothing."""
    try:
        source = datasets.find_source(dataset)
    except Unavailable as error:
        return State(dataset, MISSING, error.what, error.way_out)
    except BenchmarkError as error:
        return State(dataset, WRONG, str(error), "Replace it.")
    for skip_broken in (False, True):
        if datasets.is_prepared(dataset, source, skip_broken=skip_broken):
            size = _bytes(datasets.prepared_folder(dataset, source, skip_broken=skip_broken))
            return State(dataset, READY, f"{size / 1e6:.0f} MB prepared", "")
    if source.path is None:
        return State(dataset, FOUND, "synthesised", f"moodbench data prepare {dataset}")
    try:
        found = datasets.builder(dataset, paths.cache_folder() / "inspected").inspect(source.path)
    except ValueError as error:  # the builders' own SourceError is one
        return State(dataset, WRONG, " ".join(str(error).split()), "Replace it.")
    return State(
        dataset,
        FOUND,
        f"{source.path.name}, {_bytes(source.path) / 1e6:.0f} MB: {found}",
        f"moodbench data prepare {dataset}",
    )


def show_status() -> int:
    """Print one line a dataset; 1 when an archive is wrong."""
    table = Table("dataset", "state", "licence", "what was found", "next step", box=None, pad_edge=False)
    wrong = False
    for name in names():
        found = state(name)
        wrong = wrong or found.state == WRONG
        table.add_row(name, found.state, _licence(name), found.detail, found.next_step)
    Console(width=None if sys.stdout.isatty() else 200, markup=False, highlight=False).print(table)
    return 1 if wrong else 0


def show_card(dataset: str) -> None:
    """Print what a dataset holds: clips, hours, rates, each target's classes by part, groups, examples.

    Raises:
        Unavailable: neither its manifest nor its archive is here.
    """
    listed = manifest.read(dataset) or datasets.base_manifest(dataset)
    out = Console(width=None if sys.stdout.isatty() else 120, markup=False, highlight=False)
    seconds = sum(clip["samples"] / clip["rate"] for clip in listed.clips)
    rates = Counter(clip["rate"] for clip in listed.clips)
    lengths = sorted(clip["samples"] / clip["rate"] for clip in listed.clips)
    out.print(f"{dataset} {listed.version}{f' ({listed.variant})' if listed.variant else ''}")
    out.print(
        f"{len(listed.clips)} clips, {seconds / 3600:.2f} h, {', '.join(f'{rate} Hz' for rate in sorted(rates))}, "
        f"{lengths[0]:.2f} to {lengths[-1]:.2f} s (median {lengths[len(lengths) // 2]:.2f} s)"
    )
    out.print(f"licence: {_licence(dataset)}; tasks: {', '.join(_tasks(dataset)) or 'none'}")
    for target in listed.classes:
        out.print(_classes_by_part(listed, target))
    for clip in listed.clips[:3]:
        out.print(f"e.g. {clip['id']}: {', '.join(f'{k} {v}' for k, v in clip['features'].items())}")
    if listed.skipped:
        out.print(f"left out as broken: {', '.join(row['clip'] for row in listed.skipped)}")


def prepare(wanted: Iterable[str], *, skip_broken: bool, workers: int) -> int:
    """Build datasets, several at a time; 1 when one could not be built, after all others were.

    A killed run goes on with the datasets that are not built yet.
    """
    chosen = list(wanted) or [name for name in names() if state(name).state in (FOUND, READY)]
    broken = False
    with Workers(workers) as pool:
        for (name, _), problem in pool.in_order(_prepare, [(name, skip_broken) for name in chosen]):
            say(f"{name}: {problem or 'ready'}")
            broken = broken or bool(problem)
    return 1 if broken else 0


def _prepare(job: tuple[str, bool]) -> str:
    """Build one dataset and its manifest, in a helper process; answers what is wrong, "" when it is ready."""
    name, skip_broken = job
    try:
        try:
            made = datasets.base_manifest(name)
        except DatasetError:
            if not skip_broken:
                raise
            made = datasets.base_manifest(name, skip_broken=True)
        own = [task for _, task in sorted(registry.tasks().items()) if task.dataset == name]
        manifest.write(made.with_splits(own))
    except BenchmarkError as error:
        return str(error)
    return ""


def _classes_by_part(listed: Manifest, target: str) -> Table:
    table = Table(target, "clips", "groups", "train", "validation", "test", box=None, pad_edge=False)
    group = next((task.group for task in registry.tasks().values() if task.dataset == listed.dataset), "")
    for name in listed.classes[target]:
        clips = [c for c in listed.clips if c["features"][target] == name or name in _tags(c["features"][target])]
        parts = Counter(clip["part"] for clip in clips)
        groups = {clip["features"].get(group) for clip in clips} if group else set()
        table.add_row(
            name, str(len(clips)), str(len(groups)), *(str(parts[p]) for p in ("train", "validation", "test"))
        )
    return table


def _tags(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _tasks(dataset: str) -> list[str]:
    return sorted(task.name for task in registry.tasks().values() if task.dataset == dataset)


def _licence(dataset: str) -> str:
    return next((task.licence for task in registry.tasks().values() if task.dataset == dataset), "")


def _bytes(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)
