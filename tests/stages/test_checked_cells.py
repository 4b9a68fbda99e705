"""Cells are believed only when they hold together."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from benchmark import cell_files, params, paths, registry
from benchmark.errors import BenchmarkError
from benchmark.stages import everything


def edit_cell(work) -> None:
    file = next((paths.CELLS / "row").glob("emodb*.json"))
    raw = json.loads(file.read_text())
    raw["scores"]["uar"] = 0.999
    file.write_text(json.dumps(raw, indent=1))


def test_an_edited_cell_is_refused_by_the_leaderboard(bench, monkeypatch, capsys):
    work = bench()
    work.all()
    edit_cell(work)
    _, problems = work.report()
    assert len(problems) == 1
    assert "its scores do not follow from its predictions" in problems[0]
    (row,) = work.board().values()
    assert (row["state"], row["value"]) == ("failed", "")
    assert "0.999" not in (paths.LEADERBOARD / "one" / "leaderboard.md").read_text()
    monkeypatch.setattr(params, "load", lambda: work.params)
    assert everything.report(show=False) == 1
    assert "failed: row on emodb: row/emodb" in " ".join(capsys.readouterr().err.split())


def test_an_edited_cell_is_scored_again(bench, capsys):
    work = bench()
    work.all()
    before = work.written(paths.CELLS)
    edit_cell(work)
    work.evaluate()
    assert {n: c for n, (_, _, c) in work.written(paths.CELLS).items()} == {n: c for n, (_, _, c) in before.items()}
    assert "do not follow from its predictions" in " ".join(capsys.readouterr().err.split())
    assert work.report()[1] == []


@pytest.mark.parametrize("suffix", [".json", ".parquet"])
@pytest.mark.parametrize("damage", [b"", b"{", None])
def test_a_damaged_cell_is_scored_again(bench, suffix, damage):
    work = bench()
    work.all()
    before = {n: c for n, (_, _, c) in work.written(paths.CELLS).items()}
    file = next((paths.CELLS / "row").glob(f"emodb*{suffix}"))
    if damage is None:
        file.unlink()
    else:
        file.write_bytes(damage)
    work.evaluate()
    assert {n: c for n, (_, _, c) in work.written(paths.CELLS).items()} == before


def test_tampered_vectors_fail_the_task(bench):
    work = bench()
    work.prepare()
    work.embed()
    np.save(paths.vectors("row", "emodb") / "vectors.npy", np.zeros((70, 4), np.float32))
    with pytest.raises(BenchmarkError, match="evaluate row: 1 tasks failed"):
        work.evaluate()
    assert "not the bytes that were written" in cell_files.read_not_run("row")["emodb"].reason
    assert work.report()[1]


def test_a_task_that_fails_harms_no_other(bench, monkeypatch):
    """Group normalisation is refused for one task; the other is scored."""
    bad = dataclasses.replace(registry.task("emodb_serab"), group="label")
    known = {**registry.tasks(), "emodb_serab": dataclasses.replace(bad, split=registry.task("emodb").split)}
    monkeypatch.setattr(registry, "tasks", lambda: known)
    work = bench()
    work.change(suites=["tiny"])
    work.prepare()
    work.embed()
    with pytest.raises(BenchmarkError, match="evaluate row: 1 tasks failed"):
        work.evaluate()
    assert "group normalisation refused" in cell_files.read_not_run("row")["emodb_serab"].reason
    assert work.cell().clips == 70


def test_a_row_that_left_params_is_not_shown(bench):
    work = bench(row="Loudness", other="Scaled")
    work.all()
    work.change(embedders={"row": "Loudness"})
    work.report()
    assert {name for name, _ in work.board()} == {"row"}
    assert (paths.CELLS / "other").is_dir(), "nothing is removed without being asked"


def test_a_cell_that_was_never_made_is_shown_as_missing(bench):
    work = bench(row="Loudness", later="Scaled")
    work.prepare()
    work.embed()
    work.evaluate()
    _, problems = work.report()
    assert problems == []
    row = work.board()["later", "emodb"]
    assert (row["state"], row["value"]) == ("missing", "")
