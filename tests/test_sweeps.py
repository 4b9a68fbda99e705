"""The best row of a sweep is the one with the best validation scores, whatever its test scores are."""

from __future__ import annotations

import pytest

from benchmark import params, paths, registry, sweeps
from benchmark.errors import BenchmarkError, UnknownNameError
from benchmark.sweeps import Standing, best, validation_score
from tasks.base import Suite

TEXT = """\
suites: [one]
embedders:
  net_layer3: {factory: "m:A", kwargs: {layer: 3, x: 1}}
  net_layer6: {factory: "m:A", kwargs: {layer: 6, x: 1}}
  net_other: {factory: "m:B"}
  chance: {}
"""


def with_validation(cell, row, values):
    """The cell as another row's, whose chosen heads have these validation scores."""
    folds = []
    for fold, value in zip(cell.folds, values, strict=True):
        heads = [
            head.model_copy(update={"validation": value if head.head == fold.chosen else 1.0}) for head in fold.heads
        ]
        folds.append(fold.model_copy(update={"heads": heads}))
    return cell.model_copy(update={"embedder": row, "folds": folds})


@pytest.fixture
def scored(project, tiny, tmp_path, monkeypatch):
    """Two rows with cells; the one that is better on test is made the worse one on validation."""
    known = {"one": Suite(name="one", title="One", version=1, tasks=("emodb",))}
    monkeypatch.setattr(registry, "suites", lambda: known)
    paths.PARAMS.write_text(TEXT)
    made = [tiny.cell_of(tiny.make(tmp_path / head, heads=(head,))[0]) for head in ("lda", "svc")]
    made.sort(key=lambda each: -each[0].scores["uar"])
    assert made[0][0].scores["uar"] > made[1][0].scores["uar"]
    count = len(made[0][0].folds)
    low, high = [0.5] * (count - 1) + [0.9], [0.8] * count
    cells = {}
    monkeypatch.setattr(sweeps.counted, "of_row", lambda _params, row, _tasks: {"emodb": cells[row]})
    for row, (cell, _), values in zip(("net_layer3", "net_layer6"), made, (low, high), strict=True):
        cells[row] = with_validation(cell, row, values)
    return cells


def test_the_mean_over_folds_of_the_chosen_heads(scored):
    cell = scored["net_layer3"]
    count = len(cell.folds)
    assert count > 1
    assert validation_score(cell) == pytest.approx((0.5 * (count - 1) + 0.9) / count)
    first = cell.folds[0].model_copy(
        update={"heads": [head.model_copy(update={"validation": None}) for head in cell.folds[0].heads]}
    )
    assert validation_score(cell.model_copy(update={"folds": [first, *cell.folds[1:]]})) is None


def test_validation_decides_and_test_is_not_looked_at(scored, tell, capfd):
    rows = sweeps.standings("net", params.load())
    assert [(row.row, row.settings) for row in rows] == [("net_layer3", "layer=3"), ("net_layer6", "layer=6")]
    assert best(rows)[0].row == "net_layer6"
    sweeps.show("net")
    out = capfd.readouterr().out
    assert out.splitlines()[-1] == "Best by validation score: net_layer6 (layer=6), over emodb."
    assert out.splitlines()[1].split() == ["net_layer6", "layer=6", "0.8000"]
    assert len(out.splitlines()) == 4, "a table of two rows and the best: no test score"


def test_only_tasks_that_every_row_has_are_compared():
    rows = [
        Standing("a", "", {"x": 0.5, "y": 0.5}),
        Standing("b", "", {"x": 0.6}),
        Standing("c", "", {"x": 0.6, "z": 1}),
    ]
    assert best(rows) == (rows[1], ["x"])
    with pytest.raises(
        BenchmarkError, match=r"^the rows of this sweep have no task in common with a validation score, "
    ):
        best([Standing("a", "", {"x": 0.5}), Standing("b", "", {"y": 0.5})])


def test_a_row_without_scores_keeps_no_other_from_being_compared():
    broken = Standing("c", "", {}, "it raised")
    rows = [broken, Standing("a", "", {"x": 0.5}), Standing("b", "", {"x": 0.6})]
    assert best(rows) == (rows[2], ["x"])
    with pytest.raises(BenchmarkError, match=r"have no validation score yet \(c: it raised\), expected one\. Run"):
        best([broken])


@pytest.mark.parametrize("name", ["nett", "chance", "net_layer3"])
def test_what_is_no_sweep(scored, tell, name):
    told = tell("sweep", name)
    assert told.code == 2
    assert f"unknown sweep '{name}'." in told.line("error:")
    assert " Known: net. " in told.line("error:")


def test_two_rows_of_the_catalogue_are_two_models(project):
    paths.PARAMS.write_text("suites: [demo]\nembedders:\n  opensmile_compare: {}\n  opensmile_egemaps: {}\n")
    with pytest.raises(UnknownNameError, match=r"unknown sweep 'opensmile'\. Expected two rows or more"):
        sweeps.rows_of("opensmile", params.load())


def test_the_catalogues_row_is_one_of_those_made_like_it(project):
    paths.PARAMS.write_text(
        "suites: [demo]\nembedders:\n  chance: {}\n  chance_dim4: {like: chance, kwargs: {dim: 4}}\n"
    )
    assert list(sweeps.rows_of("chance", params.load())) == ["chance", "chance_dim4"]
