"""Networks that convolve the waveform: wav2vec 2.0, HuBERT, WavLM, UniSpeech-SAT, data2vec-audio, MERT.

The base networks' first convolution is followed by a group norm over all of time, padding included, and their
checkpoints come without an attention mask for that reason. So waveforms are normalised and convolved one clip at a
time; only the transformer runs in batches, padded and masked by the clips' own lengths.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from embedders.base import Clip, EmbedderError
from embedders.torch_common import arithmetic, passes, to_device, whitened
from embedders.transformers.layers import chosen_layers, read_layers
from embedders.transformers.loading import Checkpoint
from embedders.transformers.source import PREPROCESSOR

_FRAMES_A_PASS = {"cpu": 1500, "cuda": 20000}  # padded frames in one forward pass: bounds memory, changes no vector
_EPSILON = 1e-7  # that Wav2Vec2FeatureExtractor adds to the variance
MIN_SAMPLES = 400


class Waveform:
    """One checkpoint on one device. Its steps are `hop` samples apart, the first is centred at sample `first`."""

    def __init__(
        self,
        who: str,
        checkpoint: Checkpoint,
        preprocessor: Mapping[str, Any],
        layer: int | str,
        device: str,
        *,
        precision: str,
    ) -> None:
        self._network = checkpoint.network.to(device)
        self._mixed = checkpoint.kind.mixed
        self._layers = chosen_layers(who, self._network, layer)
        self._device, self._precision = device, precision
        normalise = preprocessor.get("do_normalize")
        if not isinstance(normalise, bool):
            raise EmbedderError(
                f"{who}: do_normalize in {PREPROCESSOR} is {normalise!r}, expected true or false. Fetch the file again."
            )
        self._normalise = normalise
        config, field = self._network.config, 1
        self.hop = math.prod(config.conv_stride)
        for kernel, stride in reversed(list(zip(config.conv_kernel, config.conv_stride, strict=True))):
            field = (field - 1) * stride + kernel
        if field > MIN_SAMPLES:
            raise EmbedderError(
                f"{who}: its convolutions need {field} samples, expected at most {MIN_SAMPLES}, as in the published "
                "networks. This one is not supported."
            )
        self.first = (field - 1) / 2

    def steps(self, clips: Sequence[Clip]) -> Iterator[tuple[int, Tensor]]:
        """For each place in `clips`, in any order, its own steps of shape (frames, width)."""
        features = [self._convolved(clip) for clip in clips]
        lengths = [len(feature) for feature in features]
        for places in passes(lengths, _FRAMES_A_PASS[self._device], mixed=self._mixed):
            run = functools.partial(self._encoded, [features[place] for place in places])
            with arithmetic(self._precision, self._device):
                steps = read_layers(self._layers, run)
            for place, own in zip(places, steps, strict=True):
                yield place, own[: lengths[place]]

    def _convolved(self, clip: Clip) -> Tensor:
        wave = to_device(clip, self._device)
        if self._normalise:
            wave = whitened(wave, epsilon=_EPSILON)
        with arithmetic(self._precision, self._device):
            features = self._network.feature_extractor(wave[None]).transpose(1, 2)
            projected = self._network.feature_projection(features)
        own: Tensor = (projected[0] if isinstance(projected, tuple) else projected)[0]
        return own.float()

    def _encoded(self, features: Sequence[Tensor]) -> Tensor:
        lengths = [len(feature) for feature in features]
        padded = torch.nn.utils.rnn.pad_sequence(list(features), batch_first=True)
        mask = None
        if min(lengths) < max(lengths):
            ends = torch.tensor(lengths, device=self._device)
            mask = torch.arange(padded.shape[1], device=self._device)[None] < ends[:, None]
        with warnings.catch_warnings():  # WavLM hands torch two masks of different types, which torch only dislikes
            warnings.filterwarnings("ignore", "Support for mismatched key_padding_mask", UserWarning)
            answer: Tensor = self._network.encoder(padded, attention_mask=mask).last_hidden_state
        return answer
