"""wav2vec 2.0, HuBERT, WavLM and XLS-R networks of torchaudio's pipelines, pooled to one vector a clip.

torchaudio's own batches let clips see each other in three ways, so its modules are called in two steps here:

- the first convolution of the base networks is followed by a group norm over all of time, padding included;
- `extract_features` of the large bundles normalises the waveforms over the whole batch;
- WavLM refuses lengths, so it cannot mask at all.

Therefore waveforms are normalised and convolved one clip at a time. Only the transformer runs in
batches: padded and masked by the clips' own lengths, or, for WavLM, over clips of equal length.
"""

from __future__ import annotations

import functools
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from embedders.base import Clip, EmbedderError, Vectors
from embedders.common import require_samples
from embedders.steps import are_frames, timed
from embedders.torch_common import (
    DEVICES,
    POOLINGS,
    PRECISIONS,
    arithmetic,
    choose_device,
    exact,
    passes,
    pooled,
    require_one_of,
    to_device,
    tolerance_at,
    whitened,
)

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Network:
    """What a constructor must know of a bundle without importing torchaudio."""

    layers: int
    width: int
    masks: bool = True  # False: takes no lengths


BUNDLES = {
    "WAV2VEC2_BASE": Network(12, 768),
    "WAV2VEC2_LARGE": Network(24, 1024),
    "WAV2VEC2_LARGE_LV60K": Network(24, 1024),
    "WAV2VEC2_XLSR53": Network(24, 1024),
    "WAV2VEC2_XLSR_300M": Network(24, 1024),
    "WAV2VEC2_XLSR_1B": Network(48, 1280),
    "WAV2VEC2_XLSR_2B": Network(48, 1920),
    "HUBERT_BASE": Network(12, 768),
    "HUBERT_LARGE": Network(24, 1024),
    "HUBERT_XLARGE": Network(48, 1280),
    "WAVLM_BASE": Network(12, 768, masks=False),
    "WAVLM_BASE_PLUS": Network(12, 768, masks=False),
    "WAVLM_LARGE": Network(24, 1024, masks=False),
}
MIN_SAMPLES, HOP = 400, 320  # a frame: the seven convolutions see 400 samples every 320
_FRAMES_A_PASS = {"cpu": 1500, "cuda": 20000}  # padded frames in one forward pass: bounds memory, changes no vector


