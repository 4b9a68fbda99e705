"""Clip vectors from musicnn (Pons and Serra, "musicnn: Pre-trained CNNs for music audio tagging", 2019)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from embedders.base import Clip, Vectors
from embedders.common import require_samples
from embedders.musicnn.tags import TAGS
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

    from embedders.musicnn.frontend import LogMel
    from embedders.musicnn.network import Network

OUTPUTS = {"penultimate": 200, "taggram": len(TAGS)}
WINDOW = 48000  # samples: 3 s
HOP, FRAMES = 256, 187  # samples between spectrogram frames, frames in a window
_WINDOWS_A_PASS = {"cpu": 1, "cuda": 256}  # on a CPU two take longer than twice one


class Musicnn:
    """The mean over 3 s windows of the penultimate layer (200) or of the probabilities of `TAGS` (50).

    The spectrogram is made of the whole clip. A window of 187 frames (2.99 s) begins every 3 s; the last
    one is moved back where it would pass the end, so that nothing is padded and at most two frames are
    left over. Each counts the same, so what the last two share counts more. The original begins a
    window every 187 frames and drops what is left over. `weights` is the path of an .npz file of the
    checkpoint's arrays. `precision` is one of `embedders.torch_common.PRECISIONS`; the spectrogram is always float32.
    """

    sample_rate = 16000
    min_seconds = WINDOW / 16000

    def __init__(
        self,
        weights: str | Path,
        *,
        output: str = "penultimate",
        device: str = "auto",
        precision: str = "float32",
    ) -> None:
        require_one_of("musicnn", "output", output, OUTPUTS)
        require_one_of("musicnn", "device", device, DEVICES)
        require_one_of("musicnn", "precision", precision, PRECISIONS)
        self.tolerance = tolerance_at(precision)
        self.dim = OUTPUTS[output]
        self._weights = Path(weights)
        self._place = list(OUTPUTS).index(output)
        self._device, self._precision = device, precision
        self._loaded: tuple[LogMel, Network, str] | None = None

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), dim).

        Raises `EmbedderError` for a clip below 48000 samples and for weights that cannot be loaded.
        """
        answers = self._windows(clips)
        return np.array([each.mean(axis=0, dtype=np.float64) for each in answers], np.float32).reshape(-1, self.dim)

    def embed_frames(self, clips: Sequence[Clip]) -> list[tuple[Vectors, NDArray[np.float64]]]:
        """For each clip one vector a window, shape (windows, dim), and the windows' centres in seconds."""
        centres = [(np.array(window_starts(len(clip))) + (FRAMES - 1) / 2) * HOP / self.sample_rate for clip in clips]
        return list(zip(self._windows(clips), centres, strict=True))

    def _windows(self, clips: Sequence[Clip]) -> list[Vectors]:
        """For each clip the network's answers, shape (windows, dim)."""
        import torch

        require_samples(clips, WINDOW, "musicnn")
        _, network, device = self._load()
        windows, parts = self._cut(clips), [np.empty((0, self.dim), np.float32)]
        with torch.inference_mode(), exact():
            while batch := list(itertools.islice(windows, _WINDOWS_A_PASS[device])):
                with arithmetic(self._precision, device):
                    answer = network(torch.stack(batch))[self._place]
                parts.append(answer.float().cpu().numpy())
        counts = [len(window_starts(len(clip))) for clip in clips]
        return np.split(np.concatenate(parts), np.cumsum(counts)[:-1]) if clips else []

    def _cut(self, clips: Sequence[Clip]) -> Iterator[Tensor]:
        """The windows of all clips in order, each of shape (187, 96)."""
        log_mel, _, device = self._load()
        for clip in clips:
            spectrum = log_mel(to_device(clip, device))
            yield from (spectrum[start : start + FRAMES] for start in window_starts(len(clip)))

    def _load(self) -> tuple[LogMel, Network, str]:
        if self._loaded is None:
            from embedders.musicnn.frontend import LogMel
            from embedders.musicnn.network import load_network

            device = choose_device("musicnn", self._device, self._precision)
            self._loaded = LogMel().to(device), load_network(self._weights).to(device), device
        return self._loaded


def window_starts(samples: int) -> list[int]:
    """First frames of the windows of a clip of `samples` samples, 48000 or more."""
    last = samples // HOP + 1 - FRAMES
    return [min(start // HOP, last) for start in range(0, samples, WINDOW)]
