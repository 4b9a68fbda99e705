"""Reading prepared clips as float32 at a wanted rate, in this process or in helper processes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark import audio
from benchmark.errors import DatasetError
from benchmark.isolation import beat

INDEX = "index.json"


class ClipReader:
    """A prepared dataset opened for reading by clip id; TFDS is imported at the first read."""

    def __init__(self, folder: Path, rate: int) -> None:
        self._folder, self._rate = folder, rate
        self._builder: Any = None
        self._sources: dict[str, Any] = {}
        self._where: dict[str, tuple[str, int]] = {}

    def read(self, clip_id: str) -> NDArray[np.float32]:
        """One clip, shape (n,), float32 mono in [-1, 1) at the reader's rate.

        Raises:
            DatasetError: no such clip is prepared.
        """
        samples, rate = self.stored(clip_id)
        return audio.resample(audio.to_float(samples), rate, self._rate)

    def stored(self, clip_id: str) -> tuple[NDArray[np.int16], int]:
        """One clip as it is stored: int16 mono samples, shape (n,), and their rate in Hz.

        Raises:
            DatasetError: no such clip is prepared.
        """
        if self._builder is None:
            self._open()
        if clip_id not in self._where:
            raise DatasetError(f"clip {clip_id!r} is in the manifest but not in the prepared data; run prepare.")
        part, position = self._where[clip_id]
        example = self._source(part)[position]
        beat()  # the pass for statistics reads a whole dataset before the first batch
        return np.asarray(example["audio"]), int(example["sample_rate"])

    def _open(self) -> None:
        """Read the index, once: of a hundred thousand clips it takes a second."""
        import tensorflow_datasets as tfds

        index = json.loads((self._folder / INDEX).read_text(encoding="utf-8"))
        self._where = {row["id"]: (row["part"], position) for row, position in index_positions(index["clips"])}
        self._builder = tfds.builder_from_directory(self._folder / index["directory"])

    def _source(self, part: str) -> Any:
        if part not in self._sources:
            self._sources[part] = self._builder.as_data_source(split=part)
        return self._sources[part]


def index_positions(rows: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], int]]:
    """Each row of a prepared index with its position within its part."""
    counts: dict[str, int] = {}
    positioned = []
    for row in rows:
        position = counts.get(row["part"], 0)
        counts[row["part"]] = position + 1
        positioned.append((row, position))
    return positioned


@cache
def shared_reader(folder: str, rate: int) -> ClipReader:
    """One reader a process, a folder and a rate."""
    return ClipReader(Path(folder), rate)


def read_batch(job: tuple[str, int, Sequence[str]]) -> list[NDArray[np.float32]]:
    """Read (folder, rate, clip ids) in a helper process."""
    folder, rate, clip_ids = job
    reader = shared_reader(folder, rate)
    return [reader.read(clip_id) for clip_id in clip_ids]
