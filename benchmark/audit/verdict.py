"""From a dataset's findings and a task's parts to a verdict: what leaks, and what a reader should know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmark.audit.record import Findings
from benchmark.manifest import Manifest
from benchmark.splits import PARTS
from tasks.base import Predefined, Task


@dataclass(frozen=True)
class Verdict:
    """`leaks` name what crosses parts, one line an offender; `line` sums up for tables."""

    task: str
    marked: str  # why the task leaks by its very definition, "" for an honest one
    leaks: tuple[str, ...]
    conflicts: tuple[str, ...]  # one recording under two labels
    absent: tuple[str, ...]  # classes without a clip in a part
    faults: dict[str, int] = field(default_factory=dict)
    clips: int = 0
    duplicates: int = 0  # pairs that join all clips that are one recording
    balance: float = 1.0  # clips of the largest class over those of the smallest

    @property
    def passed(self) -> bool:
        """Nothing crosses parts, but for a task that says that it leaks."""
        return not self.leaks or bool(self.marked)

    @property
    def line(self) -> str:
        """One line for tables."""
        crossing = f"{counted(len(self.leaks), 'leak')} between parts" if self.leaks else "nothing crosses parts"
        labels = f", {len(self.conflicts)} of them under two labels" if self.conflicts else ""
        found = [crossing, counted(self.duplicates, "duplicate") + labels]
        found += [f"{number} {fault}" for fault, number in sorted(self.faults.items())]
        found += [f"classes lacking: {', '.join(self.absent)}"] if self.absent else []
        found += [f"largest class {self.balance:.3g} times the smallest"] if self.balance > 1 else []
        return f"audit of {self.clips} clips: {'; '.join(found)}"


def counted(number: int, noun: str) -> str:
    """E.g. "1 leak", "2 leaks"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def judge(task: Task, listed: Manifest, findings: Findings) -> Verdict:
    """The verdict on one task; `listed` must hold its current split."""
    place = dict(zip((str(clip["id"]) for clip in listed.clips), map(str, listed.split(task)), strict=True))
    leaks = _crossing_groups(task, listed, list(place.values()))
    near = {(n.a, n.b): n for n in findings.near}
    conflicts = []
    labels = dict(zip(place, listed.column(task.target), strict=True))
    pairs = findings.pairs()
    for a, b in pairs:
        if place[a] != place[b]:
            how = f"near duplicate ({near[a, b].likeness:g})" if (a, b) in near else "exact duplicate"
            leaks.append(f"{how}: {a!r} in {place[a]}, {b!r} in {place[b]}")
        if task.kind == "multiclass" and labels[a] != labels[b]:
            conflicts.append(f"one recording, two labels: {a!r} is {labels[a]}, {b!r} is {labels[b]}")
    counts = Counter(labels.values()) if task.kind == "multiclass" else Counter()
    return Verdict(
        task=task.name,
        marked=task.split.leaks if isinstance(task.split, Predefined) else "",
        leaks=tuple(leaks),
        conflicts=tuple(conflicts),
        absent=tuple(_absent(listed.class_names(task.target), labels, place)) if counts else (),
        faults={fault: len(clips) for fault, clips in findings.faults.items()},
        clips=findings.clips,
        duplicates=len(pairs),
        balance=max(counts.values()) / min(counts.values()) if counts else 1.0,
    )


def _crossing_groups(task: Task, listed: Manifest, places: Sequence[str]) -> list[str]:
    seen: dict[str, set[str]] = {}
    for group, place in zip(listed.column(task.group), places, strict=True):
        seen.setdefault(group, set()).add(place)
    return [
        f"{task.group} {group!r} is in {', '.join(sorted(parts))}"
        for group, parts in sorted(seen.items())
        if len(parts) > 1
    ]


def _absent(classes: Sequence[str], labels: dict[str, str], place: dict[str, str]) -> list[str]:
    """Classes that a predefined part lacks; folds take turns, so there only what no clip has at all."""
    parts = [part for part in PARTS if part in place.values()]
    if not parts:
        return [f"{name} (no clip)" for name in classes if name not in labels.values()]
    held = {(labels[clip], place[clip]) for clip in place}
    return [f"{name} in {part}" for part in parts for name in classes if (name, part) not in held]
