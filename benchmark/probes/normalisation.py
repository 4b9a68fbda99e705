"""Standardising vectors: by group, or by the rows that a probe is fitted on.

Both divide by 1 where a feature does not vary, up to rounding (scikit-learn's StandardScaler decides
that, so both engines and both normalisations agree on it).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import SplitError
from benchmark.metrics import Labels

Matrix = NDArray[np.float64]

MIN_CLIPS, MIN_CLASSES = 5, 2


def standardise_groups(X: NDArray[np.floating], groups: Sequence[str] | NDArray[np.generic], y: Labels) -> Matrix:
    """Each group by its own mean and standard deviation, as SERAB does by speaker; a new float64 array (n, d).

    Transductive: a test group's own clips take part, without their labels. `y` serves the check only:
    where labels nest in groups (genre in artist) this would delete the signal.

    Raises:
        SplitError: a group has under five clips or only one class.
    """
    from sklearn.preprocessing import StandardScaler

    names, index = np.unique(np.asarray(groups), return_inverse=True)
    out = np.empty(X.shape, dtype=np.float64)
    for position, name in enumerate(names.tolist()):
        rows = np.flatnonzero(index == position)
        classes = len(np.unique(y[rows]))
        if len(rows) < MIN_CLIPS or classes < MIN_CLASSES:
            raise SplitError(
                f"group normalisation refused: group {name!r} has {len(rows)} clips of {classes} classes, expected "
                f"at least {MIN_CLIPS} clips of {MIN_CLASSES} classes. Set the task's normalisation to 'train'."
            )
        out[rows] = StandardScaler().fit_transform(X[rows].astype(np.float64))
    return out


def standardise_by(fitted: Matrix, *others: Matrix) -> tuple[Matrix, ...]:
    """`fitted` and `others`, each (rows, d), standardised by the statistics of `fitted`; new arrays."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(fitted)
    return tuple(scaler.transform(rows) for rows in (fitted, *others))
