"""One head on one fold: choose on validation, refit on train and validation, one look at test."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmark.cell import HEAD_ORDER, HeadResult
from benchmark.errors import SplitError, UnknownNameError
from benchmark.metrics import METRICS, Metric, all_metrics
from benchmark.probes import fast, reference
from benchmark.probes.common import Answer, NotFitted, Predictions, quiet_and_single_threaded
from benchmark.probes.heads import Mode, Point, grid
from benchmark.probes.problem import Problem

Engine = Literal["fast", "reference"]
ENGINES: tuple[Engine, ...] = ("fast", "reference")


@dataclass(frozen=True, eq=False)
class HeadOutcome:
    """A head's record and its prediction of each test clip, shape (len(test),), -1 where not applicable."""

    result: HeadResult
    predictions: Predictions


def seed_for(protocol_seed: int, task: str, fold: int, head: str) -> int:
    """Seed below 2^32 of one head in one fold, the first four bytes of a sha256 over what it depends on."""
    text = f"{protocol_seed}/{task}/{fold}/{head}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def run_head(
    head: str, problem: Problem, *, engine: Engine = "fast", mode: Mode = "grid", metric: str = "accuracy", seed: int
) -> HeadOutcome:
    """Search a head's grid on one fold and score the winner on test.

    The best point is the first of those with the best `metric` on validation; it alone is fitted again,
    on train followed by validation. Points that cannot be fitted take no part; a head without any, or
    whose best point cannot be refitted, is "not applicable" with the reason. Results do not depend on
    the number of cores.

    Raises:
        UnknownNameError: head, engine or metric is not known.
    """
    if engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES)
    if metric not in METRICS:
        raise UnknownNameError("metric", metric, METRICS)
    points, primary = grid(head, mode), METRICS[metric]
    with quiet_and_single_threaded():
        if engine == "fast":
            found = _fast(head, problem, points, primary, seed)
        else:
            found = reference.run(head, problem, points, primary, seed)
    if isinstance(found, NotFitted):
        return _not_applicable(head, problem, points, found)
    best, score, answer = found
    if isinstance(answer, NotFitted):
        return _not_applicable(head, problem, points, answer)
    result = HeadResult(
        head=head,
        status="ok",
        params=points[best],
        validation=score,
        test=all_metrics(problem.y[problem.test], answer),
        fits=len(points),
    )
    return HeadOutcome(result, answer)


def choose(outcomes: Sequence[HeadOutcome]) -> str:
    """Name of the head with the best validation score; ties go to the first in `HEAD_ORDER`.

    Every metric of `METRICS` is better when higher.

    Raises:
        SplitError: no head could be fitted.
    """
    best: HeadResult | None = None
    for outcome in sorted(outcomes, key=lambda o: HEAD_ORDER.index(o.result.head)):
        result = outcome.result
        if result.validation is not None and (
            best is None or best.validation is None or result.validation > best.validation
        ):
            best = result
    if best is None:
        reasons = "; ".join(f"{o.result.head}: {o.result.reason}" for o in outcomes) or "none was run"
        raise SplitError(f"no head could be fitted in this fold ({reasons}). Add a head in params.yaml (probe: heads).")
    return best.head


def _fast(
    head: str, problem: Problem, points: Sequence[Point], metric: Metric, seed: int
) -> tuple[int, float, Answer] | NotFitted:
    answers = fast.search(head, problem.selection, points, seed)
    truth = problem.y[problem.validation]
    sign = 1 if metric.higher_is_better else -1
    scores = [-np.inf if isinstance(answer, NotFitted) else sign * metric(truth, answer) for answer in answers]
    best = int(np.argmax(scores))
    first = answers[best]
    if isinstance(first, NotFitted):  # then all are
        return first
    (answer,) = fast.search(head, problem.refit, [points[best]], seed)
    return best, sign * float(scores[best]), answer


def _not_applicable(head: str, problem: Problem, points: Sequence[Point], failed: NotFitted) -> HeadOutcome:
    result = HeadResult(head=head, status="not applicable", reason=failed.reason, fits=len(points))
    return HeadOutcome(result, np.full(len(problem.test), -1, dtype=np.int64))
