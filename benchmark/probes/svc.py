"""Linear and RBF support vector machines on one shared Gram matrix.

libsvm sees rows only through kernel values; it computes them anew in every fit, d products a value.
Here the inner products are computed once, and the RBF kernel follows from them as libsvm itself forms
it: exp(−γ (|x|² + |z|² − 2 x·z)), with γ = 1 / (d · variance of the fit rows) ("scale").
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmark.cell import GridValue
from benchmark.probes.common import Answer, fit_predict
from benchmark.probes.heads import estimator
from benchmark.probes.normalisation import Matrix
from benchmark.probes.problem import Stage


class Kernels:
    """The kernel matrices of one stage, each computed once."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._kept: dict[str, tuple[Matrix, Matrix]] = {"linear": stage.grams}

    def __getitem__(self, kernel: str) -> tuple[Matrix, Matrix]:
        """Kernel values fit × fit and look × fit."""
        if kernel not in self._kept:
            self._kept[kernel] = self._rbf()
        return self._kept[kernel]

    def _rbf(self) -> tuple[Matrix, Matrix]:
        fit_x, look_x = self._stage.fit_x, self._stage.look_x
        variance = float(fit_x.var())
        gamma = 1.0 / (fit_x.shape[1] * variance) if variance else 1.0
        square, cross = self._stage.grams
        norms = square.diagonal()
        others = np.einsum("md,md->m", look_x, look_x)
        return (
            np.exp(-gamma * (norms[:, None] + norms[None, :] - 2.0 * square)),
            np.exp(-gamma * (others[:, None] + norms[None, :] - 2.0 * cross)),
        )


def predict(stage: Stage, kernels: Kernels, point: Mapping[str, GridValue], seed: int) -> Answer:
    """Predictions of the look rows at one grid point; needs `stage.small`."""
    square, cross = kernels[str(point.get("kernel", "rbf"))]
    machine = estimator("svc", {**point, "kernel": "precomputed"}, seed)
    return fit_predict(machine, square, stage.fit_y, cross)
