"""What a task is: frozen data, standard library only, so that listing tasks costs nothing.

A task asks one question of one dataset: which column is the target, which column must not cross
parts, how clips are split, and which metric answers. Suites are named lists of tasks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

NAME = re.compile(r"[a-z][a-z0-9_]*")

Kind = Literal["multiclass", "multilabel", "regression", "retrieval", "zero_shot"]
Metric = Literal["accuracy", "uar", "macro_f1", "roc_auc", "r2", "map10"]
Normalisation = Literal["group", "train"]
Domain = Literal[
    "speech emotion", "spoken content", "music mood", "music genre", "music tags", "sound events", "text-music"
]


@dataclass(frozen=True)
class Predefined:
    """Train, validation and test parts that are given; every test clip is predicted once.

    They are the builder's own parts, or stand in `feature`. `leaks` says how groups cross these
    parts: such a task exists to be compared with print, and every table marks it.
    """

    feature: str = ""
    leaks: str = ""


@dataclass(frozen=True)
class Folds:
    """A corpus's official folds, read from the feature that holds the fold of each clip."""

    feature: str


@dataclass(frozen=True)
class LeaveOneGroupOut:
    """One fold per group; for corpora with fewer than ten groups."""


@dataclass(frozen=True)
class GroupKFold:
    """`k` group-disjoint folds, stratified by class as far as the groups allow; of one size where there is no class."""

    k: int = 5


SplitPolicy = Predefined | Folds | LeaveOneGroupOut | GroupKFold


@dataclass(frozen=True, kw_only=True)
class Task:
    """One question asked of one dataset.

    `target` and `group` name features of the dataset. `normalisation="group"` standardises each
    group by its own statistics (transductive: it needs to know who speaks at test time).
    """

    name: str
    title: str
    dataset: str
    domain: Domain
    target: str
    group: str
    split: SplitPolicy
    normalisation: Normalisation
    citation: str
    licence: str
    access: Literal["generated", "open", "registration", "restricted"]
    language: str
    kind: Kind = "multiclass"
    metric: Metric = "accuracy"
    synthetic: bool = False

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"task name {self.name!r}: expected {NAME.pattern}")


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A named, versioned list of tasks; the version moves when the list or its order does.

    `published` names the rows of the published figures that may stand beside this suite's own.
    """

    name: str
    title: str
    version: int
    tasks: tuple[str, ...]
    note: str = ""
    published: str = ""
