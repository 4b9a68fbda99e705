"""One fold of one task as arrays, and the work that its heads and grid points share."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import ContractError, SplitError
from benchmark.metrics import Labels
from benchmark.probes.normalisation import Matrix, standardise_by

Rows = NDArray[np.int64]

MAX_GRAM_CLIPS = 12_000  # n² float64 values: 1.15 GB; above, kernels are left to scikit-learn


class WholeGram:
    """Inner products of all clips of a task, computed once and cut for every fold.

    Only for vectors that no fold changes (normalisation `group`). Above `MAX_GRAM_CLIPS` clips it is
    empty and each fold takes care of itself. Pass it for every fold of a task or for none: a product
    cut from a larger matrix may differ from the fold's own in the last bit.
    """

    def __init__(self, X: Matrix) -> None:
        self._X = X

    @cached_property
    def matrix(self) -> Matrix | None:
        """X Xᵀ, shape (n, n), or None above the limit."""
        return self._X @ self._X.T if len(self._X) <= MAX_GRAM_CLIPS else None


@dataclass(eq=False)
class Stage:
    """Fit on some rows, look at others; what several grid points want is computed on first use.

    Vectors are float64, standardised already; `fit_rows` and `look_rows` index the whole set.
    """

    fit_x: Matrix
    fit_y: Labels
    look_x: Matrix
    fit_rows: Rows
    look_rows: Rows
    whole: WholeGram | None = None

    @property
    def small(self) -> bool:
        """Whether a Gram matrix of this stage may be held."""
        return len(self.fit_x) + len(self.look_x) <= MAX_GRAM_CLIPS

    @cached_property
    def grams(self) -> tuple[Matrix, Matrix]:
        """Inner products fit × fit and look × fit, C-contiguous."""
        whole = self.whole.matrix if self.whole is not None else None
        if whole is None:
            return self.fit_x @ self.fit_x.T, self.look_x @ self.fit_x.T
        return whole[np.ix_(self.fit_rows, self.fit_rows)], whole[np.ix_(self.look_rows, self.fit_rows)]

    @cached_property
    def rotated(self) -> tuple[Matrix, Matrix]:
        """Fit and look vectors in the coordinates of the fit rows' span, shapes (n, n) and (m, n), for n < d."""
        from scipy.linalg import qr

        basis, corner = qr(self.fit_x.T, mode="economic", check_finite=False)
        return np.ascontiguousarray(corner.T), self.look_x @ basis

    @cached_property
    def balanced(self) -> bool:
        """Whether every class present has the same number of fit rows: then balanced weights are all 1."""
        return len(set(np.unique(self.fit_y, return_counts=True)[1].tolist())) == 1

    @property
    def smallest_class(self) -> tuple[int, int]:
        """(class, clips) of the rarest class among the fit rows, the first of equals."""
        classes, counts = np.unique(self.fit_y, return_counts=True)
        at = int(counts.argmin())
        return int(classes[at]), int(counts[at])


@dataclass(frozen=True, eq=False, kw_only=True)
class Problem:
    """One fold. `X` (n, d) is the whole set, already standardised by group for normalisation `group`.

    `y` (n,) holds class indices below `classes`; the three parts are disjoint arrays of row indices. A
    class may be absent from training: then nobody predicts it.

    Raises:
        ContractError: vectors that are not finite or not (n, d).
        SplitError: parts overlap, are empty or out of range, or training holds fewer than two classes.
    """

    X: Matrix
    y: Labels
    train: Rows
    validation: Rows
    test: Rows
    classes: int
    normalisation: Literal["group", "train"]
    whole: WholeGram | None = field(default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "X", np.ascontiguousarray(self.X, dtype=np.float64))
        object.__setattr__(self, "y", np.asarray(self.y).astype(np.int64))
        for part in ("train", "validation", "test"):
            object.__setattr__(self, part, np.asarray(getattr(self, part)).astype(np.int64))
        self._check()

    def _check(self) -> None:
        if self.X.ndim != 2 or not self.X.size or not np.isfinite(self.X).all():
            raise ContractError(
                f"vectors of shape {self.X.shape}, {int((~np.isfinite(self.X)).sum())} values not finite: "
                "expected a finite array (clips, dimensions). Run the embedder again with --fresh."
            )
        n = len(self.X)
        if self.y.shape != (n,) or self.y.min() < 0 or self.y.max() >= self.classes:
            raise SplitError(f"labels of shape {self.y.shape}: expected ({n},), class indices below {self.classes}.")
        rows = np.concatenate([self.train, self.validation, self.test])
        sizes = f"train {len(self.train)}, validation {len(self.validation)}, test {len(self.test)} clips"
        if not (len(self.train) and len(self.validation) and len(self.test)):
            raise SplitError(f"a part is empty ({sizes}). Every fold needs all three: make fewer folds.")
        if rows.min() < 0 or rows.max() >= n or len(np.unique(rows)) != len(rows):
            raise SplitError(f"parts overlap or leave the set ({sizes}, {n} in all): expected disjoint rows below {n}.")
        if len(np.unique(self.y[self.train])) < 2:
            raise SplitError(f"the training part ({sizes}) holds one class, expected at least two. Make fewer folds.")
        if self.normalisation == "train" and self.whole is not None:
            raise SplitError("a shared Gram matrix goes with normalisation 'group' only: 'train' changes every fold.")

    @cached_property
    def selection(self) -> Stage:
        """Fit on train, look at validation."""
        return self._stage(self.train, self.validation)

    @cached_property
    def refit(self) -> Stage:
        """Fit on train and then validation, look at test."""
        return self._stage(np.concatenate([self.train, self.validation]), self.test)

    def _stage(self, fit: Rows, look: Rows) -> Stage:
        fit_x, look_x = self.X[fit], self.X[look]
        if self.normalisation == "train":
            fit_x, look_x = standardise_by(fit_x, look_x)
        return Stage(fit_x, self.y[fit], look_x, fit, look, self.whole)
