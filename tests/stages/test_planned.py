"""What is embedded is what was planned: an edit after `prepare`, or while the model runs, is never stored under it."""

from __future__ import annotations

import pytest

from benchmark import paths, store
from benchmark.errors import BenchmarkError
from benchmark.stages import embed

ROW = {"factory": "strange_planned:Model"}
EDITED = r"^embed row: its code, arguments, weights or libraries are others than when it was planned"


@pytest.fixture
def work(bench, strange):
    strange("strange_planned", 1.0)
    made = bench(row=ROW)
    made.prepare()
    return made


def test_an_edit_since_the_plan_is_told(work, strange):
    strange("strange_planned", 2.0)
    with pytest.raises(BenchmarkError, match=EDITED):
        work.embed()
    assert not paths.vectors("row", "emodb").exists()
    strange("strange_planned", 1.0)
    work.embed()
    strange("strange_planned", 2.0)
    with pytest.raises(BenchmarkError, match=EDITED):  # though nothing would have been computed
        work.embed()
    work.prepare()
    work.embed()


def test_other_arguments_since_the_plan_are_told(work):
    work.change(embedders={"row": ROW | {"kwargs": {"x": 1}}})
    with pytest.raises(BenchmarkError, match=EDITED):
        work.embed()


def test_other_weights_since_the_plan_are_told(bench, tmp_path):
    weights = tmp_path / "factor.txt"
    weights.write_text("1.0")
    work = bench(row={"factory": "small_embedders:FromFile", "weights": str(weights)})
    work.prepare()
    weights.write_text("3.0")
    with pytest.raises(BenchmarkError, match=EDITED):
        work.embed()
    weights.write_text("1.0")
    work.embed()
    weights.unlink()
    work.embed()  # what has gone changes nothing that is there


@pytest.mark.parametrize("how", ["edited", "moved away"])
def test_an_edit_under_way_lets_nothing_count(work, strange, monkeypatch, how):
    real = embed._embed

    def then_edited(*arguments):
        problems = real(*arguments)
        file = strange("strange_planned", 2.0)
        if how == "moved away":
            file.unlink()
        return problems

    monkeypatch.setattr(embed, "_embed", then_edited)
    with pytest.raises(BenchmarkError, match=r"^embed row: it was edited while it ran.* Run 'moodbench run'\.$"):
        work.embed()
    folder = paths.vectors("row", "emodb")
    assert store.read_meta(folder) is None
    assert work.report()[1] == [
        "row on emodb: embed row: it was edited while it ran, so what it embedded does not count. Run 'moodbench run'."
    ]
    monkeypatch.setattr(embed, "_embed", real)
    strange("strange_planned", 2.0)
    work.all()
    assert store.read_meta(folder) is not None
