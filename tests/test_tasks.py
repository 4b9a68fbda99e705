"""Every task says all that a reader needs, and a suite cannot change in silence."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds

from benchmark import params, paths, registry
from benchmark.catalogue_page import own_tasks
from benchmark.metrics import METRICS
from benchmark.published import AGGREGATES, load_published
from benchmark.scorable import KINDS
from tasks.base import NAME, GroupKFold, Predefined, Suite, Task
from tasks.suites import SUITES

ROOT = Path(__file__).resolve().parent.parent

# (suite, version) -> sha256 of its tasks as questions, see `content`
FROZEN = {
    ("demo", 1): "c6998445b8606a218a77970db2068986fc349554ae07cec02f6ed89fe65b4816",
    ("speech_emotion", 1): "edc9a91dffdfc0a787f844660b413831690d1d2dbe77a4cb3dafd8a975844b2a",
    ("serab", 1): "165383348462a834c8e1733ab1182fe04f0c3d3e7c580d6c5ba2ced260f4eb9a",
    ("music_mood", 1): "792936a5c5f4c42805f7d09ba849e82960d3702d161e6dcc44abe8f8560a788c",
    ("music_genre", 1): "9fedd5837b494036c8ee87685309c2e15a712326a9b6436dd2488d894f891933",
    ("smoke", 1): "695b0cfc31058fbd08a846dca0d486cad28e1e512162b1b7de0f947ecd11bce5",
    ("speech_emotion", 2): "769eb3e087603c0886ad17b642438b98791912a975338005d9fcaf0e31045bba",
    ("serab", 2): "2e26da3868683a27df12c8815aaaf7715629eee4d31e0350c8c6c8a1ae82d5fe",
    ("serab_original", 1): "203287f704db7f28b671cf0229b9b6342b4bc8cceee21005ab4c727265807da5",
    ("seen_speakers", 1): "7cfff1125e5d64e72dbea2fa820d85e3f7a6dd010a4711f7a5c314993dfebf70",
    ("music_mood", 2): "b8fbe3612b5cc28723e5d73305cf4bd532f3507ffc68ca16ed00a77e18619866",
    ("music_genre", 2): "fe3f51f39cd547a38eaaa84bb259b36803de26f854748205ea3d3194ff6c9881",
    ("music", 1): "4d39c5bb97e02d4fa3ca64af8e20fa8756e291e904b22817a96961183b0bd9f2",
    ("sound_events", 1): "3efadf9f8c004a2786752abe58a8a109f7cd229bc5d9ca5337c2fa0588c9ab58",
    ("spoken_content", 1): "67e0a72b0209846f0b3e5508f7c00e334840f0044211269058054f6ed71b9742",
    ("music_tags", 1): "6aa984aecf89f57e26b898d9efa232384a4250ddecf9c787411306f85eda5ade",
    ("music_mood_numbers", 1): "28f3f7b1e8762f2da53745c622e2f00d0e7a01b13a18274886b239f71e70983c",
    ("music_mood_deam", 1): "a067632fa4c4c57bbdd5862162de988fb836812f53ffb35cbe211b95d1eada47",
    ("text_music", 1): "15a82077a7313d96d3fca2c32fdec0bd6c5f9287194bab874796399105c020ab",
    ("all", 1): "c8de58cef7718cb66938cb1b0a1bcfa2e8602c2ab424b5ea5332155c4f047f9c",
}


def content(suite: Suite) -> str:
    """What a suite asks: its tasks in order, each with all that decides a figure."""
    asked = []
    for name in suite.tasks:
        task = registry.task(name)
        given = {key: value for key, value in dataclasses.asdict(task.split).items() if value != ""}
        policy = [type(task.split).__name__, given]
        asked.append([name, task.dataset, task.kind, task.target, task.group, policy, task.metric, task.normalisation])
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def leaks(task: Task) -> bool:
    return isinstance(task.split, Predefined) and bool(task.split.leaks)


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)  # not those of corpora of one's own
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
    tasks = [registry.task(name) for name in suite.tasks]
    assert len({task.synthetic for task in tasks}) == 1, "synthetic and real tasks are not averaged together"
    assert len({task.kind in KINDS for task in tasks}) == 1, "what is not scored yet stands in suites of its own"
    if "LEAKING" not in suite.title:
        assert not [task.name for task in tasks if leaks(task)], "say LEAKING in the title, as serab_original does"
    if len(suite.tasks) > 1:
        assert not [task.name for task in tasks if "seen speakers" in task.title], "in no average with unseen ones"


def test_leaking_tasks_stand_in_one_suite_and_say_so() -> None:
    marked = {task.name for task in registry.tasks().values() if leaks(task)}
    assert marked == {"iemocap_serab_original", "shemo_serab_original"}
    assert all("LEAKING" in registry.task(name).title for name in marked)
    assert {s.name for s in registry.suites().values() if marked & set(s.tasks)} == {"serab_original"}
    assert "LEAKING" in registry.suite("serab_original").title


def test_all_is_every_honest_task_on_real_audio_that_is_scored() -> None:
    wanted = {
        task.name
        for task in registry.tasks().values()
        if task.kind in KINDS and not task.synthetic and not leaks(task) and "seen speakers" not in task.title
    }
    assert set(registry.suite("all").tasks) == wanted - own_tasks()


def test_what_a_clone_runs_first_needs_no_archive() -> None:
    tasks = registry.tasks_of(params.load(ROOT / "params.yaml").suites)
    assert all(task.synthetic and task.kind in KINDS for task in tasks)


def test_both_serab_suites_ask_serabs_nine_sets() -> None:
    mended, original = registry.suite("serab"), registry.suite("serab_original")
    assert [name.removesuffix("_original") for name in original.tasks] == list(mended.tasks)
    theirs = {figure.task for figure in load_published("serab", paths.PUBLISHED)} - set(AGGREGATES)
    assert {name.removesuffix("_serab").replace("iemocap", "iem4") for name in mended.tasks} == theirs


@pytest.mark.parametrize("task", registry.tasks().values(), ids=lambda task: task.name)
def test_metadata_is_complete(task: Task) -> None:
    assert NAME.fullmatch(task.name)
    assert registry.split_name(task.dataset)[0] in registry.datasets()
    assert task.metric in METRICS or task.kind not in KINDS
    for field in ("title", "domain", "citation", "licence", "access", "language", "target", "group"):
        assert getattr(task, field).strip(), f"{task.name}: {field} is empty"
    if task.synthetic:
        assert "synthetic" in task.title
        assert task.access == "generated"
    elif task.name not in own_tasks():
        assert any(part.isdigit() and len(part) == 4 for part in task.citation.replace(",", " ").split()), "no year"
    if isinstance(task.split, GroupKFold):
        assert task.split.k >= 3
    listed = {name for suite in registry.suites().values() for name in suite.tasks}
    assert task.name in listed | own_tasks(), f"{task.name} is in no suite"


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
    for name in {*registry.suite("serab").tasks, *registry.suite("serab_original").tasks}:
        view, headline = registry.task(name), registry.task(name.partition("_serab")[0])
        assert isinstance(view.split, Predefined)
        assert view.split.feature == ("original_part" if name.endswith("_original") else "")
        assert view.metric == "accuracy"
        same = {"split": headline.split, "metric": headline.metric, "name": headline.name, "title": headline.title}
        assert dataclasses.replace(view, **same) == headline


@pytest.mark.parametrize("name", ["Emotion", "a-b", "1st", "", "x/../y", "emotion "])
def test_a_bad_name_is_refused(name: str) -> None:
    good = registry.task("emodb")
    with pytest.raises(ValueError, match=r"task name .*: expected \[a-z\]"):
        dataclasses.replace(good, name=name)
