"""Our own baseline: mean and standard deviation over time of a log-mel spectrogram. No framework."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from embedders.base import Clip, Vectors
from embedders.common import mel_filterbank, require_samples

BANDS = 64
LOW, HIGH = 60.0, 7800.0  # Hz
WINDOW, HOP, N_FFT = 400, 160, 1024  # 25 ms every 10 ms; 1024 points so that no band is empty
FLOOR = float(np.finfo(np.float32).eps)  # added to the power before the logarithm: silence is -15.94
_BLOCK = 2048  # frames transformed at a time, which bounds the memory of an hour-long clip


class LogMelStats:
    """First the means, then the standard deviations of 64 log-mel bands over time: 128 numbers.

    Frames lie wholly inside the clip (no padding at the edges), so a clip needs one window.
    """

    sample_rate = 16000
    dim = 2 * BANDS
    min_seconds = WINDOW / 16000

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), 128). Raises `EmbedderError` for clips below 400 samples."""
        require_samples(clips, WINDOW, "logmel_stats")
        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        for row, clip in zip(vectors, clips, strict=True):
            spectrum = log_mel(clip).astype(np.float64)
            row[:BANDS] = spectrum.mean(axis=0)
            row[BANDS:] = spectrum.std(axis=0)
        return vectors


def log_mel(clip: Clip) -> NDArray[np.float32]:
    """Natural log of the mel power spectrum plus float32 epsilon, shape (1 + (n - 400) // 160, 64), for n >= 400."""
    window, bank = _window_and_bank()
    frames = np.lib.stride_tricks.sliding_window_view(clip, WINDOW)[::HOP]
    spectrum = np.empty((frames.shape[0], BANDS), dtype=np.float32)
    for start in range(0, frames.shape[0], _BLOCK):
        fourier = scipy.fft.rfft(frames[start : start + _BLOCK] * window, n=N_FFT, axis=1)
        power = fourier.real**2 + fourier.imag**2
        spectrum[start : start + _BLOCK] = np.log(power @ bank + np.float32(FLOOR))
    return spectrum


@functools.cache
def _window_and_bank() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A periodic Hann window, shape (400,), and the mel filterbank, shape (513, 64)."""
    hann = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
    return hann, mel_filterbank(sample_rate=LogMelStats.sample_rate, n_fft=N_FFT, bands=BANDS, low=LOW, high=HIGH)
