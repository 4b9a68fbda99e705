"""Scoring in units: resumable, and the same bytes whatever the workers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmark import cell_files, paths, scoring
from benchmark.cell import HEAD_ORDER, HeadResult
from benchmark.cell_files import Predictions
from benchmark.figures import figures
from benchmark.files import canonical
from benchmark.scoring import Outcome, Progress
from benchmark.workers import Workers


def unit_names(scored):
    return {(unit.fold, unit.head) for unit in scoring.units(scored)}


def test_units_cover_every_head_of_every_fold(tiny, tmp_path):
    scored, _, _ = tiny.make(tmp_path)
    assert unit_names(scored) == {(fold, head) for fold in range(5) for head in ("lda", "svc")}
    assert str(scoring.units(scored)[0]) == "svc of fold 0 of emodb"


def test_finished_units_are_taken_up_again_with_the_same_bytes(tiny, tmp_path, project):
    scored, _, _ = tiny.make(tmp_path / "vectors", heads=("lda", "qda", "svc"))
    progress = Progress(scored, tmp_path / "cell.partial")
    undisturbed, expected = tiny.cell_of(scored)
    for unit in scoring.units(scored)[:7]:
        progress.keep(unit, scoring.score_unit(unit))
    done = Progress(scored, tmp_path / "cell.partial").finished()
    assert len(done) == 7
    done |= {(u.fold, u.head): scoring.score_unit(u) for u in scoring.units(scored) if (u.fold, u.head) not in done}
    again, predictions = scoring.assemble(scored, done, dim=6)
    assert canonical(again.model_dump()) == canonical(undisturbed.model_dump())
    assert predictions.to_parquet() == expected.to_parquet()
    progress.discard()
    assert not (tmp_path / "cell.partial").exists()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"fingerprint": "other"}', '{"fingerprint": "%s", "result": {}}']
)
def test_a_damaged_or_foreign_unit_is_computed_again(tiny, tmp_path, text):
    scored, _, _ = tiny.make(tmp_path / "vectors")
    progress = Progress(scored, tmp_path / "cell.partial")
    first = scoring.units(scored)[0]
    progress.keep(first, scoring.score_unit(first))
    (file,) = (tmp_path / "cell.partial").iterdir()
    file.write_text(text.replace("%s", scored.fingerprint))
    assert progress.finished() == {}


def test_units_of_another_fingerprint_do_not_count(tiny, tmp_path):
    scored, _, _ = tiny.make(tmp_path / "vectors")
    first = scoring.units(scored)[0]
    Progress(scored, tmp_path / "p").keep(first, scoring.score_unit(first))
    changed = dataclasses.replace(scored, fingerprint="other")
    assert Progress(changed, tmp_path / "p").finished() == {}


def test_two_runs_are_byte_identical_whatever_the_workers(tiny, tmp_path, project, inline_workers):
    scored, _, _ = tiny.make(tmp_path / "vectors", "emodb_serab", heads=HEAD_ORDER)
    contents = []
    for pool in (inline_workers(1), Workers(2)):
        with pool:
            order = scoring.units(scored)[:: 1 if pool.count == 1 else -1]
            done = {(u.fold, u.head): outcome for u, outcome in pool.in_order(scoring.score_unit, order)}
        cell, predictions = scoring.assemble(scored, done, dim=6)
        cell_files.write(cell, predictions)
        file = paths.cell("row", "emodb_serab", "")
        contents.append([file.read_bytes(), file.with_suffix(".parquet").read_bytes()])
        file.unlink()
    assert contents[0] == contents[1]


def test_engines_agree_on_the_cell(tiny, tmp_path):
    found = []
    for engine in ("fast", "reference"):
        scored, _, _ = tiny.make(tmp_path / engine, mode="grid", heads=("lda", "svc"), engine=engine)
        found.append(tiny.cell_of(scored)[0].model_dump())
    assert found[0] == found[1]


def test_figures_hold_against_a_small_case_by_hand(tiny, tmp_path):
    """Ties between heads go to the protocol's order, and a head absent in one fold has no pooled score."""
    scored, _, _ = tiny.make(tmp_path, "emodb_serab", heads=("lda", "svc"))
    y = scored.y[:14]
    right = HeadResult(head="lda", status="ok", params={}, validation=0.5, test=None, fits=1)
    outcomes = {
        (0, "lda"): Outcome(right, (y * 0).tolist()),
        (0, "svc"): Outcome(right.model_copy(update={"head": "svc"}), y.tolist()),
    }
    cell, predictions = scoring.assemble(scored, outcomes, dim=6)
    assert cell.folds[0].chosen == "lda", (
        "equal on validation: the first of the order, though the other is perfect on test"
    )
    assert cell.scores["accuracy"] == pytest.approx(np.mean(y == 0))
    assert cell.scores["uar"] == pytest.approx(1 / 3)
    assert (cell.oracle.head, cell.oracle.scores["accuracy"]) == ("svc", 1.0)
    assert predictions.predicted.tolist() == [0] * 14


def test_a_head_that_is_missing_in_one_fold_has_no_pooled_score():
    """Pooling the folds in which it could be fitted would compare it on other clips."""
    label = np.array([0, 1, 0, 1, 0, 1])
    fold = np.array([0, 0, 1, 1, 2, 2])
    heads = {"lda": np.array([0, 1, 0, 1, 1, 1]), "qda": np.array([-1, -1, 0, 1, 0, 1])}
    predicted = np.concatenate([heads["lda"][:2], heads["qda"][2:]])
    found = Predictions(list("abcdef"), list("xxyyzz"), fold, label, predicted, heads)
    made = figures(found, {0: "lda", 1: "qda", 2: "qda"}, metric="accuracy", level=0.95)
    assert made["head_scores"].keys() == {"lda"}
    assert made["head_scores"]["lda"]["accuracy"] == pytest.approx(5 / 6)
    assert made["oracle"].head == "lda", "though the scored predictions are better than any one head"
    assert made["scores"]["accuracy"] == 1.0
    assert made["chosen"] == {"lda": 1, "qda": 2}
    assert [sorted(scores) for scores in made["test scores by fold"]] == [["lda"], ["lda", "qda"], ["lda", "qda"]]
