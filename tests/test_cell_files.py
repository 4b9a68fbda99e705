"""A cell on disk is believed only when its figures follow from its predictions."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from benchmark import cell_files, paths
from benchmark.cell import NotRun
from benchmark.cell_files import Predictions
from benchmark.errors import CellError


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A cell and its predictions, computed once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).parent / "fakes")
        tiny = import_module("tiny_problem")
    scored, _, _ = tiny.make(tmp_path_factory.mktemp("vectors"), heads=("lda", "qda", "svc"))
    return tiny.cell_of(scored)


@pytest.fixture
def stored(made, project):
    """The cell's file, freshly written."""
    cell_files.write(*made)
    return paths.cell("row", "emodb", "")


def read(file, embedder="row", task="emodb"):
    return cell_files.read(file, embedder=embedder, task=task)


def same(a: Predictions, b: Predictions) -> bool:
    columns = [
        [
            p.clip_id,
            p.group,
            p.fold.tolist(),
            p.label.tolist(),
            p.predicted.tolist(),
            {h: c.tolist() for h, c in p.heads.items()},
        ]
        for p in (a, b)
    ]
    return columns[0] == columns[1]


def test_round_trip(made, stored):
    cell, predictions = read(stored)
    assert cell == made[0]
    assert same(predictions, made[1])
    assert {file.name for file in stored.parent.iterdir()} == {"emodb.json", "emodb.parquet"}


def test_figures_are_unrounded(made, stored):
    raw = json.loads(stored.read_text())
    assert raw["scores"] == made[0].scores
    assert len(repr(raw["scores"]["uar"])) > 10


def test_a_variant_stands_in_the_file_name(made, project):
    cell, predictions = made
    other = cell.model_copy(update={"variant": "16k"})
    cell_files.write(other, predictions)
    file = paths.cell("row", "emodb", "16k")
    assert file.name == "emodb@16k.json"
    assert file.with_suffix(".parquet").is_file()
    assert read(file)[0] == other


def test_an_older_protocol_is_read(stored):
    """It is not current, which its fingerprint tells; it is not broken."""
    raw = json.loads(stored.read_text())
    stored.write_text(json.dumps({**raw, "protocol_version": 0}))
    assert read(stored)[0].protocol_version == 0


@pytest.mark.parametrize("suffix", [".json", ".parquet"])
def test_a_folder_in_the_place_of_a_file_is_told_before_anything_is_written(made, project, suffix):
    place = paths.cell("row", "emodb", "").with_suffix(suffix)
    place.mkdir(parents=True)
    with pytest.raises(CellError, match=rf"row/emodb\{suffix} is a folder, expected a file\. Move it away and run"):
        cell_files.write(*made)
    assert [file.name for file in place.parent.iterdir()] == [place.name]


def test_predictions_of_another_cell_are_not_written(made, project):
    cell, predictions = made
    other = dataclasses.replace(predictions, predicted=predictions.predicted[::-1])
    with pytest.raises(CellError, match=r"emodb\.json: the cell does not carry the sha256 of its predictions"):
        cell_files.write(cell, other)
    assert not paths.cell("row", "emodb", "").exists()


def test_writing_again_touches_nothing(made, stored):
    before = [(f.name, f.stat().st_mtime_ns, f.stat().st_ino) for f in sorted(stored.parent.iterdir())]
    cell_files.write(*made)
    assert [(f.name, f.stat().st_mtime_ns, f.stat().st_ino) for f in sorted(stored.parent.iterdir())] == before


def change(raw, path, value):
    """Set one value deep in a record."""
    *parents, last = path
    for step in parents:
        raw = raw[step]
    assert raw[last] != value
    raw[last] = value


