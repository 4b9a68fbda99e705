"""The protocol: ties, heads that do not apply, seeds, determinism, refusals."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from benchmark.cell import HEAD_ORDER, HeadResult
from benchmark.errors import ContractError, SplitError, UnknownNameError
from benchmark.metrics import METRICS
from benchmark.probes import fast
from benchmark.probes.common import NotFitted
from benchmark.probes.heads import HEADS, estimator, grid
from benchmark.probes.normalisation import standardise_by, standardise_groups
from benchmark.probes.problem import Problem, WholeGram
from benchmark.probes.selection import HeadOutcome, choose, run_head, seed_for


def test_the_grid_is_serabs_hundred_fits():
    assert {name: len(grid(name)) for name in HEADS} == {"lda": 1, "lr": 22, "qda": 3, "rf": 30, "svc": 44}
    assert tuple(HEADS) == HEAD_ORDER
    assert grid("lda") == [{"shrinkage": "auto", "solver": "lsqr"}]
    assert grid("lr")[:3] == [{"C": 1e5, "class_weight": w} for w in ("balanced", None)] + [
        {"C": 1e4, "class_weight": "balanced"}
    ]
    assert grid("svc")[:2] == [{"C": 1e5, "class_weight": "balanced", "kernel": k} for k in ("rbf", "linear")]
    assert [p["C"] for p in grid("svc")[::4]] == [10.0**power for power in range(5, -6, -1)]
    assert grid("rf")[16] == {"class_weight": None, "max_depth": 5, "min_samples_split": 5}
    assert [p["reg_param"] for p in grid("qda")] == [0.0, 0.1, 0.25]
    with pytest.raises(UnknownNameError, match="unknown head 'svm'"):
        grid("svm")


def test_estimators_carry_the_fixed_settings():
    assert estimator("svc", grid("svc")[0], 1).max_iter == 10_000
    assert estimator("lr", grid("lr")[0], 1).max_iter == 10_000
    assert isinstance(estimator("svc", {}, 1).max_iter, int)
    grown = estimator("rf", grid("rf")[0], 77)
    assert (grown.n_estimators, grown.random_state, grown.max_depth) == (100, 77, 5)
    assert estimator("lda", {}, 0).solver == "svd"  # mode none is scikit-learn's default


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_a_tie_goes_to_the_first_point(engine, problem):
    fold = problem(n=60, d=6, edge=30.0)  # classes far apart: nearly every point is right everywhere
    for head in ("lr", "svc"):
        result = run_head(head, fold, engine=engine, seed=0).result
        assert (result.validation, result.params) == (1.0, grid(head)[0])


def outcome(head, validation):
    status = "ok" if validation is not None else "not applicable"
    result = HeadResult(head=head, status=status, reason="" if validation is not None else "why", validation=validation)
    return HeadOutcome(result, np.zeros(1, dtype=np.int64))


def test_choice_of_head_by_validation_and_order():
    assert choose([outcome("svc", 0.5), outcome("rf", 0.5), outcome("lda", None), outcome("lr", 0.4)]) == "rf"
    assert choose([outcome("lda", 0.5), outcome("lr", 0.6)]) == "lr"
    with pytest.raises(SplitError, match=r"no head could be fitted in this fold \(qda: why"):
        choose([outcome("qda", None)])


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_qda_with_fewer_clips_than_dimensions_is_not_applicable(engine, problem):
    fold = problem(n=80, d=40)
    found = run_head("qda", fold, engine=engine, seed=0)
    clips = np.bincount(fold.y[fold.train])
    expected = f"class {clips.argmin()} has {clips.min()} clips for 40 dimensions: its covariance is singular"
    assert (found.result.status, found.result.reason) == ("not applicable", expected)
    assert found.predictions.tolist() == [-1] * len(fold.test)
    assert (found.result.fits, found.result.params, found.result.validation, found.result.test) == (3, None, None, None)


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_points_that_cannot_be_fitted_leave_the_rest_to_compete(engine, problem):
    fold = problem(n=120, d=6, constant=True)  # rank deficient without regularisation, fine with
    assert isinstance(fast.search("qda", fold.selection, grid("qda"), 0)[0], NotFitted)
    found = run_head("qda", fold, engine=engine, seed=0).result
    assert found.status == "ok"
    assert found.params in grid("qda")[1:]


def test_result_holds_every_metric_of_the_test_part(problem):
    fold = problem(n=100, d=12, weights=(0.6, 0.3, 0.1))
    found = run_head("lda", fold, metric="macro_f1", seed=0)
    truth = fold.y[fold.test]
    assert found.result.test == {name: metric(truth, found.predictions) for name, metric in METRICS.items()}
    plain = estimator("lda", grid("lda")[0], 0)
    train, look = standardise_by(fold.X[fold.train], fold.X[fold.validation])
    assert found.result.validation == METRICS["macro_f1"](
        fold.y[fold.validation], plain.fit(train, fold.y[fold.train]).predict(look)
    )


def test_a_class_absent_from_training_is_never_predicted(problem):
    fold = problem(n=100, d=20, absent=True)
    assert 2 in fold.y[fold.test]
    for head in ("lda", "lr", "rf", "svc"):
        found = run_head(head, fold, mode="none", metric="uar", seed=0)
        assert set(found.predictions.tolist()) <= {0, 1}
        assert 0 < found.result.test["uar"] < 1


def test_seeds_follow_from_what_they_depend_on():
    assert seed_for(42, "ravdess", 1, "rf") == int(hashlib.sha256(b"42/ravdess/1/rf").hexdigest()[:8], 16)
    seeds = {seed_for(s, t, f, h) for s in (1, 2) for t in ("ravdess", "emodb") for f in (0, 1) for h in ("rf", "svc")}
    assert len(seeds) == 16
    assert max(seeds) < 2**32


@pytest.mark.parametrize("head", HEAD_ORDER)
def test_twice_is_the_same_and_the_input_is_left_alone(head, problem):
    runs = []
    for _ in range(2):
        fold = problem(n=90, d=12)
        before = fold.X.copy()
        found = run_head(head, fold, seed=4)
        assert (before == fold.X).all()
        runs.append((found.result.model_dump_json(), found.predictions.tobytes()))
    assert runs[0] == runs[1]


def test_the_seed_reaches_the_forest(problem):
    fold = problem(n=120, d=30, edge=0.2)
    first, second = (run_head("rf", fold, mode="none", seed=seed).predictions for seed in (1, 2))
    assert (first != second).any()


def test_unknown_names_are_refused(problem):
    fold = problem(n=60, d=5)
    with pytest.raises(UnknownNameError, match="unknown engine 'quick'"):
        run_head("lda", fold, engine="quick", seed=0)
    with pytest.raises(UnknownNameError, match=r"unknown metric 'acc'.*accuracy"):
        run_head("lda", fold, metric="acc", seed=0)
    with pytest.raises(UnknownNameError, match=r"unknown head 'ldaa'.*'lda'"):
        run_head("ldaa", fold, seed=0)


def test_group_normalisation_by_hand():
    X = np.array([[1, 5, 7], [2, 5, 7], [3, 5, 7], [4, 5, 7], [5, 5, 7]] * 2, dtype=np.float32)
    X[5:] *= 10
    X[:, 2] = 0.1
    before = X.copy()
    found = standardise_groups(X, ["a"] * 5 + ["b"] * 5, np.arange(10) % 2)
    column = np.array([-2, -1, 0, 1, 2]) / np.sqrt(2)
    np.testing.assert_allclose(found[:, 0], np.concatenate([column, column]))
    assert (found[:, 1:] == 0).all()  # constant in each group: divided by 1, not by nought
    assert (before == X).all()
    assert found.dtype == np.float64


@pytest.mark.parametrize(
    ("groups", "y", "message"),
    [
        ("aaaaabbbb", [0, 1] * 4 + [0], "group 'b' has 4 clips of 2 classes"),
        ("aaaaabbbbb", [0, 1, 0, 1, 0] + [1] * 5, "group 'b' has 5 clips of 1 classes.*'train'"),
    ],
)
def test_group_normalisation_is_refused_where_it_deletes_the_signal(groups, y, message):
    with pytest.raises(SplitError, match=message):
        standardise_groups(np.zeros((len(y), 2)), list(groups), np.array(y))


def fold_arguments(**changes):
    base = {
        "X": np.arange(12.0).reshape(6, 2),
        "y": np.array([0, 1, 0, 1, 0, 1]),
        "train": np.array([0, 1]),
        "validation": np.array([2, 3]),
        "test": np.array([4, 5]),
        "classes": 2,
        "normalisation": "train",
    }
    return {**base, **changes}


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"X": np.full((6, 2), np.nan)}, ContractError, "12 values not finite"),
        ({"y": np.array([0, 1, 0, 1, 0, 2])}, SplitError, "class indices below 2"),
        ({"y": np.array([0, 1])}, SplitError, r"labels of shape \(2,\)"),
        ({"test": np.array([3, 4])}, SplitError, "overlap"),
        ({"test": np.array([4, 6])}, SplitError, "leave the set"),
        ({"validation": np.array([], dtype=int)}, SplitError, "a part is empty .train 2, validation 0, test 2"),
        ({"train": np.array([0])}, SplitError, "holds one class"),
        ({"whole": WholeGram(np.zeros((6, 2)))}, SplitError, "'group' only"),
    ],
)
def test_bad_folds_are_refused(changes, error, message):
    Problem(**fold_arguments())
    with pytest.raises(error, match=message):
        Problem(**fold_arguments(**changes))
