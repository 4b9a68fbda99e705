"""PANNs: clip vectors from networks that were trained to tag AudioSet.

Kong et al., "PANNs: Large-Scale Pretrained Audio Neural Networks for Audio Pattern Recognition", IEEE/ACM TASLP 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from embedders.base import Clip, Vectors
from embedders.common import require_samples
from embedders.panns.variants import VARIANTS
from embedders.torch_common import (
    DEVICES,
    PRECISIONS,
    arithmetic,
    choose_device,
    exact,
    passes,
    require_one_of,
    tolerance_at,
)

if TYPE_CHECKING:
    from embedders.panns.frontend import LogMel
    from embedders.panns.network import Network

_FRAMES_A_PASS = {"cpu": 1024, "cuda": 65536}  # padded; bounds memory, changes no vector


class Panns:
    """What stands before the AudioSet classifier of one of `VARIANTS`: 2048 or 512 numbers, none below zero.

    A clip goes in whole, at its own length. There are no frames: the last linear layer comes after the pooling over
    time, so that steps before it are in another space than vectors. `weights` is the path of a published file.
    `precision` is one of `embedders.torch_common.PRECISIONS`; the spectrogram is always float32.
    """

    def __init__(
        self,
        weights: str | Path,
        *,
        variant: str = "cnn14",
        device: str = "auto",
        precision: str = "float32",
    ) -> None:
        require_one_of("panns", "variant", variant, VARIANTS)
        require_one_of("panns", "device", device, DEVICES)
        require_one_of("panns", "precision", precision, PRECISIONS)
        self._variant = VARIANTS[variant]
        self.sample_rate = self._variant.sample_rate
        self.dim = self._variant.channels[-1]
        self.min_seconds = self._variant.shortest / self.sample_rate
        self.tolerance = tolerance_at(precision)
        self._weights = Path(weights)
        self._device, self._precision = device, precision
        self._loaded: tuple[LogMel, Network, str] | None = None

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), dim).

        Raises `EmbedderError` for a clip shorter than min_seconds, and for weights that cannot be loaded.
        """
        import torch

        require_samples(clips, self._variant.shortest, "panns")
        log_mel, network, device = self._load()
        frames = [1 + len(clip) // self._variant.hop for clip in clips]
        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        with torch.inference_mode(), exact():
            for places in passes(frames, _FRAMES_A_PASS[device], mixed=True):
                spectra = log_mel.of_clips([clips[place] for place in places], device)
                lengths = torch.tensor([frames[place] for place in places], device=device)
                with arithmetic(self._precision, device):
                    answer = network(spectra, lengths if frames[places[-1]] < frames[places[0]] else None)
                vectors[places] = answer.float().cpu().numpy()
        return vectors

    def _load(self) -> tuple[LogMel, Network, str]:
        if self._loaded is None:
            import torch

            from embedders.panns.frontend import LogMel
            from embedders.panns.network import load_network

            device = choose_device("panns", self._device, self._precision)
            network = load_network(self._weights, self._variant).to(device, memory_format=torch.channels_last)
            self._loaded = LogMel(self._variant).to(device), network, device
        return self._loaded
