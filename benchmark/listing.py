"""`moodbench list`: what there is, and whether it is ready on this machine. Builds and fetches nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from benchmark import datasets, embedder_spec, entry_points, registry
from benchmark.errors import BenchmarkError, Unavailable
from benchmark.params import ORIGINS, EmbedderEntry, load
from embedders.frame_rates import frame_rate

READY = "ready"


def show(what: str) -> None:
    """Print one listing as a table."""
    header, rows = _LISTINGS[what]()
    table = Table(box=None, pad_edge=False)
    table.add_column(header[0], no_wrap=True)  # a name is to be copied
    for title in header[1:]:
        table.add_column(title)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200, markup=False, highlight=False).print(table)


def dataset_state(name: str) -> str:
    """`ready` or what is missing."""
    return _state(lambda: datasets.find_source(name))


def embedder_state(name: str, entry: EmbedderEntry) -> str:
    """`ready` or what is missing (weights, a library)."""

    def ask() -> None:
        spec = embedder_spec.resolve(name, entry)
        embedder_spec.weights_file(spec, fetch=False)
        embedder_spec.identity(spec, None)
        embedder_spec.find_checkpoint(spec, fetch=False)

    return _state(ask)


def _state(ask: Callable[[], object]) -> str:
    try:
        ask()
    except Unavailable as error:
        return error.what
    except BenchmarkError as error:
        return f"broken: {error}"
    return READY


def _embedders() -> tuple[list[str], list[list[str]]]:
    chosen = load().embedders
    rows = []
    for name in sorted(entry_points.names() | chosen.keys()):
        entry = chosen.get(name, EmbedderEntry())
        rows.append([name, "yes" if name in chosen else "", *_about(name, entry), embedder_state(name, entry)])
    return ["embedder", "in params.yaml", "title", "dim", "Hz", "steps/s", "parameters", "state"], rows


def _about(name: str, entry: EmbedderEntry) -> list[str]:
    """Title, dim, rate, steps a second and parameters, as far as they are stated; a package's rows carry its name."""
    own = next((f"{kind} {getattr(entry, kind)}" for kind in ORIGINS if kind != "like" and getattr(entry, kind)), None)
    if own is not None:
        return [own, "", "", "", ""]
    packages = ", ".join(each.distribution for each in entry_points.installed().get(entry.like or name, ()))
    source = f" (package {packages})" if packages else ""
    try:
        known = entry_points.known(entry.like or name)
    except BenchmarkError:  # its state says why
        return [source.strip(), "", "", "", ""]
    if isinstance(known, str):
        return [known + source, "", "", "", ""]
    steps = frame_rate(known)
    told = "" if steps is None else f"{steps:.3g}"
    return [known.title + source, str(known.dim), f"{known.sample_rate}", told, f"{known.parameters:,}"]


def _datasets() -> tuple[list[str], list[list[str]]]:
    by_dataset: dict[str, list[str]] = {name: [] for name in registry.datasets()}
    for task in registry.tasks().values():
        by_dataset.setdefault(task.dataset, []).append(task.name)
    rows = [[name, ", ".join(tasks), dataset_state(name)] for name, tasks in by_dataset.items()]
    return ["dataset", "tasks", "state"], rows


def _tasks() -> tuple[list[str], list[list[str]]]:
    from benchmark.splits import describe, is_stratified

    rows = []
    for t in registry.tasks().values():
        split = describe(t.split, stratified=is_stratified(t.kind))
        state = dataset_state(t.dataset).partition(":")[0]  # what is missing stands in the list of datasets
        rows.append([t.name, t.title, t.dataset, t.metric, split, t.normalisation, t.language, state])
    return ["task", "title", "dataset", "metric", "split", "normalisation", "language", "state"], rows


def _suites() -> tuple[list[str], list[list[str]]]:
    chosen = load().suites
    rows = []
    for suite in registry.suites().values():
        states = {name: dataset_state(name) for name in {registry.task(task).dataset for task in suite.tasks}}
        here = sum(state == READY for state in states.values())
        state = READY if here == len(states) else f"{here} of {len(states)} datasets ready"
        using = "yes" if suite.name in chosen else ""
        rows.append([suite.name, using, f"v{suite.version}", ", ".join(suite.tasks), state])
    return ["suite", "in params.yaml", "version", "tasks", "state"], rows


def _heads() -> tuple[list[str], list[list[str]]]:
    from benchmark.probes.heads import grid

    chosen = load().probe
    rows = []
    for name in ("lda", "lr", "qda", "rf", "svc"):
        points = grid(name, chosen.mode)
        axes = {key: list(dict.fromkeys(str(point[key]) for point in points)) for key in points[0]} if points else {}
        words = " × ".join(f"{key} {' '.join(values)}" for key, values in axes.items())
        rows.append([name, "yes" if name in chosen.heads else "", str(len(points)), words])
    return ["head", "in params.yaml", "grid points", "grid"], rows


_LISTINGS: dict[str, Callable[[], tuple[list[str], list[list[str]]]]] = {
    "embedders": _embedders,
    "datasets": _datasets,
    "tasks": _tasks,
    "suites": _suites,
    "heads": _heads,
}
