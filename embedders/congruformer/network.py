"""The network: convolutions, a bidirectional GRU that asks, attention over the convolutions, attention pooling."""

from __future__ import annotations

import math
from pathlib import Path

import torch
import torchaudio
from torch import Tensor, nn
from torch.nn import functional

from embedders.congruformer.variants import Variant
from embedders.torch_common import read_state_dict, require_layout

N_FFT, HOP = 512, 256
LOWEST, HIGHEST = -90.0, 27.0  # dB that are scaled to 0 and 1
CLASSIFIER = "classifier."  # names of the layer behind the vector, in checkpoints of a whole classifier


class Decibels(nn.Module):
    """Waves (B, n) to mel power in dB from -90 to 27, scaled to [0, 1], shape (B, bands, 1 + n // 256)."""

    def __init__(self, sample_rate: int, bands: int) -> None:
        super().__init__()
        self.mel = torchaudio.transforms.MelSpectrogram(
            sample_rate, n_fft=N_FFT, hop_length=HOP, n_mels=bands, mel_scale="slaney", norm="slaney"
        )

    def forward(self, waves: Tensor) -> Tensor:
        """Scaled spectrograms; silence is 0."""
        decibel = 10.0 * torch.log10(self.mel(waves).clamp(min=10.0 ** (LOWEST / 10)))
        return ((decibel - LOWEST) / (HIGHEST - LOWEST)).clamp(0.0, 1.0)


class Samples(nn.Module):
    """Waves (B, n) as one channel, shape (B, 1, n)."""

    def forward(self, waves: Tensor) -> Tensor:
        """The same samples."""
        return waves[:, None]


class Convolution(nn.Module):
    """Conv1d without bias, batch norm, GELU, dropout; with `residual`, plus the input at the new length.

    The shortcut is averaged down to the new length, after a 1 × 1 convolution with batch norm where
    the channels differ.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, padding: int, *, residual: bool, dropout: float
    ) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv1d(inputs, outputs, kernel, stride, padding, bias=False),
            nn.BatchNorm1d(outputs),
            nn.GELU(),
            nn.Dropout(dropout),
        )
        self.residual = residual
        if residual and inputs != outputs:
            self.projection: nn.Module = nn.Sequential(
                nn.Conv1d(inputs, outputs, 1, bias=False), nn.BatchNorm1d(outputs)
            )
        else:
            self.projection = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, T) to (B, outputs, T')."""
        hidden = self.branch(x)
        if not self.residual:
            return hidden
        return hidden + functional.adaptive_avg_pool1d(self.projection(x), hidden.shape[-1])


class Layer(nn.Module):
    """Pre-norm attention of a query sequence over a source, then a feed-forward network four times as wide."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.source_norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, dropout, batch_first=True)
        self.norm = nn.LayerNorm(width)
        wide, drop = 4 * width, nn.Dropout(dropout)
        self.feed_forward = nn.Sequential(nn.Linear(width, wide), nn.GELU(), drop, nn.Linear(wide, width), drop)

    def forward(self, query: Tensor, source: Tensor) -> Tensor:
        """Both of shape (B, T, width); answers the new query."""
        normed = self.source_norm(source)
        query = query + self.attention(query, normed, normed, need_weights=False)[0]
        return query + self.feed_forward(self.norm(query))


class AttentionPooling(nn.Module):
    """One learned query over the sequence, added to what it finds, layer norm: (B, T, width) to (B, width)."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(1, 1, width) / math.sqrt(width))
        self.attention = nn.MultiheadAttention(width, heads, dropout, batch_first=True)
        self.norm = nn.LayerNorm(width)

    def forward(self, sequence: Tensor) -> Tensor:
        """The vector of each sequence."""
        query = self.query.expand(len(sequence), -1, -1)
        found = self.attention(query, sequence, sequence, need_weights=False)[0]
        return self.norm(query + found)[:, 0]


class Network(nn.Module):
    """Everything before the classifier. The attention layers share one set of weights."""

    def __init__(self, variant: Variant, dropout: float = 0.1) -> None:
        super().__init__()
        self.repeats = variant.layers
        convolutions = []
        inputs = variant.inputs
        sizes = zip(variant.channels, variant.kernels, variant.strides, strict=True)
        for number, (outputs, kernel, stride) in enumerate(sizes, start=1):
            residual = variant.residual_from is not None and number >= variant.residual_from
            convolutions.append(
                Convolution(inputs, outputs, kernel, stride, variant.padding, residual=residual, dropout=dropout)
            )
            inputs = outputs
        self.convolutions = nn.Sequential(*convolutions)
        self.gru: nn.GRU | None = None
        if variant.channels:
            self.gru = nn.GRU(inputs, variant.gru_units, variant.gru_layers, batch_first=True, bidirectional=True)
            self.source = nn.Sequential(nn.Linear(inputs, variant.width), nn.ReLU())
            self.query = nn.Sequential(
                nn.Linear(2 * variant.gru_units, variant.width), nn.LayerNorm(variant.width), nn.ReLU()
            )
        self.layer = Layer(variant.width, variant.heads, dropout)
        self.pooling = AttentionPooling(variant.width, variant.heads, dropout)

    def forward(self, inputs: Tensor) -> Tensor:
        """Inputs (B, channels, T), all of one length, to vectors (B, width)."""
        hidden = self.convolutions(inputs).transpose(1, 2)
        if self.gru is None:
            query = hidden + positions(hidden)
            for _ in range(self.repeats):
                query = self.layer(query, query)
            return self.pooling(query)
        source, query = self.source(hidden), self.query(self.gru(hidden)[0])
        source, query = source + positions(source), query + positions(query)
        for _ in range(self.repeats):
            query = self.layer(query, source)
        return self.pooling(query)


def positions(sequence: Tensor) -> Tensor:
    """Sinusoidal positions for a sequence (B, T, width), shape (T, width): sines at even places, cosines at odd."""
    _, steps, width = sequence.shape
    places = torch.arange(steps, dtype=torch.float32, device=sequence.device)[:, None]
    rates = torch.exp(torch.arange(0, width, 2, device=sequence.device) * (-math.log(10000.0) / width))
    return torch.stack([torch.sin(places * rates), torch.cos(places * rates)], dim=2).flatten(start_dim=1)


def load_network(variant: Variant, name: str, path: Path) -> Network:
    """The network with the weights of `path`, in evaluation mode, on the CPU.

    Nothing in the file is executed. A classifier's own layer (`classifier.`) may be in it and is left
    out. Raises `EmbedderError` for a file that cannot be read or holds another network.
    """
    held = read_state_dict("congruformer", path)
    found = {key: tensor for key, tensor in held.items() if not key.startswith(CLASSIFIER)}
    network = Network(variant)
    require_layout("congruformer", path, found, network.state_dict(), f"the state dict of variant {name!r}")
    network.load_state_dict(found)
    return network.eval()


def untrained_network(variant: Variant, seed: int) -> Network:
    """The network with random weights from `seed`, in evaluation mode; torch's own generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Network(variant).eval()
