"""Any ONNX file that turns a waveform into vectors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedders.base import Clip, EmbedderError, Vectors
from embedders.common import require_samples
from embedders.onnx.session import described, kind, open_session
from embedders.windows import cut

POOLINGS = {"mean": (np.mean,), "max": (np.max,), "mean+max": (np.mean, np.max)}


class OnnxModel:
    """A model of one float32 input, the waveform, of shape (samples,), (1, samples) or (1, 1, samples).

    `width` is the length of `axis` of the output; all other axes (batch, frames) are pooled over, by
    `pooling`: "mean", "max", or "mean+max" one after the other, which doubles `dim`. `samples` is set
    for a model of fixed length: a clip is cut into windows of that length, one beginning where the last
    ended, the last one moved back to end with the clip; the frames of all windows are pooled together.
    Without it a model gets the whole clip. `scale` multiplies the samples, for models that want them as
    in 16-bit files (32768). Names are needed only where there are several outputs.

    Clips and windows are run one at a time: no batch mates, whatever the model does with a batch.
    """

    def __init__(
        self,
        weights: str | Path,
        *,
        sample_rate: int,
        width: int,
        input_name: str | None = None,
        output_name: str | None = None,
        axis: int = -1,
        pooling: str = "mean",
        samples: int | None = None,
        scale: float = 1.0,
        min_seconds: float = 0.0,
    ) -> None:
        wholes = {"sample_rate": sample_rate, "width": width, "samples": 1 if samples is None else samples}
        for name, value in wholes.items():
            if type(value) is not int or value < 1:
                raise EmbedderError(f"onnx: {name} is {value!r}, expected a whole number above 0.")
        if pooling not in POOLINGS:
            raise EmbedderError(f"onnx: pooling is {pooling!r}, expected one of {', '.join(POOLINGS)}.")
        if samples is not None and min_seconds:
            raise EmbedderError("onnx: both samples and min_seconds are given, expected one: samples is the least.")
        self.sample_rate = sample_rate
        self.dim = width * len(POOLINGS[pooling])
        self.min_seconds = min_seconds if samples is None else samples / sample_rate
        self._weights = Path(weights)
        self._width, self._axis, self._pooling = width, axis, POOLINGS[pooling]
        self._input, self._output = input_name, output_name
        self._samples, self._scale = samples, np.float32(scale)
        self._session: Any = None

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), dim).

        Raises `EmbedderError` for a clip that is too short, a file that cannot be opened, and a model
        whose inputs or outputs are not the expected ones.
        """
        require_samples(clips, max(1, round(self.min_seconds * self.sample_rate)), "onnx")
        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        for row, clip in zip(vectors, clips, strict=True):
            windows = [clip] if self._samples is None else cut(clip, self._samples)
            frames = np.concatenate([self._run(window) for window in windows])
            row[:] = np.concatenate([pool(frames, axis=0) for pool in self._pooling])
        return vectors

    def _run(self, wave: Clip) -> NDArray[np.float64]:
        """The model's frames for one window, shape (frames, width)."""
        if self._session is None:
            self._session = self._open()
        source = self._session.get_inputs()[0]
        shaped = (self._scale * wave).reshape([1] * (len(source.shape) - 1) + [-1])
        answer = self._session.run([self._output], {source.name: shaped})[0]
        if not -answer.ndim <= self._axis < answer.ndim or answer.shape[self._axis] != self._width:
            raise EmbedderError(
                f"onnx: {self._weights} answers {self._output!r} of shape {answer.shape}, expected {self._width} "
                f"numbers on axis {self._axis}. Correct `width`, `axis` or `output_name`."
            )
        return np.moveaxis(answer, self._axis, -1).reshape(-1, self._width).astype(np.float64)

    def _open(self) -> Any:
        session = open_session(self._weights, "onnx")
        inputs, outputs = session.get_inputs(), session.get_outputs()
        if not self._takes_a_wave(inputs):
            length = "samples" if self._samples is None else self._samples
            raise EmbedderError(
                f"onnx: {self._weights} takes {described(inputs)}; expected one float input"
                f"{f' named {self._input!r}' if self._input else ''} of shape ({length},), (1, {length}) or "
                f"(1, 1, {length}). Set `samples` where the length is fixed, or export the model so."
            )
        names = [node.name for node in outputs]
        if self._output is None and len(names) == 1:
            self._output = names[0]
        if self._output not in names:
            wanted = f"one named {self._output!r}" if self._output else "one"
            raise EmbedderError(
                f"onnx: {self._weights} gives {described(outputs)}; expected {wanted}. Set `output_name`."
            )
        return session

    def _takes_a_wave(self, inputs: Sequence[Any]) -> bool:
        if len(inputs) != 1 or kind(inputs[0]) != "float" or self._input not in (None, inputs[0].name):
            return False
        *outer, length = inputs[0].shape or [None, None, None, None]
        one_at_a_time = len(outer) <= 2 and all(not isinstance(size, int) or size == 1 for size in outer)
        return one_at_a_time and (not isinstance(length, int) or length == self._samples)