class TorchaudioPipeline:
    """Frames of one transformer layer, or the mean of all layers, pooled over a clip's own frames.

    `weights` is the state dict that torchaudio publishes for the bundle; nothing is downloaded. `layer` counts
    from 1 (the first transformer layer); "mean" weighs all layers alike. `pooling` and `precision` are one of
    `POOLINGS` and `PRECISIONS` of `embedders.torch_common`; waveforms are normalised and layers pooled in float32.
    """

    sample_rate = 16000
    min_seconds = MIN_SAMPLES / 16000
    tolerance = 1e-4  # on a CPU a batch differs by 2e-7 from its clips alone; the rest is room for other devices

    def __init__(
        self,
        weights: str | Path | None = None,
        *,
        bundle: str = "WAV2VEC2_BASE",
        layer: int | str = "mean",
        pooling: str = "mean",
        device: str = "auto",
        precision: str = "float32",
    ) -> None:
        for name, value, allowed in (
            ("bundle", bundle, tuple(BUNDLES)),
            ("pooling", pooling, POOLINGS),
            ("device", device, DEVICES),
            ("precision", precision, PRECISIONS),
        ):
            require_one_of("torchaudio", name, value, allowed)
        self._network = BUNDLES[bundle]
        if layer != "mean" and (type(layer) is not int or not 1 <= layer <= self._network.layers):
            raise EmbedderError(
                f"torchaudio {bundle}: layer is {layer!r}, expected 'mean' or a number from 1 to "
                f"{self._network.layers}."
            )
        self.dim = self._network.width * (1 + pooling.count("+"))
        self._bundle = bundle
        self._layer = None if layer == "mean" else int(layer)
        self._pooling = pooling
        self._weights = None if weights is None else Path(weights)
        self._device, self._precision = device, precision
        self.tolerance = tolerance_at(precision, self.tolerance)
        if not are_frames(pooling):
            self.embed_frames = None  # type: ignore[method-assign, assignment]
        self._loaded: tuple[Any, bool, str] | None = None

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), dim), dim once or twice the network's width.

        Raises `EmbedderError` for a clip below 400 samples, and for weights that are missing or of another network.
        """
        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        for place, steps in self._steps(clips):
            vectors[place] = pooled(steps, self._pooling).cpu().numpy()
        return vectors

    def embed_frames(self, clips: Sequence[Clip]) -> list[tuple[Vectors, NDArray[np.float64]]]:
        """For each clip a vector every 20 ms, shape (frames, width), and the centres of what the convolutions see.

        Raises as `embed`. None for a pooling that makes the vector longer than a frame.
        """
        found = ((place, steps.cpu().numpy()) for place, steps in self._steps(clips))
        return timed(found, clips, hop=HOP, first=(MIN_SAMPLES - 1) / 2, rate=self.sample_rate)

    def _steps(self, clips: Sequence[Clip]) -> Iterator[tuple[int, Tensor]]:
        """For each place in `clips`, in any order, its own frames of shape (frames, width)."""
        import torch

        require_samples(clips, MIN_SAMPLES, f"torchaudio {self._bundle}")
        model, normalise, device = self._load()
        with torch.inference_mode(), exact():
            features = [self._convolved(clip, model, normalise, device) for clip in clips]
        frames = [len(feature) for feature in features]
        for places in passes(frames, _FRAMES_A_PASS[device], mixed=self._network.masks):
            with torch.inference_mode(), exact():
                steps = self._encoded([features[place] for place in places], model)
            for place, own in zip(places, steps, strict=True):
                yield place, own[: frames[place]]

    def _convolved(self, clip: Clip, model: Any, normalise: bool, device: str) -> Tensor:
        """The convolutional features of one clip, shape (frames, channels)."""
        wave = to_device(clip, device)
        if normalise:
            wave = whitened(wave, epsilon=1e-5)
        with arithmetic(self._precision, device):
            features: Tensor = model.feature_extractor(wave[None], None)[0][0]
        return features.float()

    def _encoded(self, features: Sequence[Tensor], model: Any) -> Tensor:
        """The chosen layer, or the mean of all, for clips padded to the longest: shape (B, frames, width)."""
        import torch

        padded = torch.nn.utils.rnn.pad_sequence(list(features), batch_first=True)
        frames = [len(feature) for feature in features]
        lengths = torch.tensor(frames, device=padded.device) if min(frames) < max(frames) else None
        with arithmetic(self._precision, padded.device.type):
            layers: list[Tensor] = model.encoder.extract_features(padded, lengths, self._layer)
        layers = [layer.float() for layer in layers]
        return layers[-1] if self._layer else functools.reduce(torch.add, layers) / len(layers)

    def _load(self) -> tuple[Any, bool, str]:
        """The network in evaluation mode, whether it wants normalised waveforms, and the device it is on."""
        if self._loaded is None:
            device = choose_device(f"torchaudio {self._bundle}", self._device, self._precision)
            model = self._read()
            network = getattr(model, "model", model)  # the large bundles wrap it, to normalise waveforms
            self._loaded = network.to(device), network is not model, device
        return self._loaded

    def _read(self) -> Any:
        import torchaudio

        who, path = f"torchaudio {self._bundle}", self._weights
        if path is None:
            raise EmbedderError(
                f"{who}: found no weights, expected the state dict that torchaudio publishes for this bundle (nothing "
                "is downloaded, for no sha256 of it is published). Fetch it and name it in `weights:`."
            )
        if not path.is_file():  # torch.hub would download it to there
            raise EmbedderError(f"{who}: no weights at {path}, expected a PyTorch state dict. Correct the path.")
        found = {"model_dir": str(path.parent), "file_name": path.name, "map_location": "cpu", "weights_only": True}
        try:
            return getattr(torchaudio.pipelines, self._bundle).get_model(dl_kwargs=found)
        except pickle.UnpicklingError as error:
            raise EmbedderError(
                f"{who}: {path} holds more than tensors ({_told(error)}) and was not opened, for it could run code. "
                "Expected a plain state dict. Fetch the published file."
            ) from error
        except (RuntimeError, TypeError, AttributeError, EOFError, OSError, ValueError, KeyError) as error:
            raise EmbedderError(
                f"{who}: {path} cannot be loaded ({_told(error)}), expected the state dict of {self._bundle}. Give the "
                "file that torchaudio publishes for this bundle; if it is that, fetch it again."
            ) from error


def _told(error: Exception) -> str:
    """What torch says, on one line: of a state dict that does not fit, the first keys of each kind."""
    lines = [line.strip().rstrip(".") for line in str(error).splitlines() if line.strip()]
    shown = [line if len(line) <= 160 else f"{line[:160]}…" for line in lines[:3]]
    rest = f"; and {len(lines) - 3} more lines" if len(lines) > 3 else ""
    return "; ".join(shown) + rest if shown else type(error).__name__
