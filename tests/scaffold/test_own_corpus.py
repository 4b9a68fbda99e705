"""A table, or a folder a class, becomes the files of a dataset, a task and a suite."""

from __future__ import annotations

import ast
import csv
import shutil

import pytest

from benchmark import paths
from benchmark.errors import DatasetError
from benchmark.scaffold import folder as scaffold
from benchmark.scaffold.own_corpus import Columns, add_folder, add_table

ROWS = 40


@pytest.fixture
def own(tmp_path, monkeypatch, small_members):
    """A clone's code folders of one's own, and forty clips of audio in `audio/`."""
    root = tmp_path / "clone"
    (root / "tasks").mkdir(parents=True)
    (root / "tfds_builders").mkdir()
    shutil.copytree(paths.BUILDERS / "common", root / "tfds_builders" / "common")
    monkeypatch.setattr(paths, "BUILDERS", root / "tfds_builders")
    monkeypatch.setattr(scaffold.paths, "ROOT", root)
    for place, content in enumerate(list(small_members.values())[:ROWS]):
        file = tmp_path / "audio" / ("joy" if place % 2 else "anger") / f"s{place % 5}_take{place}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return tmp_path


def table(folder, **changes):
    """A CSV over the audio; `changes` replace cells of the first row, or drop a column given as None."""
    files = sorted((folder / "audio").rglob("*.wav"))
    rows = [
        {
            "file": f.relative_to(folder / "audio").as_posix(),
            "emotion": f.parent.name,
            "speaker": f.name.split("_")[0],
        }
        for f in files
    ]
    for column, value in changes.items():
        if value is None:
            rows = [{k: v for k, v in row.items() if k != column} for row in rows]
        else:
            rows[0] = {**rows[0], column: value}
    path = folder / "table.csv"
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[-1]) + [c for c in rows[0] if c not in rows[-1]])
        writer.writeheader()
        writer.writerows(rows)
    return path


COLUMNS = Columns(path="file", label="emotion", group="speaker")


def written(folder):
    return sorted(
        p.relative_to(folder / "clone").as_posix()
        for p in (folder / "clone").rglob("*")
        if p.is_file() and "common" not in p.parts
    )


def test_a_table_becomes_files(own):
    lines = add_table("my_own", table(own), own / "audio", COLUMNS, "speech emotion")
    assert lines[0] == "my_own: 40 clips, 2 classes, 5 groups"
    assert "tasks/own_my_own.py" in written(own)
    names = {"__init__.py", "my_own_dataset_builder.py", "table.csv", "source.txt", "README.md", "TAGS.txt"}
    assert {f"tfds_builders/my_own/{name}" for name in names} <= set(written(own))
    rows = list(csv.DictReader((paths.BUILDERS / "my_own" / "table.csv").open()))
    assert len(rows) == ROWS
    assert rows[0] == {"path": "anger/s0_take0.wav", "label": "anger", "group": "s0"}
    scope: dict = {}
    exec((own / "clone" / "tasks" / "own_my_own.py").read_text(), scope)
    (task,) = scope["TASKS"]
    assert (task.dataset, task.target, task.group, str(task.split)) == ("my_own", "label", "group", "GroupKFold(k=5)")
    assert scope["SUITES"][0].tasks == ("my_own",)


def test_a_folder_a_class(own):
    lines = add_folder("by_folder", own / "audio", r"/(s\d)_", "music mood")
    assert lines[0] == "by_folder: 40 clips, 2 classes, 5 groups"
    assert 'domain="music mood"' in (own / "clone" / "tasks" / "own_by_folder.py").read_text()


def test_hidden_files_are_no_clips(own):
    (own / "audio" / "joy" / "._s1_take1.wav").write_bytes(b"what macOS leaves")
    (own / "audio" / ".trash").mkdir()
    (own / "audio" / ".trash" / "s1_take1.wav").write_bytes(b"")
    assert add_folder("by_folder", own / "audio", r"/(s\d)_", "music mood")[0].startswith("by_folder: 40 clips")


