"""The table of `moodbench efficiency`."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from benchmark.efficiency import Measured
from benchmark.render.base import NOTHING, plain

HEADER = ("embedder", "dataset", "parameters", "dim", "MB an hour", "clips/s", "× real time", "peak MB", "GPU MB", "on")
NOTE = (
    "Clips a second count from the import of the model on, reading and resampling included, over the clips embedded in "
    "the last run; × real time only where that was all of them. MB an hour: vectors for an hour of audio. Peak MB: the "
    "largest single process."
)


def efficiency_table(rows: Sequence[Measured]) -> Table:
    """One line an embedder and dataset."""
    table = Table(box=None, pad_edge=False)
    for place, title in enumerate(HEADER):
        right = 2 <= place < len(HEADER) - 1
        table.add_column(title, justify="right" if right else "left", no_wrap=place == 0)
    for row in rows:
        helpers = "1 worker" if row.workers == 1 else f"{row.workers} workers"
        device = f"{row.device}, " if row.device in ("cpu", "cuda") else ""  # what "auto" became, the processor tells
        texts = (
            row.embedder,
            row.dataset,
            _count(row.parameters),
            _count(row.dim),
            _short(None if row.bytes_per_hour is None else row.bytes_per_hour / 1e6),
            _short(row.clips_per_second),
            _short(row.times_real_time),
            _short(row.peak_mb),
            _short(row.gpu_peak_mb),
            f"{row.processor or 'not recorded'}; {device}{helpers}",
        )
        table.add_row(*(Text(plain(text)) for text in texts))
    return table


def _count(value: int | None) -> str:
    return NOTHING if value is None else f"{value:,}"


def _short(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
