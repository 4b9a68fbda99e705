"""How sure a score is, and whether two rows differ: groups, not clips, are what was sampled.

Clips of one speaker or artist are alike, so everything here deletes or swaps whole groups. Intervals
and tests are conditional on the trained probes and on the split.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from benchmark.cell import Interval
from benchmark.metrics import Labels, Metric, Values, confusion_by_group

JACKKNIFE = "delete-one-group jackknife, Student's t"
SIGN_FLIP = "sign-flip permutation of groups"
EXACT_UP_TO = 14  # swaps of up to this many groups (2^14 = 16384) are enumerated
MONTE_CARLO = 20_000
_CHUNK = 4096

Decision = Literal["better", "worse", "not different", "cannot be decided"]


def jackknife_interval(
    metric: Metric, y: Labels, y_hat: Labels, groups: Sequence[str] | NDArray[np.generic], level: float = 0.95
) -> Interval:
    """Confidence interval of `metric` from leaving out each group in turn.

    With T the metric on all clips and T_g without group g, the standard error is
    sqrt((G-1)/G · Σ (T_g − mean T_g)²) and the interval T ± t(G−1) · error, cut at the metric's bounds
    (a share cannot exceed 1). Below three groups it is not estimable. Source: Tukey 1958; Efron and
    Tibshirani 1993, chapter 11 (delete-a-group, with t on G−1 degrees of freedom).

    Args:
        y: labels, shape (n,).
        y_hat: predictions, shape (n,).
        groups: group of each clip, shape (n,).
        level: between 0 and 1.

    Raises:
        ValueError: lengths differ or an index is negative.
    """
    from scipy.special import stdtrit  # scipy.stats has the same quantile and costs half a second to import

    names, index = np.unique(np.asarray(groups), return_inverse=True)
    matrices = confusion_by_group(y, y_hat, index)
    count = len(names)
    if count < 3:
        reason = f"not estimable: {count} group{'s' if count != 1 else ''}, at least 3 needed"
        return Interval(low=None, high=None, level=level, groups=count, method=JACKKNIFE, reason=reason)
    total = matrices.sum(axis=0)
    value = float(metric.of_confusion(total))
    without = metric.of_confusion(total - matrices)
    error = float(np.sqrt((count - 1) / count * np.sum((without - without.mean()) ** 2)))
    half = float(stdtrit(count - 1, (1 + level) / 2)) * error
    low, high = (float(np.clip(bound, *metric.bounds)) for bound in (value - half, value + half))
    return Interval(low=low, high=high, level=level, groups=count, method=JACKKNIFE)


@dataclass(frozen=True, kw_only=True, eq=False)
class PairedTask:
    """Two rows' predictions of the same clips on one task; arrays of shape (n,).

    Groups of one `corpus` keep together across tasks: the same speaker is swapped in all of them.
    """

    corpus: str
    metric: Metric
    y: Labels
    first: Labels
    second: Labels
    groups: Sequence[str] | NDArray[np.generic]


@dataclass(frozen=True)
class Comparison:
    """A paired test: mean difference (first − second, so that more is better), p and what p could be at best."""

    difference: float
    p: float
    smallest_p: float
    groups: int
    exact: bool
    method: str = SIGN_FLIP


def paired_sign_flip(tasks: Sequence[PairedTask], *, seed: int = 0, flips: int = MONTE_CARLO) -> Comparison:
    """Two-sided sign-flip permutation test of two rows over the groups of a suite's tasks.

    Under the null hypothesis the two rows' predictions of a group may be swapped. For each pattern of
    swaps the metric of each task is computed anew from whole-group confusion matrices and the
    differences are averaged over tasks; so the test holds for any metric, not only for those that are
    sums over clips (where a swap is the flip of the sign of a group's difference). Up to 2^14 patterns
    are enumerated; beyond, `flips` seeded random ones, with p = (1 + hits) / (1 + flips). Source: Fisher
    1935; Phipson and Smyth 2010 for the added one.

    Raises:
        ValueError: no task, or arrays that do not fit.
    """
    if not tasks:
        raise ValueError("no task in common: expected at least one to compare on")
    units = sorted({(task.corpus, str(group)) for task in tasks for group in set(np.asarray(task.groups).tolist())})
    place = {unit: position for position, unit in enumerate(units)}
    prepared = [_prepare(task, place) for task in tasks]
    count = len(units)
    observed = float(_differences(prepared, np.zeros((1, count), dtype=np.int64))[0])
    threshold = abs(observed) - 1e-12  # equal patterns may differ in the last bits
    exact = count <= EXACT_UP_TO
    if exact:
        swaps = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    else:
        swaps = np.random.default_rng(seed).integers(0, 2, size=(flips, count))
    hits = sum(
        int((np.abs(_differences(prepared, swaps[start : start + _CHUNK])) >= threshold).sum())
        for start in range(0, len(swaps), _CHUNK)
    )
    p = hits / len(swaps) if exact else (1 + hits) / (1 + flips)
    smallest = 2.0 ** (1 - count) if exact else max(2.0 ** (1 - count), 1 / (1 + flips))
    return Comparison(observed, p, smallest, count, exact)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given. Source: Holm 1979."""
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, position in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[position]))
        adjusted[position] = running
    return adjusted


