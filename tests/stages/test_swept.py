"""A sweep compares what counts now: no score of other settings, and none of a row that was changed since."""

from __future__ import annotations

import pytest

from benchmark import sweeps
from benchmark.errors import BenchmarkError


def row(factor, **more):
    return {"factory": "small_embedders:Scaled", "kwargs": {"factor": factor}} | more


@pytest.fixture
def work(bench):
    made = bench(net_a=row(1.0), net_b=row(2.0))
    made.all()
    return made


def scored(work) -> dict[str, bool]:
    return {each.row: bool(each.scores) for each in sweeps.standings("net", work.params)}


def test_rows_as_they_were_scored(work):
    rows = sweeps.standings("net", work.params)
    assert [(each.row, each.settings, list(each.scores), each.reason) for each in rows] == [
        ("net_a", "factor=1.0", ["emodb"], ""),
        ("net_b", "factor=2.0", ["emodb"], ""),
    ]


def test_a_row_whose_arguments_have_changed_has_no_score(work):
    work.change(embedders={"net_a": row(1.0), "net_b": row(3.0)})
    assert scored(work) == {"net_a": True, "net_b": False}
    assert sweeps.standings("net", work.params)[1].reason == "not run as it is now"
    work.all()
    assert scored(work) == {"net_a": True, "net_b": True}


def test_a_row_whose_module_has_gone_has_no_score(work):
    gone = {"factory": "no_such_module:Scaled"}
    work.change(embedders={"net_a": row(1.0) | gone, "net_b": row(2.0) | gone})
    assert scored(work) == {"net_a": False, "net_b": False}


def test_scores_of_another_grid_do_not_count(work):
    work.change(probe={"mode": "none", "heads": ["lda"]})
    assert scored(work) == {"net_a": False, "net_b": False}
    with pytest.raises(BenchmarkError, match=r"net_a: its cell was made by other code, settings, labels or folds"):
        sweeps.best(sweeps.standings("net", work.params))
