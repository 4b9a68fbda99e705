"""From findings and parts to a verdict: what leaks, what conflicts, what is lacking."""

from __future__ import annotations

import pytest

from benchmark.audit.verdict import judge
from tasks.base import GroupKFold, LeaveOneGroupOut, Predefined


def test_a_clean_set(task, listing, findings):
    listed = listing(task())
    found = judge(task(), listed, findings(listed))
    assert found.passed
    assert (found.leaks, found.conflicts, found.absent, found.balance) == ((), (), (), 1.0)
    assert found.line == "audit of 9 clips: nothing crosses parts; 0 duplicates"


def test_a_group_in_two_parts(task, listing, findings):
    crossing = task(group="label", split=Predefined(leaks="for the test"))
    listed = listing(crossing)
    found = judge(crossing, listed, findings(listed))
    assert found.leaks == tuple(f"label {name!r} is in test, train, validation" for name in ("anger", "fear", "joy"))
    assert found.marked == "for the test"
    assert found.passed  # because it says so itself
    assert found.line.startswith("audit of 9 clips: 3 leaks between parts; ")


@pytest.mark.parametrize("kind", ["exact", "near"])
def test_duplicates_leak_across_parts_only(task, listing, findings, kind):
    listed = listing(task())
    within = judge(task(), listed, findings(listed, **{kind: [("a1", "a2")]}))
    assert within.leaks == ()
    assert within.passed
    assert within.duplicates == 1
    across = judge(task(), listed, findings(listed, **{kind: [("a1", "c1")]}))
    named = {"exact": "exact duplicate", "near": "near duplicate (0.987)"}[kind]
    assert across.leaks == (f"{named}: 'a1' in train, 'c1' in test",)
    assert across.conflicts == ()
    assert not across.passed
    assert across.line == "audit of 9 clips: 1 leak between parts; 1 duplicate"


def test_folds_are_parts(task, listing, findings):
    listed = listing(task(split=LeaveOneGroupOut()))
    found = judge(task(split=LeaveOneGroupOut()), listed, findings(listed, exact=[("a1", "a2"), ("b1", "c1")]))
    assert found.leaks == ("exact duplicate: 'b1' in 1, 'c1' in 2",)
    assert found.duplicates == 2


def test_a_recording_that_stands_there_many_times_costs_a_line_a_clip(task, listing, findings):
    many = [(f"{n:04}", "joy", f"s{n % 3}", ("train", "validation", "test")[n % 3]) for n in range(3000)]
    listed = listing(task(), many)
    found = judge(task(), listed, findings(listed, exact=[[name for name, *_ in many]]))
    assert found.duplicates == 2999
    assert len(found.leaks) == 2000  # all that stand elsewhere than the first


def test_one_recording_under_two_labels(task, listing, findings):
    listed = listing(task())
    found = judge(task(), listed, findings(listed, exact=[("a1", "a2")], near=[("b1", "b3")]))
    assert found.conflicts == (
        "one recording, two labels: 'a1' is anger, 'a2' is joy",
        "one recording, two labels: 'b1' is anger, 'b3' is fear",
    )
    assert found.passed  # it harms the figures, but nothing leaks
    assert "2 duplicates, 2 of them under two labels" in found.line
    number = judge(task(kind="regression", metric="r2"), listed, findings(listed, exact=[("a1", "a2")]))
    assert number.conflicts == ()  # two raters of one clip seldom agree to the last digit


def test_classes_absent_from_a_predefined_part(task, listing, findings, nine):
    lacking = [clip for clip in nine if clip[0] not in ("b3", "c1", "c3")]
    listed = listing(task(), lacking)
    found = judge(task(), listed, findings(listed))
    assert found.absent == ("fear in validation", "anger in test", "fear in test")
    assert "classes lacking: fear in validation, anger in test, fear in test" in found.line


def test_folds_take_turns_so_only_a_class_without_any_clip_is_absent(task, listing, findings, nine):
    lacking = [clip for clip in nine if clip[1] != "fear"]
    listed = listing(task(split=GroupKFold(3)), lacking)
    assert judge(task(split=GroupKFold(3)), listed, findings(listed)).absent == ("fear (no clip)",)


def test_balance_is_the_largest_class_over_the_smallest(task, listing, findings, nine):
    clips = [*nine, ("a4", "joy", "s1", "train"), ("a5", "joy", "s1", "train"), ("c4", "fear", "s3", "test")]
    listed = listing(task(), clips)
    found = judge(task(), listed, findings(listed))
    assert found.balance == 5 / 3
    assert found.line.endswith("largest class 1.67 times the smallest")


def test_faults_are_counted(task, listing, findings):
    listed = listing(task())
    found = judge(task(), listed, findings(listed, faults={"silent": ["a1"], "clipped": ["a2", "b1"]}))
    assert found.line == "audit of 9 clips: nothing crosses parts; 0 duplicates; 2 clipped; 1 silent"
