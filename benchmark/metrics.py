"""Metrics of (labels, predictions) as pure functions of one confusion matrix.

A confusion matrix here has shape (..., K, K), clips of class i answered as class j in cell [i, j].
Every metric is written once, on such matrices with any leading axes, so that the statistics can ask
for it thousands of times in one call (delete a group: subtract its matrix; swap a group: add another).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer]
Counts = NDArray[np.int64]
Values = NDArray[np.float64]


def confusion(y: Labels, y_hat: Labels, classes: int | None = None) -> Counts:
    """Confusion matrix, shape (K, K), K = `classes` or the largest index seen plus one.

    Raises:
        ValueError: the two are empty, of different lengths, or hold an index below 0 or beyond `classes`.
    """
    matrix: Counts = confusion_by_group(y, y_hat, np.zeros(np.shape(y), dtype=np.int64), classes)[0]
    return matrix


def confusion_by_group(y: Labels, y_hat: Labels, group: NDArray[np.integer], classes: int | None = None) -> Counts:
    """One confusion matrix a group, shape (G, K, K); `group` holds indices 0 … G-1, one a clip.

    Raises:
        ValueError: as `confusion`.
    """
    y, y_hat = np.asarray(y), np.asarray(y_hat)
    if y.ndim != 1 or y.shape != y_hat.shape or y.shape != np.shape(group) or not y.size:
        raise ValueError(
            f"labels {y.shape}, predictions {y_hat.shape} and groups {np.shape(group)}: "
            "expected three one-dimensional arrays of one length, not empty"
        )
    low, high = int(min(y.min(), y_hat.min())), int(max(y.max(), y_hat.max()))
    k = high + 1 if classes is None else classes
    if low < 0 or high >= k:
        raise ValueError(f"class indices from {low} to {high}: expected 0 to {k - 1} (-1 marks a head not applicable)")
    g = int(group.max()) + 1
    flat = (group.astype(np.int64) * k + y) * k + y_hat
    return np.bincount(flat, minlength=g * k * k).reshape(g, k, k)


def _accuracy(matrix: Counts) -> Values:
    hits = np.trace(matrix, axis1=-2, axis2=-1)
    return np.asarray(hits / matrix.sum(axis=(-2, -1)), dtype=np.float64)


def _uar(matrix: Counts) -> Values:
    support = matrix.sum(axis=-1)
    hits = np.diagonal(matrix, axis1=-2, axis2=-1)
    recall = hits / np.maximum(support, 1)  # absent classes have no hits: they add 0 and are not counted below
    return np.asarray(recall.sum(axis=-1) / (support > 0).sum(axis=-1), dtype=np.float64)


def _macro_f1(matrix: Counts) -> Values:
    seen = matrix.sum(axis=-1) + matrix.sum(axis=-2)  # labels plus predictions of each class
    f1 = 2 * np.diagonal(matrix, axis1=-2, axis2=-1) / np.maximum(seen, 1)
    return np.asarray(f1.sum(axis=-1) / (seen > 0).sum(axis=-1), dtype=np.float64)


@dataclass(frozen=True)
class Metric:
    """A named metric; calling it with (y, y_hat) gives a float within `bounds`."""

    name: str
    of_confusion: Callable[[Counts], Values]  # (..., K, K) -> (...)
    higher_is_better: bool
    bounds: tuple[float, float]

    def __call__(self, y: Labels, y_hat: Labels) -> float:
        """The metric of integer labels and predictions, each of shape (n,).

        Raises:
            ValueError: the arrays are empty, differ in length, or hold a negative index.
        """
        return float(self.of_confusion(confusion(y, y_hat)))

    @property
    def function(self) -> Callable[[Labels, Labels], float]:
        """`function(y, y_hat)`, for callers that want a plain callable."""
        return self.__call__


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", _accuracy, True, (0.0, 1.0)),
        # mean recall over the classes present in the labels, as scikit-learn's balanced_accuracy_score
        Metric("uar", _uar, True, (0.0, 1.0)),
        # mean F1 over the classes present in labels or predictions, as scikit-learn's f1_score(average="macro")
        Metric("macro_f1", _macro_f1, True, (0.0, 1.0)),
    )
}


def all_metrics(y: Labels, y_hat: Labels) -> dict[str, float]:
    """Every metric of `METRICS` on one pair of label and prediction arrays of shape (n,)."""
    matrix = confusion(y, y_hat)
    return {name: float(metric.of_confusion(matrix)) for name, metric in METRICS.items()}
