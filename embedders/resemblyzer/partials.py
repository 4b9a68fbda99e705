"""Which stretches of a clip Resemblyzer's network sees. numpy only."""

from __future__ import annotations

import numpy as np

from embedders.base import Clip

SAMPLE_RATE, HOP = 16000, 160
FRAMES = 160  # of a partial utterance: 1.6 s
STEP = round(SAMPLE_RATE / 1.3 / HOP)  # frames between two partial utterances: 1.3 begin in a second
COVERAGE = 0.75  # of the last partial utterance that must be the clip's own, where there is another
LOUDNESS = -30.0  # dBFS below which a clip is made louder


def starts(samples: int) -> list[int]:
    """The first frames of a clip's partial utterances, at least one."""
    frames = -(-(samples + 1) // HOP)
    begun = list(range(0, max(1, frames - FRAMES + STEP + 1), STEP))
    own = (samples - begun[-1] * HOP) / (FRAMES * HOP)
    return begun[:-1] if len(begun) > 1 and own < COVERAGE else begun


def louder(clip: Clip) -> Clip:
    """The clip at -30 dBFS, where it is quieter and not silent."""
    power = float(np.mean(np.square(clip, dtype=np.float64)))
    gain = 10.0 ** (LOUDNESS / 20.0) / power**0.5 if power > 0.0 else 1.0
    return clip * np.float32(gain) if gain > 1.0 else clip
