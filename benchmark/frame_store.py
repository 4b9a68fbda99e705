"""Frames on disk: one folder a dataset, the frames of all its clips one after another.

| file | holds |
|---|---|
| `frames.npy` | the vectors, float32, shape (total frames, dim) |
| `times.npy` | their centres in seconds from the clip's begin, float64, shape (total frames,) |
| `offsets.npy` | int64, shape (clips + 1,): the frames of clip i are those from offsets[i] to offsets[i + 1] |
| `meta.json` | what they are made from, and the sha256 of the three others; written last |

Clips stand in the order of the manifest. How many frames a clip gives is known only when it has been embedded, so
each finished batch is first kept as a part file of its own; a killed run goes on where it stopped. At the end the
parts are joined, one in memory at a time; until then they need as much room as what they become. Nothing is written
through a memory map: under a map, a full disk is the death of the process (SIGBUS) in place of an error.
"""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import StoreError
from benchmark.files import json_or_none, make_folder, write_bytes, write_json
from benchmark.hashing import file_sha256
from benchmark.store import discard_unfinished

SCHEMA_VERSION = 1
KIND = "frames"
ARRAYS = ("frames", "times", "offsets")
HEAD = "head.partial.json"
_DAMAGED = (ValueError, EOFError, KeyError, zipfile.BadZipFile)  # what numpy says of a file that is not its own

Answer = tuple[NDArray[np.float32], NDArray[np.float64]]


@dataclass(frozen=True)
class Frames:
    """The frames of a dataset's clips, in the order of its manifest, read from disk as they are asked for."""

    vectors: NDArray[np.float32]  # (total frames, dim)
    times: NDArray[np.float64]  # (total frames,)
    offsets: NDArray[np.int64]  # (clips + 1,)
    meta: dict[str, Any]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, clip: int) -> Answer:
        """Vectors of one clip, shape (frames, dim), and their centres in seconds, shape (frames,); both read-only.

        Raises:
            IndexError: there is no such clip.
        """
        place = range(len(self))[clip]
        own = slice(int(self.offsets[place]), int(self.offsets[place + 1]))
        return self.vectors[own], self.times[own]


def read_meta(folder: Path) -> dict[str, Any] | None:
    """The finished store's record, or None where nothing is finished (or its record is not readable)."""
    meta = json_or_none(folder / "meta.json")
    wanted = {"schema_version", "kind", "fingerprint", "clips", "frames", "dim", *map(_sha256_key, ARRAYS)}
    whole = isinstance(meta, dict) and meta.keys() >= wanted
    return meta if whole and (meta["schema_version"], meta["kind"]) == (SCHEMA_VERSION, KIND) else None


def is_current(folder: Path, fingerprint: str) -> bool:
    """Whether the finished frames were made from just these inputs."""
    meta = read_meta(folder)
    return meta is not None and meta["fingerprint"] == fingerprint and all(_file(folder, a).is_file() for a in ARRAYS)


def open_frames(folder: Path, fingerprint: str | None = None) -> Frames:
    """The finished frames of a folder, by memory map. The first opening on a machine reads all bytes, to hash them.

    Raises:
        StoreError: absent, damaged, or (where one is given) of another fingerprint.
    """
    name = f"{folder.name!r} by {folder.parent.name!r}"
    again = f"Run 'moodbench frames --fresh {folder.parent.name} DATASET'."
    meta = read_meta(folder)
    if meta is None or not all(_file(folder, array).is_file() for array in ARRAYS):
        raise StoreError(
            f"no finished frames of {name}; run 'moodbench frames {folder.parent.name} DATASET', which goes on where "
            "it stopped."
        )
    if fingerprint not in (None, meta["fingerprint"]):
        raise StoreError(
            f"frames of {name} were made from other inputs: found {meta['fingerprint'][:12]}, expected "
            f"{str(fingerprint)[:12]}. {again}"
        )
    for array in ARRAYS:
        if file_sha256(_file(folder, array)) != meta[_sha256_key(array)]:
            raise StoreError(f"frames of {name}: {array}.npy does not hold the bytes that were written. {again}")
    vectors, times, offsets = (np.load(_file(folder, a), mmap_mode="r", allow_pickle=False) for a in ARRAYS)
    found = [(str(each.dtype), each.shape) for each in (vectors, times, offsets)]
    total = meta["frames"]
    expected = [("float32", (total, meta["dim"])), ("float64", (total,)), ("int64", (meta["clips"] + 1,))]
    if found != expected or (offsets[0], offsets[-1]) != (0, total) or (np.diff(offsets) < 1).any():
        raise StoreError(f"frames of {name}: found {found}, expected {expected} with rising offsets. {again}")
    return Frames(vectors, times, np.array(offsets), meta)


