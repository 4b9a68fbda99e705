"""The five heads and their grids, as data: SERAB's 100 fits (Scheidwasser-Clow et al. 2022, and its code).

Points stand in the order in which SERAB's own search meets them; a tie goes to the first. Nothing here
imports scikit-learn: listing heads costs nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal

from benchmark.cell import HEAD_ORDER, GridValue
from benchmark.errors import UnknownNameError

Mode = Literal["grid", "none"]
Point = dict[str, GridValue]

C_VALUES = (1e5, 1e4, 1e3, 1e2, 1e1, 1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
CLASS_WEIGHTS = ("balanced", None)
MAX_ITER = 10_000


@dataclass(frozen=True)
class Head:
    """A classifier family: `axes` span the grid (the last varies fastest), `fixed` holds in every mode."""

    name: str
    estimator: str  # "module:Class"
    axes: Mapping[str, tuple[GridValue, ...]]
    fixed: Mapping[str, GridValue] = field(default_factory=dict)
    seeded: bool = False


HEADS: dict[str, Head] = {
    head.name: head
    for head in (
        Head(
            "lda",
            "sklearn.discriminant_analysis:LinearDiscriminantAnalysis",
            {"shrinkage": ("auto",), "solver": ("lsqr",)},
        ),
        Head(
            "lr",
            "sklearn.linear_model:LogisticRegression",
            {"C": C_VALUES, "class_weight": CLASS_WEIGHTS},
            {"max_iter": MAX_ITER},
        ),
        Head(
            "qda",
            "sklearn.discriminant_analysis:QuadraticDiscriminantAnalysis",
            {"reg_param": (0.0, 0.1, 0.25)},
        ),
        Head(
            "rf",
            "sklearn.ensemble:RandomForestClassifier",
            {"class_weight": CLASS_WEIGHTS, "max_depth": (5, 10, 15, 20, 25), "min_samples_split": (2, 5, 10)},
            {"n_estimators": 100},
            seeded=True,
        ),
        Head(
            "svc",
            "sklearn.svm:SVC",
            {"C": C_VALUES, "class_weight": CLASS_WEIGHTS, "kernel": ("rbf", "linear")},
            {"max_iter": MAX_ITER},
        ),
    )
}
assert tuple(HEADS) == HEAD_ORDER


def head(name: str) -> Head:
    """The head of that name.

    Raises:
        UnknownNameError: no such head.
    """
    if name not in HEADS:
        raise UnknownNameError("head", name, HEADS)
    return HEADS[name]


def grid(name: str, mode: Mode = "grid") -> list[Point]:
    """Grid points of a head in the documented order; mode `none` has one point, scikit-learn's defaults.

    Raises:
        UnknownNameError: no such head.
    """
    axes = head(name).axes
    if mode == "none":
        return [{}]
    return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


def estimator(name: str, point: Mapping[str, GridValue], seed: int, **override: Any) -> Any:
    """A fresh scikit-learn estimator of a head at one grid point; `override` replaces arguments."""
    found = head(name)
    module, _, attribute = found.estimator.partition(":")
    arguments: dict[str, Any] = {**found.fixed, **point, **override}
    if found.seeded:
        arguments["random_state"] = seed
    return getattr(importlib.import_module(module), attribute)(**arguments)
