"""Audio encoders of transformers as embedders: speech networks on the waveform, Whisper's encoder, AST.

wav2vec 2.0 (Baevski et al., NeurIPS 2020), HuBERT (Hsu et al., TASLP 2021), WavLM (Chen et al., JSTSP 2022),
UniSpeech-SAT (Chen et al., ICASSP 2022), data2vec (Baevski et al., ICML 2022), MERT (Li et al., ICLR 2024), Whisper
(Radford et al., ICML 2023), AST (Gong et al., Interspeech 2021); fine-tuned checkpoints of these are read without
their heads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    choose_device,
    exact,
    pooled,
    require_one_of,
    tolerance_at,
)
from embedders.transformers.loading import kind_of, load, preprocessing, width_of
from embedders.transformers.source import CONFIG, Source

if TYPE_CHECKING:
    from embedders.transformers.spectrogram import Spectrogram
    from embedders.transformers.waveform import Waveform

FRONTS = ("waveform", "whisper", "ast")
MIN_SAMPLES = 400  # one frame of the convolutions, and one of the spectrograms
TOKEN = "token"


class AudioEncoder:
    """Steps of one transformer layer, or the mean of all layers, pooled over a clip's own steps.

    `weights`, or `model` with `revision` name the checkpoint, see `Source`. `width` is the length of its
    vectors, read from config.json where that lies here already; `sample_rate` the rate that it was trained at.
    `layer` counts from 1 (the first transformer layer's output), "mean" weighs all layers alike, "last" is what the
    encoder gives, after its final layer norm where it has one. `pooling` is one of
    `embedders.torch_common.POOLINGS`, or "token" for AST: the mean of its two tokens, over all windows. `precision` is
    one of `embedders.torch_common.PRECISIONS`; front ends and pooling are always float32.
    """

    tolerance = 1e-4  # on a CPU a batch differs by about 1e-6 from its clips alone; the rest is room for other devices

    def __init__(
        self,
        weights: str | Path | None = None,
        *,
        model: str | None = None,
        revision: str | None = None,
        width: int | None = None,
        sample_rate: int = 16000,
        layer: int | str = "mean",
        pooling: str = "mean",
        device: str = "auto",
        precision: str = "float32",
    ) -> None:
        who = f"transformers {model or Path(weights or 'encoder').name}"
        require_one_of(who, "pooling", pooling, (*POOLINGS, TOKEN))
        require_one_of(who, "device", device, DEVICES)
        require_one_of(who, "precision", precision, PRECISIONS)
        if layer not in ("mean", "last") and (type(layer) is not int or layer < 1):
            raise EmbedderError(f"{who}: layer is {layer!r}, expected 'mean', 'last' or a number from 1 on.")
        for name, value in (("width", 1 if width is None else width), ("sample_rate", sample_rate)):
            if type(value) is not int or value < 1:
                raise EmbedderError(f"{who}: {name} is {value!r}, expected a whole number above 0.")
        self._source = Source.of(who, weights, model, revision)
        self._width = width if width is not None else self._known_width()
        self.sample_rate = sample_rate
        self.min_seconds = MIN_SAMPLES / sample_rate
        self.dim = self._width * (1 + pooling.count("+"))
        self.tolerance = tolerance_at(precision, self.tolerance)
        self._who, self._layer, self._pooling, self._device = who, layer, pooling, device
        self._precision = precision
        if not are_frames(pooling):
            self.embed_frames = None  # type: ignore[method-assign, assignment]
        self._loaded: Waveform | Spectrogram | None = None

    @staticmethod
    def find_weights(kwargs: Mapping[str, Any], *, fetch: bool) -> None:
        """Raises `MissingWeightsError` where the checkpoint of these arguments is not here and cannot be fetched."""
        Source.of("transformers", None, *(kwargs.get(name) for name in ("model", "revision"))).look(fetch=fetch)

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), dim), dim once or twice the network's width.

        Raises `EmbedderError` for a clip below 400 samples and for a checkpoint that is another network,
        `MissingWeightsError` for one that is not here, `MissingExtraError` without transformers.
        """
        require_samples(clips, MIN_SAMPLES, self._who)
        network = self._load()
        import torch

        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        with torch.inference_mode(), exact():
            for place, steps in network.steps(clips):
                vectors[place] = pooled(steps, "mean" if self._pooling == TOKEN else self._pooling).cpu().numpy()
        return vectors

    def embed_frames(self, clips: Sequence[Clip]) -> list[tuple[Vectors, NDArray[np.float64]]]:
        """For each clip the network's steps, shape (steps, width), and the centres of what each step is made of.

        Raises as `embed`. None for a pooling that makes the vector longer than a step.
        """
        require_samples(clips, MIN_SAMPLES, self._who)
        network = self._load()
        import torch

        with torch.inference_mode(), exact():
            found = ((place, steps.cpu().numpy()) for place, steps in network.steps(clips))
            return timed(found, clips, hop=network.hop, first=network.first, rate=self.sample_rate)

    def _known_width(self) -> int:
        config = self._source.known_config()
        width = None if config is None else width_of(config)
        if width is None:
            raise EmbedderError(
                f"{self._source.who}: width is not given, expected it where no {CONFIG} here says it. Set `width` to "
                "the checkpoint's hidden_size."
            )
        kind_of(self._source.who, config or {}, FRONTS)
        return width

    def _load(self) -> Waveform | Spectrogram:
        if self._loaded is None:
            checkpoint = load(self._source, fronts=FRONTS, width=self._width)
            device = choose_device(self._who, self._device, self._precision)
            said = preprocessing(self._who, checkpoint.folder, self.sample_rate)
            if self._pooling == TOKEN and checkpoint.kind.front != "ast":
                raise EmbedderError(
                    f"{self._who}: pooling is 'token', but only AST has tokens. Use one of {', '.join(POOLINGS)}."
                )
            if checkpoint.kind.front == "waveform":
                from embedders.transformers.waveform import Waveform

                self._loaded = Waveform(self._who, checkpoint, said, self._layer, device, precision=self._precision)
            else:
                from embedders.transformers.spectrogram import Spectrogram

                token, precision = self._pooling == TOKEN, self._precision
                self._loaded = Spectrogram(self._who, checkpoint, self._layer, device, token=token, precision=precision)
        return self._loaded
