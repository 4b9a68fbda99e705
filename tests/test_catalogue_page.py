"""docs/datasets.md is what the code says; what is of one machine or one clone stands nowhere in it."""

from __future__ import annotations

import re
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow_datasets as tfds

from benchmark import catalogue_page, paths, registry
from benchmark.scorable import KINDS
from tasks.suites import SUITES

MANIFESTS = "results/manifests"


@pytest.fixture(scope="module")
def page() -> str:
    return catalogue_page.text()


def clean(place: str) -> bool:
    """Whether git holds a folder as it is here."""
    command = ["git", "status", "--porcelain", "--", place]
    return not subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=True).stdout


def without_manifests(page: str) -> str:
    """The page without the column that manifests fill."""
    return re.sub(r"^(\| `[\w/]+` \| \d* \| [\d.]* \|)[^|]*\|", r"\1 |", page, flags=re.MULTILINE)


def test_the_page_is_what_the_code_says(page):
    stored = catalogue_page.PAGE.read_text(encoding="utf-8")
    if not clean(MANIFESTS):  # another archive was prepared here: the page follows when its manifest is committed
        stored, page = without_manifests(stored), without_manifests(page)
    assert stored == page, "docs/datasets.md is old: run `make catalogue`"


def test_the_column_of_manifests_can_be_left_out():
    row = "| `a/b` | 12 | 1.5 | {} | English | free | open |\n"
    one, other = row.format("12 clips, 1.50 h, 16k"), row.format("")
    assert without_manifests(one) == without_manifests(other) != without_manifests(row.replace("12", "13"))


def test_every_task_dataset_and_suite_stands_in_it(page):
    own = catalogue_page.own_tasks()
    tasks = [task for task in registry.tasks().values() if task.name not in own]
    rows = set(re.findall(r"^\| `([\w/]+)` \|", page, re.MULTILINE))
    assert rows == {t.name for t in tasks} | {t.dataset for t in tasks} | {suite.name for suite in SUITES}
    assert "The probe scores multiclass tasks so far." in page
    assert KINDS == ("multiclass",)


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("emodb", ["EmoDB: label", "7 classes", "speaker_id", "5 group-disjoint folds, stratified", "uar"]),
        ("deam_valence", ["DEAM valence: valence", "a number", "song_id", "5 group-disjoint folds", "r2"]),
        ("emotify_gems", ["Emotify, shares of 9 GEMS emotions: gems", "9 numbers", "artist_id"]),
        ("musiccaps_retrieval", ["MusicCaps, caption to clip: caption", "a text", "video_id"]),
        ("jamendo_mood8", ["MTG-Jamendo, 8 moods: mood", "8 classes", "artist_id"]),  # not those of the default config
        ("mtg_jamendo/moodtheme", ["17982", "149.8"]),
        ("ravdess", ["1440", "1.5", "1440 clips, 1.48 h, 16k", "English"]),
    ],
)
def test_rows(page, row, cells):
    """Numbers counted by hand: 17982 clips of 30 s are 149.85 hours."""
    if not clean(MANIFESTS):
        cells = [cell for cell in cells if "clips," not in cell]
    lines = [line for line in page.splitlines() if line.startswith(f"| `{row}` |")]
    assert any(all(f"| {cell} |" in line for cell in cells) for line in lines), lines


def test_totals_count_a_corpus_once(page):
    """Music mood: emotify 400, emoMusic 744, DEAM 1802, and of Jamendo its largest config, 17982."""
    (mood,) = re.findall(r"^\| music mood \| (.*) \|$", page, re.MULTILINE)
    assert mood.split(" | ")[:2] == ["4", f"{400 + 744 + 1802 + 17982:,}"]
    domains = [int(n) for n in re.findall(r"^\| [a-z -]+ \| (\d+) \| [\d,]+ \|", page, re.MULTILINE)]
    (everything,) = re.findall(r"^\| all, each corpus once \| (\d+) \|", page, re.MULTILINE)
    assert int(everything) == sum(domains) - 1  # emotify is asked for its mood and for its genre


def test_corpora_of_ones_own_stay_out(tmp_path, monkeypatch):
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "own_calls.py").write_text("")
    mine = SimpleNamespace(TASKS=(registry.task("urdu"),))
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(catalogue_page.importlib, "import_module", {"tasks.own_calls": mine}.__getitem__)
    assert catalogue_page.own_tasks() == {"urdu"}
    monkeypatch.setattr(catalogue_page, "official", lambda _: catalogue_page.Official(None, None, ANSWERS))
    rows = set(re.findall(r"^\| `([\w/]+)` \|", catalogue_page.text(), re.MULTILINE))
    assert not {"urdu", "speech_emotion", "all"} & rows
    assert {"emovo", "ravdess"} <= rows


ANSWERS = {task.target: "something" for task in registry.tasks().values()}


def test_a_bar_in_a_title_breaks_no_table():
    assert catalogue_page.table(["a"], [["x|y"]]) == "| a |\n| --- |\n| x\\|y |\n"


def test_answers():
    label = tfds.features.ClassLabel(names=["a", "b"])
    answers = catalogue_page._answers
    assert answers(label) == "2 classes"
    assert answers(tfds.features.Sequence(label)) == "2 tags"
    assert answers(tfds.features.Scalar(np.float32)) == "a number"
    assert answers(tfds.features.Tensor(shape=(9,), dtype=np.float32)) == "9 numbers"
    assert answers(tfds.features.Text()) == "a text"
