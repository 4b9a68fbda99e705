"""The plain way: one `GridSearchCV` a head, nothing shared. The oracle of the tests, and slow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmark.metrics import Metric
from benchmark.probes.common import Answer, NotFitted, fit_predict, too_few_clips
from benchmark.probes.heads import Point, estimator
from benchmark.probes.problem import Problem


def run(
    name: str, problem: Problem, points: Sequence[Point], metric: Metric, seed: int
) -> tuple[int, float, Answer] | NotFitted:
    """Search on train → validation, refit on both, answer for test: (best point, its score, predictions).

    Ties go to the first point. `NotFitted` when no point can be fitted, or the best one not refitted.
    """
    from sklearn.metrics import make_scorer
    from sklearn.model_selection import GridSearchCV, PredefinedSplit

    model, prefix = _model(name, problem, seed)
    rows = np.concatenate([problem.train, problem.validation])
    held_out = np.repeat([-1, 0], [len(problem.train), len(problem.validation)])
    search = GridSearchCV(
        model,
        [{prefix + key: [value] for key, value in point.items()} for point in points],
        scoring=make_scorer(metric, greater_is_better=metric.higher_is_better),
        cv=PredefinedSplit(held_out),
        refit=False,
        error_score=np.nan,
    )
    try:
        search.fit(problem.X[rows], problem.y[rows])
    except ValueError as error:  # every point failed; scikit-learn's message then holds their traces
        return NotFitted(_why(name, problem, error))
    scores = search.cv_results_["mean_test_score"]
    best = int(np.nanargmax(scores))
    sign = 1 if metric.higher_is_better else -1
    again = model.set_params(**{prefix + key: value for key, value in points[best].items()})
    answer = fit_predict(again, problem.X[rows], problem.y[rows], problem.X[problem.test])
    return best, sign * float(scores[best]), answer


def _model(name: str, problem: Problem, seed: int) -> tuple[Any, str]:
    """The head, behind a scaler of its own where normalisation is by training rows, and its parameters' prefix."""
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    head = estimator(name, {}, seed)
    if problem.normalisation == "group":
        return head, ""
    return Pipeline([("scale", StandardScaler()), ("head", head)]), "head__"


def _why(name: str, problem: Problem, error: ValueError) -> str:
    stage, d = problem.selection, problem.X.shape[1]
    label, clips = stage.smallest_class
    if name == "qda" and clips < d:
        return too_few_clips(label, clips, d)
    last = fit_predict(estimator(name, {}, 0), stage.fit_x, stage.fit_y, stage.look_x)
    return last.reason if isinstance(last, NotFitted) else " ".join(str(error).split())[:300]
