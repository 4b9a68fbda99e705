"""The fast engine: the same answers as one scikit-learn fit a grid point, with the work shared.

What each head relies on is written in its file. A logistic regression is rotated into the span of its
fit rows when these are fewer than the dimensions: the L2 penalty does not change under a rotation, so
the optimum is the same, and so is each L-BFGS step up to rounding; only the stopping rule (largest
component of the gradient) sees other components, so answers agree to the solver's tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmark.probes import forest, lda, svc
from benchmark.probes.common import Answer, NotFitted, as_predictions, fit_predict, too_few_clips
from benchmark.probes.heads import Point, estimator
from benchmark.probes.problem import Stage

Search = Callable[[Stage, Sequence[Point], int], list[Answer]]


def search(name: str, stage: Stage, points: Sequence[Point], seed: int) -> list[Answer]:
    """Predictions of the stage's look rows at each grid point of a head, in the order of `points`."""
    return SEARCHES[name](stage, points, seed)


def _lda(stage: Stage, points: Sequence[Point], seed: int) -> list[Answer]:
    return [_one_lda(stage, point, seed) for point in points]


def _one_lda(stage: Stage, point: Point, seed: int) -> Answer:
    known = point == {"solver": "lsqr", "shrinkage": "auto"}
    if known and lda.solvable(stage.fit_y, stage.fit_x.shape[1]):
        model = lda.fit(stage.fit_x, stage.fit_y)
        if model is not None:
            return as_predictions(model[0][lda.decide(model, stage.look_x).argmax(axis=1)])
    return fit_predict(estimator("lda", point, seed), stage.fit_x, stage.fit_y, stage.look_x)


def _lr(stage: Stage, points: Sequence[Point], seed: int) -> list[Answer]:
    fewer = len(stage.fit_x) < stage.fit_x.shape[1]
    fit_x, look_x = stage.rotated if fewer else (stage.fit_x, stage.look_x)

    def answer(point: Point) -> Answer:
        return fit_predict(estimator("lr", point, seed), fit_x, stage.fit_y, look_x)

    return _once_each(stage, points, answer)


def _qda(stage: Stage, points: Sequence[Point], seed: int) -> list[Answer]:
    d = stage.fit_x.shape[1]
    label, clips = stage.smallest_class
    if clips < d:  # scikit-learn finds out after a decomposition a class
        return [NotFitted(too_few_clips(label, clips, d))] * len(points)
    return [fit_predict(estimator("qda", point, seed), stage.fit_x, stage.fit_y, stage.look_x) for point in points]


def _svc(stage: Stage, points: Sequence[Point], seed: int) -> list[Answer]:
    if not stage.small:
        return _once_each(
            stage,
            points,
            lambda point: fit_predict(estimator("svc", point, seed), stage.fit_x, stage.fit_y, stage.look_x),
        )
    kernels = svc.Kernels(stage)
    return _once_each(stage, points, lambda point: svc.predict(stage, kernels, point, seed))


def _once_each(stage: Stage, points: Sequence[Point], answer: Callable[[Point], Answer]) -> list[Answer]:
    """Answers in order; where classes are balanced, balanced weights are all exactly 1 and so no other fit."""
    known: dict[str, Answer] = {}
    answers = []
    for point in points:
        same = {**point, "class_weight": None} if stage.balanced and "class_weight" in point else point
        key = repr(sorted(same.items()))
        if key not in known:
            known[key] = answer(same)
        answers.append(known[key])
    return answers


SEARCHES: dict[str, Search] = {"lda": _lda, "lr": _lr, "qda": _qda, "rf": forest.search, "svc": _svc}
