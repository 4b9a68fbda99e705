"""The log-mel spectrogram of PANNs (Kong et al., arXiv 1912.10211), by torchaudio."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torchaudio
from torch import Tensor, nn

from embedders.base import Clip
from embedders.panns.variants import BANDS, Variant
from embedders.spectra import mel_powers

LOW = 50.0  # Hz
LEAST = 1e-10  # power below which all is the same: -100 dB


class LogMel(nn.Module):
    """Waves of shape (..., n) to mel power in dB, shape (..., 1 + n // hop, 64), for n > n_fft // 2.

    Frames are centred, with reflection at the edges, under a periodic Hann window. Bands lie on the Slaney scale with
    triangles of equal area, as librosa's. dB are 10 log10 of the power, from -100 on; nothing is cut off below the
    loudest.
    """

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self.mel = torchaudio.transforms.MelSpectrogram(
            sample_rate=variant.sample_rate,
            n_fft=variant.n_fft,
            hop_length=variant.hop,
            f_min=LOW,
            f_max=variant.high,
            n_mels=BANDS,
            power=2.0,
            center=True,
            pad_mode="reflect",
            mel_scale="slaney",
            norm="slaney",
        )

    def forward(self, waves: Tensor) -> Tensor:
        """Log-mel spectrograms, float32; silence is -100."""
        return _decibels(self.mel(waves))

    def of_clips(self, clips: Sequence[Clip], device: str) -> Tensor:
        """Those of clips of several lengths, shape (clips, frames of the longest, 64), as `mel_powers` tells."""
        return _decibels(mel_powers(self.mel, clips, device))


def _decibels(power: Tensor) -> Tensor:
    return 10.0 * torch.log10(power.clamp(min=LEAST)).transpose(-1, -2)
