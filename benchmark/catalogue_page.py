"""docs/datasets.md: every task with its corpus, from the tasks, the builders and the manifests in git.

Nothing of this machine stands in it: neither what is prepared here, nor corpora of one's own. `make catalogue`
writes it, and a test compares it with what the code says.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmark import datasets, manifest, paths, registry
from benchmark.corpora import names
from benchmark.files import write_bytes
from benchmark.manifest import Manifest
from benchmark.splits import describe, is_stratified
from tasks.base import Task

PAGE = paths.ROOT / "docs" / "datasets.md"
HEAD = """\
# Datasets

Every dataset that a task asks something of. Clips and hours are those of the official corpus, by its builder's facts
(hours are clips times the median length). "In git" is what the committed manifest lists, which is what the committed
figures are on; a name behind it is the [variant](data.md#variants). Archives stand in [data](data.md).
The probe scores multiclass tasks so far. This page is generated: `make catalogue`.

## Totals

Of real audio. A corpus with several configs counts once; one that is part of another is counted in both.
"""


@dataclass(frozen=True)
class Official:
    """A builder's facts of one dataset: clips and median seconds, None where unknown, and what each target holds."""

    clips: int | None
    seconds: float | None
    answers: Mapping[str, str]

    @property
    def hours(self) -> float | None:
        """About how long all clips are together."""
        return self.clips * self.seconds / 3600 if self.clips is not None and self.seconds is not None else None


def text() -> str:
    """The page. Reads the builders, so it imports TFDS."""
    own = own_tasks()
    tasks = [task for task in registry.tasks().values() if task.name not in own]
    by_domain: dict[str, list[Task]] = {}
    for task in sorted(tasks, key=lambda task: (task.domain, task.name)):
        by_domain.setdefault(task.domain, []).append(task)
    totals = [_total(domain, listed) for domain, listed in by_domain.items()]
    totals.append(_total("all, each corpus once", tasks))
    sections = [_section(domain, listed) for domain, listed in by_domain.items()]
    header = ["domain", "corpora", "clips", "hours, about", "tasks", "of them multiclass"]
    return "\n".join([HEAD, table(header, totals), *sections, _suites(own)])


def own_tasks() -> set[str]:
    """Names of the tasks that `moodbench data add` and `moodbench new dataset` wrote in this clone."""
    modules = [f"tasks.{file.stem}" for file in sorted((paths.ROOT / "tasks").glob("own_*.py"))]
    return {task.name for module in modules for task in importlib.import_module(module).TASKS}


def table(header: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table."""
    escaped = [[cell.replace("|", r"\|") for cell in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in (header, ["---"] * len(header), *escaped))


def _total(domain: str, tasks: Iterable[Task]) -> list[str]:
    real = [task for task in tasks if not task.synthetic]
    largest: dict[str, Official] = {}  # of a builder's datasets
    for dataset in sorted({task.dataset for task in real}):
        builder, facts = registry.split_name(dataset)[0], official(dataset)
        if builder not in largest or (facts.clips or 0) > (largest[builder].clips or 0):
            largest[builder] = facts
    clips = sum(facts.clips or 0 for facts in largest.values())
    hours = sum(facts.hours or 0 for facts in largest.values())
    multiclass = sum(task.kind == "multiclass" for task in real)
    return [domain, str(len(largest)), f"{clips:,}", f"{hours:,.1f}", str(len(real)), str(multiclass)]


def _section(domain: str, tasks: list[Task]) -> str:
    first = {task.dataset: task for task in reversed(tasks)}
    corpora = []
    for name in [name for name in names() if name in first]:
        facts, task = official(name), first[name]
        clips = "" if facts.clips is None else f"{facts.clips}"
        hours = "" if facts.hours is None else f"{facts.hours:.1f}"
        listed = _in_git(manifest.read(name))
        corpora.append([f"`{name}`", clips, hours, listed, task.language, task.licence, task.access])
    asked = [
        [
            f"`{task.name}`",
            f"{task.title}: {task.target}",
            official(task.dataset).answers[task.target],
            task.group,
            describe(task.split, stratified=is_stratified(task.kind)),
            task.metric,
            task.kind,
        ]
        for task in tasks
    ]
    return "\n".join(
        [
            f"## {domain.capitalize()}\n",
            table(["dataset", "clips", "hours, about", "in git", "language", "licence", "access"], corpora),
            table(["task", "asks", "answers", "group", "split", "metric", "kind"], asked),
        ]
    )


def _suites(own: set[str]) -> str:
    rows = [
        [
            f"`{suite.name}`",
            str(suite.version),
            f"{suite.title}. {suite.note}",
            ", ".join(f"`{name}`" for name in suite.tasks),
        ]
        for suite in registry.suites().values()
        if not own & set(suite.tasks)
    ]
    return f"## Suites\n\n{table(['suite', 'version', 'what it is', 'tasks'], rows)}"


@cache
def official(dataset: str) -> Official:
    """What the builder says of its corpus, without opening anything; for a config, what it says of that config."""
    with tempfile.TemporaryDirectory() as folder:  # TFDS wants one, and writes nothing there
        builder = datasets.builder(dataset, Path(folder))
        answers = {name: _answers(feature) for name, feature in builder.info.features.items()}
        facts = builder.FACTS
    return Official(facts.clips if facts else None, facts.seconds if facts else None, answers)


def _answers(feature: Any) -> str:
    inner = getattr(feature, "feature", feature)  # tags: a sequence of class labels
    if hasattr(inner, "num_classes"):
        return f"{inner.num_classes} {'classes' if inner is feature else 'tags'}"
    if np.issubdtype(feature.np_dtype, np.floating):
        return "a number" if not feature.shape else f"{feature.shape[0]} numbers"
    return "a text"


def _in_git(listed: Manifest | None) -> str:
    if listed is None:
        return ""
    seconds = sum(clip["samples"] / clip["rate"] for clip in listed.clips)
    return f"{len(listed.clips)} clips, {seconds / 3600:.2f} h{f', {listed.variant}' if listed.variant else ''}"


def main() -> None:
    """Write the page."""
    write_bytes(PAGE, text().encode())


if __name__ == "__main__":
    main()
