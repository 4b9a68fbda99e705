"""What each shortcut relies on, by figures rather than by predictions."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmark.probes import fast, forest, lda, svc, trees
from benchmark.probes.heads import grid


@pytest.mark.parametrize("shape", [{}, {"weights": (0.7, 0.2, 0.1)}, {"constant": True}, {"absent": True}])
def test_lda_scores_equal_scikit_learn(shape, problem):
    stage = problem(n=100, d=160, **shape).selection
    model = lda.fit(stage.fit_x, stage.fit_y)
    plain = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(stage.fit_x, stage.fit_y)
    expected = plain.decision_function(stage.look_x)
    found = lda.decide(model, stage.look_x)
    if expected.ndim == 1:  # two classes: scikit-learn keeps the difference
        found = found[:, 1] - found[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


def test_shrinkage_through_products_of_rows():
    X = StandardScaler().fit_transform(np.random.default_rng(0).standard_normal((30, 200)) ** 3)
    covariance, expected = ledoit_wolf(X)
    shrinkage, variance = lda.ledoit_wolf(X - X.mean(axis=0))
    assert shrinkage == pytest.approx(expected, rel=1e-10)
    assert shrinkage * variance + (1 - shrinkage) * (X[:, 0] ** 2).mean() == pytest.approx(covariance[0, 0], rel=1e-10)


def test_lda_without_a_diagonal_is_left_to_scikit_learn(problem):
    stage = problem(n=12, d=30, classes=3).selection  # classes of one or two clips shrink by nothing
    stage.fit_x, stage.fit_y = stage.fit_x[:6].copy(), np.array([0, 0, 1, 1, 2, 2])
    assert lda.fit(stage.fit_x, stage.fit_y) is None
    plain = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(stage.fit_x, stage.fit_y)
    (answer,) = fast.search("lda", stage, grid("lda"), 0)
    assert answer.tolist() == plain.predict(stage.look_x).tolist()


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("share", [False, True])
def test_kernels_give_scikit_learns_decisions(kernel, share, problem):
    stage = problem(n=96, d=130, normalisation="group", share=share).selection
    square, cross = svc.Kernels(stage)[kernel]
    for C in (1e-2, 1e4):
        plain = SVC(kernel=kernel, C=C).fit(stage.fit_x, stage.fit_y).decision_function(stage.look_x)
        shared = SVC(kernel="precomputed", C=C).fit(square, stage.fit_y).decision_function(cross)
        np.testing.assert_allclose(shared, plain, rtol=1e-6, atol=1e-6)


def test_a_set_too_large_for_a_gram_matrix_is_left_to_scikit_learn(problem, monkeypatch):
    fold = problem(n=96, d=40, normalisation="group", share=True)
    kept = fast.search("svc", fold.selection, grid("svc")[::5], 0)
    monkeypatch.setattr("benchmark.probes.problem.MAX_GRAM_CLIPS", 20)
    fold = problem(n=96, d=40, normalisation="group", share=True)
    assert fold.whole.matrix is None
    assert not fold.selection.small
    left = fast.search("svc", fold.selection, grid("svc")[::5], 0)
    assert [answer.tolist() for answer in left] == [answer.tolist() for answer in kept]
    assert "grams" not in fold.selection.__dict__


def test_rotation_keeps_products_and_the_logistic_optimum(problem):
    stage = problem(n=80, d=300).selection
    fit, look = stage.rotated
    assert fit.shape == (40, 40)
    np.testing.assert_allclose(fit @ fit.T, stage.fit_x @ stage.fit_x.T, atol=1e-9)
    np.testing.assert_allclose(look @ fit.T, stage.look_x @ stage.fit_x.T, atol=1e-9)
    settings = {"C": 1e-2, "tol": 1e-10, "max_iter": 10_000}
    plain = LogisticRegression(**settings).fit(stage.fit_x, stage.fit_y).decision_function(stage.look_x)
    rotated = LogisticRegression(**settings).fit(fit, stage.fit_y).decision_function(look)
    np.testing.assert_allclose(rotated, plain, rtol=1e-6, atol=1e-6)


def test_trees_are_scikit_learns_and_repeats_are_not_grown(problem, monkeypatch):
    assert trees.as_scikit_learn()
    stage = problem(n=160, d=30, edge=0.3).selection
    points = grid("rf")
    grown: list[int] = []
    grow = trees.Nursery.grow

    def counting(self, position, min_samples_split, max_depth):
        tree = grow(self, position, min_samples_split, max_depth)
        grown.append(tree.max_depth)
        return tree

    monkeypatch.setattr(trees.Nursery, "grow", counting)
    answers = forest.search(stage, points, 3)
    assert 600 < len(grown) < 3000  # of 30 forests of 100 trees
    for at in (0, 4, 9, 17, 29):
        plain = RandomForestClassifier(random_state=3, **points[at]).fit(stage.fit_x, stage.fit_y)
        assert answers[at].tolist() == plain.predict(stage.look_x).tolist()


def test_forest_shares_equal_predict_proba_bit_for_bit(problem):
    stage = problem(n=120, d=25, weights=(0.5, 0.3, 0.2), edge=0.3).selection
    look = stage.look_x.astype(np.float32)
    for balanced in (False, True):
        nursery = trees.Nursery(stage.fit_x, stage.fit_y, count=30, balanced=balanced, seed=9)
        found = forest._votes(nursery, look, 2, [3, 6, 25])
        for limit, shares in zip((3, 6, 25), found, strict=True):
            plain = RandomForestClassifier(
                30, max_depth=limit, class_weight="balanced" if balanced else None, random_state=9
            ).fit(stage.fit_x, stage.fit_y)
            assert (shares == plain.predict_proba(stage.look_x)).all()


def test_another_builder_falls_back_to_whole_forests(problem, monkeypatch):
    stage = problem(n=60, d=8).selection
    points = grid("rf")[:4]
    own = forest.search(stage, points, 1)
    monkeypatch.setattr(trees, "as_scikit_learn", lambda: False)
    assert [a.tolist() for a in forest.search(stage, points, 1)] == [a.tolist() for a in own]


def test_a_changed_builder_is_noticed(monkeypatch):
    grow = trees.Nursery.grow
    monkeypatch.setattr(trees.Nursery, "grow", lambda self, i, split, depth: grow(self, i, split + 9, depth))
    assert trees.as_scikit_learn.__wrapped__() is False


def test_balanced_classes_fit_each_weighting_once(problem, monkeypatch):
    fold = problem(n=90, d=10)
    stage = fold.selection
    stage.fit_x, stage.fit_y = stage.fit_x[:42], np.arange(42) % 3
    assert stage.balanced
    fits: list[object] = []
    make = fast.estimator

    def counting(name, point, seed, **override):
        fits.append(point)
        return make(name, point, seed, **override)

    monkeypatch.setattr(fast, "estimator", counting)
    answers = fast.search("lr", stage, grid("lr"), 0)
    assert (len(answers), len(fits)) == (22, 11)
    for point, answer in zip(grid("lr"), answers, strict=True):
        plain = make("lr", point, 0).fit(stage.fit_x, stage.fit_y)
        assert answer.tolist() == plain.predict(stage.look_x).tolist()
