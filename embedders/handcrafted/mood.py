"""127 hand-made features for music mood: 25 series over time, five statistics each, tempo and onset rate.

The list and the frames of 512 samples are those of a system for music mood on MTG-Jamendo; what its
description leaves open is decided here and told in docs/embedders.md. Tonnetz: Harte, Sandler and Gasser,
"Detecting Harmonic Change in Musical Audio", 2006. Computed by librosa (McFee et al., "librosa: Audio and
Music Signal Analysis in Python", SciPy 2015).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedders.base import Clip
from embedders.handcrafted.clipwise import Handmade, numbered

FRAME, HOP = 512, 256
RATE = 16000
MELS = 40  # of the onset envelope; more would leave bands without a bin at 512 points
FASTEST = 320.0  # BPM; librosa looks for nothing faster

SERIES = (
    *("zero_crossing_rate", "rms", "centroid", "bandwidth", "rolloff", "flatness", "flux"),
    *numbered("chroma", 12),
    *numbered("tonnetz", 6),
)
STATISTICS = ("mean", "std", "p25", "p50", "p75")


class MoodFeatures(Handmade):
    """127 numbers in [0, 1]: each series' mean, deviation and quartiles, then tempo and onset rate.

    Every series is divided by its largest possible value before the statistics (tonnetz is shifted, too), so
    the scaling is the same for all clips and needs no data.
    """

    who = "handcrafted_127"
    names = (*(f"{series}_{statistic}" for series in SERIES for statistic in STATISTICS), "tempo", "onset_rate")
    sample_rate = RATE
    dim = 127
    min_seconds = FRAME / RATE

    def features(self, clip: Clip, librosa: Any) -> NDArray[np.float64]:
        """The 127 numbers of one clip of at least 512 samples, in the order of `names`."""
        magnitude = np.abs(librosa.stft(clip, n_fft=FRAME, hop_length=HOP))
        series = scaled(series_of(clip, magnitude, librosa))
        statistics = np.concatenate(
            [[series.mean(axis=1), series.std(axis=1)], np.percentile(series, [25, 50, 75], axis=1)]
        )
        tempo, onsets = rhythm(magnitude, librosa)
        # an onset in every frame would be a rate of RATE / HOP a second
        return np.concatenate([statistics.T.ravel(), [tempo / FASTEST, onsets * HOP / len(clip)]])


def series_of(clip: Clip, magnitude: NDArray[np.float32], librosa: Any) -> NDArray[np.float64]:
    """The 25 series of `SERIES` in their own units, shape (25, 1 + len(clip) // 256).

    `magnitude` is the clip's spectrum, shape (257, frames), frames centred and zero-padded at the edges.
    """
    feature = librosa.feature
    chroma = feature.chroma_stft(S=magnitude**2, sr=RATE, n_fft=FRAME, hop_length=HOP, tuning=0.0)
    found = [
        feature.zero_crossing_rate(clip, frame_length=FRAME, hop_length=HOP),
        feature.rms(y=clip, frame_length=FRAME, hop_length=HOP),
        feature.spectral_centroid(S=magnitude, sr=RATE),
        feature.spectral_bandwidth(S=magnitude, sr=RATE),
        feature.spectral_rolloff(S=magnitude, sr=RATE, roll_percent=0.85),
        feature.spectral_flatness(S=magnitude),
        flux(magnitude)[None],
        chroma,
        feature.tonnetz(chroma=chroma, sr=RATE),
    ]
    return np.concatenate([each.astype(np.float64) for each in found])


def flux(magnitude: NDArray[np.float32]) -> NDArray[np.float64]:
    """Euclidean distance of each frame's spectrum, brought to sum one, to that of the frame before; 0 in the first."""
    total = magnitude.sum(axis=0, dtype=np.float64)
    share = magnitude / np.where(total > 0, total, 1.0)  # a silent frame stays zero
    return np.concatenate([[0.0], np.linalg.norm(np.diff(share, axis=1), axis=0)])


def scaled(series: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 25 series brought to [0, 1] by the bounds that their definitions give."""
    tonnetz = np.repeat([1.0, 1.0, 0.5], 2)  # radii of the circles of fifths, minor thirds and major thirds
    most = np.concatenate([[1.0, 1.0], np.full(3, RATE / 2), [1.0, np.sqrt(2.0)], np.ones(12), 2 * tonnetz])
    least = np.concatenate([np.zeros(19), np.full(6, 0.5)])
    # rounding of 32-bit numbers may pass a bound by a millionth
    return np.clip(series / most[:, None] + least[:, None], 0.0, 1.0)


def rhythm(magnitude: NDArray[np.float32], librosa: Any) -> tuple[float, int]:
    """Tempo in beats a minute (120 where nothing repeats, as in silence) and the number of onsets."""
    mel = librosa.feature.melspectrogram(S=magnitude**2, sr=RATE, n_mels=MELS)
    envelope = librosa.onset.onset_strength(S=librosa.power_to_db(mel), sr=RATE, hop_length=HOP)
    tempo = librosa.feature.tempo(onset_envelope=envelope, sr=RATE, hop_length=HOP)
    onsets = librosa.onset.onset_detect(onset_envelope=envelope, sr=RATE, hop_length=HOP)
    return float(tempo[0]), len(onsets)
