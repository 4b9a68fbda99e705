"""The AudioNTT2020 encoder (Koizumi et al., arXiv 2007.00225; used by BYOL-A, arXiv 2103.06695) and its loader."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from embedders.base import EmbedderError
from embedders.torch_common import read_state_dict, require_layout

CHANNELS = 64
BLOCKS = 3
STRIDE = 2**BLOCKS  # spectrogram frames in one step of the output
_BLOCK_LAYERS = 4  # convolution, batch norm, ReLU, pooling
_ROOTS = ("features.", "fc.")


class AudioNTT2020(nn.Module):
    """Three convolution blocks over (mel, time), then two linear layers a time step.

    Layer names and places follow the published state dicts: `features.{0,4,8}` convolutions,
    `features.{1,5,9}` batch norms, `fc.{0,3}` linear layers.

    With `maximum_first`, a block takes the maximum before batch norm and ReLU, which have a quarter to do then. In
    evaluation mode both rise with what they are given, rounding included, as long as no scale of the norm is below
    zero: so the answer is the same to the bit.
    """

    maximum_first = False

    def __init__(self, d: int = 512, bands: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels in (1, CHANNELS, CHANNELS):
            layers += [
                nn.Conv2d(channels, CHANNELS, kernel_size=3, stride=1, padding=1),
                nn.BatchNorm2d(CHANNELS),
                nn.ReLU(),
                nn.MaxPool2d(kernel_size=2, stride=2),
            ]
        self.features = nn.Sequential(*layers)
        self.fc = nn.Sequential(
            nn.Linear(CHANNELS * (bands // STRIDE), d), nn.ReLU(), nn.Dropout(p=0.3), nn.Linear(d, d), nn.ReLU()
        )

    def forward(self, spectra: Tensor, frames: Tensor | None = None) -> Tensor:
        """Normalised log-mel of shape (B, 1, bands, T) to steps of shape (B, T // 8, d).

        `frames`, shape (B,), holds each clip's true length where clips were padded with zeros to T.
        A clip's first frames // 8 steps are then the ones it has alone: what lies behind its end is
        set to zero again after each block, so each convolution sees its own zero padding there.
        """
        hidden, lengths = spectra, frames
        for start in range(0, len(self.features), _BLOCK_LAYERS):
            convolution, norm, relu, pooling = self.features[start : start + _BLOCK_LAYERS]
            hidden = convolution(hidden)
            hidden = relu(norm(pooling(hidden))) if self.maximum_first else pooling(relu(norm(hidden)))
            if lengths is not None:
                lengths = lengths // 2
                hidden = hidden * valid_steps(lengths, hidden.shape[-1])[:, None, None, :]
        steps = hidden.permute(0, 3, 2, 1).flatten(start_dim=2)  # feature index = band * 64 + channel
        return self.fc(steps)


def valid_steps(lengths: Tensor, steps: int) -> Tensor:
    """1.0 where a step lies inside its clip, else 0.0: shape (B, steps)."""
    places = torch.arange(steps, device=lengths.device)
    return (places[None, :] < lengths[:, None]).to(torch.float32)


def pool(steps: Tensor, lengths: Tensor) -> Tensor:
    """The clip vector, shape (B, d): maximum plus mean over the first `lengths` steps of (B, S, d).

    Steps come out of a ReLU, so zeros behind a clip's end leave its maximum as it is.
    """
    inside = steps * valid_steps(lengths, steps.shape[1])[:, :, None]
    return inside.amax(dim=1) + inside.sum(dim=1) / lengths[:, None]


def load_encoder(path: Path, d: int) -> AudioNTT2020:
    """The encoder with the weights of `path`, in evaluation mode, on the CPU.

    Nothing in the file is executed (`weights_only=True`). Names may carry a prefix before
    `features.` and `fc.`. Raises `EmbedderError` when the file cannot be read safely, or when its
    names, shapes or types are not those of the encoder.
    """
    found, encoder = _cut_prefixes(read_state_dict("byol", path), path), AudioNTT2020(d)
    require_layout("byol", path, found, encoder.state_dict(), f"AudioNTT2020 with d={d}. {_way_out(found, d)}")
    encoder.load_state_dict(found)
    norms = [layer for layer in encoder.features if isinstance(layer, nn.BatchNorm2d)]
    encoder.maximum_first = all(bool((norm.weight >= 0).all()) for norm in norms)
    return encoder.eval()


def _cut_prefixes(content: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    cut: dict[str, Tensor] = {}
    for name, tensor in content.items():
        start = max(name.rfind(f".{root}") + 1 for root in _ROOTS)
        if name[start:] in cut:
            raise EmbedderError(
                f"byol: {path} holds {name[start:]} twice, the second time as {name}. Expected one encoder. "
                "Save the online encoder's state dict alone."
            )
        cut[name[start:]] = tensor
    return cut


def _way_out(found: Mapping[str, Tensor], d: int) -> str:
    width = found["fc.0.weight"].shape[0] if "fc.0.weight" in found and found["fc.0.weight"].ndim == 2 else d
    return f"The file looks like d={width}: set `d: {width}`" if width != d else "Give weights of this network"
