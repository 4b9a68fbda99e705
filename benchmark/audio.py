"""Samples: stored int16 to the float32 mono signal that an embedder wants."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FULL_SCALE = 32768.0  # so that -32768 is exactly -1


def to_float(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """int16 PCM, shape (n,), as float32 in [-1, 1)."""
    return samples.astype(np.float32) / np.float32(FULL_SCALE)


def resample(signal: NDArray[np.float32], rate: int, wanted: int) -> NDArray[np.float32]:
    """A float32 signal, shape (n,), brought from `rate` to `wanted` Hz by soxr at its HQ setting."""
    if rate == wanted:
        return signal
    import soxr

    return np.ascontiguousarray(soxr.resample(signal, rate, wanted, quality="HQ"), dtype=np.float32)


def resampled_length(samples: int, rate: int, wanted: int) -> int:
    """The length that `samples` samples at `rate` have at `wanted` Hz, to within one sample."""
    return samples if rate == wanted else round(samples * wanted / rate)


def pad_to(signal: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """`signal` with zeros after it up to `samples`; unchanged when it is that long already."""
    missing = samples - len(signal)
    return signal if missing <= 0 else np.concatenate([signal, np.zeros(missing, np.float32)])
