"""Audio fingerprints that survive level, codec, rate, shift and added silence.

Peaks of a spectrogram are joined in threes; the frequencies of the three and the times between them
make a hash, and the time of the first peak makes its place (after Wang, An industrial-strength
audio search algorithm, ISMIR 2003, with three peaks in place of two, so that a hash is rarer).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 8000  # Hz; what every codec and every corpus keeps
FFT = 1024
HOP = 128
FRAME_SECONDS = HOP / RATE
FLOOR_DB = 60.0  # below the loudest bin of a clip: no peak
NEIGHBOURS = (7, 17)  # frames, bins within which a peak is the largest
FAN_OUT = 5  # later peaks that a first peak is joined with
REACH = 48  # frames between the first and the third peak
MAX_SECONDS = 60.0  # of a clip that are looked at
MAX_HASHES = 384  # of a clip; the loudest

Hashes = NDArray[np.uint64]
Frames = NDArray[np.int32]


def landmarks(signal: NDArray[np.float32]) -> tuple[Hashes, Frames]:
    """Hashes of a clip, shape (n,), with the frame of each, shape (n,).

    `signal` is mono float32 at `RATE`, shape (time,). A silent or very short clip has none.
    """
    times, bins, levels = _peaks(signal[: int(MAX_SECONDS * RATE)])
    hashes: list[NDArray[np.uint64]] = []
    places: list[Frames] = []
    strengths: list[NDArray[np.float32]] = []
    for second in range(1, FAN_OUT):
        for third in range(second + 1, FAN_OUT + 1):
            first = np.arange(max(0, len(times) - third))
            near, far = times[first + second] - times[first], times[first + third] - times[first]
            fits = (near > 0) & (far > near) & (far <= REACH)
            first, near, far = first[fits], near[fits], far[fits]
            packed = [bins[first], bins[first + second], bins[first + third], near, far]
            value = np.zeros(len(first), np.uint64)
            for part, bits in zip(packed, (9, 9, 9, 6, 6), strict=True):
                value = (value << np.uint64(bits)) | part.astype(np.uint64)
            hashes.append(value)
            places.append(times[first].astype(np.int32))
            strengths.append(np.minimum(np.minimum(levels[first], levels[first + second]), levels[first + third]))
    values, frames = np.concatenate(hashes), np.concatenate(places)
    kept = np.argsort(-np.concatenate(strengths), kind="stable")[:MAX_HASHES]
    return values[kept], frames[kept]


def _peaks(signal: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Frame, bin and level (dB) of the local maxima, in order of time."""
    from scipy.fft import rfft
    from scipy.ndimage import maximum_filter

    empty = np.zeros(0, np.int64)
    if len(signal) < FFT or not np.any(signal):
        return empty, empty, np.zeros(0, np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(signal, FFT)[::HOP]
    spectrum = np.abs(rfft(windows * np.hanning(FFT).astype(np.float32), axis=1))  # float32 throughout
    levels = 20 * np.log10(spectrum + np.float32(1e-9))
    highest = maximum_filter(levels, size=NEIGHBOURS, mode="constant", cval=-np.inf)
    frames, bins = np.nonzero((levels == highest) & (levels > levels.max() - FLOOR_DB))
    inside = (bins > 7) & (bins < FFT // 2 - 8)  # the edges hold hum, and what a resampler cuts
    frames, bins = frames[inside], bins[inside]
    return frames, bins, levels[frames, bins]
