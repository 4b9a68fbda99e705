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

from benchmark import audio, declared, embedding, extraction, model_errors, rows
from benchmark.contract import named
from benchmark.errors import DatasetError, ParamsError
from benchmark.manifest import Manifest
from embedders.base import Clip, Declared, Embedder, FittedEmbedder

LOUDEST = 2.0  # decoders overshoot 1 a little; above this the samples are on another scale


class EmbedderTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Clips to vectors, for a `Pipeline`.

    `embedder` is the name of a row, as `benchmark.embedder` takes it (of params.yaml, the catalogue or an installed
    package; with `weights`, `kwargs` and `device`), or an embedder object. A clip is a path that libsndfile reads,
    or a one-dimensional array at `sample_rate` Hz (None: at the embedder's own rate): floats in [-1, 1], or int16.
    Other rates are resampled, channels are averaged, and what is shorter than the embedder takes is zero-padded, by
    the engine's own code.

    After `fit`, `embedder_` is the embedder that is used. One with `fit_statistics` is fitted to the clips
    that `fit` gets, under the name `dataset`; an object that was given is copied first.
    """

    def __init__(
        self,
        embedder: str | Embedder,
        *,
        sample_rate: int | None = None,
        weights: str | PathLike[str] | None = None,
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
            ParamsError: an argument cannot be, or the embedder does not take it.
            UnknownNameError: no row has that name.
            ContractError: what was given is no embedder.
            Unavailable: its weights or a library are not here.
            DatasetError: a clip is none.
        """
        clips = _listed(X)
        self._require_numbers()
        made = self._made()
        read = (self._read(clip, place, made) for place, clip in enumerate(clips))
        with model_errors.told(f"fitting {type(made).__name__} to {self.dataset}"):
            declared.fitted(made, read, self.dataset)
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
        clips = _listed(X)
        self._require_numbers()
        used, rate, budget = self.embedder_, int(self.embedder_.sample_rate), float(self.batch_seconds)
        lengths = [self._length(clip, place, rate) for place, clip in enumerate(clips)]
        listed = Manifest(self.dataset, "", "", "", classes={}, facts={}, clips=lengths)
        equal = Declared.of(used).equal_length
        vectors = np.empty((len(clips), int(used.dim)), dtype=np.float32)
        for batch in extraction.plan_batches(listed, rate=rate, budget_seconds=budget, equal_length=equal):
            places = list(batch.rows)
            names = [_name(clips[place], place) for place in places]
            samples = [self._read(clips[place], place, used) for place in places]
            with model_errors.told(f"embedding {named(names)}"):
                vectors[places] = embedding.embed_clips(used, samples, names, budget_seconds=budget)
        return vectors

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags

    def _require_numbers(self) -> None:
        """Refuses numbers that cannot be; not in the constructor, which by scikit-learn's rule only keeps them."""
        if self.sample_rate is not None and not declared.is_whole(self.sample_rate):
            raise ParamsError(f"sample_rate is {self.sample_rate!r}, expected a whole number of Hz above 0, or None.")
        rows.require_seconds("batch_seconds", self.batch_seconds)

    def _made(self) -> Embedder:
        if isinstance(self.embedder, str):
            making = rows.construction(self.embedder, self.kwargs, weights=self.weights, device=self.device)
            return rows.made(self.embedder, making)
        given = rows.checked(self.embedder)
        in_vain = [name for name in ("kwargs", "weights") if getattr(self, name)]
        if in_vain := [*in_vain, *(["device"] if self.device != "auto" else [])]:
            raise ParamsError(
                f"found {' and '.join(in_vain)} beside an object, expected them beside a row's name only: the object "
                "is made already. Make it with these arguments."
            )
        # what is fitted must not change the parameter; the rest may be shared, for models are large
        return copy.deepcopy(given) if isinstance(given, FittedEmbedder) else given

    def _length(self, clip: Any, place: int, rate: int) -> dict[str, int]:
        """Samples and rate of a clip before resampling; of a file, by its header."""
        if not isinstance(clip, str | PathLike):
            return {"samples": len(_array(clip, place)), "rate": int(self.sample_rate or rate)}
        import soundfile

        try:
            header = soundfile.info(str(Path(clip).expanduser()))
        except (soundfile.SoundFileError, OSError) as error:
            raise _unreadable(clip, error) from None
        return {"samples": int(header.frames), "rate": int(header.samplerate)}

    def _read(self, clip: Any, place: int, embedder: Embedder) -> Clip:
        """A clip as float32 mono at the embedder's rate."""
        wanted = int(embedder.sample_rate)
        if not isinstance(clip, str | PathLike):
            return audio.resample(_array(clip, place), int(self.sample_rate or wanted), wanted)
        import soundfile

        try:
            samples, rate = soundfile.read(str(Path(clip).expanduser()), dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, OSError) as error:
            raise _unreadable(clip, error) from None
        if not len(samples):
            raise DatasetError(f"clip {str(clip)!r} holds no samples, expected some. Leave it out.")
        return audio.resample(_held(samples.mean(axis=1), _name(clip, place)), int(rate), wanted)


def _listed(X: Any) -> list[Any]:
    """The clips as a list, by their order: a pandas Series would be asked by the labels of its index."""
    expected = "expected a sequence of arrays or paths"
    if hasattr(X, "columns") and getattr(X, "ndim", 2) == 2:
        raise DatasetError(f"found a {type(X).__name__} as clips, {expected}. Give one of its columns: X['path'].")
    ordered = hasattr(X, "__len__") and hasattr(X, "__getitem__") and getattr(X, "ndim", 1) > 0
    if not ordered or isinstance(X, str | bytes | PathLike | Mapping):
        raise DatasetError(f"found {type(X).__name__} as clips, {expected}. Give a list.")
    if len(X) == 0:
        raise DatasetError("found no clips, expected at least one.")
    return list(X)


def _array(clip: Any, place: int) -> Clip:
    """A clip that is no path as float32 in [-1, 1]."""
    try:
        samples = np.asarray(clip)
    except (ValueError, TypeError, RuntimeError) as error:  # rows of several lengths; a tensor on a GPU
        raise DatasetError(
            f"clip {place} is a {type(clip).__name__} that numpy does not take: {_said(error)}. Expected a path, or an "
            "array of one dimension."
        ) from None
    if samples.ndim != 1 or not samples.size or samples.dtype not in (np.float32, np.float64, np.int16):
        raise DatasetError(
            f"clip {place} has shape {samples.shape} and type {samples.dtype}, expected a path, or one dimension of "
            "floats in [-1, 1] or of int16. Give each clip as an array of its own, mixed to mono."
        )
    if samples.dtype == np.int16:
        return audio.to_float(samples)
    return _held(samples.astype(np.float32, copy=False), f"clip {place}")


def _held(samples: NDArray[np.float32], name: str) -> Clip:
    largest = float(np.abs(samples).max(initial=0.0))
    if not largest <= LOUDEST:  # NaN is not either
        raise DatasetError(f"{name} reaches {largest:g}, expected samples in [-1, 1]. Divide 16-bit samples by 32768.")
    return samples if largest <= 1.0 else np.clip(samples, np.float32(-1.0), np.float32(1.0))


def _name(clip: Any, place: int) -> str:
    return str(clip) if isinstance(clip, str | PathLike) else f"clip {place}"


def _unreadable(clip: object, error: Exception) -> DatasetError:
    return DatasetError(
        f"clip {str(clip)!r} cannot be read: {_said(error)}. Expected an audio file that libsndfile reads."
    )


def _said(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
