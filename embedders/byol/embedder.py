"""BYOL-A and BYOL-S clip vectors from the AudioNTT2020 encoder."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from embedders.base import Clip, EmbedderError, Vectors
from embedders.byol import statistics as stats
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
    from torch import Tensor

    from embedders.byol.encoder import AudioNTT2020
    from embedders.byol.frontend import LogMel

WIDTHS = (512, 1024, 2048)
WINDOWS = (400, 1024)
MIN_SAMPLES = 1120  # 8 spectrogram frames, the least that three poolings leave something of
HOP = 160
FRAMES_A_STEP = 8
_SAMPLES_A_PASS = 16000 * 48  # padded, whose statistics are computed at once
_FRAMES_A_PASS = {"cpu": 512, "cuda": 65536}  # padded frames in one forward pass: bounds memory, changes no vector


class Byol:
    """Maximum plus mean over time of the encoder's 80 ms steps: a vector of length `d`, none below zero.

    `weights` is a state dict's path. `statistics` normalises the log-mel: "train" (the dataset's own,
    from `fit_statistics`), "serab" (SERAB's published constants) or [mean, std]. `win_length` is the
    window the checkpoint was trained with: 400 for SERAB's, 1024 for NTT's. `precision` is one of
    `embedders.torch_common.PRECISIONS`; the log-mel and its statistics are always float32.
    """

    sample_rate = 16000
    min_seconds = MIN_SAMPLES / 16000

    def __init__(
        self,
        weights: str | Path,
        *,
        d: int = 512,
        win_length: int = 400,
        statistics: str | Sequence[float] = "train",
        device: str = "auto",
        precision: str = "float32",
    ) -> None:
        for name, value, allowed in (
            ("d", d, WIDTHS),
            ("win_length", win_length, WINDOWS),
            ("device", device, DEVICES),
            ("precision", precision, PRECISIONS),
        ):
            require_one_of("byol", name, value, allowed)
        self.dim = d
        self._weights = Path(weights)
        self._win_length = win_length
        self._mode = statistics
        self.tolerance = tolerance_at(precision)
        self._device, self._precision = device, precision
        self._statistics = stats.given(statistics)
        self._loaded: tuple[LogMel, AudioNTT2020, str] | None = None

    def fit_statistics(self, clips: Iterable[Clip], *, dataset: str) -> None:
        """Sets the log-mel statistics of `dataset`; reads `clips` only for `statistics="train"`.

        A clip's standard deviation is the sample one (n - 1), as torch and so SERAB computes it.
        Always on the CPU, so that the device has no say in them.
        """
        if self._mode == "serab":
            self._statistics = stats.published(dataset)
        elif self._mode == "train":
            self._statistics = stats.averaged(self._clip_statistics(clips), dataset)

    def statistics_record(self) -> Mapping[str, Any]:
        """Mean, std, their source, and the number of clips they were computed from."""
        current = self._current_statistics()
        return {"mean": current.mean, "std": current.std, "source": current.source, "clips": current.clips}

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), d).

        Raises `EmbedderError` for a clip below 1120 samples, before `fit_statistics` where it is
        needed, and for weights that cannot be loaded.
        """
        from embedders.byol.encoder import pool

        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        for places, steps, lengths in self._passes(clips):
            vectors[places] = pool(steps, lengths).cpu().numpy()
        return vectors

    def embed_frames(self, clips: Sequence[Clip]) -> list[tuple[Vectors, NDArray[np.float64]]]:
        """For each clip the encoder's steps, shape (frames, d), every 80 ms, and their centres in seconds."""
        answers: dict[int, tuple[Vectors, NDArray[np.float64]]] = {}
        for places, steps, lengths in self._passes(clips):
            for place, own, length in zip(places, steps.cpu().numpy(), lengths.tolist(), strict=True):
                centres = (np.arange(length) * FRAMES_A_STEP + (FRAMES_A_STEP - 1) / 2) * HOP / self.sample_rate
                answers[place] = (own[:length].copy(), centres)
        return [answers[place] for place in range(len(clips))]

    def _passes(self, clips: Sequence[Clip]) -> list[tuple[list[int], Tensor, Tensor]]:
        """Places in `clips`, encoder steps (B, S, d) and how many of each clip's steps are its own."""
        import torch

        require_samples(clips, MIN_SAMPLES, "byol")
        current = self._current_statistics()
        log_mel, encoder, device = self._load()

        def compute(places: list[int]) -> tuple[list[int], Tensor, Tensor]:
            with torch.inference_mode(), exact():
                frames = [1 + len(clips[place]) // HOP for place in places]
                lengths = torch.tensor(frames, device=device)
                spectra = log_mel.of_clips([clips[place] for place in places], device)
                padded = without_rest((spectra - current.mean) / current.std, lengths)[:, None].contiguous()
                with arithmetic(self._precision, device):
                    steps = encoder(padded, lengths if min(frames) < max(frames) else None).float()
                return places, steps, lengths // FRAMES_A_STEP

        parts = passes([1 + len(clip) // HOP for clip in clips], _FRAMES_A_PASS[device], mixed=True)
        return side_by_side(compute, parts, device)

    def _clip_statistics(self, clips: Iterable[Clip]) -> list[tuple[float, float]]:
        import torch

        from embedders.byol.frontend import LogMel

        log_mel = LogMel(self._win_length)

        def compute(some: Sequence[Clip]) -> list[tuple[float, float]]:
            waves = [np.pad(clip, (0, max(0, MIN_SAMPLES - len(clip)))) for clip in some]  # as `embed` will get them
            with torch.inference_mode():
                spectra = log_mel.of_clips(waves, "cpu")
                own = [spectrum[:, : 1 + len(wave) // HOP] for spectrum, wave in zip(spectra, waves, strict=True)]
                return [(spectrum.mean().item(), spectrum.std().item()) for spectrum in own]

        return list(itertools.chain.from_iterable(side_by_side(compute, _in_passes(clips), "cpu")))

    def _current_statistics(self) -> stats.Statistics:
        if self._statistics is None:
            raise EmbedderError(
                f"byol: log-mel statistics are not known yet (statistics is {self._mode!r}). Call fit_statistics with "
                "the dataset's audio before embed, or give `statistics: [mean, std]`."
            )
        return self._statistics

    def _load(self) -> tuple[LogMel, AudioNTT2020, str]:
        if self._loaded is None:
            import torch

            from embedders.byol.encoder import load_encoder
            from embedders.byol.frontend import LogMel

            device = choose_device("byol", self._device, self._precision)
            # channels_last: convolutions run about twice as fast on a CPU
            encoder = load_encoder(self._weights, self.dim).to(device, memory_format=torch.channels_last)
            self._loaded = LogMel(self._win_length).to(device), encoder, device
        return self._loaded


def _in_passes(clips: Iterable[Clip]) -> Iterator[list[Clip]]:
    """Clips in their order, lazily, in passes of at most `_SAMPLES_A_PASS` when padded to the longest (or one clip)."""
    taken: list[Clip] = []
    for clip in clips:
        if taken and (len(taken) + 1) * max(map(len, (*taken, clip))) > _SAMPLES_A_PASS:
            yield taken
            taken = []
        taken.append(clip)
    if taken:
        yield taken
