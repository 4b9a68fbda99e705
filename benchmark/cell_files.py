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
from benchmark.cell import PROTOCOL_VERSION, SCHEMA_VERSION, Cell, NotRun
from benchmark.errors import BenchmarkError, CellError
from benchmark.files import write_bytes, write_json
from benchmark.manifest import Manifest
from benchmark.params import Probe
from benchmark.splits import describe
from tasks.base import Task

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
    """Store predictions first, the cell that vouches for them last.

    Raises:
        CellError: the cell was made from other predictions, or a folder stands where a file is to be.
    """
    file = paths.cell(cell.embedder, cell.task, cell.variant)
    content = predictions.to_parquet()
    if hashlib.sha256(content).hexdigest() != cell.predictions_sha256:
        raise CellError(f"{file.name}: the cell does not carry the sha256 of its predictions.")
    for place in (file, file.with_suffix(".parquet")):
        if place.is_dir():
            raise CellError(
                f"{cell.embedder}/{place.name} is a folder, expected a file. Move it away and run 'moodbench evaluate "
                f"{cell.embedder}' again; what is fitted is kept."
            )
    write_bytes(file.with_suffix(".parquet"), content)
    write_json(file, cell.model_dump())


def read(file: Path, *, embedder: str, task: str) -> tuple[Cell, Predictions]:
    """A cell and its predictions, verified.

    Raises:
        CellError: truncated, of another schema, protocol, embedder or task, or a figure that does not follow
            from the predictions. The message names the file and the way out.
    """
    name = f"{file.parent.name}/{file.name}"
    way_out = f"Run 'moodbench evaluate {embedder}' (or dvc repro) to score it again, or restore it from git."
    text = b""
    try:
        text = file.read_bytes()
        raw = json.loads(text)
    except (OSError, ValueError) as error:
        why = "a merge conflict stands in it" if b"<<<<<<<" in text else _why(error)
        raise CellError(f"{name} is not readable ({why}). {way_out}") from None
    try:
        content = file.with_suffix(".parquet").read_bytes()
    except OSError as error:
        raise CellError(f"{name}: its predictions beside it are not readable ({_why(error)}). {way_out}") from None
    _refuse_other_versions(raw, name)
    try:
        cell = Cell.model_validate(raw)
    except ValidationError as error:
        fields = ", ".join(dict.fromkeys(str(each["loc"][0]) for each in error.errors() if each["loc"]))
        wrong = f"wrong or missing: {fields}" if fields else f"found a {type(raw).__name__}, expected a mapping"
        raise CellError(f"{name} is no cell ({wrong}). {way_out}") from None
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


def check_asked(cell: Cell, task: Task, listed: Manifest, probe: Probe) -> None:
    """Refuse a cell of the present fingerprint that says otherwise what was asked: only an edit does that.

    Raises:
        CellError: naming the first field that differs, what is expected, and the way out.
    """
    expected = {
        "protocol_version": PROTOCOL_VERSION,
        "dataset": task.dataset,
        "variant": listed.variant,
        "metric": task.metric,
        "normalisation": task.normalisation,
        "split": describe(task.split),
        "synthetic": task.synthetic,
        "mode": probe.mode,
        "classes": listed.class_names(task.target),
    }
    for field, value in expected.items():
        if (found := getattr(cell, field)) != value:
            raise CellError(
                f"{cell.embedder}/{cell.task}: its {field} is {found!r}, expected {value!r} (edited by hand?). "
                f"Run 'moodbench evaluate {cell.embedder}' (or dvc repro) to score it again, or restore it from git."
            )


def _why(error: Exception) -> str:
    """The reason without a path: it is shown in tables, which go to git."""
    return (error.strerror if isinstance(error, OSError) else None) or f"{type(error).__name__}: {error}"


def _refuse_other_versions(raw: object, name: str) -> None:
    """An older protocol is no fault: whoever compares fingerprints finds that the cell is not current."""
    if not isinstance(raw, dict):
        return
    for what, known in (("schema", SCHEMA_VERSION), ("protocol", PROTOCOL_VERSION)):
        stated = raw.get(f"{what}_version")
        newer = isinstance(stated, int) and stated > known
        if newer or (what == "schema" and stated != known):
            age, update = ("a newer", "Update (git pull), or run") if newer else ("an older", "Run")
            raise CellError(
                f"{name} has {what} version {stated}, this moodbench reads {known}: it was made by {age} moodbench. "
                f"{update} 'moodbench evaluate {name.partition('/')[0]}' (or dvc repro) to score it again."
            )


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
    folds = {fold.fold: (fold.test, fold.test_groups) for fold in cell.folds}
    if folds != _folds(predictions):
        raise CellError(f"{name}: its folds do not follow from its predictions (edited by hand?). {way_out}")
    if len(cell.classes) <= max(predictions.label.max(), predictions.predicted.max()):
        raise CellError(f"{name}: its {len(cell.classes)} classes are fewer than its predictions name. {way_out}")


def _folds(predictions: Predictions) -> dict[int, tuple[int, list[str]]]:
    """How many test clips each fold has, and their groups."""
    groups = np.array(predictions.group, dtype=object)
    found = {}
    for number in np.unique(predictions.fold):
        own = groups[predictions.fold == number]
        found[int(number)] = (len(own), sorted(set(own)))
    return found


def read_not_run(embedder: str) -> dict[str, NotRun]:
    """Task name to the reason why there is no cell; empty where there is none."""
    file = paths.not_run(embedder)
    try:
        rows = [NotRun.model_validate(row) for row in json.loads(file.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        first = "Move it away and run" if file.is_dir() else "Run"
        raise CellError(
            f"{embedder}/{file.name} is not readable ({type(error).__name__}). {first} 'moodbench evaluate {embedder}' "
            "to write it again."
        ) from None
    return {row.task: row for row in rows}


def write_not_run(embedder: str, rows: list[NotRun]) -> None:
    """Store the reasons; an empty list removes the file."""
    if rows:
        write_json(paths.not_run(embedder), [row.model_dump() for row in sorted(rows, key=lambda r: r.task)])
    else:
        paths.not_run(embedder).unlink(missing_ok=True)
