"""The AudioNTT2020 encoder (Koizumi et al., arXiv 2007.00225; used by BYOL-A, arXiv 2103.06695) and its loader."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from embedders.base import EmbedderError

CHANNELS = 64
BLOCKS = 3
STRIDE = 2**BLOCKS  # spectrogram frames in one step of the output
_BLOCK_LAYERS = 4  # convolution, batch norm, ReLU, pooling
_ROOTS = ("features.", "fc.")


class AudioNTT2020(nn.Module):
    """Three convolution blocks over (mel, time), then two linear layers a time step.

    Layer names and places follow the published state dicts: `features.{0,4,8}` convolutions,
    `features.{1,5,9}` batch norms, `fc.{0,3}` linear layers.
    """

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
            for layer in self.features[start : start + _BLOCK_LAYERS]:
                hidden = layer(hidden)
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
    names or shapes are not those of the encoder.
    """
    found = _cut_prefixes(_read(path), path)
    encoder = AudioNTT2020(d)
    expected = encoder.state_dict()
    problems = [f"{name} is missing" for name in expected if name not in found]
    problems += [f"{name} is not part of the encoder" for name in found if name not in expected]
    problems += [
        f"{name} has shape {tuple(found[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in found and found[name].shape != tensor.shape
    ]
    if problems:
        shown = "; ".join(problems[:3]) + (f"; and {len(problems) - 3} more" if len(problems) > 3 else "")
        raise EmbedderError(f"byol: {path}: {shown}. Expected AudioNTT2020 with d={d}. {_way_out(found, d)}")
    encoder.load_state_dict(found)
    return encoder.eval()


def _read(path: Path) -> Mapping[str, Tensor]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise EmbedderError(f"byol: no weights at {path}, expected a PyTorch state dict. Correct the path.") from None
    except pickle.UnpicklingError as error:
        raise EmbedderError(
            f"byol: {path} holds more than tensors ({_first_line(error)}) and was not opened, for it could run code. "
            "Expected a plain state dict. Save `encoder.state_dict()` with torch.save, or fetch the published file."
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise EmbedderError(
            f"byol: {path} cannot be read as a PyTorch file ({_first_line(error)}). Expected a state dict written by "
            "torch.save. The file may be cut short: fetch it again."
        ) from error
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise EmbedderError(
            f"byol: {path} holds {_describe(content)}, expected a state dict (names to tensors). "
            "Save `encoder.state_dict()` alone."
        )
    return content


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
    return f"The file looks like d={width}: set `d: {width}`." if width != d else "Give weights of this network."


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _describe(content: object) -> str:
    if isinstance(content, Mapping):
        odd = next(name for name, value in content.items() if not isinstance(value, Tensor))
        return f"a mapping whose {odd!r} is a {type(content[odd]).__name__}"
    return f"a {type(content).__name__}"
