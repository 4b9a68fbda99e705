"""The networks of PANNs (Kong et al., arXiv 1912.10211) up to the layer before the classifier, and their loader.

Layer names and places follow the published state dicts: `bn0`, `conv_block1.conv1` … and `fc1`.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from embedders.panns.variants import BANDS, Variant
from embedders.torch_common import read_state_dict, require_layout

CLASSIFIER = ("fc_audioset.weight", "fc_audioset.bias")  # in the files, of no use here


class Block(nn.Module):
    """Convolutions without bias, each with batch norm and ReLU; zeros around keep the size."""

    def __init__(self, inputs: int, outputs: int, kernel: int, convolutions: int) -> None:
        super().__init__()
        self.pairs = [(f"conv{number}", f"bn{number}") for number in range(1, convolutions + 1)]
        for convolution, norm in self.pairs:
            self.add_module(convolution, nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False))
            self.add_module(norm, nn.BatchNorm2d(outputs))
            inputs = outputs

    def forward(self, hidden: Tensor, frames: Tensor | None) -> Tensor:
        """(B, inputs, T, bands) to (B, outputs, T, bands); `frames` as in `zeroed`."""
        for convolution, norm in self.pairs:
            convolved = self.get_submodule(convolution)(zeroed(hidden, frames))
            hidden = functional.relu_(self.get_submodule(norm)(convolved))
        return hidden


class Network(nn.Module):
    """A batch norm over the mel bands, blocks, the mean over bands, maximum plus mean over time, a linear layer, ReLU.

    Dropout and the masking of bands and frames belong to training and are left out.
    """

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self.bn0 = nn.BatchNorm2d(BANDS)
        self.blocks = [f"conv_block{number}" for number in range(1, len(variant.channels) + 1)]
        self.poolings = variant.poolings
        inputs = 1
        for name, outputs in zip(self.blocks, variant.channels, strict=True):
            self.add_module(name, Block(inputs, outputs, variant.kernel, variant.convolutions))
            inputs = outputs
        self.fc1 = nn.Linear(inputs, inputs)

    def forward(self, spectra: Tensor, frames: Tensor | None = None) -> Tensor:
        """Log-mel in dB of shape (B, T, 64) to clip vectors (B, channels[-1]), none below zero.

        `frames`, shape (B,), holds each clip's true length where clips were padded to T. What lies behind a clip's end
        is set to zero before each convolution and before the maximum, so that a clip has the vector that it has alone.
        Averages over 2 × 2 leave out a last frame without a partner, alone as in a batch.
        """
        hidden, lengths = self.bn0(spectra.transpose(1, 2)[..., None]).permute(0, 3, 2, 1), frames
        for place, name in enumerate(self.blocks):
            hidden = self.get_submodule(name)(hidden, lengths)
            if place < self.poolings:
                hidden = functional.avg_pool2d(hidden, 2)
                lengths = None if lengths is None else lengths // 2
        # out of a ReLU: zeros leave the maximum as it is
        steps = zeroed(hidden, lengths).float().mean(dim=3)
        count = steps.shape[2] if lengths is None else lengths[:, None]
        return functional.relu(self.fc1(steps.amax(dim=2) + steps.sum(dim=2) / count))


def zeroed(hidden: Tensor, frames: Tensor | None) -> Tensor:
    """`hidden`, shape (B, C, T, bands), once each clip's places in T from its `frames` (B,) on are set to zero in it.

    None stands for clips that all fill T.
    """
    if frames is None:
        return hidden
    inside = torch.arange(hidden.shape[2], device=hidden.device) < frames[:, None]
    return hidden.mul_(inside[:, None, :, None])


class _LeftOut:
    """Stands in for an array of numpy while a file is read: it takes what would make one, and keeps nothing."""

    def __init__(self, *_parts: object) -> None:
        pass

    def __setstate__(self, _state: object) -> None:
        pass


# the files come out of training, and some hold the state of its sampler beside the network: lists of numpy arrays,
# which torch refuses to read (`weights_only=True`) unless it is told what the names mean
_ARRAYS = [
    (_LeftOut, f"numpy.{name}")
    for name in ("ndarray", "dtype", "core.multiarray._reconstruct", "_core.multiarray._reconstruct")
]


def load_network(path: Path, variant: Variant) -> Network:
    """The network with the weights that `path` holds under `model`, in evaluation mode, on the CPU.

    Nothing in the file is executed (`weights_only=True`). The classifier is left out, and so are the constants of the
    spectrogram, whose shapes tell for which rate a file was made. Raises `EmbedderError` when the file cannot be read
    safely, or when its names, shapes or types are not those of the network.
    """
    with torch.serialization.safe_globals(_ARRAYS):
        content = read_state_dict("panns", path, inside="model")
    found = {name: tensor for name, tensor in content.items() if name not in CLASSIFIER}
    with torch.device("meta"):  # shapes alone: the weights come from the file
        network = Network(variant)
        constants = {name: torch.empty(shape) for name, shape in spectrogram_layout(variant).items() if name in found}
    own = network.state_dict()
    wanted = f"{variant.title} at {variant.sample_rate} Hz. Give its published file, or the row that this file is for"
    require_layout("panns", path, found, {**own, **constants}, wanted)
    network.load_state_dict({name: found[name] for name in own}, assign=True)
    return network.eval()


def spectrogram_layout(variant: Variant) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the constants that published files hold: Fourier matrices under the window, mel filters."""
    bins = variant.n_fft // 2 + 1
    fourier = (bins, 1, variant.n_fft)
    return {
        "spectrogram_extractor.stft.conv_real.weight": fourier,
        "spectrogram_extractor.stft.conv_imag.weight": fourier,
        "logmel_extractor.melW": (bins, BANDS),
    }
