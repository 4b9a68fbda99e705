"""What the rows cost on this machine: from the records that the embed stage leaves in `results/runs/`.

Seconds differ between two equal runs, so nothing of this stands in a cell or in a committed table.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from benchmark import models, paths, provenance
from benchmark.embedder_spec import EmbedderSpec
from benchmark.files import write_bytes
from benchmark.params import Params

FILE = "efficiency.csv"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One embedder on one dataset; None where the record does not say.

    `clips_per_second` counts the clips that were embedded in that run, from the import of the model on;
    `times_real_time` is seconds of audio a second, and only of runs that went over the whole dataset.
    """

    embedder: str
    dataset: str
    parameters: int | None
    dim: int | None
    bytes_per_hour: float | None
    clips: int
    clips_per_second: float | None
    times_real_time: float | None
    peak_mb: float | None
    gpu_peak_mb: float | None
    workers: int
    device: str
    processor: str
    finished: str


def measured(params: Params) -> list[Measured]:
    """Every record of the rows of params.yaml, in their order; rows that were not embedded here have none."""
    found = []
    for spec in models.specs(params):
        embedded = provenance.read_run(spec.name).get("embed", {})
        found += [_measured(spec, dataset, record) for dataset, record in sorted(embedded.items())]
    return found


def as_csv(rows: Iterable[Measured]) -> str:
    """One line a record, unrounded."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [field.name for field in fields(Measured)]
    writer.writerow(names)
    writer.writerows(["" if (value := getattr(row, name)) is None else value for name in names] for row in rows)
    return text.getvalue()


def write(rows: Sequence[Measured]) -> None:
    """Put the table beside the records, which git ignores."""
    write_bytes(paths.RUNS / FILE, as_csv(rows).encode())


def _measured(spec: EmbedderSpec, dataset: str, record: dict[str, Any]) -> Measured:
    clips, audio, seconds = record["clips"], record["audio_seconds"], record["seconds"]
    done = clips - record["clips_reused"]
    dim = record.get("dim")  # absent, as all that follows, from records of older versions
    return Measured(
        embedder=spec.name,
        dataset=dataset,
        parameters=record.get("parameters") if spec.parameters is None else spec.parameters,
        dim=dim,
        bytes_per_hour=models.FLOAT_BYTES * dim * clips * 3600 / audio if dim is not None and audio else None,
        clips=clips,
        clips_per_second=done / seconds if seconds and done else None,
        times_real_time=audio / seconds if seconds and done == clips else None,
        peak_mb=_mega(record.get("peak_bytes")),
        gpu_peak_mb=_mega(record.get("gpu_peak_bytes")),
        workers=record["workers"],
        device=record["device"],
        processor=record.get("processor", ""),
        finished=record["finished"],
    )


def _mega(size: float | None) -> float | None:
    return None if size is None else size / 1e6
