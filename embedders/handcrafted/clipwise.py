"""What hand-made features share: one clip at a time, librosa imported late, names of the numbers."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from embedders.base import Clip, MissingExtraError, Vectors
from embedders.common import require_samples


class Handmade(ABC):
    """A vector of named numbers a clip, computed from that clip alone."""

    who: ClassVar[str]
    names: ClassVar[tuple[str, ...]]  # one a number, in the order of the vector
    sample_rate: ClassVar[int]
    dim: ClassVar[int]
    min_seconds: ClassVar[float]
    in_workers = True

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), dim).

        Raises `EmbedderError` for clips below `min_seconds`, `MissingExtraError` without librosa.
        """
        require_samples(clips, round(self.min_seconds * self.sample_rate), self.who)
        librosa = load_librosa(self.who)
        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        with warnings.catch_warnings():
            # of silence it says that no tuning can be estimated, and takes none
            warnings.filterwarnings("ignore", message="Trying to estimate tuning from empty frequency set")
            for row, clip in zip(vectors, clips, strict=True):
                row[:] = self.features(clip, librosa)
        return vectors

    @abstractmethod
    def features(self, clip: Clip, librosa: Any) -> NDArray[np.float64]:
        """The numbers of one clip, shape (dim,)."""


def load_librosa(who: str) -> Any:
    """librosa with the submodules that are used here; `MissingExtraError` where it is not installed."""
    try:
        import librosa
    except ModuleNotFoundError:
        raise MissingExtraError(
            f"{who}: librosa is not installed, expected it for hand-made features. Install it: pip install "
            "'moodbench[features]'."
        ) from None
    return librosa


def numbered(name: str, count: int) -> tuple[str, ...]:
    """`name` for a single series, else `name_01` and so on."""
    return (name,) if count == 1 else tuple(f"{name}_{place:02d}" for place in range(1, count + 1))