def test_full_paths_below_the_folder(own):
    whole = str(sorted((own / "audio").rglob("*.wav"))[0])
    add_table("my_own", table(own, file=whole), own / "audio", COLUMNS, "speech emotion")
    rows = list(csv.DictReader((paths.BUILDERS / "my_own" / "table.csv").open()))
    assert rows[0]["path"] == "anger/s0_take0.wav"


@pytest.mark.parametrize(
    ("domain", "speaker", "normalisation", "said"),
    [
        ("speech emotion", "s0", "group", ""),
        ("music mood", "s0", "train", ""),
        ("speech emotion", "alone", "train", "group 'alone' has 1 clips of 1 classes, expected 5 clips of 2 classes"),
    ],
)
def test_normalisation_by_group_where_every_group_can_be(own, domain, speaker, normalisation, said):
    lines = add_table("my_own", table(own, speaker=speaker), own / "audio", COLUMNS, domain)
    assert (len(lines) == 4) == bool(said)
    assert said in lines[1]
    assert f'normalisation="{normalisation}"' in (own / "clone" / "tasks" / "own_my_own.py").read_text()


@pytest.mark.parametrize("label", ["it's", 'say "no"', "both ' \"", "back\\slash", "$name", "}{", "ä, 🙂"])
def test_labels_of_any_letters(own, label):
    add_table("my_own", table(own, emotion=label), own / "audio", COLUMNS, "speech emotion")
    code = (paths.BUILDERS / "my_own" / "my_own_dataset_builder.py").read_text()
    (classes,) = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Dict) and len(node.keys) == 1][1:]
    assert ast.literal_eval(classes) == {"label": tuple(sorted([label, "anger", "joy"]))}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"speaker": None}, r"table\.csv: no column 'speaker'; found file, emotion\. Name them with"),
        ({"file": "joy/gone.wav"}, r"1 of the files that the table names are not in .*such as 'joy/gone\.wav'"),
        ({"file": "joy/s1_take1.wav"}, r"'joy/s1_take1\.wav' stands in the table twice"),
        ({"file": "joy/../joy/s1_take1.wav"}, r"1 of the files that the table names are not in"),
        ({"file": "/dev/null"}, r"1 of the files that the table names are not in .*such as '/dev/null'"),
        ({"file": "./joy/s1_take1.wav"}, r"'joy/s1_take1\.wav' stands in the table twice"),
        ({"file": "notes.txt"}, r"1 files are of another kind than wav, .*, such as 'notes\.txt'\. Convert them"),
        ({"emotion": ""}, r"found the labels \['', 'anger', 'joy'\]; expected at least two, each in one line and none"),
        ({"emotion": "a\nb"}, r"found the labels \['a\\nb', 'anger', 'joy'\]; expected at least two, each in one line"),
        ({"speaker": " "}, r"'anger/s0_take0\.wav' has no group; expected one in every row"),
    ],
)
def test_a_bad_table_is_one_error_and_writes_nothing(own, change, message):
    (own / "audio" / "notes.txt").write_text("no audio")
    with pytest.raises(DatasetError, match=message):
        add_table("my_own", table(own, **change), own / "audio", COLUMNS, "speech emotion")
    assert written(own) == []


def test_too_few_groups(own):
    with pytest.raises(DatasetError, match="found 2 groups; expected at least 3"):
        add_folder("pairs", own / "audio", r"^(anger|joy)/", "speech emotion")
    assert written(own) == []


@pytest.mark.parametrize(
    ("group", "message"),
    [("s(", "is no regular expression"), ("s", "has no bracket"), (r"(\d{9})", "does not match --group")],
)
def test_a_bad_pattern(own, group, message):
    with pytest.raises(DatasetError, match=message):
        add_folder("by_folder", own / "audio", group, "speech emotion")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Bad Name", "expected small letters"),
        ("../../x", "expected small letters"),
        ("emodb", "name of a dataset, task or suite"),
        ("crema_d", "name of a dataset, task or suite|TFDS catalogue"),
        ("penguins", "TFDS catalogue"),
    ],
)
def test_a_taken_or_bad_name(own, name, message):
    with pytest.raises(DatasetError, match=message):
        add_table(name, table(own), own / "audio", COLUMNS, "speech emotion")
    assert written(own) == []
