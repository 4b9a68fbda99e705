"""UM, WM, GM and ranks against hand calculation and SciPy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import gmean, rankdata

from benchmark.aggregate import aggregate, average_ranks, geometric_mean, unweighted_mean, weighted_mean

scores = st.lists(st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9, 1.0]), min_size=1, max_size=12)


def test_means_by_hand():
    assert unweighted_mean([0.5, 0.8]) == pytest.approx(0.65, abs=1e-15)
    assert weighted_mean([0.5, 0.8], [300, 100]) == pytest.approx((150 + 80) / 400, abs=1e-15)
    assert geometric_mean([0.5, 0.8], ["accuracy", "uar"]) == pytest.approx(0.4**0.5, abs=1e-15)


def test_unweighted_mean_does_not_depend_on_the_order():
    values = [0.1, 0.7, 0.2, 1e-9, 0.3]
    assert unweighted_mean(values) == unweighted_mean(values[::-1])


def test_geometric_mean_of_a_zero_is_zero_and_of_a_signed_metric_is_none():
    assert geometric_mean([0.0, 0.8], ["accuracy", "accuracy"]) == 0.0
    assert geometric_mean([0.4, 0.8], ["accuracy", "ccc"]) is None


@given(scores)
def test_ranks_and_geometric_mean_equal_scipy(values):
    assert average_ranks(values) == list(rankdata([-value for value in values], method="average"))
    assert geometric_mean(values, ["accuracy"] * len(values)) == pytest.approx(gmean(values))


def test_three_way_tie_shares_the_mean_rank():
    assert average_ranks([0.5, 0.9, 0.5, 0.5, 0.1]) == [3.0, 1.0, 3.0, 3.0, 5.0]


def test_weights_must_be_one_a_score():
    with pytest.raises(ValueError, match="shorter"):
        weighted_mean([0.5, 0.8], [3])


def test_aggregate_puts_the_four_together():
    made = aggregate([0.5, 0.8], [300, 100], ["accuracy", "accuracy"], [2.0, 1.0])
    assert (made.um, made.wm, made.mean_rank) == (pytest.approx(0.65), pytest.approx(0.575), 1.5)
