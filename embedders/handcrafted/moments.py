"""Seven statistics of a series over time, as in the features of the FMA dataset."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOMENTS = ("mean", "std", "skew", "kurtosis", "median", "min", "max")
STEADY = 1e-6  # a deviation below this share of the largest value is rounding


def moments(series: NDArray[np.floating]) -> dict[str, NDArray[np.float64]]:
    """Each of `MOMENTS` over the last axis of (series, frames), by name, shape (series,).

    Deviation, skew and excess kurtosis are those of the frames as a population. Skew and kurtosis of a
    series that does not move are 0; they have no value by definition.
    """
    values = np.asarray(series, dtype=np.float64)
    mean, deviation = values.mean(axis=1), values.std(axis=1)
    moves = deviation > STEADY * np.abs(values).max(axis=1)
    standard = (values - mean[:, None]) / np.where(moves, deviation, 1.0)[:, None]
    return {
        "mean": mean,
        "std": deviation,
        "skew": np.where(moves, np.mean(standard**3, axis=1), 0.0),
        "kurtosis": np.where(moves, np.mean(standard**4, axis=1) - 3.0, 0.0),
        "median": np.median(values, axis=1),
        "min": values.min(axis=1),
        "max": values.max(axis=1),
    }
