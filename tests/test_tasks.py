"""Every task says all that a reader needs, and a suite cannot change in silence."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds

from benchmark import registry
from benchmark.metrics import METRICS
from benchmark.stages.evaluate import KINDS
from tasks.base import NAME, GroupKFold, Predefined, Suite, Task

# (suite, version) -> sha256 of its tasks as questions, see `content`
FROZEN = {
    ("demo", 1): "c6998445b8606a218a77970db2068986fc349554ae07cec02f6ed89fe65b4816",
    ("speech_emotion", 1): "edc9a91dffdfc0a787f844660b413831690d1d2dbe77a4cb3dafd8a975844b2a",
    ("serab", 1): "165383348462a834c8e1733ab1182fe04f0c3d3e7c580d6c5ba2ced260f4eb9a",
    ("music_mood", 1): "792936a5c5f4c42805f7d09ba849e82960d3702d161e6dcc44abe8f8560a788c",
    ("music_genre", 1): "9fedd5837b494036c8ee87685309c2e15a712326a9b6436dd2488d894f891933",
}


def content(suite: Suite) -> str:
    """What a suite asks: its tasks in order, each with all that decides a figure."""
    asked = []
    for name in suite.tasks:
        task = registry.task(name)
        policy = [type(task.split).__name__, dataclasses.asdict(task.split)]
        asked.append([name, task.dataset, task.kind, task.target, task.group, policy, task.metric, task.normalisation])
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


@pytest.mark.parametrize("suite", registry.suites().values(), ids=lambda suite: suite.name)
def test_a_changed_suite_has_a_new_version(suite: Suite) -> None:
    key, found = (suite.name, suite.version), content(suite)
    assert key in FROZEN, f"new version of a suite: add {key!r}: {found!r} to FROZEN, and keep the old line"
    assert found == FROZEN[key], (
        f"suite {suite.name!r} asks something else than version {suite.version} did (found {found}): raise `version` "
        "in tasks/suites.py, say in CHANGELOG.md what changed, and add a line for the new version to FROZEN"
    )


def test_the_frozen_table_notices_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    suite = registry.suite("speech_emotion")
    assert content(dataclasses.replace(suite, tasks=suite.tasks[:-1])) != content(suite)
    assert content(dataclasses.replace(suite, tasks=suite.tasks[::-1])) != content(suite)
    before = content(suite)
    changed = {n: dataclasses.replace(t, metric="macro_f1") for n, t in registry.tasks().items()}
    monkeypatch.setattr(registry, "tasks", lambda: changed)
    assert content(suite) != before


@pytest.mark.parametrize("suite", registry.suites().values(), ids=lambda suite: suite.name)
def test_suites_are_complete(suite: Suite) -> None:
    assert NAME.fullmatch(suite.name)
    assert suite.title.strip()
    assert suite.version >= 1
    assert suite.tasks
    assert len(set(suite.tasks)) == len(suite.tasks)
    kinds = {registry.task(name).synthetic for name in suite.tasks}
    assert len(kinds) == 1, "synthetic and real tasks are not averaged together"


@pytest.mark.parametrize("task", registry.tasks().values(), ids=lambda task: task.name)
def test_metadata_is_complete(task: Task) -> None:
    assert NAME.fullmatch(task.name)
    assert task.dataset in registry.datasets()
    assert task.metric in METRICS or task.kind not in KINDS
    for field in ("title", "domain", "citation", "licence", "access", "language", "target", "group"):
        assert getattr(task, field).strip(), f"{task.name}: {field} is empty"
    if task.synthetic:
        assert "synthetic" in task.title
        assert task.access == "generated"
    else:
        assert any(part.isdigit() and len(part) == 4 for part in task.citation.replace(",", " ").split()), "no year"
    if isinstance(task.split, GroupKFold):
        assert task.split.k >= 3
    assert any(task.name in suite.tasks for suite in registry.suites().values()), f"{task.name} is in no suite"


@pytest.mark.parametrize("task", registry.tasks().values(), ids=lambda task: task.name)
def test_target_and_group_are_features_of_the_builder(task: Task) -> None:
    builder = registry.dataset_builder(task.dataset)
    assert task.target in builder.CLASSES or task.kind != "multiclass"
    assert task.group == builder.GROUP


@pytest.mark.parametrize(
    "task", [task for task in registry.tasks().values() if task.kind != "multiclass"], ids=lambda task: task.name
)
def test_other_kinds_have_a_target_of_their_kind(task: Task, tmp_path: Path) -> None:
    builder, (_, config) = registry.dataset_builder(task.dataset), registry.split_name(task.dataset)
    target = builder(data_dir=tmp_path, config=config, file_format="array_record").info.features[task.target]
    match task.kind:
        case "multilabel":
            assert len(target.feature.names) >= 2
        case "regression":
            assert np.issubdtype(target.np_dtype, np.floating)
        case "retrieval":
            assert isinstance(target, tfds.features.Text)
        case _:
            assert len(target.names) >= 2


def test_titles_tell_tasks_apart() -> None:
    titles = [task.title for task in registry.tasks().values()]
    assert len(set(titles)) == len(titles)


def test_the_view_for_print_differs_in_parts_and_metric_only() -> None:
    """`<task>_serab` asks the same of the same clips; what differs is how it is split and what is counted."""
    for name in registry.suite("serab").tasks:
        view, headline = registry.task(name), registry.task(name.removesuffix("_serab"))
        assert view.split == Predefined()
        assert view.metric == "accuracy"
        same = {"split": headline.split, "metric": headline.metric, "name": headline.name, "title": headline.title}
        assert dataclasses.replace(view, **same) == headline


@pytest.mark.parametrize("name", ["Emotion", "a-b", "1st", "", "x/../y", "emotion "])
def test_a_bad_name_is_refused(name: str) -> None:
    good = registry.task("emodb")
    with pytest.raises(ValueError, match=r"task name .*: expected \[a-z\]"):
        dataclasses.replace(good, name=name)
