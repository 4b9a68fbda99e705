"""Clip vectors from ConGRUFormer: what its attention pooling answers, before the classifier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from embedders.base import Clip, EmbedderError, Vectors
from embedders.common import require_samples
from embedders.congruformer.variants import VARIANTS
from embedders.torch_common import (
    DEVICES,
    PRECISIONS,
    arithmetic,
    choose_device,
    exact,
    passes,
    require_one_of,
    to_device,
    tolerance_at,
)
from embedders.windows import cut

if TYPE_CHECKING:
    from embedders.congruformer.network import Decibels, Network, Samples

_SAMPLES_A_PASS = {"cpu": 1_280_000, "cuda": 40_000_000}  # bounds memory, changes no vector


class Congruformer:
    """The vector of one of `VARIANTS`, of length 432, 312, 312 or 96.

    A clip up to the variant's longest input goes in whole. A longer one is cut into windows of that
    length, one beginning where the last ended, the last one moved back to end with the clip; the vector
    is their mean. Only windows of one length share a pass, so nothing is padded.

    `weights` is a state dict's path. Random weights are used only where `untrained_seed` asks for them. `precision` is
    one of `embedders.torch_common.PRECISIONS`; the spectrogram is always float32.
    """

    def __init__(
        self,
        weights: str | Path | None = None,
        *,
        variant: str = "spectrogram",
        untrained_seed: int | None = None,
        device: str = "auto",
        precision: str = "float32",
    ) -> None:
        require_one_of("congruformer", "variant", variant, VARIANTS)
        require_one_of("congruformer", "device", device, DEVICES)
        require_one_of("congruformer", "precision", precision, PRECISIONS)
        if (weights is None) == (untrained_seed is None):
            raise EmbedderError(
                f"congruformer: found {'neither' if weights is None else 'both'} of weights and untrained_seed, "
                "expected one. Name a trained state dict as `weights:`, or give `untrained_seed` for random weights."
            )
        if untrained_seed is not None and (type(untrained_seed) is not int or untrained_seed < 0):
            raise EmbedderError(
                f"congruformer: untrained_seed is {untrained_seed!r}, expected a whole number from 0 on."
            )
        self._variant, self._name = VARIANTS[variant], variant
        self.sample_rate = self._variant.sample_rate
        self.dim = self._variant.width
        self.min_seconds = self._variant.shortest / self.sample_rate
        self._weights = None if weights is None else Path(weights)
        self._seed = untrained_seed
        self.tolerance = tolerance_at(precision)
        self._device, self._precision = device, precision
        self._loaded: tuple[Decibels | Samples, Network, str] | None = None

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), dim).

        Raises `EmbedderError` for a clip shorter than min_seconds, and for weights that cannot be loaded.
        """
        import torch

        require_samples(clips, self._variant.shortest, "congruformer")
        inputs, network, device = self._load()
        windows, owners = [], []
        for place, clip in enumerate(clips):
            own = cut(clip, self._variant.longest)
            windows += own
            owners += [place] * len(own)
        answers = np.empty((len(windows), self.dim), dtype=np.float64)
        with torch.inference_mode(), exact():
            for places in passes([len(window) for window in windows], _SAMPLES_A_PASS[device], mixed=False):
                seen = inputs(to_device(np.stack([windows[place] for place in places]), device))
                with arithmetic(self._precision, device):
                    answer = network(seen)
                answers[places] = answer.float().cpu().numpy()
        vectors = np.zeros((len(clips), self.dim), dtype=np.float64)
        np.add.at(vectors, owners, answers)
        return (vectors / np.bincount(owners, minlength=len(clips))[:, None]).astype(np.float32)

    def _load(self) -> tuple[Decibels | Samples, Network, str]:
        if self._loaded is None:
            from embedders.congruformer.network import Decibels, Samples, load_network, untrained_network

            device = choose_device("congruformer", self._device, self._precision)
            if self._weights is not None:
                network = load_network(self._variant, self._name, self._weights)
            else:
                assert self._seed is not None
                network = untrained_network(self._variant, self._seed)
            spectral = self._variant.inputs > 1
            inputs = Decibels(self.sample_rate, self._variant.inputs) if spectral else Samples()
            self._loaded = inputs.to(device), network.to(device), device
        return self._loaded
