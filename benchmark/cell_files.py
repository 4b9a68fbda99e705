"""Cells on disk: written whole, read strictly, and believed only when their figures follow from their predictions."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from benchmark import paths
from benchmark.cell import SCHEMA_VERSION, Cell, NotRun
from benchmark.errors import BenchmarkError, CellError
from benchmark.files import write_bytes, write_json

NOT_APPLICABLE = -1
HEAD_COLUMN = "head_"


@dataclass(frozen=True)
class Predictions:
    """One row a predicted clip, in manifest order; labels and predictions are class indices."""

    clip_id: list[str]
    group: list[str]
    fold: NDArray[np.int64]
    label: NDArray[np.int64]
    predicted: NDArray[np.int64]
    heads: dict[str, NDArray[np.int64]]  # -1 where the head was not applicable

    def to_parquet(self) -> bytes:
        """The predictions as a parquet file's bytes."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.table(
            {
                "clip_id": self.clip_id,
                "group": self.group,
                "fold": self.fold.astype(np.int32),
                "label": self.label.astype(np.int32),
                "predicted": self.predicted.astype(np.int32),
                **{HEAD_COLUMN + name: column.astype(np.int32) for name, column in self.heads.items()},
            }
        )
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd")
        return buffer.getvalue()

    @classmethod
    def from_parquet(cls, content: bytes) -> Predictions:
        """The inverse of `to_parquet`."""
        import pyarrow.parquet as pq

        table = pq.read_table(io.BytesIO(content))
        ints = {
            name: np.asarray(table.column(name).to_numpy(), dtype=np.int64)
            for name in table.column_names
            if name not in ("clip_id", "group")
        }
        return cls(
            clip_id=table.column("clip_id").to_pylist(),
            group=table.column("group").to_pylist(),
            fold=ints["fold"],
            label=ints["label"],
            predicted=ints["predicted"],
            heads={name.removeprefix(HEAD_COLUMN): c for name, c in ints.items() if name.startswith(HEAD_COLUMN)},
        )


def write(cell: Cell, predictions: Predictions) -> None:
    """Store predictions first, the cell that vouches for them last."""
    file = paths.cell(cell.embedder, cell.task, cell.variant)
    content = predictions.to_parquet()
    if hashlib.sha256(content).hexdigest() != cell.predictions_sha256:
        raise CellError(f"{file.name}: the cell does not carry the sha256 of its predictions.")
    write_bytes(file.with_suffix(".parquet"), content)
    write_json(file, cell.model_dump())


def read(file: Path, *, embedder: str, task: str) -> tuple[Cell, Predictions]:
    """A cell and its predictions, verified.

    Raises:
        CellError: truncated, of another schema, embedder or task, or a figure that does not follow from the
            predictions. The message names the file and the way out.
    """
    name = f"{file.parent.name}/{file.name}"
    way_out = f"Run 'moodbench evaluate {embedder}' (or dvc repro) to score it again."
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
        content = file.with_suffix(".parquet").read_bytes()
    except (OSError, ValueError) as error:
        raise CellError(f"{name} is not readable ({type(error).__name__}: {error}). {way_out}") from None
    if isinstance(raw, dict) and raw.get("schema_version") != SCHEMA_VERSION:
        raise CellError(
            f"{name} has schema version {raw.get('schema_version')}, expected {SCHEMA_VERSION}. "
            f"{way_out} If it comes from a newer moodbench, update."
        )
    try:
        cell = Cell.model_validate(raw)
    except ValidationError as error:
        raise CellError(f"{name} is no cell: {error.error_count()} fields are wrong. {way_out}") from None
    if (cell.embedder, cell.task) != (embedder, task):
        raise CellError(f"{name} belongs to {cell.embedder}/{cell.task}, expected {embedder}/{task}. {way_out}")
    if hashlib.sha256(content).hexdigest() != cell.predictions_sha256:
        raise CellError(f"{name}: its predictions are not the ones that it was made from. {way_out}")
    try:
        predictions = Predictions.from_parquet(content)
    except (ValueError, LookupError, TypeError, OSError) as error:  # pyarrow's errors are ValueErrors or OSErrors
        raise CellError(f"{name}: its predictions are not readable ({error}). {way_out}") from None
    _verify(cell, predictions, name, way_out)
    return cell, predictions


def _verify(cell: Cell, predictions: Predictions, name: str, way_out: str) -> None:
    """Recompute every figure that follows from the predictions, and compare exactly."""
    from benchmark.figures import figures

    chosen = {fold.fold: fold.chosen for fold in cell.folds}
    try:
        level = next(each.level for each in cell.intervals.values())
        again = figures(predictions, chosen, metric=cell.metric, level=level)
    except (ValueError, LookupError, StopIteration, BenchmarkError) as error:
        why = f"{type(error).__name__}: {error}"
        raise CellError(f"{name}: no figures follow from its predictions (edited by hand? {why}). {way_out}") from None
    stated = {
        "scores": cell.scores,
        "intervals": cell.intervals,
        "head_scores": cell.head_scores,
        "oracle": cell.oracle,
        "chosen": cell.chosen,
        "clips": cell.clips,
        "groups": cell.groups,
        "test scores by fold": [{h.head: h.test for h in f.heads if h.test is not None} for f in cell.folds],
    }
    for what, expected in again.items():
        if stated[what] != expected:
            raise CellError(f"{name}: its {what} do not follow from its predictions (edited by hand?). {way_out}")


def read_not_run(embedder: str) -> dict[str, NotRun]:
    """Task name to the reason why there is no cell; empty where there is none."""
    file = paths.not_run(embedder)
    try:
        rows = [NotRun.model_validate(row) for row in json.loads(file.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError) as error:
        raise CellError(
            f"{embedder}/{file.name} is not readable ({type(error).__name__}); run 'moodbench evaluate {embedder}'."
        ) from None
    return {row.task: row for row in rows}


def write_not_run(embedder: str, rows: list[NotRun]) -> None:
    """Store the reasons; an empty list removes the file."""
    if rows:
        write_json(paths.not_run(embedder), [row.model_dump() for row in sorted(rows, key=lambda r: r.task)])
    else:
        paths.not_run(embedder).unlink(missing_ok=True)
