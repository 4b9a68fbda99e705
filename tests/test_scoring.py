"""A cell's figures equal what scikit-learn gives when asked directly; a cell is a function of its inputs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmark import provenance, scoring, splits, store
from benchmark.errors import SplitError
from benchmark.scoring import cell_fingerprint
from tasks.base import LeaveOneGroupOut

SVC_GRID = [
    {"C": c, "class_weight": weight, "kernel": kernel}
    for c in (1e5, 1e4, 1e3, 1e2, 1e1, 1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
    for weight in ("balanced", None)
    for kernel in ("rbf", "linear")
]
GRIDS = {
    "lda": lambda mode: [
        LinearDiscriminantAnalysis(**({"solver": "lsqr", "shrinkage": "auto"} if mode == "grid" else {}))
    ],
    "svc": lambda mode: [SVC(max_iter=10_000, **point) for point in (SVC_GRID if mode == "grid" else [{}])],
}
METRICS = {
    "accuracy": accuracy_score,
    "uar": balanced_accuracy_score,
    "macro_f1": lambda y, y_hat: f1_score(y, y_hat, average="macro"),
}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # C = 1e5 stops at 10,000


def by_hand(vectors, y, groups, assignment, task, mode):
    """(predictions of the chosen head, of each head, chosen head of each fold), straight from the protocol."""
    X = vectors.astype(np.float64)
    if task.normalisation == "group":
        for group in set(groups):
            rows = np.array([g == group for g in groups])
            X[rows] = (X[rows] - X[rows].mean(axis=0)) / X[rows].std(axis=0)
    metric = METRICS[task.metric]
    rows, chosen, pooled, heads = [], [], [], {"lda": [], "svc": []}
    for each in splits.rounds(assignment):
        best = None
        answers = {}
        both = np.concatenate([each.train, each.validation])
        fit, look = (StandardScaler().fit(X[r]) if task.normalisation == "train" else None for r in (each.train, both))
        prepare = (lambda s, part: s.transform(X[part])) if task.normalisation == "train" else (lambda s, part: X[part])
        for head in ("lda", "svc"):
            scores = [
                metric(
                    y[each.validation],
                    m.fit(prepare(fit, each.train), y[each.train]).predict(prepare(fit, each.validation)),
                )
                for m in GRIDS[head](mode)
            ]
            winner = GRIDS[head](mode)[int(np.argmax(scores))].fit(prepare(look, both), y[both])
            answers[head] = winner.predict(prepare(look, each.test))
            heads[head].append(answers[head])
            if best is None or max(scores) > best[0]:
                best = (max(scores), head)
        chosen.append(best[1])
        pooled.append(answers[best[1]])
        rows.append(each.test)
    order = np.concatenate(rows)
    return order, np.concatenate(pooled), {h: np.concatenate(a) for h, a in heads.items()}, chosen


@pytest.mark.parametrize("mode", ["grid", "none"])
@pytest.mark.parametrize(
    ("task", "change"),
    [
        ("emodb", {}),
        ("emodb", {"normalisation": "train", "metric": "macro_f1"}),
        ("emodb", {"split": LeaveOneGroupOut(), "metric": "accuracy"}),
        ("emodb_serab", {}),
    ],
    ids=["folds", "train", "one group out", "parts"],
)
def test_figures_equal_scikit_learns(tiny, tmp_path, task, change, mode):
    scored, manifest, vectors = tiny.make(tmp_path, task, mode=mode, **change)
    cell, predictions = tiny.cell_of(scored)
    y, groups = scored.y, list(scored.groups)
    order, pooled, heads, chosen = by_hand(vectors, y, groups, manifest.split(scored.task), scored.task, mode)
    assert predictions.clip_id == [manifest.clips[row]["id"] for row in order]
    assert predictions.predicted.tolist() == pooled.tolist()
    for head, answer in heads.items():
        assert predictions.heads[head].tolist() == answer.tolist()
    assert [fold.chosen for fold in cell.folds] == chosen
    truth = y[order]
    for name, metric in METRICS.items():
        assert cell.scores[name] == pytest.approx(metric(truth, pooled), abs=1e-12)
        for head, answer in heads.items():
            assert cell.head_scores[head][name] == pytest.approx(metric(truth, answer), abs=1e-12)
    best = max(heads, key=lambda head: METRICS[scored.task.metric](truth, heads[head]))
    assert cell.oracle.head == best
    assert cell.chosen == {head: chosen.count(head) for head in ("lda", "svc") if head in chosen}
    assert 0.4 < cell.scores["accuracy"] < 1.0, "neither trivial nor hopeless, or the comparison says little"


def test_the_record_says_how_it_was_made(tiny, tmp_path):
    scored, manifest, _ = tiny.make(tmp_path, variant="16k")
    cell, predictions = tiny.cell_of(scored)
    assert (cell.embedder, cell.task, cell.dataset, cell.variant, cell.metric) == (
        "row",
        "emodb",
        "emodb",
        "16k",
        "uar",
    )
    assert (cell.clips, cell.groups, cell.dim, cell.classes) == (70, 5, 6, tiny.CLASSES)
    assert cell.notes == [scoring.TRANSDUCTIVE]
    assert cell.versions == provenance.versions()
    assert cell.fingerprint == cell_fingerprint(scored.task, manifest, scored.probe, "v")
    assert len(cell.folds) == 5
    for fold in cell.folds:
        assert fold.train + fold.validation + fold.test == 70
        assert [head.head for head in fold.heads] == ["lda", "svc"]
        assert len(fold.test_groups) == 1
    assert set(predictions.fold.tolist()) == set(range(5))
    train, _, _ = tiny.make(tmp_path / "train", normalisation="train")
    assert tiny.cell_of(train)[0].notes == []


def test_predicted_clips_of_a_predefined_split_are_the_test_part(tiny, tmp_path):
    scored, _, _ = tiny.make(tmp_path, "emodb_serab")
    cell, predictions = tiny.cell_of(scored)
    assert (cell.clips, cell.groups) == (14, 1)
    assert set(predictions.group) == {"s0"}
    assert cell.intervals["accuracy"].low is None
    assert "not estimable: 1 group" in cell.intervals["accuracy"].reason


def test_a_head_that_cannot_be_fitted_is_not_applicable(tiny, tmp_path):
    """QDA with fewer clips of a class than dimensions."""
    scored, _, _ = tiny.make(tmp_path, heads=("svc", "qda", "lda"), dim=40)
    assert scored.heads == ["lda", "qda", "svc"], "the protocol's order, whatever params.yaml says"
    cell, predictions = tiny.cell_of(scored, dim=40)
    for fold in cell.folds:
        by_name = {head.head: head for head in fold.heads}
        assert by_name["qda"].status == "not applicable"
        assert by_name["qda"].reason
        assert by_name["qda"].test is None
    assert set(predictions.heads["qda"].tolist()) == {-1}
    assert set(cell.head_scores) == {"lda", "svc"}
    assert "qda" not in cell.chosen


def test_no_head_at_all_is_an_error(tiny, tmp_path):
    scored, _, _ = tiny.make(tmp_path, heads=("qda",), dim=40)
    with pytest.raises(SplitError, match=r"no head could be fitted in this fold \(qda: .*Add a head in params\.yaml"):
        tiny.cell_of(scored, dim=40)


def test_group_normalisation_of_too_small_groups_is_refused(tiny, tmp_path):
    scored, _, _ = tiny.make(tmp_path)
    groups = tuple(f"{name}{row % 7}" for row, name in enumerate(scored.groups))  # two clips each
    bad = dataclasses.replace(scored, groups=groups, fingerprint="other")
    with pytest.raises(SplitError, match=r"group normalisation refused: group 's0\d' has 2 clips"):
        scoring.score_unit(scoring.units(bad)[0])


def test_tampered_vectors_are_not_scored(tiny, tmp_path):
    scored, _, _ = tiny.make(tmp_path)
    np.save(tmp_path / "vectors.npy", np.zeros((70, 6), np.float32))
    with pytest.raises(store.StoreError, match="not the bytes that were written"):
        scoring.score_unit(scoring.units(scored)[0])
