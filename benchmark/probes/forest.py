"""Random forests over a grid, tree by tree: the same forests as scikit-learn's, without the repeats.

A tree is a function of its seed, its bootstrap sample and its settings. A tree that grew no deeper
than m under a wide limit therefore comes out the same, bit for bit, under every limit of m or more;
only those that would have been cut are grown again. Balanced class weights are never taken for none:
since scikit-learn 1.9 they change how the bootstrap is drawn, even when all are equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from benchmark.cell import GridValue
from benchmark.probes import trees
from benchmark.probes.common import Answer, as_predictions, fit_predict
from benchmark.probes.heads import Point, estimator, head
from benchmark.probes.normalisation import Matrix
from benchmark.probes.problem import Stage

_KNOWN = {"class_weight", "max_depth", "min_samples_split"}


def search(stage: Stage, points: Sequence[Point], seed: int) -> list[Answer]:
    """Predictions of the look rows at each point, the same as of one scikit-learn forest a point."""
    if any(set(point) - _KNOWN for point in points) or not trees.as_scikit_learn():
        return [fit_predict(estimator("rf", point, seed), stage.fit_x, stage.fit_y, stage.look_x) for point in points]
    families: dict[tuple[GridValue, GridValue], list[int]] = defaultdict(list)
    for position, point in enumerate(points):
        families[point.get("class_weight"), point.get("min_samples_split", 2)].append(position)
    classes, encoded = np.unique(stage.fit_y, return_inverse=True)
    look = np.ascontiguousarray(stage.look_x, dtype=np.float32)
    nursery: dict[GridValue, trees.Nursery] = {}
    answers: dict[int, Answer] = {}
    for (weight, split), positions in families.items():
        if weight not in nursery:
            count = int(str(head("rf").fixed["n_estimators"]))
            nursery[weight] = trees.Nursery(stage.fit_x, encoded, count=count, balanced=weight == "balanced", seed=seed)
        votes = _votes(nursery[weight], look, int(str(split)), [_limit(points[p]) for p in positions])
        for position, total in zip(positions, votes, strict=True):
            answers[position] = as_predictions(classes[total.argmax(axis=1)])
    return [answers[position] for position in range(len(points))]


def _limit(point: Mapping[str, GridValue]) -> int:
    limit = point.get("max_depth")
    return trees.NO_LIMIT if limit is None else int(str(limit))


def _votes(nursery: trees.Nursery, look: trees.Features, split: int, limits: Sequence[int]) -> list[Matrix]:
    """Mean class shares over the trees, (m, K), for each depth limit."""
    widest = max(limits)
    totals = {limit: np.zeros((len(look), nursery.classes)) for limit in limits}
    for position in range(nursery.count):
        tree = nursery.grow(position, split, widest)
        depth, shares = tree.max_depth, tree.predict(look)
        for limit, total in totals.items():  # summed one tree after the other, as a forest with one job does
            total += shares if depth <= limit else nursery.grow(position, split, limit).predict(look)
    return [totals[limit] / nursery.count for limit in limits]
