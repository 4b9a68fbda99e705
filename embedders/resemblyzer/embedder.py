"""Resemblyzer: who speaks, as 256 numbers (GE2E: Wan et al., Generalized End-to-End Loss for Speaker Verification).

Written from the description of the package Resemblyzer 0.1.4. Its voice activity detection, which takes long pauses
out of a recording, is left out: the clips of a corpus are cut already.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from embedders.base import Clip, Vectors
from embedders.common import require_samples
from embedders.resemblyzer.partials import FRAMES, HOP, SAMPLE_RATE, louder, starts
from embedders.torch_common import (
    DEVICES,
    PRECISIONS,
    arithmetic,
    choose_device,
    exact,
    require_one_of,
    to_device,
    tolerance_at,
)

if TYPE_CHECKING:
    from torch import Tensor

    from embedders.resemblyzer.network import Network

_PARTIALS_A_PASS = {"cpu": 64, "cuda": 2048}  # bounds memory, changes no vector


class Resemblyzer:
    """The mean of unit vectors of partial utterances (1.6 s, one every 0.77 s), again of length one: 256 numbers.

    A clip below 1.6 s is zero-padded to it; a last partial utterance of which the clip fills less than 3/4 is left
    out. `weights` is `pretrained.pt` of the package. `precision` is one of `embedders.torch_common.PRECISIONS`; the
    spectrogram is always float32.
    """

    sample_rate = SAMPLE_RATE
    dim = 256

    def __init__(self, weights: str | Path, *, device: str = "auto", precision: str = "float32") -> None:
        require_one_of("resemblyzer", "device", device, DEVICES)
        require_one_of("resemblyzer", "precision", precision, PRECISIONS)
        self.tolerance = tolerance_at(precision)
        self._weights = Path(weights)
        self._device, self._precision = device, precision
        self._loaded: tuple[Network, Any, str] | None = None

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), 256).

        Raises `EmbedderError` for an empty clip, and for weights that are missing or of another network.
        """
        require_samples(clips, 1, "resemblyzer")
        if not clips:
            return np.empty((0, self.dim), dtype=np.float32)
        network, front, device = self._load()
        import torch

        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        with torch.inference_mode(), exact():
            partials = [_partials(front, clip, device) for clip in clips]
            counts = [len(own) for own in partials]
            passes = torch.cat(partials).split(_PARTIALS_A_PASS[device])
            with arithmetic(self._precision, device):
                heard = torch.cat([network(each) for each in passes]).float().split(counts)
            for row, own in zip(vectors, heard, strict=True):
                row[:] = torch.nn.functional.normalize(own.mean(dim=0), dim=0).cpu().numpy()
        return vectors

    def _load(self) -> tuple[Network, Any, str]:
        if self._loaded is None:
            from embedders.resemblyzer.network import load, mel_front_end

            device = choose_device("resemblyzer", self._device, self._precision)
            self._loaded = load("resemblyzer", self._weights).to(device), mel_front_end().to(device), device
        return self._loaded


def _partials(front: Any, clip: Clip, device: str) -> Tensor:
    """The mel power of a clip's partial utterances, shape (partials, 160, 40)."""
    import torch

    begun = starts(len(clip))
    wave = to_device(louder(clip), device)
    missing = max(0, (begun[-1] + FRAMES) * HOP - len(wave))
    mel = front(torch.nn.functional.pad(wave, (0, missing))).T
    return torch.stack([mel[start : start + FRAMES] for start in begun])
