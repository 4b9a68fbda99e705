"""What several embedders of ours need: checks of their input and the mel filterbank. numpy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embedders.base import Clip, EmbedderError


def require_samples(clips: Sequence[Clip], minimum: int, who: str) -> None:
    """Raises `EmbedderError` for a clip that is not one-dimensional float32 of at least `minimum` samples."""
    for index, clip in enumerate(clips):
        if clip.dtype != np.float32:  # integers would give other figures without a word
            raise EmbedderError(
                f"{who}: clip {index} is {clip.dtype}, expected float32 in [-1, 1]. Divide 16-bit samples by 32768."
            )
        if clip.ndim != 1:
            raise EmbedderError(
                f"{who}: clip {index} has shape {clip.shape}, expected one dimension. Mix it to mono first."
            )
        if clip.shape[0] < minimum:
            raise EmbedderError(
                f"{who}: clip {index} has {clip.shape[0]} samples, expected at least {minimum}. "
                "Pad it with zeros to the embedder's min_seconds, as the engine does."
            )


def hertz_to_mel(hertz: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Hertz to the HTK mel scale: 2595 log10(1 + f / 700)."""
    return 2595.0 * np.log10(1.0 + np.asarray(hertz, dtype=np.float64) / 700.0)


def mel_to_hertz(mel: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """The inverse of `hertz_to_mel`."""
    return 700.0 * (10.0 ** (np.asarray(mel, dtype=np.float64) / 2595.0) - 1.0)


def mel_filterbank(*, sample_rate: int, n_fft: int, bands: int, low: float, high: float) -> NDArray[np.float32]:
    """Triangles of height one, equally spaced in HTK mel from `low` to `high` Hz, shape (n_fft // 2 + 1, bands).

    Band i rises from edge i to edge i + 1 and falls to edge i + 2, linearly in Hz; no area
    normalisation. Raises `EmbedderError` when a band holds no bin, for its output would be constant.
    """
    bins = np.linspace(0.0, sample_rate / 2, n_fft // 2 + 1)
    edges = mel_to_hertz(np.linspace(hertz_to_mel(low), hertz_to_mel(high), bands + 2))
    distance = edges[None, :] - bins[:, None]
    widths = np.diff(edges)
    rising = -distance[:, :-2] / widths[:-1]
    falling = distance[:, 2:] / widths[1:]
    bank = np.maximum(0.0, np.minimum(rising, falling))
    empty = np.flatnonzero(bank.max(axis=0) == 0.0)
    if empty.size:
        raise EmbedderError(
            f"mel filterbank: {empty.size} of {bands} bands hold no frequency bin (the first is band {empty[0]}), "
            f"expected none. Use fewer bands or an n_fft above {n_fft}."
        )
    return bank.astype(np.float32)
