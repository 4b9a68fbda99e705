"""The floor for trained networks: the same kind of network with random weights.

Untrained convolutions are no chance row: they keep much of what is in the spectrogram (Pons and
Serra, "Randomly weighted CNNs for (music) audio classification", ICASSP 2019). What a trained
network scores above this row is what its training gave.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from embedders.base import Clip, EmbedderError, Vectors
from embedders.common import require_samples
from embedders.cores import side_by_side
from embedders.spectra import without_rest
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
    from embedders.random_cnn.network import Network

MIN_SAMPLES = 1120  # 8 spectrogram frames, the least that three poolings leave something of
_SAMPLES_A_PASS = {"cpu": 16000 * 8, "cuda": 16000 * 600}  # padded; bounds memory, changes no vector


class RandomCnn:
    """Maximum plus mean over time of an untrained network's 80 ms steps: 512 numbers, none below zero.

    `precision` is one of `embedders.torch_common.PRECISIONS`; the spectrogram is always float32.
    """

    sample_rate = 16000
    dim = 512
    min_seconds = MIN_SAMPLES / 16000

    def __init__(self, *, seed: int = 0, device: str = "auto", precision: str = "float32") -> None:
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise EmbedderError(f"random_cnn: seed is {seed!r}, expected a whole number from 0 on.")
        require_one_of("random_cnn", "device", device, DEVICES)
        require_one_of("random_cnn", "precision", precision, PRECISIONS)
        self.tolerance = tolerance_at(precision)
        self._seed = seed
        self._device, self._precision = device, precision
        self._loaded: tuple[Network, str] | None = None

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), 512). Raises `EmbedderError` for a clip below 1120 samples."""
        import torch

        from embedders.random_cnn.network import HOP

        require_samples(clips, MIN_SAMPLES, "random_cnn")
        network, device = self._load()

        def compute(places: list[int]) -> tuple[list[int], Vectors]:
            with torch.inference_mode(), exact():
                frames = torch.tensor([1 + len(clips[place]) // HOP for place in places], device=device)
                padded = without_rest(network.log_mels([clips[place] for place in places], device), frames)
                with arithmetic(self._precision, device):
                    return places, network(padded, frames).cpu().numpy()

        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        parts = passes([len(clip) for clip in clips], _SAMPLES_A_PASS[device], mixed=True)
        for places, answer in side_by_side(compute, parts, device):
            vectors[places] = answer
        return vectors

    def _load(self) -> tuple[Network, str]:
        if self._loaded is None:
            import torch

            from embedders.random_cnn.network import Network

            device = choose_device("random_cnn", self._device, self._precision)
            self._loaded = Network(self._seed).eval().to(device, memory_format=torch.channels_last), device
        return self._loaded
