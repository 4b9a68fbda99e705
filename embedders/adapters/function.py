"""A plain function of a clip as an embedder: `function(audio, rate)` answers one vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from embedders.adapters import calling
from embedders.base import Clip, EmbedderError, Vectors
from embedders.common import require_samples


class Function:
    """Calls `function(audio, rate, **options)` clip by clip; audio is float32 (samples,) in [-1, 1].

    The answer is one vector of shape (dim,), of any real type. Without `dim` the function is asked once,
    here, for the vector of a second of noise (of `min_seconds` where that is more). `weights` is handed
    over by that name. `in_workers` lets it run in several processes.
    """

    def __init__(
        self,
        wraps: str,
        weights: str | None = None,
        *,
        sample_rate: int = 16000,
        dim: int | None = None,
        min_seconds: float = 0.0,
        window_seconds: float = 0.0,
        tolerance: float = 1e-5,
        in_workers: bool = False,
        **options: Any,
    ) -> None:
        self._who = f"function {wraps}"
        calling.require_declarations(
            self._who,
            min_seconds=min_seconds,
            window_seconds=window_seconds,
            tolerance=tolerance,
            in_workers=in_workers,
        )
        self._function = calling.require_callable(self._who, calling.find(self._who, wraps), wraps)
        self._options = {**options, **({"weights": weights} if weights else {})}
        self.sample_rate = calling.require_whole(self._who, "sample_rate", sample_rate)
        self.min_seconds, self.window_seconds = min_seconds, window_seconds
        self.tolerance, self.in_workers = tolerance, in_workers
        if dim is None:
            seconds = max(1.0, min_seconds)
            dim = self._answer(calling.noise(round(seconds * self.sample_rate)), None).size
        self.dim = calling.require_whole(self._who, "dim", dim)

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), dim)."""
        require_samples(clips, 1, self._who)
        return np.stack([self._answer(clip, self.dim) for clip in clips])

    def _answer(self, clip: Clip, dim: int | None) -> Vectors:
        answer = calling.call(self._who, self._function, clip, self.sample_rate, **self._options)
        if answer is None:
            raise EmbedderError(f"{self._who}: it answers nothing, expected a vector. Is a `return` missing?")
        return calling.to_float32(self._who, answer, (dim,), "one vector, of the same length for every clip")
