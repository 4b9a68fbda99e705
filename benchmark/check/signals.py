"""Test signals of the battery, always the same: float32, one-dimensional, in [-1, 1]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embedders.base import Clip

NAMES = ("a low tone", "a gliding tone", "noise", "a pulse train", "a fading chord")
_SECONDS = (1.0, 0.63, 2.3, 1.71, 1.0)


def various(rate: int, seconds: float | None = None) -> list[Clip]:
    """The signals of `NAMES`, of several lengths or all `seconds` long; new arrays at each call."""
    lengths = [round((seconds or own) * rate) for own in _SECONDS]
    times = [np.arange(samples) / rate for samples in lengths]
    chord = sum(np.sin(2 * np.pi * f * times[4]) for f in (220.0, 277.2, 329.6)) * np.exp(-2 * times[4])
    pulses = np.where(np.arange(lengths[3]) % max(1, rate // 120) == 0, 0.9, 0.0)
    return [
        _clip(0.3 * np.sin(2 * np.pi * 110 * times[0])),
        _clip(0.5 * np.sin(2 * np.pi * (200 + 300 * times[1]) * times[1])),
        noise(lengths[2]),
        _clip(pulses),
        _clip(0.25 * chord),
    ]


def noise(samples: int) -> Clip:
    """White noise, uniform between -0.5 and 0.5."""
    return _clip(np.random.default_rng(20).uniform(-0.5, 0.5, samples))


def turning(samples: int, alike: int, rate: int) -> Clip:
    """`noise` whose samples after the first `alike` are a loud square wave."""
    clip = noise(samples)
    clip[alike:] = np.resize(np.float32(0.9) * square(rate), samples - alike)
    return clip


def silence(rate: int) -> Clip:
    """One second of zeros."""
    return np.zeros(rate, np.float32)


def square(rate: int) -> Clip:
    """One second of a 150 Hz square wave between exactly -1 and 1."""
    return _clip(np.where(np.arange(rate) * 300 // rate % 2 == 0, 1.0, -1.0))


def dither(rate: int) -> Clip:
    """One second of noise in the last bit of 16-bit audio."""
    return _clip(np.random.default_rng(21).integers(-1, 2, rate) / 32768)


def _clip(samples: NDArray[np.float64]) -> Clip:
    return samples.astype(np.float32)
