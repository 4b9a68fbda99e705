"""The variants of ConGRUFormer as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One architecture. Without `channels` there are no convolutions and no GRU: `inputs` is then `width`.

    `shortest` and `longest` are samples: shorter clips are padded by the engine, longer ones are cut.
    """

    sample_rate: int
    inputs: int  # channels of the input: mel bands, or 1 for samples
    channels: tuple[int, ...] = ()
    kernels: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    padding: int = 0
    residual_from: int | None = None  # the first convolution, counted from 1, that has a shortcut
    gru_units: int = 256
    gru_layers: int = 2
    width: int
    heads: int
    layers: int = 4
    shortest: int
    longest: int


_MEL = {"sample_rate": 22050, "inputs": 96, "shortest": 64 * 256, "longest": 4999 * 256}  # 65 to 5000 frames
_FIVE = {"kernels": (3,) * 5, "strides": (2,) * 5}

VARIANTS = {
    "spectrogram": Variant(**_MEL, **_FIVE, channels=(512, 512, 1024, 1024, 512), padding=1, width=432, heads=6),
    "spectrogram_small": Variant(**_MEL, **_FIVE, channels=(128, 256, 512, 1024, 512), width=312, heads=6),
    "audio": Variant(
        sample_rate=16000,
        inputs=1,
        channels=(128, 256, 512, 1024, 512, 256),
        kernels=(10, 5, 3, 3, 3, 3),
        strides=(7, 3, 2, 2, 2, 2),
        residual_from=3,
        width=312,
        heads=6,
        shortest=32000,
        longest=128000,
    ),
    "transformer": Variant(**_MEL, width=96, heads=16),
}