class FrameWriter:
    """Frames being written; resumes what a killed run of the same fingerprint and batches has left.

    Raises:
        StoreError: the disk is full, read-only or not ours. What is done is kept for the next run.
    """

    def __init__(self, folder: Path, *, fingerprint: str, clips: int, dim: int, batching: str) -> None:
        self.folder = folder
        self._dim = dim
        head = {"kind": KIND, "fingerprint": fingerprint, "clips": clips, "dim": dim, "batching": batching}
        with self._told():
            make_folder(folder)
            if json_or_none(folder / HEAD) != head:
                discard_unfinished(folder)
                write_json(folder / HEAD, head)
        self._record = {"fingerprint": fingerprint, "clips": clips, "dim": dim}
        self._counts = np.zeros(clips, np.int64)  # frames of each clip; 0: not there yet
        for part in self._parts():
            with contextlib.suppress(*_DAMAGED), np.load(part, allow_pickle=False) as held:
                self._counts[held["rows"]] = held["counts"]

    @property
    def done(self) -> NDArray[np.bool_]:
        """Which clips are written, shape (clips,)."""
        return self._counts > 0

    def put(self, rows: Sequence[int], answers: Sequence[Answer]) -> None:
        """Keep the frames of a batch's clips, at least one each; they count as done only after."""
        counts = np.array([len(times) for _, times in answers], np.int64)
        content = io.BytesIO()
        np.savez(
            content,
            rows=np.array(rows, np.int64),
            counts=counts,
            frames=np.concatenate([vectors for vectors, _ in answers]),
            times=np.concatenate([times for _, times in answers]),
        )
        with self._told():
            write_bytes(self.folder / f"part-{rows[0]:08}.partial.npz", content.getvalue())
        self._counts[list(rows)] = counts

    def finish(self, record: dict[str, Any]) -> None:
        """Join the parts into the finished store. Killed anywhere in here, it leaves the parts or the finished store.

        Raises:
            StoreError: a clip was never written, or a part is damaged.
        """
        missing = int(np.count_nonzero(~self.done))
        if missing:
            raise StoreError(f"{self.folder.name!r}: {missing} of {len(self._counts)} clips have no frames.")
        with self._told():
            made = {array: self.folder / f"{array}.partial.npy" for array in ARRAYS}
            offsets = np.concatenate([[0], np.cumsum(self._counts)]).astype(np.int64)
            self._join(offsets, made["frames"], made["times"])
            content = io.BytesIO()
            np.save(content, offsets, allow_pickle=False)
            write_bytes(made["offsets"], content.getvalue())
            (self.folder / "meta.json").unlink(missing_ok=True)  # an old record must never stand beside new frames
            for array, partial in made.items():
                partial.replace(_file(self.folder, array))
            head = {"schema_version": SCHEMA_VERSION, "kind": KIND, **self._record, "frames": int(offsets[-1])}
            hashes = {_sha256_key(array): file_sha256(_file(self.folder, array)) for array in ARRAYS}
            write_json(self.folder / "meta.json", {**head, **record, **hashes})
            discard_unfinished(self.folder)

    def _join(self, offsets: NDArray[np.int64], frames: Path, times: Path) -> None:
        """Write each part's frames to their clips' places."""
        total = int(offsets[-1])
        with frames.open("wb") as vectors_file, times.open("wb") as times_file:
            starts = (
                _begin(vectors_file, np.dtype(np.float32), (total, self._dim)),
                _begin(times_file, np.dtype(np.float64), (total,)),
            )
            for part in self._parts():
                rows, counts, vectors, centres = self._whole(part)
                own = np.cumsum(counts)[:-1]
                for row, some, when in zip(rows, np.split(vectors, own), np.split(centres, own), strict=True):
                    for file, start, values in zip((vectors_file, times_file), starts, (some, when), strict=True):
                        file.seek(start + int(offsets[row]) * values.itemsize * (values.size // len(values)))
                        file.write(np.ascontiguousarray(values).tobytes())
            for file in (vectors_file, times_file):
                file.flush()
                os.fsync(file.fileno())

    def _whole(self, part: Path) -> tuple[NDArray[Any], ...]:
        try:
            with np.load(part, allow_pickle=False) as held:
                return tuple(held[name] for name in ("rows", "counts", "frames", "times"))
        except _DAMAGED:
            part.unlink(missing_ok=True)
            raise StoreError(
                f"{self.folder.name!r}: {part.name} is damaged and was removed. Run again: only its clips are embedded "
                "anew."
            ) from None

    def _parts(self) -> list[Path]:
        return sorted(self.folder.glob("part-*.partial.npz"))

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Tell the system's refusal as this store's: an embedder that runs out of disk has not failed as a model."""
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"{error.strerror or error} ({error.filename or self.folder}): cannot keep the frames of "
                f"{self.folder.name!r}; joining them takes their room twice. Check that the place exists, has room, "
                "and is yours; then run again: what is done is kept."
            ) from error


def _begin(file: IO[bytes], dtype: np.dtype[Any], shape: tuple[int, ...]) -> int:
    """The head of an npy file; answers where its numbers begin."""
    head = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, head)
    return file.tell()


def _file(folder: Path, array: str) -> Path:
    return folder / f"{array}.npy"


def _sha256_key(array: str) -> str:
    return f"{array}_sha256"
