"""LDA (lsqr, automatic shrinkage) in the space of the samples: same answers, no d × d matrix.

scikit-learn standardises each class before Ledoit and Wolf's estimate, so that the shrinkage target is
a multiple of the identity there, and scales back afterwards. With n_c clips of class c, prior p_c,
standardised rows Z_c, scales D_c, shrinkage s_c and mean variance m_c, the pooled covariance is

    Σ = Σ_c p_c D_c [(1 − s_c) Z_cᵀ Z_c / n_c + s_c m_c I] D_c = U Uᵀ + diagonal, U of shape (d, n),

so Σ⁻¹ times the class means follows from an n × n system (Woodbury), and the squared norm of Z_cᵀ Z_c
that the shrinkage needs equals that of Z_c Z_cᵀ. Source of the shrinkage: Ledoit and Wolf 2004,
"A well-conditioned estimator for large-dimensional covariance matrices".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmark.metrics import Labels
from benchmark.probes.normalisation import Matrix

_SMALLEST = 1e-10  # share of the diagonal in a feature's variance: below, the system is not safely solvable


def solvable(y: Labels, d: int) -> bool:
    """Whether the sample space is the smaller one: fewer clips than dimensions, and enough for scikit-learn to fit."""
    return len(np.unique(y)) < len(y) < d


def fit(X: Matrix, y: Labels) -> tuple[NDArray[np.int64], Matrix, Matrix] | None:
    """Classes (K,), coefficients (K, d) and intercepts (K,), or None when the diagonal vanishes somewhere.

    The diagonal vanishes only if every class's shrinkage is nought; a caller then asks scikit-learn.
    """
    from scipy.linalg import cho_factor, cho_solve
    from sklearn.preprocessing import StandardScaler

    classes, counts = np.unique(y, return_counts=True)
    priors = counts / len(y)
    n, d = X.shape
    means = np.empty((len(classes), d))
    factor = np.empty((n, d))  # Uᵀ
    diagonal = np.zeros(d)
    start = 0
    for position, (label, count, prior) in enumerate(zip(classes, counts, priors, strict=True)):
        rows = X[y == label]
        means[position] = rows.mean(axis=0)
        scaler = StandardScaler()
        Z = scaler.fit_transform(rows)
        Z -= Z.mean(axis=0)
        shrinkage, variance = ledoit_wolf(Z)
        factor[start : start + count] = Z * (scaler.scale_ * np.sqrt(prior * (1 - shrinkage) / count))
        diagonal += prior * shrinkage * variance * scaler.scale_**2
        start += count
    if not (diagonal > _SMALLEST * np.einsum("nd,nd->d", factor, factor)).all():
        return None
    scaled = factor / diagonal
    inner = scaled @ factor.T
    inner.flat[:: n + 1] += 1.0
    target = means / diagonal
    coefficients = target - cho_solve(cho_factor(inner), factor @ target.T).T @ scaled
    intercepts = -0.5 * np.einsum("kd,kd->k", means, coefficients) + np.log(priors)
    return classes.astype(np.int64), coefficients, np.asarray(intercepts, dtype=np.float64)


def decide(model: tuple[NDArray[np.int64], Matrix, Matrix], X: Matrix) -> Matrix:
    """Discriminant of each row and class, shape (m, K)."""
    _, coefficients, intercepts = model
    scores: Matrix = X @ coefficients.T + intercepts
    return scores


def ledoit_wolf(Z: Matrix) -> tuple[float, float]:
    """Shrinkage coefficient and mean variance of centred rows Z (n, d), through products of rows only."""
    n, d = Z.shape
    gram = Z @ Z.T
    norms = gram.diagonal()  # squared norms of the rows
    trace = float(norms.sum()) / n
    squares = float((gram**2).sum()) / n**2  # squared Frobenius norm of the covariance
    beta = (float((norms**2).sum()) / n - squares) / (d * n)
    delta = (squares - trace**2 / d) / d
    beta = min(beta, delta)
    return (0.0 if beta == 0 else beta / delta), trace / d
