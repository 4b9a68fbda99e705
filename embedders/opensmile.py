"""openSMILE functionals through audEERING's `opensmile` package: hand-made descriptions of a whole clip.

ComParE_2016 (6373 numbers): Schuller et al., "The INTERSPEECH 2016 Computational Paralinguistics
Challenge". eGeMAPSv02 (88 numbers): Eyben et al., "The Geneva Minimalistic Acoustic Parameter Set
(GeMAPS) for Voice Research and Affective Computing", 2016.

What was found by experiment with opensmile 2.6.0 and is relied on here:

- Below 60 ms (960 samples) the 60 ms pitch window never fills and the package answers all-NaN; from
  960 samples on every functional is finite, for silence, unvoiced noise, tones and full-scale
  squares alike: where no voiced frame exists openSMILE itself writes 0. So `min_seconds` is 0.06,
  shorter clips are refused, and nothing is ever replaced.
- The package multiplies by 32768 and casts to int16 without saturation: +1.0 turns into -32768, a
  click. Samples are therefore held below 1 before they are handed over. It also expects floats in
  [-1, 1]: int16 input gives other figures without a word (audeering/opensmile-python#44).
- In a process that imported TensorFlow before, the package crashes with heap corruption.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from embedders.base import Clip, EmbedderError, Vectors
from embedders.common import require_samples

FEATURE_SETS = {"ComParE_2016": 6373, "eGeMAPSv02": 88}
MIN_SAMPLES = 960
_LARGEST = np.float32(32767.0 / 32768.0)


class OpenSmile:
    """The functionals of one feature set, unscaled, in openSMILE's own order."""

    sample_rate = 16000
    min_seconds = MIN_SAMPLES / 16000
    in_workers = True

    def __init__(self, feature_set: str = "ComParE_2016") -> None:
        if feature_set not in FEATURE_SETS:
            raise EmbedderError(
                f"opensmile: feature set {feature_set!r} is unknown, expected one of {', '.join(FEATURE_SETS)}."
            )
        self.feature_set = feature_set
        self.dim = FEATURE_SETS[feature_set]

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Functionals of shape (len(clips), dim).

        Raises `EmbedderError` for clips below 960 samples and in a process that imported TensorFlow.
        """
        require_samples(clips, MIN_SAMPLES, f"opensmile {self.feature_set}")
        smile = _smile(self.feature_set)
        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        for row, clip in zip(vectors, clips, strict=True):
            row[:] = smile(np.clip(clip, np.float32(-1.0), _LARGEST), self.sample_rate).reshape(-1)
        return vectors


@functools.cache  # one for each feature set in a process; an OpenSmile itself stays small enough to send to workers
def _smile(feature_set: str) -> Any:
    if "tensorflow" in sys.modules:
        raise EmbedderError(
            "opensmile: this process has imported TensorFlow, expected one that has not (together they corrupt the "
            "heap). Run openSMILE in a worker process started by spawn, as the embed stage does."
        )
    import opensmile

    return opensmile.Smile(
        feature_set=opensmile.FeatureSet[feature_set],
        feature_level=opensmile.FeatureLevel.Functionals,
        sampling_rate=OpenSmile.sample_rate,
        num_workers=1,
        multiprocessing=False,
    )
