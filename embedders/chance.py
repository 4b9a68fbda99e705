"""The floor: vectors that carry no information about any label.

A vector is drawn from a standard normal by a generator seeded with the clip's own samples, so it is
a function of its input (equal clips, equal vectors) and yet says nothing about what is heard. Any
score above this row's interval is information; this row's own distance from chance is luck.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from embedders.base import Clip, EmbedderError, Vectors
from embedders.common import require_samples

_PER_DIGEST = 4  # 64-bit numbers in a sha256 digest
_NORMAL = NormalDist()


class Chance:
    """Pseudo-random normal vectors of length `dim`, a function of the clip's samples as 16-bit PCM."""

    sample_rate = 16000

    def __init__(self, dim: int = 16) -> None:
        if dim < 1:
            raise EmbedderError(f"chance: dim is {dim}, expected at least 1.")
        self.dim = dim

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Standard normal vectors, shape (len(clips), dim)."""
        require_samples(clips, 0, "chance")
        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        for row, clip in zip(vectors, clips, strict=True):
            row[:] = self._draw(clip)
        return vectors

    def _draw(self, clip: Clip) -> list[float]:
        # Hashing 16-bit samples, not floats: the last bit of a resampled float may differ between machines.
        pcm = np.clip(np.rint(clip * np.float32(32768.0)), -32768, 32767).astype("<i2")
        seed = hashlib.sha256(pcm.tobytes()).digest()
        draws: list[float] = []
        for counter in range(-(-self.dim // _PER_DIGEST)):
            digest = hashlib.sha256(seed + counter.to_bytes(4, "little")).digest()
            for number in np.frombuffer(digest, dtype="<u8").tolist():
                draws.append(_NORMAL.inv_cdf(((number >> 11) + 0.5) / 2.0**53))
        return draws[: self.dim]
