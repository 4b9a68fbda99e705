"""What an embedder is: clips in, one fixed vector a clip out, numpy on both sides.

Nothing here imports a framework. An embedder is any object with `sample_rate`, `dim` and `embed`;
the rest is optional and read with the defaults of `Declared`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Clip = NDArray[np.float32]
Vectors = NDArray[np.float32]


class EmbedderError(Exception):
    """An embedder cannot do what is asked; the message says found, expected and the way out."""


class MissingExtraError(EmbedderError):
    """An optional dependency is not installed; the message holds the pip line."""


@runtime_checkable
class Embedder(Protocol):
    """Clips to vectors.

    `sample_rate` is the rate in Hz that `embed` wants; `dim` the length of a vector. Constructors
    are light: weights load at the first `embed`.
    """

    sample_rate: int
    dim: int

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """One float32 vector a clip, shape (len(clips), dim), in order.

        Each clip is one-dimensional float32 in [-1, 1]. Clips differ in length; padding, masking
        and pooling over time are the embedder's business, and a vector must not depend on the
        other clips of the batch.
        """
        ...


@runtime_checkable
class FrameEmbedder(Embedder, Protocol):
    """Also answers a sequence of vectors a clip."""

    def embed_frames(self, clips: Sequence[Clip]) -> list[tuple[Vectors, NDArray[np.float64]]]:
        """For each clip: vectors of shape (frames, dim) and their centre times in seconds."""
        ...


@runtime_checkable
class TextEmbedder(Embedder, Protocol):
    """Also maps text into the space of its audio vectors."""

    def embed_text(self, texts: Sequence[str]) -> Vectors:
        """One float32 vector a text, shape (len(texts), dim)."""
        ...


@runtime_checkable
class FittedEmbedder(Embedder, Protocol):
    """Needs statistics of a dataset's audio (never of its labels) before it embeds."""

    def fit_statistics(self, clips: Iterable[Clip], *, dataset: str) -> None:
        """Called once a dataset before `embed`.

        `clips` is lazy: the dataset's training part, or all its clips where it has none. An
        embedder that was given constants leaves it unread.
        """
        ...

    def statistics_record(self) -> Mapping[str, Any]:
        """What was fitted or given, as JSON, kept beside the vectors."""
        ...


@dataclass(frozen=True, kw_only=True)
class Declared:
    """Optional class attributes of an embedder, with what is assumed in their absence."""

    min_seconds: float = 0.0  # shorter clips are zero-padded at the end to this length, and counted
    equal_length: bool = False  # True: cannot mask, gets only batches of clips of one length
    in_workers: bool = False  # True: single-threaded on the CPU, runs in several processes
    # above 0: longer clips are cut into windows of this length and the vectors averaged. Right for a model that takes
    # the mean over time; another one pools for itself
    window_seconds: float = 0.0
    tolerance: float = 1e-5  # largest allowed difference, relative to the largest value of a vector

    @classmethod
    def of(cls, embedder: object) -> Declared:
        """The declarations of `embedder`, defaults filled in."""
        return cls(**{name: getattr(embedder, name, getattr(cls, name)) for name in cls.__dataclass_fields__})


@dataclass(frozen=True, kw_only=True)
class Weights:
    """A weights file as data; nothing is fetched or opened here."""

    file: str
    sha256: str
    url: str
    licence: str
    redistributable: bool
    way_out: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A known embedder as data: what `params.yaml` means by its name alone.

    `factory` is "module:Class"; `libraries` are the distributions whose versions can change a
    vector; `parameters` counts trained parameters (0 for hand-made features).
    """

    title: str
    factory: str
    dim: int
    sample_rate: int
    parameters: int
    citation: str
    licence: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    libraries: tuple[str, ...] = ()
    weights: Weights | None = None
    training_sets: tuple[str, ...] = ()
    extra: str = ""
