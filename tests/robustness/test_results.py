"""Stored results that were damaged, edited or exchanged: told, never believed, made again to the same bytes."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from benchmark import cell_files, paths, registry
from benchmark.cell_files import Predictions

SECTION = "Manifests, plans, vectors and cells"


# -- cells ------------------------------------------------------------------------------------------


def conflict(_, file):
    file.write_text("<<<<<<< ours\n" + file.read_text())


def edit_score(two, file):
    two.edit(file, scores={**json.loads(file.read_text())["scores"], "uar": 0.999})


def edit_fold(two, file):
    first, *others = json.loads(file.read_text())["folds"]
    two.edit(file, folds=[{**first, "test_groups": ["99"]}, *others])


def edit_prediction(_, file):
    """One clip that was wrong is right."""
    columns = file.with_suffix(".parquet")
    predictions = Predictions.from_parquet(columns.read_bytes())
    wrong = np.flatnonzero(predictions.predicted != predictions.label)[0]
    predicted = predictions.predicted.copy()
    predicted[wrong] = predictions.label[wrong]
    columns.write_bytes(replace(predictions, predicted=predicted).to_parquet())


def edit_prediction_and_hash(two, file):
    edit_prediction(two, file)
    two.edit(file, predictions_sha256=hashlib.sha256(file.with_suffix(".parquet").read_bytes()).hexdigest())


def copy_of_other(two, file):
    for suffix in (".json", ".parquet"):
        shutil.copy(two.cell("other").with_suffix(suffix), file.with_suffix(suffix))


CELLS = {
    "a cell cut short": lambda two, file: two.cut(file),
    "a cell that is empty": lambda _, file: file.write_bytes(b""),
    "a cell with a merge conflict": conflict,
    "a cell with an edited score": edit_score,
    "a cell with an edited fold": edit_fold,
    "a cell with an unknown key": lambda two, file: two.edit(file, surprise=1),
    "a cell with an edited split": lambda two, file: two.edit(file, split="10 folds"),
    "a cell with an edited normalisation": lambda two, file: two.edit(file, normalisation="train"),
    "a cell with an edited protocol version": lambda two, file: two.edit(file, protocol_version=0),
    "a cell with an edited class name": lambda two, file: two.edit(file, classes=list("abcdefg")),
    "a cell of another embedder, copied": copy_of_other,
    "a cell of another task": lambda two, file: two.edit(file, task="emodb_serab"),
    "a cell of an older schema": lambda two, file: two.edit(file, schema_version=0),
    "a cell of a newer schema": lambda two, file: two.edit(file, schema_version=2, surprise=1),
    "a cell of a newer protocol": lambda two, file: two.edit(file, protocol_version=2),
    "a cell without its predictions": lambda _, file: file.with_suffix(".parquet").unlink(),
    "predictions cut short": lambda two, file: two.cut(file.with_suffix(".parquet")),
    "a prediction edited": edit_prediction,
    "a prediction edited, and its sha256 with it": edit_prediction_and_hash,
}


@pytest.mark.parametrize("kind", CELLS)
def test_a_cell_on_page(two, tell, on_page, kind):
    cells, shown, board = two.results(paths.CELLS), two.states(), two.results(paths.LEADERBOARD)
    CELLS[kind](two, two.cell())
    assert two.results(paths.CELLS) != cells
    told = tell("report")
    on_page(SECTION, kind, told.line("failed: row on emodb: "), told.code)
    assert told.code == 1
    assert two.states() == {"row": ("failed", ""), "other": shown["other"]}
    shown_alone = tell("show", "row/emodb")
    assert shown_alone.code == 0 or shown_alone.line("error: ").removeprefix("error: ") in told.line("failed: ")
    assert tell("evaluate", "row").code == 0
    assert two.results(paths.CELLS) == cells
    assert tell("report").code == 0
    assert two.results(paths.LEADERBOARD) == board


def test_a_cell_of_other_inputs_on_page(two, tell, on_page):
    cells, shown = two.results(paths.CELLS), two.states()
    two.edit(two.cell(), fingerprint="0" * 64)
    told = tell("report")
    on_page(SECTION, "a cell made by other code, or from other labels", two.shown(), told.code, goes_on=True)
    assert two.states() == {"row": ("not run", ""), "other": shown["other"]}
    assert tell("evaluate", "row").code == 0
    assert two.results(paths.CELLS) == cells


@pytest.mark.parametrize("suffix", [".json", ".parquet"])
def test_a_folder_in_the_place_of_a_file_on_page(two, tell, on_page, suffix):
    cells, shown, place = two.results(paths.CELLS), two.states(), two.cell().with_suffix(suffix)
    place.unlink()
    (place / "kept").mkdir(parents=True)
    told = tell("evaluate", "row")
    what = {".json": "a cell", ".parquet": "predictions"}[suffix]
    on_page(SECTION, f"a folder in the place of {what}", told.line("not run on emodb: "), told.code)
    assert told.code == 2
    assert (place / "kept").is_dir()
    assert tell("report").code == 1
    assert two.states() == {"row": ("failed", ""), "other": shown["other"]}
    shutil.rmtree(place)
    assert tell("evaluate", "row").code == 0
    assert two.results(paths.CELLS) == cells


@pytest.mark.parametrize("kind", ["cut short", "a folder"])
def test_reasons_on_page(two, tell, on_page, kind):
    cells, shown, file = two.results(paths.CELLS), two.states(), paths.not_run("row")
    if kind == "a folder":
        file.mkdir()
    else:
        file.write_text('[{"task": "emo')
    told = tell("report")
    on_page(SECTION, f"not_run.json: {kind}", told.line("failed: row on emodb: "), told.code)
    assert told.code == 1
    assert two.states() == {"row": ("failed", ""), "other": shown["other"]}
    if kind == "a folder":
        file.rmdir()
    assert tell("evaluate", "row").code == 0
    assert two.results(paths.CELLS) == cells
    assert tell("report").code == 0
    assert two.states() == shown


# -- figures that others printed --------------------------------------------------------------------

PUBLISHED = {
    "published figures: no file": None,
    "published figures: not UTF-8": "suite,task\xe9",
    "published figures: a quote too much": 'suite,task,embedder,metric,value,source,note\n"s,t,e,uar,0.5,x,\n',
    "published figures: other columns": "suite,task,value\n",
    "published figures: a value that is no number": "suite,task,embedder,metric,value,source,note\ns,t,e,uar,high,x,\n",
    "published figures: a comma too much": "suite,task,embedder,metric,value,source,note\ns,t,e,uar,0.5,x,a,b\n",
    "published figures: a figure twice": "suite,task,embedder,metric,value,source,note\n" + 2 * "s,t,e,uar,0.5,x,\n",
}


@pytest.mark.parametrize("kind", PUBLISHED)
def test_published_on_page(two, tell, on_page, monkeypatch, tmp_path, kind):
    board = two.results(paths.LEADERBOARD)
    monkeypatch.setattr(paths, "PUBLISHED", tmp_path / "published")
    suite = replace(registry.suite("one"), published="theirs")
    monkeypatch.setattr(registry, "suites", lambda: {"one": suite})
    paths.PUBLISHED.mkdir()
    (paths.PUBLISHED / "theirs_names.csv").write_text("what,ours,published\n")
    if PUBLISHED[kind] is not None:
        (paths.PUBLISHED / "theirs.csv").write_text(PUBLISHED[kind], encoding="latin-1")
    told = tell("report")
    on_page(SECTION, kind, told.line("error: "), told.code)
    assert told.code == 2
    assert two.results(paths.LEADERBOARD) == board


def test_a_damaged_cell_is_not_removed_by_prune(two, tell):
    """`prune` goes by names: what is damaged may be all there is of a result."""
    two.cut(two.cell())
    before = two.results()
    assert tell("prune", "--yes").code == 0
    assert two.results() == before


def test_prune_takes_frames_of_unknown_rows_and_datasets(two, tell):
    """Frames can be made by a row of the catalogue that params.yaml does not name."""
    kept = [paths.frames("row", "emodb"), paths.frames("logmel_stats", "emodb")]
    left = [paths.frames("gone", "emodb"), paths.frames("row", "no_such_corpus")]
    for folder in [*kept, *left]:
        folder.mkdir(parents=True)
        (folder / "meta.json").write_text("{}")
    before = two.results(paths.CELLS)
    assert tell("prune", "--yes").code == 0
    assert [folder.is_dir() for folder in [*kept, *left]] == [True, True, False, False]
    assert not left[0].parent.exists()
    assert two.results(paths.CELLS) == before


def test_prune_of_wrong_params_removes_nothing(two, tell):
    before = two.results()
    paths.PARAMS.write_text(paths.PARAMS.read_text().replace("  other:", "  Other:"))
    told = tell("prune", "--yes")
    assert told.code == 2
    assert told.line("error: params.yaml: embedders: embedder name 'Other'")
    assert two.results() == before


def test_the_cells_are_those_of_the_engine(two):
    """The damage above starts from cells that are believed."""
    for name in ("row", "other"):
        cell_files.read(two.cell(name), embedder=name, task="emodb")
