"""What synthesised corpora share: keyed random generators, the canonical text of a recipe, filters, PCM.

A synthesised clip is a recipe (rounded parameters, drawn from a generator keyed by names) and a
rendering of it. The recipe is the identity: two processors may differ in the last bit of a sine, but
not in which clip they made.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

Samples = NDArray[np.float64]


def keyed_generator(*key: str) -> np.random.Generator:
    """A PCG64 generator seeded by the sha256 of `key` (dataset, version, clip id, purpose), never by global state."""
    digest = hashlib.sha256("\x1f".join(key).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))


def rounded(value: Any) -> float:
    """`value` to four decimals: what is written in a recipe is exactly what is rendered."""
    return round(float(value), 4)


def recipe_text(recipe: Any) -> str:
    """The canonical text of a recipe (a dataclass of numbers, texts, tuples and such dataclasses)."""
    return json.dumps(dataclasses.asdict(recipe), sort_keys=True, separators=(",", ":"), allow_nan=False)


def db(decibels: float) -> float:
    """The amplitude factor of a level in decibels."""
    return float(10.0 ** (decibels / 20.0))


@cache
def band_filter(band: tuple[float, float], rate: int) -> Samples:
    """Second-order sections of a Butterworth band pass of order 2, `band` in Hz."""
    return np.asarray(butter(2, band, "bandpass", fs=rate, output="sos"))


@cache
def _low_pass(corner_hz: float, rate: int) -> Samples:
    return np.asarray(butter(1, corner_hz, fs=rate, output="sos"))


def shelf(samples: Samples, decibels: float, corner_hz: float, rate: int) -> Samples:
    """Raise what lies above `corner_hz` by `decibels` (a first-order shelf); shape kept."""
    low = np.asarray(sosfilt(_low_pass(corner_hz, rate), samples))
    return low + db(decibels) * (samples - low)


def with_headroom(samples: Samples, peak: float = 0.9) -> Samples:
    """The whole clip turned down where it would exceed `peak` (full scale 1.0), as a recordist would; never up."""
    return samples * min(1.0, peak / float(np.max(np.abs(samples), initial=1e-12)))


def to_pcm(samples: Samples) -> NDArray[np.int16]:
    """Full scale 1.0 to int16, shape kept.

    Raises `ValueError` for samples that are not finite or that would clip: see `with_headroom`.
    """
    peak = float(np.max(np.abs(samples), initial=0.0))
    if not np.isfinite(samples).all() or peak >= 1.0:
        raise ValueError(f"peak {peak:.3f}: expected finite samples below full scale 1.0; apply with_headroom first")
    return np.asarray(np.round(samples * 32767.0), dtype=np.int16)