@dataclass(frozen=True)
class Verdict:
    """What a comparison says once the whole family that is shown is paid for."""

    decision: Decision
    p_adjusted: float
    reason: str = ""


def decide(comparisons: Mapping[str, Comparison], level: float = 0.05) -> dict[str, Verdict]:
    """Verdict on each row against one reference, Holm-adjusted over all of `comparisons`.

    A row *cannot be decided* when even the smallest reachable p-values, adjusted the same way, exceed
    `level`: no outcome could have told the rows apart.
    """
    names = list(comparisons)
    adjusted = holm([comparisons[name].p for name in names])
    reachable = holm([comparisons[name].smallest_p for name in names])
    verdicts: dict[str, Verdict] = {}
    for name, p, best in zip(names, adjusted, reachable, strict=True):
        comparison = comparisons[name]
        if best > level:
            reason = f"cannot be decided with {comparison.groups} groups: the smallest reachable p is {best:.3g}"
            verdicts[name] = Verdict("cannot be decided", p, reason)
        elif p > level:
            verdicts[name] = Verdict("not different", p)
        else:
            verdicts[name] = Verdict("better" if comparison.difference > 0 else "worse", p)
    return verdicts


def rank_ranges(rows: Sequence[str], better: Iterable[tuple[str, str]]) -> dict[str, tuple[int, int]]:
    """Lowest and highest rank that each row may hold, given the decided pairs (better row, worse row).

    Decisions carry over (a above the reference, the reference above b: a above b). A row that nothing
    was decided about may hold any rank.

    Raises:
        ValueError: a pair names an unknown row, or the pairs run in a circle.
    """
    place = {row: position for position, row in enumerate(rows)}
    above = np.zeros((len(rows), len(rows)), dtype=bool)
    for high, low in better:
        if high not in place or low not in place:
            raise ValueError(f"the pair ({high}, {low}) names a row that is not among {', '.join(rows)}")
        above[place[high], place[low]] = True
    for middle in range(len(rows)):
        above |= np.outer(above[:, middle], above[middle])
    if above.diagonal().any():
        raise ValueError("the decided pairs run in a circle: expected an order")
    return {
        row: (1 + int(above[:, position].sum()), len(rows) - int(above[position].sum()))
        for row, position in place.items()
    }


@dataclass(frozen=True, eq=False)
class _Prepared:
    metric: Metric
    units: NDArray[np.int64]  # (g,) which unit each group of the task is
    first: Values  # (K, K) all clips, nothing swapped; whole numbers, exact in float64
    second: Values
    change: Values  # (g, K, K) second minus first


def _prepare(task: PairedTask, place: Mapping[tuple[str, str], int]) -> _Prepared:
    names, index = np.unique(np.asarray(task.groups), return_inverse=True)
    classes = int(max(task.y.max(), task.first.max(), task.second.max())) + 1
    first = confusion_by_group(task.y, task.first, index, classes)
    second = confusion_by_group(task.y, task.second, index, classes)
    units = np.array([place[task.corpus, str(name)] for name in names.tolist()])
    change = (second - first).astype(np.float64)
    return _Prepared(task.metric, units, first.sum(axis=0) * 1.0, second.sum(axis=0) * 1.0, change)


def _differences(prepared: Sequence[_Prepared], swaps: NDArray[np.int64]) -> Values:
    """Mean over tasks of first − second, signed so that more is better, for each row of `swaps` (B, units)."""
    total = np.zeros(len(swaps))
    for task in prepared:
        moved = np.tensordot(swaps[:, task.units].astype(np.float64), task.change, axes=1)
        first, second = (
            task.metric.of_confusion(np.rint(matrix).astype(np.int64))
            for matrix in (task.first + moved, task.second - moved)
        )
        total += (first - second) * (1 if task.metric.higher_is_better else -1)
    return total / len(prepared)
