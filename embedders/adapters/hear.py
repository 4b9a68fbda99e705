"""A module of the HEAR 2021 common API as an embedder.

The API, as its page "HEAR API" states it: `load_model(model_file_path)` answers a torch.nn.Module or
tf.Module with `sample_rate`, `scene_embedding_size` and `timestamp_embedding_size`;
`get_scene_embeddings(audio, model)` answers (sounds, size); `get_timestamp_embeddings(audio, model)`
answers (sounds, frames, size) and times in milliseconds. Turian et al., "HEAR: Holistic Evaluation of
Audio Representations", PMLR 176, 2022.
"""

from __future__ import annotations

import contextlib
import copy
import pickle
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedders.adapters import calling
from embedders.base import Clip, EmbedderError, Vectors
from embedders.common import require_samples
from embedders.torch_common import DEVICES, choose_device, exact, require_one_of


class Hear:
    """The scene embeddings of a HEAR module. Its batches hold clips of one length, as in HEAR: nothing is padded.

    `wraps` names the module; `weights` is handed to `load_model` as its first argument, all of `options` by
    name. The model is loaded here, for rate and size stand in it. `min_seconds`, `window_seconds` and
    `tolerance` are declared for the model, which has no place for them. It has `embed_frames` where frames
    and scenes are of one size. Rates besides HEAR's own five are taken as they are.

    It is copied and pickled with its model, and finds the module by name: a module is no value to be pickled.

    Raises `EmbedderError` for a module without the API's functions, a model without its attributes, and
    arguments that `load_model` does not take.
    """

    equal_length = True

    def __init__(
        self,
        wraps: str,
        weights: str | None = None,
        *,
        device: str = "auto",
        min_seconds: float = 0.0,
        window_seconds: float = 0.0,
        tolerance: float = 1e-5,
        **options: Any,
    ) -> None:
        self._who, self._wraps = f"hear {wraps}", wraps
        calling.require_declarations(
            self._who, min_seconds=min_seconds, window_seconds=window_seconds, tolerance=tolerance
        )
        require_one_of(self._who, "device", device, DEVICES)
        load, _ = self._function("load_model"), self._function("get_scene_embeddings")
        self._model = calling.call(f"{self._who}: load_model", load, *([weights] if weights else []), **options)
        self._is_torch = self._place(device)
        self.min_seconds, self.window_seconds, self.tolerance = min_seconds, window_seconds, tolerance
        self.sample_rate = self._whole("sample_rate")
        self.dim = self._whole("scene_embedding_size")
        frames = hasattr(calling.find(self._who, wraps), "get_timestamp_embeddings")
        if frames and getattr(self._model, "timestamp_embedding_size", None) == self.dim:
            self.embed_frames = self._frames

    def _function(self, name: str) -> Any:
        return calling.attribute(self._who, calling.find(self._who, self._wraps), name)

    def __deepcopy__(self, memo: dict[int, Any]) -> Hear:
        """Its model copied, as by scikit-learn's `clone`; `EmbedderError` for one that cannot be."""
        made = memo[id(self)] = type(self).__new__(type(self))
        try:
            vars(made).update(copy.deepcopy(vars(self), memo))
        except Exception as error:
            raise self._no_value("copied", error) from error
        return made

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled; `EmbedderError` for a model of TensorFlow that cannot be. What torch says is clear."""
        if not self._is_torch:
            try:
                pickle.dumps(self._model)
            except Exception as error:
                raise self._no_value("pickled", error) from error
        return vars(self)

    def _no_value(self, what: str, error: Exception) -> EmbedderError:
        said = f"{type(error).__name__}: {' '.join(str(error).split()).rstrip('.')}"
        return EmbedderError(
            f"{self._who}: its {type(self._model).__name__} cannot be {what} ({said}), expected one that can. Where it "
            "is to be made anew for each copy, give the name of a row in place of this object."
        )

    def _whole(self, name: str) -> int:
        if not hasattr(self._model, name):
            raise EmbedderError(f"{self._who}: the model has no {name!r}, expected it as the HEAR API says.")
        return calling.require_whole(self._who, f"the model's {name}", getattr(self._model, name))

    def _place(self, device: str) -> bool:
        """Whether it is a torch model, which then stands on its device, in evaluation mode."""
        torch, tensorflow = sys.modules.get("torch"), sys.modules.get("tensorflow")
        if torch is not None and isinstance(self._model, torch.nn.Module):
            self._device = choose_device(self._who, device)
            self._model.to(self._device).eval()
            return True
        if tensorflow is not None and isinstance(self._model, tensorflow.Module):
            return False
        kind = type(self._model)
        raise EmbedderError(
            f"{self._who}: load_model answers a {kind.__module__}.{kind.__qualname__}, expected a torch.nn.Module or a "
            "tf.Module. Let the model inherit from one of them."
        )

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """The scene embeddings of clips of one length, shape (len(clips), dim)."""
        audio = self._stacked(clips)
        with self._context():
            answer = self._function("get_scene_embeddings")(audio, self._model)
        return calling.to_float32(
            f"{self._who}: get_scene_embeddings", answer, (len(clips), self.dim), "(sounds, scene_embedding_size)"
        )

    def _stacked(self, clips: Sequence[Clip]) -> Any:
        require_samples(clips, 1, self._who)
        lengths = {len(clip) for clip in clips}
        if len(lengths) > 1:
            raise EmbedderError(
                f"{self._who}: clips of {min(lengths)} to {max(lengths)} samples in one batch, expected one length. "
                "Group them by length, as the engine does."
            )
        audio = np.stack(clips)
        if self._is_torch:
            return sys.modules["torch"].from_numpy(audio).to(self._device)
        return sys.modules["tensorflow"].convert_to_tensor(audio)

    @contextlib.contextmanager
    def _context(self) -> Iterator[None]:
        if not self._is_torch:
            yield
            return
        with exact(), sys.modules["torch"].no_grad():
            yield

    def _frames(self, clips: Sequence[Clip]) -> list[tuple[Vectors, NDArray[np.float64]]]:
        """As `embed_frames`: timestamp embeddings of clips of one length, (frames, dim), and their times in seconds."""
        audio, who = self._stacked(clips), f"{self._who}: get_timestamp_embeddings"
        with self._context():
            answer = self._function("get_timestamp_embeddings")(audio, self._model)
        if not isinstance(answer, tuple | list) or len(answer) != 2:
            raise EmbedderError(f"{who}: the answer is a {type(answer).__name__}, expected (embeddings, timestamps).")
        shape = (len(clips), None, self.dim)
        vectors = calling.to_float32(who, answer[0], shape, "(sounds, frames, timestamp_embedding_size)")
        times = calling.to_numpy(answer[1]).astype(np.float64) / 1000.0
        if times.shape != vectors.shape[:2]:
            raise EmbedderError(f"{who}: the times have shape {times.shape}, expected {vectors.shape[:2]}.")
        return list(zip(vectors, times, strict=True))
