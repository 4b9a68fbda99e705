"""The CvT encoder (Wu et al., arXiv 2103.15808) in the small form of BYOL-S/CvT (SERAB, arXiv 2110.03414).

Layer names and places follow the published state dicts: `layers.{stage}.{0 convolution, 1 norm, 2 transformer}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from embedders.torch_common import read_state_dict, require_layout

STAGES = ((7, 4, 3, 1), (3, 2, 1, 3), (3, 2, 1, 6))  # kernel, stride and padding of the embedding; heads
HEAD = 64  # width of an attention head
_EPSILON = 1e-5  # added to the standard deviation, not to the variance


class ChannelNorm(nn.Module):
    """Normalises each place over its channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.g = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.b = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, mel, time), unchanged in shape."""
        mean = x.mean(dim=1, keepdim=True)
        deviation = x.var(dim=1, correction=0, keepdim=True).sqrt()
        return (x - mean) / (deviation + _EPSILON) * self.g + self.b


class Projection(nn.Module):
    """Depthwise 3 × 3 convolution, batch norm, 1 × 1 convolution, all without bias."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False),
            nn.BatchNorm2d(inputs),
            nn.Conv2d(inputs, outputs, 1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, mel, time) to (B, outputs, mel / stride, time / stride), rounded up."""
        return self.net(x)


class Attention(nn.Module):
    """Every place asks all places of a map of half the size each way."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = Projection(channels, heads * HEAD, stride=1)
        self.to_kv = Projection(channels, 2 * heads * HEAD, stride=2)
        self.to_out = nn.Sequential(nn.Conv2d(heads * HEAD, channels, 1), nn.Dropout(0.0))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, mel, time), unchanged in shape."""
        query, (key, value) = self.to_q(x), self.to_kv(x).chunk(2, dim=1)
        split = [each.reshape(len(x), self.heads, HEAD, -1).transpose(2, 3) for each in (query, key, value)]
        found = functional.scaled_dot_product_attention(*split)
        return self.to_out(found.transpose(2, 3).reshape(query.shape))


class FeedForward(nn.Module):
    """1 × 1 convolution to four times the channels, GELU, and back."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(channels, 4 * channels, 1), nn.GELU(), nn.Dropout(0.0), nn.Conv2d(4 * channels, channels, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, mel, time), unchanged in shape."""
        return self.net(x)


class Residual(nn.Module):
    """A function of the normed input, added to the input."""

    def __init__(self, channels: int, function: nn.Module) -> None:
        super().__init__()
        self.norm = ChannelNorm(channels)
        self.fn = function

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, mel, time), unchanged in shape."""
        return x + self.fn(self.norm(x))


class Transformer(nn.Module):
    """One layer of attention and feed-forward, without positions."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        pair = nn.Sequential(Residual(channels, Attention(channels, heads)), Residual(channels, FeedForward(channels)))
        self.layers = nn.ModuleList([pair])

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, mel, time), unchanged in shape."""
        for layer in self.layers:
            x = layer(x)
        return x


class CvT(nn.Module):
    """Three stages of convolutional embedding, norm and transformer, of `widths` channels."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        stages, inputs = [], 1
        for width, (kernel, stride, padding, heads) in zip(widths, STAGES, strict=True):
            convolution = nn.Conv2d(inputs, width, kernel, stride, padding)
            stages.append(nn.Sequential(convolution, ChannelNorm(width), Transformer(width, heads)))
            inputs = width
        self.layers = nn.Sequential(*stages)

    def forward(self, spectra: Tensor) -> Tensor:
        """Normalised log-mel (B, 1, 64, T), all of one length, to maps (B, widths[-1], 4, steps of 16 frames)."""
        return self.layers(spectra)


def load_encoder(path: Path, widths: Sequence[int]) -> CvT:
    """The encoder with the weights of `path`, in evaluation mode, on the CPU.

    Nothing in the file is executed. Raises `EmbedderError` for a file that cannot be read or holds
    another network.
    """
    found, encoder = read_state_dict("byol_cvt", path), CvT(widths)
    wanted = f"the state dict of a CvT with {'/'.join(map(str, widths))} channels"
    require_layout("byol_cvt", path, found, encoder.state_dict(), wanted)
    encoder.load_state_dict(found)
    return encoder.eval()
