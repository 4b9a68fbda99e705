"""Every clip is predicted once, and no group stands on two sides."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import numpy as np
import pytest

from benchmark.errors import SplitError
from benchmark.splits import assign, describe, is_stratified, rounds
from tasks.base import Folds, GroupKFold, Kind, LeaveOneGroupOut, Predefined


def corpus(groups: int, per_group: int, classes: int = 4) -> tuple[list[str], list[str], list[dict]]:
    """Labels, groups and rows; group g holds `per_group` + g % 3 clips."""
    labels, names, rows = [], [], []
    for g in range(groups):
        for k in range(per_group + g % 3):
            labels.append("wxyz"[(g + k) % classes])
            names.append(f"s{g:02}")
            part = ("test", "validation", "train", "train", "train")[g % 5]
            rows.append({"part": part, "features": {"fold": str(g % 4)}})
    return labels, names, rows


def check_rounds(assignment, groups) -> list:
    """The promises of `rounds`, for any split; answers them."""
    found = list(rounds(assignment))
    for each in found:
        parts = [each.train, each.validation, each.test]
        rows = np.concatenate(parts)
        assert sorted(rows.tolist()) == list(range(len(groups))), "every clip is in one part of every round"
        sides = [{groups[row] for row in part} for part in parts]
        assert all(sides)
        assert not sides[0] & sides[1]
        assert not sides[0] & sides[2]
        assert not sides[1] & sides[2]
    return found


@pytest.mark.parametrize(("groups", "k"), [(5, 5), (13, 5), (24, 3), (7, 4)])
def test_grouped_folds(groups, k):
    labels, names, rows = corpus(groups, 8)
    folds = assign(GroupKFold(k), labels, names, rows)
    found = check_rounds(folds, names)
    assert [each.number for each in found] == list(range(k))
    tested = np.concatenate([each.test for each in found])
    assert sorted(tested.tolist()) == list(range(len(names))), "every clip is predicted once"
    for each, following in zip(found, [*found[1:], found[0]], strict=True):
        assert each.validation.tolist() == following.test.tolist(), "validation is the next fold, cyclic"


def test_grouped_folds_are_the_same_every_time_and_follow_labels():
    labels, names, rows = corpus(12, 10)
    first = assign(GroupKFold(4), labels, names, rows)
    assert assign(GroupKFold(4), list(labels), list(names), rows) == first
    assert all(type(fold) is int for fold in first)
    other = assign(GroupKFold(4), ["a" if name < "s06" else "b" for name in names], names, rows)
    assert other != first


def test_grouped_folds_are_stratified():
    """Two kinds of groups, of one class each: every fold gets its share of both."""
    names = [f"g{g:02}" for g in range(20) for _ in range(6)]
    labels = ["rare" if int(name[1:]) % 4 == 0 else "common" for name in names]
    folds = assign(GroupKFold(5), labels, names, [{}] * len(names))
    rare = Counter(fold for fold, label in zip(folds, labels, strict=True) if label == "rare")
    assert [rare[fold] for fold in range(5)] == [6] * 5
    assert set(Counter(folds).values()) == {24}


def test_grouped_folds_without_labels_are_even_and_follow_the_seed():
    """Numbers and tags cannot be stratified: folds of one size, whatever the labels are."""
    _, names, rows = corpus(40, 3)  # groups of 3, 4 and 5 clips
    folds = assign(GroupKFold(5), None, names, rows)
    assert all(type(fold) is int for fold in folds)
    assert assign(GroupKFold(5), None, list(names), rows) == folds
    sizes = Counter(folds)
    assert set(sizes) == set(range(5))
    assert max(sizes.values()) - min(sizes.values()) <= 3, "at most the smallest group apart"
    assert len(check_rounds(folds, names)) == 5
    alike = [f"g{g:02}" for g in range(20)]
    drawn = assign(GroupKFold(4), None, alike, [{}] * 20)
    assert set(Counter(drawn).values()) == {5}
    assert drawn != [g % 4 for g in range(20)], "groups of one size are shuffled"


def test_grouped_folds_without_labels_put_large_groups_first():
    """One group of half the clips: it is alone in its fold, and the rest is shared out evenly."""
    names = ["large"] * 12 + [f"g{g}" for g in range(12)]
    folds = assign(GroupKFold(4), None, names, [{}] * len(names))
    alone = folds[0]
    assert sorted(Counter(folds).values()) == [4, 4, 4, 12]
    assert {name for name, fold in zip(names, folds, strict=True) if fold == alone} == {"large"}


def test_only_classes_are_stratified():
    assert [kind for kind in get_args(Kind) if is_stratified(kind)] == ["multiclass"]
    assert describe(GroupKFold(5), stratified=False) == "5 group-disjoint folds"
    assert describe(Folds("fold"), stratified=False) == "official folds (fold)"


def test_leave_one_group_out():
    labels, names, rows = corpus(6, 3)
    folds = assign(LeaveOneGroupOut(), labels, names, rows)
    assert folds == [int(name[1:]) for name in names]
    for each in check_rounds(folds, names):
        assert {names[row] for row in each.test} == {f"s{each.number:02}"}
        assert {names[row] for row in each.validation} == {f"s{(each.number + 1) % 6:02}"}


def test_official_folds():
    labels, names, rows = corpus(8, 3)
    folds = assign(Folds("fold"), labels, names, rows)
    assert folds == [int(row["features"]["fold"]) for row in rows]
    assert len(check_rounds(folds, names)) == 4


def test_predefined_parts():
    labels, names, rows = corpus(5, 3)
    parts = assign(Predefined(), labels, names, rows)
    (each,) = check_rounds(parts, names)
    assert each.number == 0
    for part in ("train", "validation", "test"):
        assert getattr(each, part).tolist() == [i for i, row in enumerate(rows) if row["part"] == part]


def test_a_numpy_or_reread_assignment_means_the_same():
    found = list(rounds(np.array([2, 0, 1, 2])))
    assert [each.test.tolist() for each in found] == [[1], [2], [0, 3]]
    assert [each.validation.tolist() for each in found] == [[2], [0, 3], [1]]
    assert [each.train.tolist() for each in found] == [[0, 3], [1], [2]]


@pytest.mark.parametrize(
    ("policy", "groups", "message"),
    [
        (GroupKFold(5), 4, "found 4 groups, expected at least 5 for 5 group-disjoint folds; use fewer folds"),
        (GroupKFold(2), 4, r"found 2 folds, expected at least 3"),
        (LeaveOneGroupOut(), 2, r"found 2 folds, expected at least 3 \(test, validation, training\)"),
        (Folds("fold"), 2, "found 2 folds, expected at least 3"),
        (Predefined(), 2, "no clip is in the part 'train'; expected clips in each of train, validation, test"),
    ],
)
def test_too_few_groups(policy, groups, message):
    with pytest.raises(SplitError, match=message):
        assign(policy, *corpus(groups, 6))


def test_labels_of_their_own_cannot_be_stratified():
    names = [f"s{row}" for row in range(12)]
    with pytest.raises(SplitError, match="found at most 2 clips of one class, expected at least 3 for 3 stratified"):
        assign(GroupKFold(3), ["twice", "twice", *names[2:]], names, [{}] * 12)


def test_a_group_in_two_parts_is_named():
    labels, names, rows = corpus(5, 3)
    names[0] = "s04"  # a test clip of a training speaker
    with pytest.raises(
        SplitError, match=r"group 's04' is in both '?(test|train)'? and '?(test|train)'?; expected every"
    ):
        assign(Predefined(), labels, names, rows)


def test_a_group_in_two_official_folds_is_named():
    labels, names, rows = corpus(8, 3)
    names[0] = "s01"
    with pytest.raises(SplitError, match="group 's01' is in both 0 and 1"):
        assign(Folds("fold"), labels, names, rows)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Predefined(), "predefined train, validation and test parts"),
        (Folds("fold"), "official folds (fold)"),
        (LeaveOneGroupOut(), "leave one group out"),
        (GroupKFold(3), "3 group-disjoint folds, stratified"),
    ],
)
def test_policies_in_words(policy, words):
    assert describe(policy) == words
