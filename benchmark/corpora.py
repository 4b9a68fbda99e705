"""`moodbench data`: every corpus with its state here, its card, and its preparation."""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmark import datasets, fetch, manifest, paths, preparing, registry
from benchmark.datasets import Source
from benchmark.errors import BenchmarkError, ParamsError, Unavailable
from benchmark.files import write_json
from benchmark.manifest import Manifest
from benchmark.progress import bar, say
from benchmark.splits import PARTS
from benchmark.workers import Workers

READY, FOUND, WRONG, MISSING = "ready", "archive found", "archive wrong", "missing"
NEXT = """\
archive found: moodbench data prepare [NAME...] builds it.
missing: moodbench data fetch NAME... fetches it into {folder}, or says how to get it."""


@dataclass(frozen=True)
class State:
    """A dataset on this machine: one of the four states, what was found, and how many bytes it has, where known."""

    dataset: str
    state: str
    detail: str
    bytes: int | None = None


def names() -> list[str]:
    """Every dataset that a task asks something of, configs included, then builders without a task."""
    asked = dict.fromkeys(task.dataset for task in registry.tasks().values())
    plain = {registry.split_name(name)[0] for name in asked}
    return sorted([*asked, *(name for name in registry.datasets() if name not in plain)])


def chosen(wanted: str) -> list[str]:
    """The datasets that a name means: the one of that name, else all its configs that tasks ask of.

    Raises:
        UnknownNameError: there is no such dataset, or config.
    """
    listed = names()
    configs = [name for name in listed if name.startswith(f"{wanted}/")]
    if configs and wanted not in listed:
        return configs
    registry.dataset_builder(wanted)
    return [wanted]


def state(dataset: str) -> State:
    """What is here of a dataset; opens its archive where it is not prepared yet, and decodes nothing."""
    try:
        source = datasets.find_source(dataset)
    except Unavailable as error:
        sizes = [file.bytes for file in fetch.downloads(dataset)]
        known = sum(filter(None, sizes)) if sizes and None not in sizes else None
        return State(dataset, MISSING, f"needs {error.what.partition(' needs ')[2]}; {_how(dataset)}", known)
    except BenchmarkError as error:
        return State(dataset, WRONG, str(error))
    for skip_broken in (False, True):
        if datasets.is_prepared(dataset, source, skip_broken=skip_broken):
            folder = datasets.prepared_folder(dataset, source, skip_broken=skip_broken)
            return State(dataset, READY, "prepared" + (", without broken clips" if skip_broken else ""), _bytes(folder))
    if source.path is None:
        return State(dataset, FOUND, "synthesised, needs no archive")
    try:
        found = _inspected(dataset, source, source.path)
    except BenchmarkError as error:
        return State(dataset, WRONG, str(error), _bytes(source.path))
    return State(dataset, FOUND, f"{source.path.name}: {found}", _bytes(source.path))


def show_status() -> int:
    """Print one line a dataset, and what to do next; 1 when an archive is wrong."""
    listed = names()
    with bar("looking at", len(listed), "datasets") as advance:
        found: dict[State, list[str]] = defaultdict(list)
        for name in listed:
            seen = state(name)
            plain = registry.split_name(name)[0] if seen.state in (MISSING, WRONG) else name
            found[State(plain, seen.state, seen.detail, seen.bytes)].append(name)  # its configs lack the same
            advance(1)
    table = Table(box=None, pad_edge=False, expand=True)
    for title in ("dataset", "state"):
        table.add_column(title, no_wrap=True)
    table.add_column("size", no_wrap=True, justify="right")
    table.add_column("licence", ratio=2)
    table.add_column("what was found", ratio=3, overflow="fold")
    for row, each in found.items():
        detail = "see below" if row.state == WRONG else row.detail
        table.add_row(row.dataset, row.state, _size(row.bytes), _licence(each[0]), detail)
    out = _console(200)
    out.print(table)
    wrong = [row for row in found if row.state == WRONG]
    for row in wrong:
        out.print(f"\n{row.dataset}: {row.detail}", soft_wrap=True)
    out.print(f"\n{NEXT.format(folder=paths.portable(str(paths.manual_folders()[0])))}", soft_wrap=True)
    return 1 if wrong else 0


