"""The musicnn network (Pons and Serra, arXiv 1909.06654) and the loader of its arrays."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from embedders.base import EmbedderError
from embedders.musicnn.frontend import BANDS
from embedders.musicnn.tags import TAGS
from embedders.torch_common import first_line, require_layout

FRAMES = 187  # of a window: 3 s
UNITS = 200  # of the penultimate layer
TIMBRAL, TEMPORAL, MIDDLE = 204, 51, 64  # filters of a layer
_EPSILON = 1e-3  # of batch norm: TensorFlow's default, not torch's
# kernels of so few frames take them as channels of one frame each: CPU kernels for a single channel are half as fast
_AS_CHANNELS = 7


class Block(nn.Module):
    """Convolution of one channel, ReLU, batch norm. Zeros around keep the number of frames, not of bands."""

    def __init__(self, filters: int, frames: int, bands: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, filters, (frames, bands))
        self.norm = nn.BatchNorm2d(filters, eps=_EPSILON)
        self.around = (0, 0, (frames - 1) // 2, frames // 2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, T, bands) to (B, filters, T, bands left)."""
        padded = functional.pad(x, self.around)
        kernel = self.convolution.weight
        if kernel.shape[2] <= _AS_CHANNELS:  # the same sums
            padded = padded[:, 0].unfold(1, kernel.shape[2], 1).permute(0, 3, 1, 2)
            kernel = kernel.transpose(1, 2)
        return self.norm(functional.relu_(functional.conv2d(padded, kernel, self.convolution.bias)))


class Network(nn.Module):
    """Front end: two timbral and three temporal convolutions, each maximum-pooled over frequency.

    Mid end: three convolutions over time, the last two added to what they read. Back end: maximum
    and mean over time of all layers side by side, a dense layer, an output layer of one unit a tag.
    """

    def __init__(self) -> None:
        super().__init__()
        timbral = [Block(TIMBRAL, 7, BANDS * share // 10) for share in (4, 7)]
        temporal = [Block(TEMPORAL, frames, 1) for frames in (128, 64, 32)]
        front = 2 * TIMBRAL + 3 * TEMPORAL
        pooled = 2 * (front + 3 * MIDDLE)
        self.norm = nn.BatchNorm2d(1, eps=_EPSILON)
        self.front = nn.ModuleList([*timbral, *temporal])
        self.middle = nn.ModuleList([Block(MIDDLE, 7, width) for width in (front, MIDDLE, MIDDLE)])
        self.pooled_norm = nn.BatchNorm1d(pooled, eps=_EPSILON)
        self.dense = nn.Linear(pooled, UNITS)
        self.dense_norm = nn.BatchNorm1d(UNITS, eps=_EPSILON)
        self.output = nn.Linear(UNITS, len(TAGS))

    def forward(self, spectra: Tensor) -> tuple[Tensor, Tensor]:
        """Log-mel of shape (B, 187, 96) to the penultimate layer (B, 200) and tag probabilities (B, 50)."""
        normed = self.norm(spectra[:, None])
        layers = [torch.cat([block(normed).amax(dim=3) for block in self.front], dim=1)]
        for block in self.middle:
            convolved = block(layers[-1].transpose(1, 2)[:, None])[..., 0]
            layers.append(convolved if len(layers) == 1 else convolved + layers[-1])
        hidden = torch.cat(layers, dim=1)
        pooled = torch.stack([hidden.amax(dim=2), hidden.mean(dim=2)], dim=2).flatten(start_dim=1)
        penultimate = self.dense_norm(functional.relu(self.dense(self.pooled_norm(pooled))))
        return penultimate, torch.sigmoid(self.output(penultimate))


def arrays(network: Network) -> dict[str, Tensor]:
    """Names and shapes of the TensorFlow checkpoint, as views of the tensors of `network`."""
    views: dict[str, Tensor] = {}
    counts = {"conv2d": 0, "dense": 0, "batch_normalization": 0}
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            kind, held = "conv2d", {"kernel": module.weight.permute(2, 3, 1, 0), "bias": module.bias}
        elif isinstance(module, nn.Linear):
            kind, held = "dense", {"kernel": module.weight.T, "bias": module.bias}
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            kind, held = "batch_normalization", {"gamma": module.weight, "beta": module.bias}
            held |= {"moving_mean": module.running_mean, "moving_variance": module.running_var}
        else:
            continue
        name = f"{kind}_{counts[kind]}" if counts[kind] else kind
        counts[kind] += 1
        views |= {f"{name}/{part}": tensor.detach() for part, tensor in held.items()}
    return views


def load_network(path: Path) -> Network:
    """The network with the arrays of `path`, in evaluation mode, on the CPU.

    Nothing in the file is executed (`allow_pickle=False`). Raises `EmbedderError` when the file cannot
    be read, or when its names, shapes or types are not those of the network.
    """
    found = _read(path)
    network = Network()
    expected = arrays(network)
    require_layout("musicnn", path, found, expected, "the arrays of MTT_musicnn, exported as docs/embedders.md says")
    for name, view in expected.items():
        view.copy_(torch.from_numpy(found[name]))
    return network.eval()


def _read(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with np.load(path, allow_pickle=False) as content:
            return dict(content)
    except FileNotFoundError:
        raise EmbedderError(f"musicnn: no weights at {path}, expected an .npz file. Correct the path.") from None
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise EmbedderError(
            f"musicnn: {path} cannot be read as plain arrays ({first_line(error)}). Expected an .npz file written by "
            "numpy.savez. The file may be cut short: copy it again."
        ) from error
