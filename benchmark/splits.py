"""From a task's split policy to the part of every clip. Rows only: no audio, no vectors.

In fold k the test part is fold k, validation is fold k+1 (cyclic) and training is the rest, so
every clip is predicted exactly once, out of fold. A predefined split is one such round.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import SplitError
from tasks.base import Folds, GroupKFold, Kind, LeaveOneGroupOut, Predefined, SplitPolicy

PARTS = ("train", "validation", "test")
SEED = 42


@dataclass(frozen=True)
class Round:
    """One training and test round: row indices of its three parts."""

    number: int
    train: NDArray[np.intp]
    validation: NDArray[np.intp]
    test: NDArray[np.intp]


def describe(policy: SplitPolicy, *, stratified: bool = True) -> str:
    """The policy in words, as tables show it; `stratified` as `is_stratified` says of the task."""
    match policy:
        case Predefined(feature, leaks):
            named = f" ({feature})" if feature else ""
            return f"predefined train, validation and test parts{named}" + (", LEAKING" if leaks else "")
        case Folds(feature):
            return f"official folds ({feature})"
        case LeaveOneGroupOut():
            return "leave one group out"
        case GroupKFold(k):
            return f"{k} group-disjoint folds" + (", stratified" if stratified else "")


def is_stratified(kind: Kind) -> bool:
    """Whether folds follow the labels: only where each clip has one of a few classes.

    Numbers, sets of tags and texts are nearly all different: there is nothing to share out evenly.
    """
    return kind == "multiclass"


def assign(
    policy: SplitPolicy, labels: Sequence[str] | None, groups: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> list[int] | list[str]:
    """The fold (an integer) or the part (its name) of each row.

    `labels` are the classes by which grouped folds are stratified, None where they follow the groups alone. `rows`
    are the manifest's clips, read for `part` and for the feature of official folds.

    Raises:
        SplitError: fewer groups than folds, too few folds, no such feature, or a group that crosses parts.
    """
    match policy:
        case Predefined(feature, leaks):
            parts = _named(feature, rows) if feature else [str(row["part"]) for row in rows]
            if unknown := sorted(set(parts) - set(PARTS)):
                raise SplitError(f"feature {feature!r} names the part {unknown[0]!r}; expected {', '.join(PARTS)}.")
            for part in PARTS:
                if part not in parts:
                    raise SplitError(f"no clip is in the part {part!r}; expected clips in each of {', '.join(PARTS)}.")
            if not leaks:
                _disjoint(parts, groups)
            return parts
        case Folds(feature):
            names = _named(feature, rows)
            order = {name: number for number, name in enumerate(sorted(set(names)))}
            folds = [order[name] for name in names]
        case LeaveOneGroupOut():
            order = {name: number for number, name in enumerate(sorted(set(groups)))}
            folds = [order[name] for name in groups]
        case GroupKFold(k):
            folds = _group_k_fold(k, labels, groups)
    if len(set(folds)) < 3:
        raise SplitError(
            f"found {len(set(folds))} folds, expected at least 3 (test, validation, training); "
            "give the task more groups or a predefined split."
        )
    _disjoint(folds, groups)
    return folds


def _named(feature: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The feature that holds the official fold or part of each clip."""
    if lacking := [row for row in rows if feature not in row["features"]]:
        raise SplitError(
            f"clips without the feature {feature!r} of official folds or parts: {len(lacking)} of {len(rows)}; found "
            f"{', '.join(lacking[0]['features'])}. Mend the task's split, or let the builder yield it."
        )
    return [str(row["features"][feature]) for row in rows]


def rounds(assignment: Sequence[int] | Sequence[str]) -> Iterator[Round]:
    """The rounds that an assignment (see `assign`) stands for."""
    column = np.asarray(assignment)
    if column.dtype.kind in "iu":
        names = np.unique(column)
        for number, name in enumerate(names):
            following = names[(number + 1) % len(names)]
            yield Round(
                number=number,
                train=np.flatnonzero((column != name) & (column != following)),
                validation=np.flatnonzero(column == following),
                test=np.flatnonzero(column == name),
            )
    else:
        yield Round(0, *(np.flatnonzero(column == part) for part in PARTS))


def _group_k_fold(k: int, labels: Sequence[str] | None, groups: Sequence[str]) -> list[int]:
    if len(set(groups)) < k:
        raise SplitError(
            f"found {len(set(groups))} groups, expected at least {k} for {k} group-disjoint folds; "
            "use fewer folds or leave-one-group-out."
        )
    if labels is None:
        return _even_folds(k, groups)
    largest = max(Counter(labels).values())
    if largest < k:
        raise SplitError(
            f"found at most {largest} clips of one class, expected at least {k} for {k} stratified folds; bring more "
            "clips, use fewer folds, or mend the labels if nearly every clip has one of its own."
        )
    from sklearn.model_selection import StratifiedGroupKFold

    folds = np.full(len(labels), -1)
    splitter = StratifiedGroupKFold(n_splits=k, shuffle=True, random_state=SEED)
    for number, (_, test) in enumerate(splitter.split(np.zeros(len(labels)), np.asarray(labels), np.asarray(groups))):
        folds[test] = number
    return [int(fold) for fold in folds]


def _even_folds(k: int, groups: Sequence[str]) -> list[int]:
    """Folds of nearly one size: groups, shuffled by the seed and then larger before smaller, go to the emptiest."""
    names, sizes = np.unique(np.asarray(groups), return_counts=True)
    shuffled = np.random.default_rng(SEED).permutation(len(names))
    filled, fold_of = [0] * k, {}
    for place in sorted(shuffled.tolist(), key=lambda place: -int(sizes[place])):
        fold_of[str(names[place])] = fold = filled.index(min(filled))
        filled[fold] += int(sizes[place])
    return [fold_of[group] for group in groups]


def _disjoint(assignment: Sequence[int] | Sequence[str], groups: Sequence[str]) -> None:
    seen: dict[str, int | str] = {}
    parts: Sequence[int | str] = assignment
    for part, group in zip(parts, groups, strict=True):
        if seen.setdefault(group, part) != part:
            raise SplitError(
                f"group {group!r} is in both {seen[group]!r} and {part!r}; expected every group in one part only. "
                "Mend the builder's group rule, or name another group for this task."
            )
