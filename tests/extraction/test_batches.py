"""Batches are a pure function of the manifest and the budget."""

from __future__ import annotations

import dataclasses

import pytest

from benchmark.embedding import MAX_CLIPS
from benchmark.extraction import plan_batches
from benchmark.manifest import Manifest

RATE = 8000


def listing(lengths, rate=RATE) -> Manifest:
    clips = [{"id": str(n), "samples": samples, "rate": rate} for n, samples in enumerate(lengths)]
    return Manifest("x", "1", "", "", {}, {}, clips)


def lengths_of(count=200):
    return [100 + (37 * n) % 900 for n in range(count)]


@pytest.mark.parametrize("budget", [0.05, 0.2, 1.0, 1000.0])
@pytest.mark.parametrize("equal_length", [False, True])
def test_every_clip_is_in_one_batch_within_the_budget(budget, equal_length):
    lengths = lengths_of()
    made = plan_batches(listing(lengths), rate=RATE, budget_seconds=budget, equal_length=equal_length)
    assert sorted(row for batch in made for row in batch.rows) == list(range(len(lengths)))
    for batch in made:
        longest = max(lengths[row] for row in batch.rows)
        assert len(batch.rows) == 1 or longest * len(batch.rows) <= budget * RATE
        assert len(batch.rows) <= MAX_CLIPS
        assert not equal_length or len({lengths[row] for row in batch.rows}) == 1
    firsts = [lengths[batch.rows[0]] for batch in made]
    assert firsts == sorted(firsts, reverse=True), "long batches come first"


def test_batches_are_as_full_as_the_budget_allows():
    made = plan_batches(listing([100] * 10), rate=RATE, budget_seconds=0.05, equal_length=False)
    assert [len(batch.rows) for batch in made] == [4, 4, 2]


def test_no_batch_takes_more_than_its_share():
    lengths = lengths_of()
    made = plan_batches(listing(lengths), rate=RATE, budget_seconds=1000.0, equal_length=False, shares=20)
    assert sorted(row for batch in made for row in batch.rows) == list(range(len(lengths)))
    heard = [sum(lengths[row] for row in batch.rows) for batch in made]
    assert max(heard) <= sum(lengths) / 20
    assert len(made) < 2 * 20, "and each takes nearly as much as it may"


@pytest.mark.parametrize(("budget", "wanted"), [(1000.0, [(0, 3), (1, 2)]), (0.2, [(0,), (3, 1), (2,)])])
def test_two_clips_go_together_however_small_the_share(budget, wanted):
    made = plan_batches(listing([900, 500, 500, 550]), rate=RATE, budget_seconds=budget, equal_length=False, shares=100)
    assert [batch.rows for batch in made] == wanted


def test_batches_follow_lengths_at_the_embedders_rate():
    """The same audio in another container rate gives the same batches."""
    wanted = plan_batches(listing([80, 160, 240]), rate=16000, budget_seconds=0.05, equal_length=False)
    other = plan_batches(listing([160, 320, 480], rate=16000), rate=16000, budget_seconds=0.05, equal_length=False)
    assert wanted == other


def test_batches_are_a_pure_function():
    manifest = listing(lengths_of())
    plans = [plan_batches(manifest, rate=RATE, budget_seconds=0.3, equal_length=False) for _ in range(2)]
    assert plans[0] == plans[1]
    edited = dataclasses.replace(manifest, clips=[{**c, "features": {"label": "z"}} for c in manifest.clips])
    assert plan_batches(edited, rate=RATE, budget_seconds=0.3, equal_length=False) == plans[0]


def test_nothing_to_embed():
    assert plan_batches(listing([]), rate=RATE, budget_seconds=1.0, equal_length=False) == []
