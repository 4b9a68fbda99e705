"""The log-mel spectrogram of musicnn (Pons and Serra, arXiv 1909.06654), by torchaudio."""

from __future__ import annotations

import torch
import torchaudio
from torch import Tensor, nn

SAMPLE_RATE = 16000
N_FFT, HOP, BANDS = 512, 256, 96
GAIN = 10000.0  # of the power inside the logarithm


class LogMel(nn.Module):
    """Waves of shape (..., n) to log10(1 + 10000 mel power), shape (..., 1 + n // 256, 96), for n > 256.

    Bands lie on the Slaney scale with triangles of equal area, as librosa's. The original rounds the
    mel power to float16 before the logarithm; here it stays float32.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mel = torchaudio.transforms.MelSpectrogram(
            sample_rate=SAMPLE_RATE,
            n_fft=N_FFT,
            hop_length=HOP,
            f_min=0.0,
            f_max=SAMPLE_RATE / 2,
            n_mels=BANDS,
            power=2.0,
            center=True,
            pad_mode="reflect",
            mel_scale="slaney",
            norm="slaney",
        )

    def forward(self, waves: Tensor) -> Tensor:
        """Log-mel spectrograms, float32, none below zero; silence is 0."""
        return torch.log10(1.0 + GAIN * self.mel(waves)).transpose(-1, -2)
