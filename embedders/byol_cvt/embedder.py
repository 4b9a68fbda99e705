"""BYOL-S/CvT clip vectors: BYOL's front end and statistics before a CvT encoder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from embedders.base import Clip, Vectors
from embedders.byol.embedder import HOP, MIN_SAMPLES, Byol
from embedders.common import require_samples
from embedders.cores import side_by_side
from embedders.torch_common import arithmetic, choose_device, exact, passes, require_one_of

if TYPE_CHECKING:
    from torch import Tensor

WIDTHS = {256: (64, 128, 256), 512: (64, 256, 512), 2048: (64, 256, 512)}  # channels of the stages, by `d`
FRAMES_A_STEP = 16
_SAMPLES_A_PASS = {"cpu": 160_000, "cuda": 16_000_000}  # bounds memory, changes no vector


class ByolCvt(Byol):
    """The mean over time and mel (`d` 256 or 512), or mean plus maximum over time of 4 × 512 numbers (`d` 2048).

    512 and 2048 share one layout of weights but were trained apart: which pooling belongs to a file is
    not in it. The other arguments are `Byol`'s. Only clips of one length share a pass, for attention
    would see padding.
    """

    def __init__(
        self,
        weights: str | Path,
        *,
        d: int = 2048,
        win_length: int = 400,
        statistics: str | Sequence[float] = "train",
        device: str = "auto",
        precision: str = "float32",
    ) -> None:
        require_one_of("byol_cvt", "d", d, WIDTHS)
        super().__init__(weights, win_length=win_length, statistics=statistics, device=device, precision=precision)
        self.dim = d

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), d).

        Raises `EmbedderError` for a clip below 1120 samples, before `fit_statistics` where it is
        needed, and for weights that cannot be loaded.
        """
        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        for places, steps in self._equal_passes(clips):
            pooled = steps.mean(dim=1) + steps.amax(dim=1) if self.dim == 2048 else steps.mean(dim=1)
            vectors[places] = pooled.cpu().numpy()
        return vectors

    def embed_frames(self, clips: Sequence[Clip]) -> list[tuple[Vectors, NDArray[np.float64]]]:
        """For each clip the encoder's steps, shape (frames, d), every 160 ms, and their centres in seconds."""
        answers: dict[int, tuple[Vectors, NDArray[np.float64]]] = {}
        for places, steps in self._equal_passes(clips):
            centres = np.arange(steps.shape[1]) * FRAMES_A_STEP * HOP / self.sample_rate
            answers |= {place: (own, centres.copy()) for place, own in zip(places, steps.cpu().numpy(), strict=True)}
        return [answers[place] for place in range(len(clips))]

    def _equal_passes(self, clips: Sequence[Clip]) -> list[tuple[list[int], Tensor]]:
        """Places in `clips`, all of one length, and their steps (B, S, d)."""
        import torch

        require_samples(clips, MIN_SAMPLES, "byol_cvt")
        current = self._current_statistics()
        log_mel, encoder, device = self._load()

        def compute(places: list[int]) -> tuple[list[int], Tensor]:
            with torch.inference_mode(), exact():
                spectra = log_mel.of_clips([clips[place] for place in places], device)
                normalised = (spectra[:, None] - current.mean) / current.std
                with arithmetic(self._precision, device):
                    maps = encoder(normalised).float().permute(0, 3, 2, 1)
                return places, maps.flatten(start_dim=2) if self.dim == 2048 else maps.mean(dim=2)

        parts = passes([len(clip) for clip in clips], _SAMPLES_A_PASS[device], mixed=False)
        return side_by_side(compute, parts, device)

    def _load(self):  # type: ignore[no-untyped-def]  # the encoder is another than Byol's
        if self._loaded is None:
            import torch

            from embedders.byol.frontend import LogMel
            from embedders.byol_cvt.encoder import load_encoder

            device = choose_device("byol_cvt", self._device, self._precision)
            encoder = load_encoder(self._weights, WIDTHS[self.dim]).to(device, memory_format=torch.channels_last)
            self._loaded = LogMel(self._win_length).to(device), encoder, device
        return self._loaded
