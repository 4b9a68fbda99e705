"""Metrics against scikit-learn's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, f1_score

from benchmark.metrics import METRICS, all_metrics, confusion, confusion_by_group

ORACLES = {
    "accuracy": accuracy_score,
    "uar": balanced_accuracy_score,
    "macro_f1": lambda y, p: f1_score(y, p, average="macro", zero_division=0),
}


def cases():
    draw = np.random.default_rng(3)
    for classes, clips in ((2, 9), (4, 40), (8, 200)):
        yield draw.integers(0, classes, clips), draw.integers(0, classes, clips)
    yield np.array([0, 0, 2, 2, 5]), np.array([0, 2, 2, 2, 5])  # classes 1, 3, 4 absent everywhere
    yield np.array([1, 1, 3]), np.array([3, 1, 3])
    yield np.array([2, 2, 2]), np.array([2, 2, 2])


@pytest.mark.parametrize("name", list(METRICS))
@pytest.mark.filterwarnings("ignore:A single label was found")
def test_metric_equals_scikit_learn(name):
    for y, y_hat in cases():
        assert METRICS[name](y, y_hat) == pytest.approx(ORACLES[name](y, y_hat), abs=1e-12)


def test_classes_that_are_predicted_but_absent_count_in_f1_only():
    y, y_hat = np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert METRICS["uar"](y, y_hat) == 0.75  # recalls 1/2 and 1
        assert METRICS["macro_f1"](y, y_hat) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert METRICS["macro_f1"](y, y_hat) == pytest.approx(ORACLES["macro_f1"](y, y_hat))


def test_leading_axes_are_kept():
    draw = np.random.default_rng(0)
    y, y_hat, group = draw.integers(0, 3, 60), draw.integers(0, 3, 60), draw.integers(0, 5, 60)
    stacked = confusion_by_group(y, y_hat, group)
    assert (stacked.sum(axis=0) == confusion_matrix(y, y_hat)).all()
    for metric in METRICS.values():
        values = metric.of_confusion(stacked)
        assert values.shape == (5,)
        assert values[3] == pytest.approx(metric(y[group == 3], y_hat[group == 3]))


def test_all_metrics_and_declarations():
    y, y_hat = np.array([0, 1, 1]), np.array([0, 1, 0])
    assert all_metrics(y, y_hat) == {name: metric(y, y_hat) for name, metric in METRICS.items()}
    assert METRICS["uar"].function(y, y_hat) == 0.75
    for name, metric in METRICS.items():
        assert (metric.name, metric.higher_is_better, metric.bounds) == (name, True, (0.0, 1.0))


@pytest.mark.parametrize(
    ("y", "y_hat", "message"),
    [
        ([0, 1], [0, -1], "from -1 to 1: expected 0 to 1"),
        ([0, 1], [0], "one length"),
        ([], [], "not empty"),
    ],
)
def test_bad_arrays_are_refused(y, y_hat, message):
    with pytest.raises(ValueError, match=message):
        METRICS["accuracy"](np.array(y, dtype=int), np.array(y_hat, dtype=int))


def test_more_classes_than_declared_is_refused():
    with pytest.raises(ValueError, match="from 0 to 4: expected 0 to 2"):
        confusion(np.array([0, 4]), np.array([0, 0]), classes=3)