def show_card(dataset: str) -> None:
    """Print what a dataset holds: clips, hours, rates, groups, each target's classes or range by part, examples.

    Raises:
        UnknownNameError: there is no such dataset.
        ParamsError: it has several configs, and none is named.
        Unavailable: neither its manifest nor its archive is here.
    """
    if len(configs := chosen(dataset)) > 1:
        raise ParamsError(f"{dataset} has several configs; expected one of {', '.join(configs)}.")
    (name,) = configs
    listed = manifest.read(name) or datasets.base_manifest(name)
    lengths = [clip["samples"] / clip["rate"] for clip in listed.clips]
    rates = sorted({clip["rate"] for clip in listed.clips})
    out = _console(120)
    out.print(f"{name} {listed.version}{f' ({listed.variant})' if listed.variant else ''}")
    out.print(
        f"{len(listed.clips)} clips, {sum(lengths) / 3600:.2f} h, {', '.join(f'{rate} Hz' for rate in rates)}, "
        f"{min(lengths):.2f} to {max(lengths):.2f} s (median {statistics.median(lengths):.2f} s)"
    )
    out.print(f"licence: {_licence(name)}; tasks: {', '.join(_tasks(name)) or 'none'}")
    group = next((task.group for task in registry.tasks().values() if task.dataset == name), "")
    out.print(_parts(listed, group))
    for target in listed.classes:
        out.print(_classes_by_part(listed, target, group))
    for target, values in _numbers(listed).items():
        out.print(f"{target}: {min(values):.3g} to {max(values):.3g}, mean {statistics.fmean(values):.3g}")
    for clip in listed.clips[:3]:
        out.print(f"e.g. {clip['id']}: {', '.join(f'{k} {_short(v)}' for k, v in clip['features'].items())}")
    if listed.skipped:
        out.print(f"left out as broken: {', '.join(row['clip'] for row in listed.skipped)}")


def prepare(wanted: Iterable[str], *, skip_broken: bool, workers: int) -> int:
    """Build datasets, several at a time, with their manifests and audits; 1 when one could not be, after all others.

    A killed run goes on with the datasets that are not built yet.

    Raises:
        UnknownNameError: there is no such dataset.
    """
    asked = list(dict.fromkeys(name for each in wanted for name in chosen(each)))
    asked = asked or [name for name in names() if state(name).state in (FOUND, READY)]
    broken = False
    with Workers(min(workers, len(asked))) as pool:
        for (name, _), problem in pool.in_order(_build, [(name, skip_broken) for name in asked]):
            if not problem:  # here, for the audit starts helper processes of its own
                problem = preparing.dataset(name, skip_broken=skip_broken)[0].reason
            say(f"{name}: {problem or 'ready'}")
            broken = broken or bool(problem)
    return 1 if broken else 0


def _build(job: tuple[str, bool]) -> str:
    """Build one dataset, in a helper process; answers what is wrong, "" when it is built."""
    name, skip_broken = job
    try:
        preparing.build(name, skip_broken=skip_broken)
    except BenchmarkError as error:
        return str(error)
    return ""


def _how(dataset: str) -> str:
    """How what is missing is to be had."""
    facts = datasets.builder_facts(dataset)
    if any(name in facts["downloads"] for name in facts["archives"]):
        return "can be fetched"
    return "can be fetched in part" if facts["downloads"] else "by hand"


def _inspected(dataset: str, source: Source, path: Path) -> str:
    """What an archive holds, kept for this code and source: a large compressed tar takes minutes to list."""
    key = datasets.prepared_folder(dataset, source).name
    note = paths.cache_folder() / "inspected" / f"{paths.file_name(dataset)}-{key}.json"
    try:
        return str(json.loads(note.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        pass  # never asked, or a note that is not ours
    with datasets.builder_errors(dataset):
        found: str = datasets.builder(dataset, note.parent).inspect(path)
    write_json(note, found)
    return found


def _parts(listed: Manifest, group: str) -> str:
    clips = Counter(clip["part"] for clip in listed.clips)
    if not group:
        return f"parts: {', '.join(f'{part} {clips[part]}' for part in PARTS)}"
    groups = {part: {c["features"][group] for c in listed.clips if c["part"] == part} for part in PARTS}
    return (
        f"{group}: {len(set().union(*groups.values()))}; parts: "
        f"{', '.join(f'{part} {clips[part]} clips of {len(groups[part])}' for part in PARTS)}"
    )


def _classes_by_part(listed: Manifest, target: str, group: str) -> Table:
    table = Table(target, "clips", "groups", *PARTS, box=None, pad_edge=False)
    for name in listed.classes[target]:
        clips = [c for c in listed.clips if name in _tags(c["features"][target])]
        parts = Counter(clip["part"] for clip in clips)
        groups = str(len({clip["features"][group] for clip in clips})) if group else ""
        table.add_row(name, str(len(clips)), groups, *(str(parts[part]) for part in PARTS))
    return table


def _tags(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _numbers(listed: Manifest) -> dict[str, list[float]]:
    """The values of each feature that is one number a clip."""
    first = listed.clips[0]["features"]
    return {name: [c["features"][name] for c in listed.clips] for name in first if isinstance(first[name], float)}


def _short(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_short(each) for each in value)}]"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _tasks(dataset: str) -> list[str]:
    return sorted(task.name for task in registry.tasks().values() if task.dataset == dataset)


def _licence(dataset: str) -> str:
    return next((task.licence for task in registry.tasks().values() if task.dataset == dataset), "")


def _size(count: int | None) -> str:
    if count is None:
        return ""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _bytes(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def _console(width: int) -> Console:
    """As wide as the terminal or `COLUMNS` says, else `width`."""
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if known else width, markup=False, highlight=False)
