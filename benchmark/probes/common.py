"""What both engines and every head say in the same way."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.metrics import Labels
from benchmark.probes.normalisation import Matrix

Predictions = NDArray[np.int64]


@dataclass(frozen=True)
class NotFitted:
    """A grid point that cannot be fitted to this fold, with the reason."""

    reason: str


Answer = Predictions | NotFitted


def fit(estimator: Any, X: Matrix, y: Labels) -> NotFitted | None:
    """Fit in place; None, or the reason that scikit-learn gave for refusing these data."""
    try:
        estimator.fit(X, y)
    except ValueError as error:  # numpy's and scipy's LinAlgError is one too
        return NotFitted(" ".join(str(error).split()))
    return None


def fit_predict(estimator: Any, X: Matrix, y: Labels, look: Matrix) -> Answer:
    """Fit on (X, y) and answer for `look`, or say why it could not be fitted."""
    failed = fit(estimator, X, y)
    return failed if failed is not None else as_predictions(estimator.predict(look))


def as_predictions(found: NDArray[np.integer]) -> Predictions:
    """Predictions as int64, shape (m,)."""
    return np.asarray(found).astype(np.int64)


def too_few_clips(label: int, clips: int, d: int) -> str:
    """Why QDA cannot be fitted where a class has fewer clips than dimensions."""
    return f"class {label} has {clips} clips for {d} dimensions: its covariance is singular"


@contextmanager
def quiet_and_single_threaded() -> Iterator[None]:
    """One BLAS and OpenMP thread, so that sums do not depend on the core count; expected warnings off.

    Solvers that stop at the grid's 10,000 iterations and grid points that cannot be fitted are part of
    the protocol.
    """
    from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", FitFailedWarning)
        warnings.filterwarnings("ignore", message="One or more of the test scores are non-finite")
        yield
