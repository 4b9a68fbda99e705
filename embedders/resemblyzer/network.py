"""The network of Resemblyzer: three LSTM layers and one linear layer over mel bands (Wan et al., ICASSP 2018)."""

from __future__ import annotations

from pathlib import Path

import torch
import torchaudio
from torch import Tensor, nn

from embedders.resemblyzer.partials import HOP, SAMPLE_RATE
from embedders.torch_common import read_state_dict, require_layout

N_FFT, BANDS, UNITS, LAYERS = 400, 40, 256, 3
PLACE = "model_state"  # of the network's tensors in the file
_OF_THE_LOSS = ("similarity_weight", "similarity_bias")


class Network(nn.Module):
    """Mel power of partial utterances, shape (B, frames, 40), to unit vectors, shape (B, 256), none below zero."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(BANDS, UNITS, LAYERS, batch_first=True)
        self.linear = nn.Linear(UNITS, UNITS)

    def forward(self, mels: Tensor) -> Tensor:
        """The last layer's state after the last frame, through the linear layer and ReLU, of length one."""
        with torch.autocast("cpu", enabled=False):  # oneDNN has no bfloat16 LSTM for most processors
            _, (state, _) = self.lstm(mels)
        return nn.functional.normalize(torch.relu(self.linear(state[-1])), dim=1)


def mel_front_end() -> nn.Module:
    """Waves of shape (n,) to the power (no logarithm) in 40 Slaney bands of equal area, shape (40, 1 + n // 160)."""
    made: nn.Module = torchaudio.transforms.MelSpectrogram(
        sample_rate=SAMPLE_RATE,
        n_fft=N_FFT,
        hop_length=HOP,
        n_mels=BANDS,
        power=2.0,
        center=True,
        pad_mode="constant",
        mel_scale="slaney",
        norm="slaney",
    )
    return made


def load(who: str, path: Path) -> Network:
    """The network with the weights of a published file, in evaluation mode.

    Raises `EmbedderError` for a file that is absent, damaged, or of another network.
    """
    state = read_state_dict(who, path, inside=PLACE)
    state = {name: tensor for name, tensor in state.items() if name not in _OF_THE_LOSS}
    network = Network()
    require_layout(who, path, state, network.state_dict(), "Resemblyzer's network (pretrained.pt)")
    network.load_state_dict(state)
    return network.eval()
