"""Log-mel front end of the BYOL-A family (Niizumi et al., "BYOL for Audio", arXiv 2103.06695), by torchaudio."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torchaudio
from torch import Tensor, nn

from embedders.base import Clip
from embedders.spectra import mel_powers

SAMPLE_RATE = 16000
N_FFT, HOP, BANDS = 1024, 160, 64
LOW, HIGH = 60.0, 7800.0  # Hz
EPSILON = torch.finfo(torch.float32).eps


class LogMel(nn.Module):
    """Waves of shape (..., n) to natural-log mel power of shape (..., 64, 1 + n // 160), for n > 512.

    Frames are centred, with reflection at the edges. A window below 1024 samples is zero-padded
    around its centre; which window a checkpoint was trained with (400 or 1024) is not in its file.
    """

    def __init__(self, win_length: int) -> None:
        super().__init__()
        self.mel = torchaudio.transforms.MelSpectrogram(
            sample_rate=SAMPLE_RATE,
            n_fft=N_FFT,
            win_length=win_length,
            hop_length=HOP,
            f_min=LOW,
            f_max=HIGH,
            n_mels=BANDS,
            power=2.0,
            center=True,
            pad_mode="reflect",
            mel_scale="htk",
            norm=None,
        )

    def forward(self, waves: Tensor) -> Tensor:
        """Log-mel spectrograms, float32; silence is -15.9424."""
        return (self.mel(waves) + EPSILON).log()

    def of_clips(self, clips: Sequence[Clip], device: str) -> Tensor:
        """Those of clips of several lengths, shape (clips, 64, frames of the longest), as `mel_powers` tells."""
        return (mel_powers(self.mel, clips, device) + EPSILON).log()
