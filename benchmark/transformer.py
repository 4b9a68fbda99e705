"""Any embedder as a scikit-learn transformer: clips in, one vector a clip out."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from benchmark import audio, embedder_spec, embedding, extraction
from benchmark.errors import ContractError, DatasetError
from benchmark.manifest import Manifest
from benchmark.params import EmbedderEntry
from embedders.base import Clip, Declared, Embedder, FittedEmbedder

LOUDEST = 2.0  # decoders overshoot 1 a little; above this the samples are on another scale


class EmbedderTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Clips to vectors, for a `Pipeline`.

    `embedder` is a name of the catalogue (with `weights` and `kwargs` as in params.yaml) or an embedder
    object. A clip is a path that libsndfile reads, or a one-dimensional array at `sample_rate` Hz (None: at
    the embedder's own rate): floats in [-1, 1], or int16. Other rates are resampled, channels are averaged,
    and what is shorter than the embedder takes is zero-padded, by the engine's own code.

    After `fit`, `embedder_` is the embedder that is used. One with `fit_statistics` is fitted to the clips
    that `fit` gets, under the name `dataset`; an object that was given is copied first.
    """

    def __init__(
        self,
        embedder: str | Embedder,
        *,
        sample_rate: int | None = None,
        weights: str | None = None,
        kwargs: Mapping[str, Any] | None = None,
        device: str = "auto",
        dataset: str = "clips",
        batch_seconds: float = 120.0,
    ) -> None:
        self.embedder = embedder
        self.sample_rate = sample_rate
        self.weights = weights
        self.kwargs = kwargs
        self.device = device
        self.dataset = dataset
        self.batch_seconds = batch_seconds

    def fit(self, X: Sequence[Any], y: object = None) -> EmbedderTransformer:  # noqa: ARG002
        """Makes the embedder, and lets it read the clips where it needs their statistics; `y` is not used.

        Raises:
            UnknownNameError: the catalogue has no such embedder.
            ContractError: what was given is no embedder.
            Unavailable: its weights or a library are not here.
            DatasetError: a clip is none.
        """
        _require_several(X)
        made = self._made()
        if isinstance(made, FittedEmbedder):
            made.fit_statistics((self._read(X, place, made) for place in range(len(X))), dataset=self.dataset)
        self.embedder_ = made
        self._n_features_out = int(made.dim)
        return self

    def transform(self, X: Sequence[Any]) -> NDArray[np.float32]:
        """One vector a clip, in order, shape (len(X), dim).

        Raises:
            NotFittedError: `fit` was not called.
            DatasetError: a clip is none.
            ContractError: the embedder raised, or answered what the contract forbids.
        """
        check_is_fitted(self, "embedder_")
        _require_several(X)
        used, rate = self.embedder_, int(self.embedder_.sample_rate)
        rows = [self._length(X, place, rate) for place in range(len(X))]
        listed = Manifest(self.dataset, "", "", "", classes={}, facts={}, clips=rows)
        equal = Declared.of(used).equal_length
        vectors = np.empty((len(X), int(used.dim)), dtype=np.float32)
        for batch in extraction.plan_batches(listed, rate=rate, budget_seconds=self.batch_seconds, equal_length=equal):
            places = list(batch.rows)
            clips = [self._read(X, place, used) for place in places]
            vectors[places] = embedding.embed_clips(used, clips, [_name(X, place) for place in places])
        return vectors

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags

    def _made(self) -> Embedder:
        if not isinstance(self.embedder, str):
            if isinstance(self.embedder, type) or not isinstance(self.embedder, Embedder):
                kind = f"the class {self.embedder.__name__}" if isinstance(self.embedder, type) else repr(self.embedder)
                raise ContractError(
                    f"embedder is {kind}, expected a name of the catalogue or an object with sample_rate, dim and "
                    "embed. Give an object of your class."
                )
            # what is fitted must not change the parameter; the rest may be shared, for models are large
            fitted = isinstance(self.embedder, FittedEmbedder)
            return copy.deepcopy(self.embedder) if fitted else self.embedder
        given = EmbedderEntry(kwargs=dict(self.kwargs or {}), weights=self.weights)
        spec = embedder_spec.resolve(self.embedder, given)
        return embedder_spec.construction_here(spec, self.device).make()

    def _length(self, X: Sequence[Any], place: int, rate: int) -> dict[str, int]:
        """Samples and rate of a clip before resampling; of a file, by its header."""
        clip = X[place]
        if not isinstance(clip, str | PathLike):
            return {"samples": len(_array(X, place)), "rate": self.sample_rate or rate}
        import soundfile

        try:
            header = soundfile.info(str(Path(clip).expanduser()))
        except (soundfile.SoundFileError, OSError) as error:
            raise _unreadable(clip, error) from None
        return {"samples": int(header.frames), "rate": int(header.samplerate)}

    def _read(self, X: Sequence[Any], place: int, embedder: Embedder) -> Clip:
        """A clip as float32 mono at the embedder's rate."""
        wanted, clip = int(embedder.sample_rate), X[place]
        if not isinstance(clip, str | PathLike):
            return audio.resample(_array(X, place), self.sample_rate or wanted, wanted)
        import soundfile

        try:
            samples, rate = soundfile.read(str(Path(clip).expanduser()), dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, OSError) as error:
            raise _unreadable(clip, error) from None
        return audio.resample(_held(samples.mean(axis=1), _name(X, place)), int(rate), wanted)


def _require_several(X: Any) -> None:
    if isinstance(X, str | bytes | PathLike) or not hasattr(X, "__len__") or not hasattr(X, "__getitem__"):
        raise DatasetError(f"found {type(X).__name__} as clips, expected a sequence of arrays or paths. Give a list.")
    if len(X) == 0:
        raise DatasetError("found no clips, expected at least one.")


def _array(X: Sequence[Any], place: int) -> Clip:
    """Clip `place` of `X`, an array, as float32 in [-1, 1]."""
    samples, name = np.asarray(X[place]), _name(X, place)
    if samples.ndim != 1 or not samples.size or samples.dtype not in (np.float32, np.float64, np.int16):
        raise DatasetError(
            f"{name} has shape {samples.shape} and type {samples.dtype}, expected a path, or one dimension of floats "
            "in [-1, 1] or of int16. Give each clip as an array of its own, mixed to mono."
        )
    if samples.dtype == np.int16:
        return audio.to_float(samples)
    return _held(samples.astype(np.float32, copy=False), name)


def _held(samples: NDArray[np.float32], name: str) -> Clip:
    largest = float(np.abs(samples).max(initial=0.0))
    if not largest <= LOUDEST:  # NaN is not either
        raise DatasetError(f"{name} reaches {largest:g}, expected samples in [-1, 1]. Divide 16-bit samples by 32768.")
    return samples if largest <= 1.0 else np.clip(samples, np.float32(-1.0), np.float32(1.0))


def _name(X: Sequence[Any], place: int) -> str:
    return str(X[place]) if isinstance(X[place], str | PathLike) else f"clip {place}"


def _unreadable(clip: object, error: Exception) -> DatasetError:
    said = " ".join(str(error).split()).rstrip(".")
    return DatasetError(f"clip {str(clip)!r} cannot be read: {said}. Expected an audio file that libsndfile reads.")
