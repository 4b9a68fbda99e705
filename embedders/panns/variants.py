"""The networks of PANNs as data (Kong et al., arXiv 1912.10211)."""

from __future__ import annotations

from dataclasses import dataclass

BANDS = 64  # mel bands of every spectrogram, and so features of the first batch norm


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One network with its spectrogram.

    Block i has `convolutions` of `kernel` × `kernel` to `channels[i]`; the first `poolings` blocks end with an average
    over 2 × 2. The spectrogram has a frame every `hop` samples, its bands lie between 50 Hz and `high` Hz.
    """

    title: str
    sample_rate: int
    n_fft: int  # samples in a frame; its window is as long
    hop: int
    high: float
    channels: tuple[int, ...]
    kernel: int = 3
    convolutions: int = 2
    poolings: int

    @property
    def shortest(self) -> int:
        """The fewest samples of which the poolings leave a step; more than the n_fft // 2 that are mirrored."""
        return (2**self.poolings - 1) * self.hop


_32K = {"sample_rate": 32000, "n_fft": 1024, "hop": 320, "high": 14000.0}
_16K = {"sample_rate": 16000, "n_fft": 512, "hop": 160, "high": 8000.0}
_FOURTEEN = {"channels": (64, 128, 256, 512, 1024, 2048), "poolings": 5}  # none after the sixth block
_TEN = {"channels": (64, 128, 256, 512), "poolings": 4}

VARIANTS = {
    "cnn14": Variant(title="Cnn14", **_32K, **_FOURTEEN),
    "cnn14_16k": Variant(title="Cnn14_16k", **_16K, **_FOURTEEN),
    "cnn10": Variant(title="Cnn10", **_32K, **_TEN),
    "cnn6": Variant(title="Cnn6", **_32K, **_TEN, kernel=5, convolutions=1),
}
