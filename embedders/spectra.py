"""Mel spectrograms of clips of several lengths at once, each the same as alone; torch loads in functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from embedders.base import Clip
from embedders.torch_common import to_device

if TYPE_CHECKING:
    from torch import Tensor
    from torchaudio.transforms import MelSpectrogram


def mel_powers(mel: MelSpectrogram, clips: Sequence[Clip], device: str) -> Tensor:
    """What `mel`, whose frames are centred with reflection at the edges, answers for each of `clips` alone.

    Shape (clips, bands, frames of the longest); behind a clip's own 1 + n // hop frames lies what means nothing. One
    copy to the device and one Fourier transform, where a GPU would wait for those of each clip. A clip must be longer
    than n_fft // 2 samples. The powers are those of torchaudio but for rounding.
    """
    import torch

    front = mel.spectrogram
    if front.power != 2:
        raise ValueError(f"found a mel spectrogram of power {front.power}, expected 2")
    spectra = torch.stft(
        to_device(mirrored(clips, mel.n_fft // 2), device),
        front.n_fft,
        front.hop_length,
        front.win_length,
        window=front.window,
        center=False,  # the edges are there already
        return_complex=True,
    )
    real, imaginary = torch.view_as_real(spectra).unbind(dim=-1)
    power = torch.addcmul(real * real, imaginary, imaginary)  # torchaudio squares a root of it: half as fast
    answer: Tensor = mel.mel_scale(power)
    return answer


def mirrored(clips: Sequence[Clip], reach: int) -> NDArray[np.float32]:
    """Each clip with `reach` samples mirrored at both ends, then zeros: shape (clips, longest + 2 · reach)."""
    waves = np.zeros((len(clips), max(map(len, clips)) + 2 * reach), dtype=np.float32)
    for wave, clip in zip(waves, clips, strict=True):
        end = reach + len(clip)
        wave[:reach] = clip[reach:0:-1]
        wave[reach:end] = clip
        wave[end : end + reach] = clip[-2 : -reach - 2 : -1]
    return waves


def without_rest(spectra: Tensor, frames: Tensor) -> Tensor:
    """`spectra` of shape (clips, bands, frames) with zeros behind each clip's own `frames`, shape (clips,)."""
    import torch

    inside = torch.arange(spectra.shape[-1], device=spectra.device) < frames[:, None]
    return torch.where(inside[:, None], spectra, 0.0)
