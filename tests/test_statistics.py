"""Intervals and tests by hand and by brute force."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import t as student

from benchmark.metrics import METRICS
from benchmark.statistics import Comparison, PairedTask, decide, holm, jackknife_interval, paired_sign_flip, rank_ranges

ACCURACY = METRICS["accuracy"]


def test_jackknife_by_hand():
    # hits of groups a, b, c: 3/4, 2/4, 0/2; without each: 2/6, 3/6, 5/8; all: 5/10
    y = np.zeros(10, dtype=int)
    y_hat = np.array([0, 0, 0, 1, 0, 0, 1, 1, 1, 1])
    groups = list("aaaabbbbcc")
    without = [2 / 6, 3 / 6, 5 / 8]
    mean = sum(without) / 3
    error = (2 / 3 * sum((x - mean) ** 2 for x in without)) ** 0.5
    narrow = jackknife_interval(ACCURACY, y, y_hat, groups, level=0.5)
    quantile = 0.816496580927726  # 75 % point of Student's t on 2 degrees: p = 1/2 + t / (2 sqrt(2 + t²))
    assert narrow.low == pytest.approx(0.5 - quantile * error)
    assert narrow.high == pytest.approx(0.5 + quantile * error)
    assert (narrow.groups, narrow.level, narrow.reason) == (3, 0.5, "")
    wide = jackknife_interval(ACCURACY, y, y_hat, groups)
    assert 4.302652729911275 * error > 0.5  # unclipped it would leave [0, 1]
    assert (wide.low, wide.high) == (0.0, 1.0)


@pytest.mark.parametrize("name", list(METRICS))
def test_jackknife_equals_the_plain_loop(name):
    draw = np.random.default_rng(1)
    y, groups = draw.integers(0, 4, 150), draw.integers(0, 7, 150).astype(str)
    y_hat = np.where(draw.random(150) < 0.6, y, draw.integers(0, 4, 150))
    without = np.array([METRICS[name](y[groups != g], y_hat[groups != g]) for g in np.unique(groups)])
    error = np.sqrt(6 / 7 * ((without - without.mean()) ** 2).sum())
    found = jackknife_interval(METRICS[name], y, y_hat, groups, level=0.9)
    half = student.ppf(0.95, 6) * error
    assert found.low == pytest.approx(METRICS[name](y, y_hat) - half)
    assert found.high == pytest.approx(METRICS[name](y, y_hat) + half)


@pytest.mark.parametrize(("groups", "words"), [("aabb", "2 groups"), ("aaaa", "1 group,")])
def test_too_few_groups_have_no_interval(groups, words):
    y = np.array([0, 1, 0, 1])
    found = jackknife_interval(ACCURACY, y, y, list(groups))
    assert found.low is None
    assert found.high is None
    assert words in found.reason


def test_jackknife_covers():
    """Accuracy with group effects, 8 groups of unequal size: the 90 % interval covers about 90 %."""
    draw = np.random.default_rng(5)
    covered = 0
    for _ in range(400):
        sizes = draw.integers(20, 60, 8)
        groups = np.repeat(np.arange(8), sizes)
        rates = np.clip(0.6 + 0.1 * draw.standard_normal(8), 0, 1)[groups]
        interval = jackknife_interval(
            ACCURACY, np.zeros(len(groups), dtype=int), (draw.random(len(groups)) > rates) * 1, groups, 0.9
        )
        covered += interval.low <= 0.6 <= interval.high
    assert 0.85 <= covered / 400 <= 0.95


def example(seed, groups, clips=40, corpus="c", metric="uar", edge=0.25):
    draw = np.random.default_rng(seed)
    y = draw.integers(0, 3, clips)
    first = np.where(draw.random(clips) < 0.4 + edge, y, draw.integers(0, 3, clips))
    second = np.where(draw.random(clips) < 0.4, y, draw.integers(0, 3, clips))
    group = draw.permutation(np.arange(clips) % groups).astype(str)
    return PairedTask(corpus=corpus, metric=METRICS[metric], y=y, first=first, second=second, groups=group)


def brute_force(tasks):
    """Swap whole groups' predictions in every way and compute the metrics from the labels each time."""
    units = sorted({(task.corpus, g) for task in tasks for g in task.groups})
    values = []
    for swap in product([False, True], repeat=len(units)):
        swapped = {unit for unit, on in zip(units, swap, strict=True) if on}
        total = 0.0
        for task in tasks:
            on = np.array([(task.corpus, g) in swapped for g in task.groups])
            first, second = np.where(on, task.second, task.first), np.where(on, task.first, task.second)
            total += task.metric(task.y, first) - task.metric(task.y, second)
        values.append(total / len(tasks))
    return values[0], float(np.mean(np.abs(values) >= abs(values[0]) - 1e-12))


