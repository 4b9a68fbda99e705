"""Mel-frequency cepstral coefficients and their slopes, as mean and deviation over time. No framework.

MFCC: Davis and Mermelstein, "Comparison of Parametric Representations for Monosyllabic Word
Recognition in Continuously Spoken Sentences", IEEE Transactions on Acoustics, Speech, and Signal
Processing 28(4), 1980. Slopes: Furui, "Speaker-Independent Isolated Word Recognition Using Dynamic
Features of Speech Spectrum", same journal, 34(1), 1986.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from embedders.base import Clip, Vectors
from embedders.common import mel_filterbank, require_samples

COEFFICIENTS = 20
BANDS = 40
LOW, HIGH = 20.0, 7600.0  # Hz
WINDOW, HOP, N_FFT = 400, 160, 512  # 25 ms every 10 ms
FLOOR = 1e-10  # added to the mel power before the logarithm
REACH = 2  # frames on either side that a slope is fitted over
_BLOCK = 4096  # frames transformed at a time, which bounds the memory of an hour-long clip


class MfccStats:
    """Means of 20 coefficients, means of their slopes, then the standard deviations of both: 80 numbers.

    Frames lie wholly inside the clip (no padding at the edges), so a clip needs one window.
    """

    sample_rate = 16000
    dim = 4 * COEFFICIENTS
    min_seconds = WINDOW / 16000

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), 80). Raises `EmbedderError` for clips below 400 samples."""
        require_samples(clips, WINDOW, "mfcc_stats")
        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        for row, clip in zip(vectors, clips, strict=True):
            cepstrum = mfcc(clip)
            series = np.concatenate([cepstrum, slopes(cepstrum)], axis=1)
            row[:] = np.concatenate([series.mean(axis=0), series.std(axis=0)])
        return vectors


def mfcc(clip: Clip) -> NDArray[np.float64]:
    """The first 20 of the orthonormal DCT-II of 40 natural-log mel powers, shape (1 + (n - 400) // 160, 20)."""
    return np.concatenate(
        [scipy.fft.dct(log_mel, type=2, norm="ortho", axis=1)[:, :COEFFICIENTS] for log_mel in _log_mels(clip)]
    )


def slopes(series: NDArray[np.float64]) -> NDArray[np.float64]:
    """The least-squares slope a frame over the five frames around each, shape as `series`; edges are repeated."""
    padded = np.pad(series, ((REACH, REACH), (0, 0)), mode="edge")
    offsets = np.arange(-REACH, REACH + 1)
    shifted = [padded[REACH + offset : REACH + offset + len(series)] for offset in offsets]
    return np.tensordot(offsets / np.sum(offsets**2), shifted, axes=1)


def _log_mels(clip: Clip) -> Iterator[NDArray[np.float64]]:
    hann, bank = _hann_and_bank()
    frames = np.lib.stride_tricks.sliding_window_view(clip, WINDOW)[::HOP]
    for start in range(0, len(frames), _BLOCK):
        power = np.abs(scipy.fft.rfft(frames[start : start + _BLOCK] * hann, n=N_FFT, axis=1)) ** 2
        yield np.log(power @ bank + FLOOR)


@functools.cache
def _hann_and_bank() -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """A periodic Hann window, shape (400,), and the mel filterbank, shape (257, 40)."""
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(WINDOW) / WINDOW)
    return hann, mel_filterbank(sample_rate=MfccStats.sample_rate, n_fft=N_FFT, bands=BANDS, low=LOW, high=HIGH)
