"""Every figure of a cell that follows from its predictions: computed once when it is made, and again to verify it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from benchmark.cell import HEAD_ORDER, Oracle
from benchmark.cell_files import NOT_APPLICABLE, Predictions
from benchmark.errors import SplitError
from benchmark.metrics import METRICS, all_metrics


def figures(predictions: Predictions, chosen: Mapping[int, str], *, metric: str, level: float) -> dict[str, Any]:
    """Every figure of a cell that follows from its predictions and the head chosen in each fold.

    Scores pool all predicted clips. A head has a pooled score only if it was applicable in every fold.
    The oracle is the head with the best pooled primary metric on *test*, the first of equals.
    """
    from benchmark.statistics import jackknife_interval

    label = predictions.label
    applicable = {h: column for h, column in predictions.heads.items() if (column != NOT_APPLICABLE).all()}
    head_scores = {head: all_metrics(label, column) for head, column in applicable.items()}
    if not head_scores:
        raise SplitError("no head is applicable in every fold. Add a head in params.yaml (probe: heads), such as lda.")
    sign = 1 if METRICS[metric].higher_is_better else -1
    best = max(head_scores, key=lambda head: sign * head_scores[head][metric])
    return {
        "scores": all_metrics(label, predictions.predicted),
        "intervals": {
            name: jackknife_interval(each, label, predictions.predicted, predictions.group, level=level)
            for name, each in METRICS.items()
        },
        "head_scores": head_scores,
        "oracle": Oracle(head=best, scores=head_scores[best]),
        "chosen": {head: list(chosen.values()).count(head) for head in HEAD_ORDER if head in chosen.values()},
        "clips": len(label),
        "groups": len(set(predictions.group)),
        "test scores by fold": list(_fold_scores(predictions, chosen)),
    }


def _fold_scores(predictions: Predictions, chosen: Mapping[int, str]) -> Iterator[dict[str, dict[str, float]]]:
    for fold, head in chosen.items():
        rows = predictions.fold == fold
        consistent = np.array_equal(predictions.predicted[rows], predictions.heads[head][rows])
        yield {
            name: all_metrics(predictions.label[rows], column[rows])
            for name, column in predictions.heads.items()
            if consistent and (column[rows] != NOT_APPLICABLE).all()
        }
