"""The embedder under test, and how checks get vectors from it: as the engine does."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark.check import signals
from benchmark.embedding import embed_clips
from embedders.base import Clip, Declared, Embedder, FittedEmbedder

Vectors = NDArray[np.float32]


class Failed(Exception):  # noqa: N818 - carries what was seen
    """A check did not see what it expected."""


class NotApplicable(Exception):  # noqa: N818 - no failure at all
    """This check does not apply to the embedder, or cannot be tried here; carries why."""


class Subject:
    """The embedder under test, made once, with what several checks need.

    `thorough` asks for the checks that take long, `no_gpu` says why there is no `on_gpu`; `before` is the state of
    the process before the model was made.
    """

    def __init__(
        self,
        make: Callable[[], Embedder],
        on_gpu: Callable[[], Embedder] | None,
        dataset: str,
        long_seconds: float,
        *,
        thorough: bool = False,
        no_gpu: str = "",
    ) -> None:
        from benchmark.check import state

        self.make, self.on_gpu, self.dataset, self.long_seconds = make, on_gpu, dataset, long_seconds
        self.thorough, self.no_gpu = thorough, no_gpu
        self.before = state.lasting()
        self.embedder = make()
        self.declared = Declared.of(self.embedder)
        self.rate = self.embedder.sample_rate

    def fitted(self, embedder: Embedder) -> Embedder:
        """`embedder`, with statistics of the test signals where it wants some."""
        if isinstance(embedder, FittedEmbedder):
            embedder.fit_statistics(iter(signals.various(self.rate)), dataset=self.dataset)
        return embedder

    def vectors(self, clips: Sequence[Clip], embedder: Embedder | None = None) -> Vectors:
        """Vectors as the engine makes them: by falling length, equal lengths together where declared."""
        groups: dict[int, list[int]] = {}
        for place in sorted(range(len(clips)), key=lambda p: -len(clips[p])):
            groups.setdefault(len(clips[place]) if self.declared.equal_length else 0, []).append(place)
        rows: dict[int, Vectors] = {}
        for places in groups.values():
            answer = embed_clips(
                embedder or self.embedder, [clips[p].copy() for p in places], [f"test signal {p}" for p in places]
            )
            rows.update(zip(places, answer.copy(), strict=True))
        return np.stack([rows[place] for place in range(len(clips))])

    @functools.cached_property
    def long_vector(self) -> Vectors:
        """The vector of `long_seconds` of noise, shape (1, dim); made once, for it takes long."""
        return self.vectors([signals.noise(round(self.long_seconds * self.rate))])

    def require_close(self, found: Vectors, wanted: Vectors) -> str:
        """Says how large the difference is; raises `Failed` above the embedder's declared tolerance."""
        difference = relative_difference(found, wanted)
        if difference > self.declared.tolerance:
            raise Failed(f"a difference of {difference:.2g}")
        return f"largest difference {difference:.2g}"


def relative_difference(found: Vectors, wanted: Vectors) -> float:
    """The largest difference of two vectors, relative to their own largest value; the largest over all rows."""
    a, b = found.astype(np.float64), wanted.astype(np.float64)
    scale = np.maximum(np.abs(a).max(axis=1), np.abs(b).max(axis=1))
    return float((np.abs(a - b).max(axis=1) / np.where(scale > 0, scale, 1.0)).max())