FIGURES = {
    "score": (["scores", "uar"], 0.99, "scores"),
    "last digit": (["scores", "accuracy"], None, "scores"),
    "another metric too much": (["scores", "own"], 1.0, "scores"),
    "interval": (["intervals", "uar", "low"], 0.0, "intervals"),
    "level of an interval": (["intervals", "uar", "level"], 0.9, "intervals"),
    "head score": (["head_scores", "svc", "uar"], 0.1, "head_scores"),
    "oracle": (["oracle", "scores", "uar"], 0.999, "oracle"),
    "oracle's head": (["oracle", "head"], "qda", "oracle"),
    "wins": (["chosen", "rf"], 3, "chosen"),
    "clips": (["clips"], 71, "clips"),
    "groups": (["groups"], 50, "groups"),
    "metric": (["metric"], "nonsense", "nonsense"),
    "fold's score": (["folds", 2, "heads", 0, "test", "accuracy"], 1.0, "test scores by fold"),
    "a head that never ran": (["folds", 0, "chosen"], "rf", "rf"),
    "a fold that never was": (["folds", 0, "fold"], 9, "no figures follow"),
    "fold's test clips": (["folds", 1, "test"], 1, "folds"),
    "fold's test groups": (["folds", 1, "test_groups"], ["s1"], "folds"),
    "classes": (["classes"], ["a", "b"], "its 2 classes are fewer"),
    "no intervals": (["intervals"], {}, "no figures follow"),
    "no folds": (["folds"], [], ""),
    "no scores": (["scores"], {}, "scores"),
}


@pytest.mark.parametrize(("path", "value", "what"), FIGURES.values(), ids=FIGURES)
def test_an_edited_figure_is_refused(stored, path, value, what):
    raw = json.loads(stored.read_text())
    if value is None:
        value = float(np.nextafter(raw["scores"]["accuracy"], 1))
    if path[-1] in ("own", "rf"):
        raw[path[0]][path[-1]] = None
    change(raw, path, value)
    stored.write_text(json.dumps(raw))
    with pytest.raises(CellError, match=rf"row/emodb\.json: .*{what}.* Run 'moodbench evaluate row'"):
        read(stored)


FIELDS = {
    "a surprise": (lambda raw: raw.update(surprise=1), r"is no cell \(wrong or missing: surprise\)"),
    "a missing field": (lambda raw: raw.pop("folds"), r"is no cell \(wrong or missing: folds\)"),
    "text for a number": (lambda raw: raw.update(clips="70"), r"is no cell \(wrong or missing: clips\)"),
    "null": (lambda raw: raw["scores"].update(uar=None), r"is no cell \(wrong or missing: scores\)"),
    "a newer schema": (
        lambda raw: raw.update(schema_version=2, surprise={}),
        r"has schema version 2, this moodbench reads 1: it was made by a newer moodbench\. Update \(git pull\)",
    ),
    "a newer protocol": (
        lambda raw: raw.update(protocol_version=2),
        r"has protocol version 2, this moodbench reads 1: it was made by a newer moodbench\. Update \(git pull\)",
    ),
    "an older schema": (lambda raw: raw.update(schema_version=0), r"reads 1: it was made by an older moodbench\. Run"),
    "a schema that is no number": (lambda raw: raw.update(schema_version="1"), "has schema version 1, .* reads 1"),
    "no schema": (lambda raw: raw.pop("schema_version"), "has schema version None, this moodbench reads 1"),
    "another embedder": (lambda raw: raw.update(embedder="rival"), "belongs to rival/emodb, expected row/emodb"),
    "another task": (lambda raw: raw.update(task="emovo"), "belongs to row/emovo, expected row/emodb"),
    "another sha256": (lambda raw: raw.update(predictions_sha256="0" * 64), "its predictions are not the ones"),
}


@pytest.mark.parametrize(("edit", "message"), FIELDS.values(), ids=FIELDS)
def test_a_foreign_record_is_refused(stored, edit, message):
    raw = json.loads(stored.read_text())
    edit(raw)
    stored.write_text(json.dumps(raw))
    with pytest.raises(CellError, match=rf"row/emodb\.json.*{message}"):
        read(stored)


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", "3", "<<<<<<< HEAD\n{}"])
def test_a_damaged_record_is_refused(stored, damage):
    stored.write_text(damage)
    with pytest.raises(CellError, match=r"row/emodb\.json .*Run 'moodbench evaluate row' \(or dvc repro\) to score"):
        read(stored)


def test_a_truncated_record_is_refused(stored):
    stored.write_text(stored.read_text()[:500])
    with pytest.raises(CellError, match=r"row/emodb\.json is not readable \(JSONDecodeError"):
        read(stored)


def test_absent_predictions_are_refused(stored):
    stored.with_suffix(".parquet").unlink()
    with pytest.raises(CellError, match=r"its predictions beside it are not readable \(No such file or directory\)"):
        read(stored)


def forge(stored, **columns):
    """Other predictions, with the sha256 in the record mended to match."""
    _, predictions = read(stored)
    content = dataclasses.replace(predictions, **columns).to_parquet()
    vouch(stored, content)


