"""Many scores of one row into one number, and one column of scores into ranks.

UM, WM and GM as SERAB defines them (arXiv 2110.03414): unweighted, weighted by size, geometric.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

POSITIVE_METRICS = frozenset({"accuracy", "uar", "macro_f1"})  # cannot be negative: a geometric mean exists


@dataclass(frozen=True, kw_only=True)
class Aggregates:
    """The suite score of a complete row; `gm` is None where a metric may be negative."""

    um: float
    wm: float
    gm: float | None
    mean_rank: float


def unweighted_mean(scores: Sequence[float]) -> float:
    """The plain mean; summed exactly, so that the order of tasks cannot change the last digit."""
    return math.fsum(scores) / len(scores)


def weighted_mean(scores: Sequence[float], clips: Sequence[int]) -> float:
    """The mean weighted by the number of predicted clips of each task."""
    return math.fsum(s * n for s, n in zip(scores, clips, strict=True)) / sum(clips)


def geometric_mean(scores: Sequence[float], metrics: Sequence[str]) -> float | None:
    """The geometric mean, 0 when a score is 0; None unless every metric is one of `POSITIVE_METRICS`."""
    if not POSITIVE_METRICS.issuperset(metrics):
        return None
    if min(scores) <= 0:
        return 0.0
    return math.exp(math.fsum(math.log(score) for score in scores) / len(scores))


def average_ranks(scores: Sequence[float]) -> list[float]:
    """Ranks from 1 for the highest score; equal scores share the mean of the ranks they take up."""
    return [sum(other > score for other in scores) + (scores.count(score) + 1) / 2 for score in scores]


def aggregate(
    scores: Sequence[float], clips: Sequence[int], metrics: Sequence[str], ranks: Sequence[float]
) -> Aggregates:
    """All four numbers of one complete row; one entry a task in each argument."""
    return Aggregates(
        um=unweighted_mean(scores),
        wm=weighted_mean(scores, clips),
        gm=geometric_mean(scores, metrics),
        mean_rank=unweighted_mean(ranks),
    )
