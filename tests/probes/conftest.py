"""Small folds of several shapes, as functions of a seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from benchmark.probes.normalisation import standardise_groups
from benchmark.probes.problem import Problem, WholeGram


def make_problem(
    n: int = 90,
    d: int = 20,
    classes: int = 3,
    *,
    seed: int = 0,
    edge: float = 1.0,
    weights: tuple[float, ...] | None = None,
    constant: bool = False,
    absent: bool = False,
    normalisation: str = "train",
    share: bool = False,
) -> Problem:
    """`edge` is the distance of class means; `absent` takes the last class out of training."""
    draw = np.random.default_rng(seed)
    y = draw.choice(classes, n, p=weights) if weights else draw.permutation(np.arange(n) % classes)
    means = edge * draw.standard_normal((classes, d)) / np.sqrt(d / 4)
    X = (means[y] + draw.standard_normal((n, d))) @ (np.eye(d) + 0.3 * draw.standard_normal((d, d)) / np.sqrt(d))
    X = X.astype(np.float32) * draw.uniform(0.1, 10, d).astype(np.float32)
    if constant:
        X[:, 1], X[:, 3] = 0.1, 0.0
    parts = np.split(draw.permutation(n), [n // 2, 3 * n // 4])
    if absent:
        parts[2] = np.concatenate([parts[2], parts[0][y[parts[0]] == classes - 1]])
        parts[0] = parts[0][y[parts[0]] != classes - 1]
        parts[1] = parts[1][y[parts[1]] != classes - 1]
    whole = None
    if normalisation == "group":
        X = standardise_groups(X, draw.permutation(np.arange(n) % 4), y)
        whole = WholeGram(X) if share else None
    return Problem(
        X=X,
        y=y,
        train=parts[0],
        validation=parts[1],
        test=parts[2],
        classes=classes,
        normalisation=normalisation,
        whole=whole,
    )


@pytest.fixture(scope="session")
def problem() -> Callable[..., Problem]:
    return make_problem
