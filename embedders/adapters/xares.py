"""An encoder of the X-ARES benchmark as an embedder.

The interface: a torch.nn.Module made without arguments, with `sampling_rate`, `output_dim` and
`hop_size_in_ms`; `forward(audio)` turns (clips, samples) into (clips, frames, output_dim). Zhang et al.,
"X-ARES: A Comprehensive Framework for Assessing Audio Encoder Performance", Interspeech 2025.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedders.adapters import calling
from embedders.base import Clip, EmbedderError, Vectors
from embedders.common import require_samples
from embedders.torch_common import DEVICES, choose_device, exact, require_one_of


class Xares:
    """The mean over time of the encoder's frames, as X-ARES pools for its clip tasks; clips of one length a batch.

    `options` (and `weights`, by that name) go to the encoder's constructor. It is made here, for rate and
    size stand in it.
    """

    equal_length = True

    def __init__(
        self,
        wraps: str,
        weights: str | None = None,
        *,
        device: str = "auto",
        min_seconds: float = 0.0,
        window_seconds: float = 0.0,
        tolerance: float = 1e-5,
        **options: Any,
    ) -> None:
        import torch

        self._who = f"xares {wraps}"
        calling.require_declarations(
            self._who, min_seconds=min_seconds, window_seconds=window_seconds, tolerance=tolerance
        )
        require_one_of(self._who, "device", device, DEVICES)
        make = calling.require_callable(self._who, calling.find(self._who, wraps), wraps)
        self._encoder = calling.call(self._who, make, **({"weights": weights} if weights else {}), **options)
        if not isinstance(self._encoder, torch.nn.Module):
            kind = type(self._encoder).__name__
            raise EmbedderError(f"{self._who}: it makes a {kind}, expected a torch.nn.Module.")
        for name in ("sampling_rate", "output_dim"):
            if not hasattr(self._encoder, name):
                raise EmbedderError(f"{self._who}: the encoder has no {name!r}, expected it as X-ARES says.")
        self.sample_rate = calling.require_whole(self._who, "sampling_rate", self._encoder.sampling_rate)
        self.dim = calling.require_whole(self._who, "output_dim", self._encoder.output_dim)
        self.min_seconds, self.window_seconds, self.tolerance = min_seconds, window_seconds, tolerance
        self._device = choose_device(self._who, device)
        self._encoder.to(self._device).eval()

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), dim), of clips of one length."""
        vectors: Vectors = self._frames(clips).mean(axis=1, dtype=np.float64).astype(np.float32)
        return vectors

    def embed_frames(self, clips: Sequence[Clip]) -> list[tuple[Vectors, NDArray[np.float64]]]:
        """For each clip the encoder's frames, (frames, dim), taken as evenly spread over the clip."""
        frames = self._frames(clips)
        seconds, count = len(clips[0]) / self.sample_rate, frames.shape[1]
        return [(each, (np.arange(count) + 0.5) * seconds / count) for each in frames]

    def _frames(self, clips: Sequence[Clip]) -> Vectors:
        import torch

        require_samples(clips, 1, self._who)
        with exact(), torch.no_grad():
            answer = self._encoder(torch.from_numpy(np.stack(clips)).to(self._device))
        return calling.to_float32(self._who, answer, (len(clips), None, self.dim), "(clips, frames, output_dim)")