@pytest.mark.parametrize("metric", list(METRICS))
def test_sign_flip_equals_enumeration(metric):
    for seed in range(3):
        task = example(seed, 6, metric=metric)
        found = paired_sign_flip([task])
        difference, p = brute_force([task])
        assert found.difference == pytest.approx(difference)
        assert found.p == pytest.approx(p)
        assert (found.groups, found.smallest_p, found.exact) == (6, 2 / 64, True)


def test_sign_flip_pools_tasks_and_keeps_a_corpus_together():
    apart = [example(1, 4, corpus="a"), example(2, 3, corpus="b", metric="accuracy")]
    together = [example(1, 4, corpus="a"), example(2, 3, corpus="a", metric="accuracy")]
    for tasks, groups in ((apart, 7), (together, 4)):
        found = paired_sign_flip(tasks)
        difference, p = brute_force(tasks)
        assert (found.difference, found.p) == (pytest.approx(difference), pytest.approx(p))
        assert found.groups == groups


def test_accuracy_swaps_are_sign_flips_of_group_differences():
    task = example(4, 5, metric="accuracy")
    hits = (task.first == task.y).astype(int) - (task.second == task.y)
    sums = [hits[task.groups == g].sum() for g in np.unique(task.groups)]
    flipped = [abs(np.dot(signs, sums)) for signs in product([1, -1], repeat=5)]
    assert paired_sign_flip([task]).p == pytest.approx(np.mean(np.array(flipped) >= abs(sum(sums))))


def test_many_groups_are_drawn_with_a_seed():
    task = example(0, 20, clips=400)
    first, again = paired_sign_flip([task], seed=3), paired_sign_flip([task], seed=3)
    assert first == again
    assert not first.exact
    assert first.smallest_p == 1 / 20_001
    close = example(7, 15, clips=200, edge=0.08, metric="accuracy")
    hits = (close.first == close.y).astype(int) - (close.second == close.y)
    sums = np.array([hits[close.groups == g].sum() for g in np.unique(close.groups)])
    signs = 1 - 2 * ((np.arange(2**15)[:, None] >> np.arange(15)) & 1)
    exact = np.mean(np.abs(signs @ sums) >= abs(sums.sum()))
    assert 0.05 < exact < 0.95
    assert paired_sign_flip([close]).p == pytest.approx(exact, abs=4 * (exact * (1 - exact) / 20_000) ** 0.5)


def test_equal_rows_have_p_one_and_no_task_is_refused():
    task = example(0, 6)
    same = PairedTask(corpus="c", metric=task.metric, y=task.y, first=task.first, second=task.first, groups=task.groups)
    assert paired_sign_flip([same]).p == 1.0
    with pytest.raises(ValueError, match="no task in common"):
        paired_sign_flip([])


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([]) == []


def test_decisions_pay_for_the_family():
    few = Comparison(0.2, 2 / 64, 2 / 64, 6, True)
    assert decide({"a": few})["a"].decision == "better"
    crowd = decide(dict.fromkeys("abcde", few))["a"]  # 5 · 0.031 is over 0.05 whatever happens
    assert crowd.decision == "cannot be decided"
    assert crowd.reason == "cannot be decided with 6 groups: the smallest reachable p is 0.156"
    many = {"a": Comparison(-0.1, 0.001, 1e-4, 20, False), "b": Comparison(0.1, 0.03, 1e-4, 20, False)}
    assert {name: verdict.decision for name, verdict in decide(many).items()} == {"a": "worse", "b": "better"}
    many["c"] = Comparison(0.01, 0.4, 1e-4, 20, False)
    assert {name: v.decision for name, v in decide(many).items()} == {
        "a": "worse",
        "b": "not different",
        "c": "not different",
    }
    assert decide(many)["b"].p_adjusted == pytest.approx(0.06)


def test_rank_ranges():
    assert rank_ranges("abcd", [("a", "b"), ("b", "d")]) == {"a": (1, 2), "b": (2, 3), "c": (1, 4), "d": (3, 4)}
    assert rank_ranges(["x", "y"], []) == {"x": (1, 2), "y": (1, 2)}
    with pytest.raises(ValueError, match="circle"):
        rank_ranges("ab", [("a", "b"), ("b", "a")])
    with pytest.raises(ValueError, match="not among a, b"):
        rank_ranges("ab", [("a", "z")])
