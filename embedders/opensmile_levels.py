"""openSMILE's other feature sets and levels: functionals of each set, or its low-level descriptors over time.

Sets: GeMAPS and eGeMAPS (Eyben et al., IEEE Transactions on Affective Computing 7(2), 2016), ComParE 2016
and the challenge sets of Interspeech 2009 to 2013 (Schuller et al.), emobase (openSMILE's own). What
`embedders/opensmile.py` tells of the package holds here, too: full scale, TensorFlow, short clips.

Found by experiment with opensmile 2.6.0: 960 samples are enough for every set but IS10, IS11 and IS12, which
need 1120; from there on silence, tones, noise, squares and a constant give finite numbers at all levels.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedders.base import Clip, EmbedderError, Vectors
from embedders.common import require_samples
from embedders.opensmile import _LARGEST, MIN_SAMPLES, OpenSmile, _smile

LEVELS = {"functionals": "Functionals", "lld": "LowLevelDescriptors", "lld_de": "LowLevelDescriptors_Deltas"}


@dataclass(frozen=True, kw_only=True)
class FeatureSet:
    """Sizes of a set: functionals of a clip, descriptors of a frame; `deltas` says whether it has their slopes."""

    functionals: int
    descriptors: int
    deltas: bool = True
    min_samples: int = MIN_SAMPLES


FEATURE_SETS = {
    "ComParE_2016": FeatureSet(functionals=6373, descriptors=65),
    "GeMAPSv01a": FeatureSet(functionals=62, descriptors=18, deltas=False),
    "GeMAPSv01b": FeatureSet(functionals=62, descriptors=18, deltas=False),
    "eGeMAPSv01a": FeatureSet(functionals=88, descriptors=23, deltas=False),
    "eGeMAPSv01b": FeatureSet(functionals=88, descriptors=23, deltas=False),
    "eGeMAPSv02": FeatureSet(functionals=88, descriptors=25, deltas=False),
    "emobase": FeatureSet(functionals=988, descriptors=26),
    "IS09": FeatureSet(functionals=384, descriptors=16),
    "IS10": FeatureSet(functionals=1582, descriptors=38, min_samples=1120),
    "IS11": FeatureSet(functionals=4368, descriptors=59, min_samples=1120),
    "IS12": FeatureSet(functionals=6125, descriptors=64, min_samples=1120),
    "IS13": FeatureSet(functionals=6373, descriptors=65),
}


class OpenSmileLevel:
    """One feature set at one level, unscaled, in openSMILE's own order.

    `functionals` are openSMILE's own description of a whole clip. `lld` (low-level descriptors, a frame
    every 10 ms) and `lld_de` (their slopes alone) are summarised here: first the means, then the standard
    deviations over the frames, so twice as many numbers as descriptors.
    """

    sample_rate = OpenSmile.sample_rate
    in_workers = True

    def __init__(self, feature_set: str = "eGeMAPSv02", level: str = "functionals") -> None:
        if feature_set not in FEATURE_SETS:
            raise EmbedderError(
                f"opensmile: feature set {feature_set!r} is unknown, expected one of {', '.join(FEATURE_SETS)}."
            )
        sizes = FEATURE_SETS[feature_set]
        offered = [name for name in LEVELS if sizes.deltas or name != "lld_de"]
        if level not in offered:
            raise EmbedderError(
                f"opensmile: level {level!r} of {feature_set} is unknown, expected one of {', '.join(offered)}."
            )
        self.feature_set, self.level = feature_set, level
        self.dim = sizes.functionals if level == "functionals" else 2 * sizes.descriptors
        self.min_seconds = sizes.min_samples / self.sample_rate

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), dim).

        Raises `EmbedderError` for clips below `min_seconds` and in a process that imported TensorFlow.
        """
        require_samples(clips, FEATURE_SETS[self.feature_set].min_samples, f"opensmile {self.feature_set}")
        smile = _smile_at(self.feature_set, self.level)
        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        for row, clip in zip(vectors, clips, strict=True):
            held = np.clip(clip, np.float32(-1.0), _LARGEST)
            # (1 channel, features, frames); functionals have a single frame
            features: NDArray[np.float64] = smile(held, self.sample_rate)[0].astype(np.float64)
            row[:] = (
                features[:, 0]
                if self.level == "functionals"
                else np.concatenate([features.mean(axis=1), features.std(axis=1)])
            )
        return vectors


@functools.cache
def _smile_at(feature_set: str, level: str) -> Any:
    """The package's object of a set at a level; made from that of the functionals, which refuses TensorFlow."""
    with warnings.catch_warnings():  # rows name their version: that there is a newer one is no news
        warnings.filterwarnings("ignore", message="Feature set .* is deprecated", category=UserWarning)
        functionals = _smile(feature_set)
        if level == "functionals":
            return functionals
        import opensmile

        return opensmile.Smile(
            feature_set=functionals.feature_set,
            feature_level=opensmile.FeatureLevel[LEVELS[level]],
            sampling_rate=OpenSmile.sample_rate,
            num_workers=1,
            multiprocessing=False,
        )
