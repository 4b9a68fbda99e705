"""The manifest: the frozen list of a dataset's clips, with labels, groups and the split of each task.

One JSON file a dataset, one line a clip, sorted by clip id, kept in git: splits can be audited and
diffed, and a fresh clone knows every identity before it has any audio.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark import paths
from benchmark.errors import BenchmarkError, DatasetError
from benchmark.files import canonical, fingerprint, write_bytes
from benchmark.splits import assign, is_stratified
from tasks.base import GroupKFold, SplitPolicy, Task

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Manifest:
    """A dataset as rows. `clips` are mappings with `id`, `identity`, `samples`, `rate`, `part`, `features`, `splits`.

    `classes` holds the label names of each ClassLabel feature, in index order; `variant` is "" for
    the official set; `splits` records the policy behind each task's column.
    """

    dataset: str
    version: str
    variant: str
    builder_sha256: str
    classes: dict[str, list[str]]
    facts: dict[str, Any]
    clips: list[dict[str, Any]]
    splits: dict[str, dict[str, Any]] = field(default_factory=dict)

    @cached_property
    def clips_fingerprint(self) -> str:
        """Of what can change a vector: identities, lengths, rates and parts; not labels, not splits."""
        rows = [[c["id"], c["identity"], c["samples"], c["rate"], c["part"]] for c in self.clips]
        return fingerprint([self.dataset, self.variant, rows])

    @property
    def skipped(self) -> list[dict[str, str]]:
        """The broken clips that were left out on purpose, as `clip` and `reason`."""
        return list(self.facts.get("skipped", ()))

    def column(self, feature: str) -> list[str]:
        """One feature of every clip as text.

        Raises:
            DatasetError: the dataset has no such feature.
        """
        if self.clips and feature not in self.clips[0]["features"]:
            raise DatasetError(
                f"dataset {self.dataset!r} has no feature {feature!r}; found {', '.join(self.clips[0]['features'])}."
            )
        return [str(clip["features"][feature]) for clip in self.clips]

    def class_names(self, feature: str) -> list[str]:
        """Names of a target's classes, in index order.

        Raises:
            DatasetError: the feature is no ClassLabel.
        """
        if feature not in self.classes:
            raise DatasetError(
                f"feature {feature!r} of {self.dataset!r} holds no classes; expected one of {', '.join(self.classes)}. "
                "Mend the task's target, or make the feature a ClassLabel in the builder."
            )
        return self.classes[feature]

    def split(self, task: Task) -> list[int] | list[str]:
        """The fold or part of every clip for one task.

        Raises:
            DatasetError: the manifest holds no current column for it.
        """
        if self.splits.get(task.name) != split_record(task):
            raise DatasetError(f"manifest of {self.dataset!r}: no current split for task {task.name!r}; run prepare.")
        return [clip["splits"][task.name] for clip in self.clips]

    def with_splits(self, tasks: Iterable[Task]) -> Manifest:
        """This manifest with one split column per given task, kept where the policy is unchanged."""
        wanted = {task.name: split_record(task) for task in tasks}
        if wanted == self.splits:
            return self
        columns: dict[str, list[int] | list[str]] = {}
        for task in tasks:
            if self.splits.get(task.name) == wanted[task.name]:
                columns[task.name] = self.split(task)
            else:
                labels = self.column(task.target) if is_stratified(task.kind) else None
                columns[task.name] = assign(task.split, labels, self.column(task.group), self.clips)
        clips = [
            {**clip, "splits": {name: columns[name][row] for name in sorted(columns)}}
            for row, clip in enumerate(self.clips)
        ]
        return dataclasses.replace(self, clips=clips, splits=dict(sorted(wanted.items())))


def split_record(task: Task) -> dict[str, Any]:
    """The policy of a task as data: what its split column was made from."""
    policy: SplitPolicy = task.split
    return {
        "policy": type(policy).__name__,
        **{name: value for name, value in dataclasses.asdict(policy).items() if value != ""},
        **({"stratified": False} if isinstance(policy, GroupKFold) and not is_stratified(task.kind) else {}),
        "target": task.target,
        "group": task.group,
    }


def read(dataset: str, path: Path | None = None) -> Manifest | None:
    """The stored manifest, or None where there is none.

    Raises:
        DatasetError: truncated, of an older schema, of another dataset, or edited by hand.
        BenchmarkError: made by a newer moodbench, so nothing here may replace it.
    """
    path = path or paths.manifest(dataset)
    if not path.is_file():
        return None
    way_out = "Remove the file and run 'moodbench prepare', or restore it from git."
    text = b""
    try:
        text = path.read_bytes()
        found = json.loads(text)
        schema, content = found.pop("schema_version"), found.pop("content_sha256")
        computed = fingerprint(found)
    except (ValueError, KeyError, AttributeError, TypeError, OSError) as error:
        why = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        why = "a merge conflict stands in it" if b"<<<<<<<" in text else why
        raise DatasetError(f"{path.name} is no manifest ({why}). {way_out}") from None
    if schema != SCHEMA_VERSION:
        stated = f"{path.name} has schema version {schema}, this moodbench reads {SCHEMA_VERSION}"
        if isinstance(schema, int) and schema > SCHEMA_VERSION:
            raise BenchmarkError(f"{stated}: it was made by a newer moodbench. Update (git pull).")
        raise DatasetError(f"{stated}: it was made by an older moodbench. {way_out}")
    if content != computed:
        raise DatasetError(f"{path.name} was edited: its content does not match its own sha256. {way_out}")
    fields = {field.name for field in dataclasses.fields(Manifest)}
    if set(found) != fields:
        raise DatasetError(f"{path.name} is no manifest (fields {sorted(fields ^ set(found))} differ). {way_out}")
    if found["dataset"] != dataset:
        raise DatasetError(f"{path.name} belongs to dataset {found['dataset']!r}, expected {dataset!r}. {way_out}")
    return Manifest(**found)


def write(manifest: Manifest, path: Path | None = None) -> bool:
    """Store a manifest atomically; False when the file holds just that already."""
    body = {f.name: getattr(manifest, f.name) for f in dataclasses.fields(manifest)}
    head = {"schema_version": SCHEMA_VERSION, "content_sha256": fingerprint(body)}
    lines = [f'"{key}":{canonical(value)}' for key, value in (head | body).items() if key != "clips"]
    rows = ",\n".join(canonical(clip) for clip in manifest.clips)
    text = "{" + ",\n".join(lines) + ',\n"clips":[\n' + rows + "\n]}\n"
    return write_bytes(path or paths.manifest(manifest.dataset), text.encode())


def builder_sha256(files: dict[str, str]) -> str:
    """One hash of a builder's code files (see `files.code_sha256`)."""
    return hashlib.sha256(canonical(files).encode()).hexdigest()
