"""The log-mel front end and the untrained convolutions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torchaudio
from torch import Tensor, nn
from torch.nn import functional

from embedders.base import Clip
from embedders.spectra import mel_powers

SAMPLE_RATE, N_FFT, WINDOW, HOP, BANDS = 16000, 1024, 400, 160, 64
LOW, HIGH = 60.0, 7800.0  # Hz
CENTRE, SPREAD = -5.0, 5.0  # of log-mel: about what speech and music have, so that activations stay near one
CHANNELS, BLOCKS = 64, 3


class Network(nn.Module):
    """Three blocks of 3 × 3 convolution, ReLU and 2 × 2 maximum over the log-mel spectrogram.

    Weights are He's: normal with variance 2 / (inputs of a unit), no bias. They come from a generator
    of their own, seeded with `seed`, and are never trained.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.mel = torchaudio.transforms.MelSpectrogram(
            SAMPLE_RATE, n_fft=N_FFT, win_length=WINDOW, hop_length=HOP, f_min=LOW, f_max=HIGH, n_mels=BANDS
        )
        generator = torch.Generator().manual_seed(seed)
        for block, inputs in enumerate([1] + [CHANNELS] * (BLOCKS - 1)):
            weight = torch.randn((CHANNELS, inputs, 3, 3), generator=generator) * math.sqrt(2 / (9 * inputs))
            self.register_buffer(f"weight_{block}", weight)

    def log_mels(self, clips: Sequence[Clip], device: str) -> Tensor:
        """Clips to shape (clips, 64, frames of the longest), centred and scaled by two constants; see `mel_powers`."""
        return ((mel_powers(self.mel, clips, device) + torch.finfo(torch.float32).eps).log() - CENTRE) / SPREAD

    def forward(self, spectra: Tensor, frames: Tensor) -> Tensor:
        """Spectra (B, 64, T), zero behind each clip's `frames` (B,), to clip vectors (B, 512).

        Maximum plus mean over the clip's own steps of 80 ms. What lies behind a clip's end is set to
        zero again after each block, so that a convolution sees there what it sees without batch mates.
        """
        hidden, lengths = spectra[:, None], frames
        for block in range(BLOCKS):
            hidden = functional.conv2d(hidden, self.get_buffer(f"weight_{block}"), padding=1)
            # the maximum first, which is the same: the ReLU has a quarter to do
            hidden, lengths = functional.relu_(functional.max_pool2d(hidden, 2)), lengths // 2
            inside = torch.arange(hidden.shape[-1], device=hidden.device) < lengths[:, None]
            hidden = hidden * inside[:, None, None, :]
        steps = hidden.float().flatten(start_dim=1, end_dim=2)  # none below zero: the zeros leave the maximum as it is
        return steps.amax(dim=2) + steps.sum(dim=2) / lengths[:, None]
