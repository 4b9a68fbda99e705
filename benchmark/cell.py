"""A cell: the typed, versioned, unrounded result of one embedder on one task, with its predictions.

On disk a cell is `<task>[@<variant>].json` beside `<task>[@<variant>].parquet`. The parquet holds a
row per predicted clip: `clip_id`, `group`, `fold`, `label`, `predicted` (class indices; the head
chosen on validation) and `head_<name>` for each head (-1 where that head was not applicable).
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 1
PROTOCOL_VERSION = 1
HEAD_ORDER = ("lda", "lr", "qda", "rf", "svc")

GridValue = str | int | float | bool | None


class Record(BaseModel):
    """Base of everything written: unknown keys are errors, values are never coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class HeadResult(Record):
    """One head in one fold: the grid point best on validation, and how it did on test after the refit."""

    head: str
    status: Literal["ok", "not applicable"]
    reason: str = ""
    params: dict[str, GridValue] | None = None
    validation: float | None = None  # the task's primary metric on the validation part
    test: dict[str, float] | None = None  # every metric on the test part
    fits: int = 0  # grid points asked for


class FoldResult(Record):
    """One fold: sizes in clips, the test groups, and every head in `HEAD_ORDER`."""

    fold: int
    train: int
    validation: int
    test: int
    test_groups: list[str]
    heads: list[HeadResult]
    chosen: str


class Interval(Record):
    """A confidence interval of one metric, or the reason why there is none."""

    low: float | None
    high: float | None
    level: float
    groups: int
    method: str
    reason: str = ""


class Oracle(Record):
    """The best head *by test score*: how older papers report, never a score of ours."""

    head: str
    scores: dict[str, float]


class Cell(Record):
    """Everything that one embedder's figures on one task are, and were made from."""

    schema_version: int = SCHEMA_VERSION
    protocol_version: int = PROTOCOL_VERSION
    embedder: str
    task: str
    task_title: str
    dataset: str
    variant: str  # "" is the official set
    metric: str  # primary
    normalisation: str
    split: str
    synthetic: bool
    mode: Literal["grid", "none"]
    classes: list[str]
    clips: int  # predicted clips
    groups: int  # groups among the predicted clips
    dim: int
    scores: dict[str, float]  # pooled over predicted clips, head chosen on validation
    intervals: dict[str, Interval]
    head_scores: dict[str, dict[str, float]]  # pooled, only heads applicable in every fold
    oracle: Oracle
    chosen: dict[str, int]  # head -> number of folds in which it won
    folds: list[FoldResult]
    notes: list[str] = Field(default_factory=list)  # e.g. "transductive normalisation"
    fingerprint: str  # of everything that went in
    vectors_fingerprint: str
    vectors_sha256: str = ""  # of the vectors' file; "" in cells that were made before this was kept
    predictions_sha256: str
    code_sha256: str
    versions: dict[str, str]


class NotRun(Record):
    """A task that an embedder could not be scored on, the reason and the way out."""

    task: str
    state: Literal["unavailable", "failed"]
    reason: str
    way_out: str = ""
