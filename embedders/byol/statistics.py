"""The two numbers, mean and standard deviation, that normalise a dataset's log-mel before the encoder."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from embedders.base import EmbedderError

# As printed in SERAB's config.yaml (Neclow/SERAB at cc0ebd7): window 400, each set's own training part.
SERAB = {
    "aesdd": (-4.179, 4.366),
    "cafe": (-7.973, 5.112),
    "crema_d": (-4.994, 3.137),
    "emodb": (-2.693, 4.103),
    "emovo": (-6.702, 4.619),
    "iem4": (-5.752, 3.403),
    "ravdess": (-10.320, 5.000),
    "savee": (-7.362, 4.718),
    "shemo": (-3.533, 4.028),
}
MODES = ("train", "serab")
LEAST_STD = 1e-3  # real sound varies by whole units; silence by the rounding of its logarithm


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation of a dataset's log-mel, and where they come from."""

    mean: float
    std: float
    source: str
    clips: int = 0  # clips they were computed from; 0 for constants

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.std) and self.std > 0):
            raise EmbedderError(
                f"byol: log-mel statistics from {self.source} are mean {self.mean}, std {self.std}; expected finite "
                "numbers and a std above 0. Give `statistics: [mean, std]`."
            )


def given(statistics: str | Sequence[float]) -> Statistics | None:
    """The constants in `statistics`, or None for a mode in `MODES`; raises `EmbedderError` for anything else."""
    if isinstance(statistics, str):
        if statistics in MODES:
            return None
        raise EmbedderError(_unknown(statistics))
    numbers = list(statistics) if isinstance(statistics, Sequence) else []
    if len(numbers) != 2 or any(isinstance(value, bool) or not isinstance(value, int | float) for value in numbers):
        raise EmbedderError(_unknown(statistics))
    return Statistics(float(numbers[0]), float(numbers[1]), "given constants")


def published(dataset: str) -> Statistics:
    """SERAB's constants for `dataset` (a variant, `name@variant`, takes its set's); raises `EmbedderError`."""
    name = dataset.partition("@")[0]
    if name not in SERAB:
        raise EmbedderError(
            f"byol: SERAB published no log-mel statistics for {dataset!r}, only for {', '.join(SERAB)}. "
            "Use `statistics: train`, or give `[mean, std]`."
        )
    return Statistics(*SERAB[name], "SERAB's published constants")


def averaged(per_clip: Iterable[tuple[float, float]], dataset: str) -> Statistics:
    """SERAB's definition: the average of the clips' means and the average of the clips' standard deviations.

    Sums are exact (`math.fsum`), so the order of the clips does not matter.
    """
    pairs = list(per_clip)
    if not pairs:
        raise EmbedderError(
            f"byol: {dataset} gave no clips to compute log-mel statistics from, expected at least one. "
            "Give `statistics: [mean, std]`."
        )
    means, stds = zip(*pairs, strict=True)
    std = math.fsum(stds) / len(pairs)
    if std < LEAST_STD:
        raise EmbedderError(
            f"byol: the log-mel of {dataset}'s audio varies by {std:.1g}, expected above {LEAST_STD}: its clips are "
            "silent or constant. Look at the audio, or give `statistics: [mean, std]`."
        )
    return Statistics(math.fsum(means) / len(pairs), std, f"{dataset}'s audio", len(pairs))


def _unknown(statistics: object) -> str:
    return (
        f"byol: statistics is {statistics!r}, expected 'train' (from the dataset's own audio), 'serab' (published "
        "constants) or [mean, std]."
    )
