"""The fast engine against plain GridSearchCV, head by head and shape by shape."""

from __future__ import annotations

import pytest
from threadpoolctl import threadpool_limits

from benchmark.cell import HEAD_ORDER
from benchmark.probes import fast, selection
from benchmark.probes.heads import estimator, grid
from benchmark.probes.selection import run_head

SHAPES = {
    "more clips than dimensions": {"n": 120, "d": 8},
    "fewer clips than dimensions": {"n": 80, "d": 150, "edge": 1.5},
    "imbalanced": {"n": 120, "d": 30, "weights": (0.6, 0.25, 0.15)},
    "imbalanced, fewer clips": {"n": 100, "d": 120, "weights": (0.6, 0.25, 0.15)},
    "constant features": {"n": 90, "d": 100, "constant": True},
    "a class absent from training": {"n": 100, "d": 90, "absent": True},
    "two classes": {"n": 80, "d": 60, "classes": 2},
    "groups": {"n": 96, "d": 110, "normalisation": "group"},
    "groups, shared products": {"n": 96, "d": 110, "normalisation": "group", "share": True},
}
FOREST_SHAPES = ("imbalanced", "a class absent from training", "groups")  # forests see every shape alike, and take long
PAIRS = [(head, shape) for head in HEAD_ORDER for shape in (FOREST_SHAPES if head == "rf" else SHAPES)]
THIN = {"rf": 5, "svc": 3, "lr": 2}  # every so manieth grid point, to keep the plain engine quick


@pytest.fixture
def thin_grid(monkeypatch):
    monkeypatch.setattr(selection, "grid", lambda name, mode: grid(name, mode)[:: THIN.get(name, 1)])


@pytest.mark.parametrize(("head", "shape"), PAIRS)
def test_fast_equals_reference(head, shape, problem, thin_grid):
    fold = problem(**SHAPES[shape])
    quick, plain = (run_head(head, fold, engine=engine, metric="uar", seed=11) for engine in ("fast", "reference"))
    assert quick.result == plain.result
    assert quick.predictions.tolist() == plain.predictions.tolist()
    if quick.result.status == "ok":
        assert len(set(quick.predictions.tolist())) > 1


@pytest.mark.parametrize("head", HEAD_ORDER)
def test_fast_equals_reference_with_default_settings(head, problem):
    fold = problem(n=120, d=6)
    quick, plain = (run_head(head, fold, engine=engine, mode="none", seed=1) for engine in ("fast", "reference"))
    assert quick.result == plain.result
    assert quick.predictions.tolist() == plain.predictions.tolist()
    assert (quick.result.fits, quick.result.params) == (1, {})


@pytest.mark.parametrize("shape", ["fewer clips than dimensions", "imbalanced", "groups, shared products"])
@pytest.mark.parametrize("head", HEAD_ORDER)
def test_every_grid_point_answers_as_scikit_learn(head, shape, problem):
    stage = problem(**{**SHAPES[shape], "classes": 3}).selection
    points = grid(head)[:: 4 if head == "rf" else 1]
    with threadpool_limits(1):
        answers = fast.search(head, stage, points, 5)
        for point, answer in zip(points, answers, strict=True):
            try:
                plain = estimator(head, point, 5).fit(stage.fit_x, stage.fit_y)
            except ValueError:
                assert head == "qda"
                assert "its covariance is singular" in answer.reason
            else:
                assert answer.tolist() == plain.predict(stage.look_x).tolist(), point
