"""A network's own steps as frames: when each is, and whether they have the length of the vectors. numpy only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from embedders.base import Clip, Vectors


def centres(count: int, samples: int, *, hop: int, first: float, rate: int) -> NDArray[np.float64]:
    """Centres in seconds, shape (count,), of what steps every `hop` samples hear of a clip of so many samples.

    The first one hears the clip's begin, and is centred at sample `first` unless the clip ends before.
    """
    begins = np.arange(count) * hop
    ends = np.minimum(begins + 2 * first, samples - 1)
    return (begins + ends) / 2 / rate


def timed(
    steps: Iterable[tuple[int, Vectors]], clips: Sequence[Clip], *, hop: int, first: float, rate: int
) -> list[tuple[Vectors, NDArray[np.float64]]]:
    """The answer of `embed_frames`, from each clip's place in `clips` and its steps, in any order; see `centres`."""
    own = dict(steps)
    return [
        (own[place], centres(len(own[place]), len(clip), hop=hop, first=first, rate=rate))
        for place, clip in enumerate(clips)
    ]


def are_frames(pooling: str) -> bool:
    """Whether vectors of a pooling, one of `embedders.torch_common.POOLINGS` or "token", sum up steps of their length.

    An embedder whose steps are no frames sets its `embed_frames` to None: then it is no `FrameEmbedder`.
    """
    return "+" not in pooling and pooling != "token"