def vouch(stored, content: bytes):
    stored.with_suffix(".parquet").write_bytes(content)
    raw = json.loads(stored.read_text())
    raw["predictions_sha256"] = hashlib.sha256(content).hexdigest()
    stored.write_text(json.dumps(raw))


def test_swapped_predictions_are_refused(made, stored, project):
    _, predictions = made
    other = dataclasses.replace(predictions, predicted=predictions.heads["svc"], group=predictions.group[::-1])
    stored.with_suffix(".parquet").write_bytes(other.to_parquet())
    with pytest.raises(CellError, match="its predictions are not the ones that it was made from"):
        read(stored)


def test_predictions_forged_with_their_hash_are_refused(made, stored):
    _, predictions = made
    forge(stored, predicted=predictions.label)
    with pytest.raises(CellError, match="do not follow from its predictions"):
        read(stored)


def test_a_changed_head_column_is_refused(made, stored):
    _, predictions = made
    svc = predictions.heads["svc"].copy()
    svc[4] = (svc[4] + 1) % 3
    forge(stored, heads={**predictions.heads, "svc": svc})
    with pytest.raises(CellError, match="do not follow from its predictions"):
        read(stored)


def test_groups_moved_between_clips_are_refused(made, stored):
    """The score stays, the interval does not."""
    _, predictions = made
    groups = list(predictions.group)
    wrong = [row for row in range(70) if predictions.predicted[row] != predictions.label[row]]
    right = next(r for r in range(70) if r not in wrong and groups[r] != groups[wrong[0]])
    groups[wrong[0]], groups[right] = groups[right], groups[wrong[0]]
    forge(stored, group=groups)
    with pytest.raises(CellError, match="its intervals do not follow from its predictions"):
        read(stored)


@pytest.mark.parametrize(
    "columns",
    [
        {"label": np.full(70, -2)},
        {"predicted": np.full(70, -1)},
        {"heads": {}},
        {"fold": np.zeros(70, np.int64)},
        {"heads": {"lda": np.full(70, -1)}},
    ],
    ids=["labels", "predictions", "no heads", "one fold", "no head applicable"],
)
def test_impossible_predictions_are_refused(stored, columns):
    forge(stored, **columns)
    with pytest.raises(CellError, match=r"row/emodb\.json: .* Run 'moodbench evaluate row'"):
        read(stored)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all"])
def test_what_is_no_parquet_is_refused(stored, content):
    vouch(stored, content)
    with pytest.raises(CellError, match=r"row/emodb\.json: .* Run 'moodbench evaluate row'"):
        read(stored)


def test_a_parquet_without_its_columns_is_refused(stored):
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.table({"clip_id": ["a"]}), buffer)
    vouch(stored, buffer.getvalue())
    with pytest.raises(CellError, match=r"row/emodb\.json: .* Run 'moodbench evaluate row'"):
        read(stored)


# -- tasks not run --------------------------------------------------------------------------------


def test_reasons_round_trip_and_go(project):
    rows = [
        NotRun(task="b", state="failed", reason="x"),
        NotRun(task="a", state="unavailable", reason="y", way_out="z"),
    ]
    cell_files.write_not_run("row", rows)
    assert cell_files.read_not_run("row") == {row.task: row for row in rows}
    assert [row["task"] for row in json.loads(paths.not_run("row").read_text())] == ["a", "b"]
    cell_files.write_not_run("row", [])
    assert cell_files.read_not_run("row") == {}
    assert not paths.not_run("row").exists()
    cell_files.write_not_run("row", [])


@pytest.mark.parametrize("text", ["", "{", "3", "[1]", '[{"task": "a"}]', '{"a": 1}'])
def test_damaged_reasons_are_refused(project, text):
    paths.not_run("row").parent.mkdir(parents=True)
    paths.not_run("row").write_text(text)
    with pytest.raises(CellError, match=r"row/not_run\.json is not readable .* Run 'moodbench evaluate row'"):
        cell_files.read_not_run("row")


def test_a_folder_in_the_place_of_reasons_is_refused(project):
    paths.not_run("row").mkdir(parents=True)
    with pytest.raises(
        CellError, match=r"row/not_run\.json is not readable \(IsADirectoryError\)\. Move it away and run"
    ):
        cell_files.read_not_run("row")
