"""Vectors on disk: one folder a dataset with `vectors.npy` (float32) and `meta.json`.

Rows follow the manifest. Work in progress stands beside them in `*.partial.*` files with a mask of
the rows done, so a killed run goes on where it stopped; the finished files appear by `os.replace`,
and `meta.json`, which carries the sha256 of the vectors, comes last.

Vectors are written as to any file and never through a memory map, and their room is taken before
the first of them: under a map, a full disk is the death of the process (SIGBUS) in place of an error.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import StoreError
from benchmark.files import json_or_none, make_folder, write_bytes, write_json

SCHEMA_VERSION = 1
HEAD = "head.partial.json"
RECORD = "meta.partial.json"
_BLOCK = 1 << 20


def read_meta(folder: Path) -> dict[str, Any] | None:
    """The finished store's record, or None where nothing is finished (or its record is not readable)."""
    meta = json_or_none(folder / "meta.json")
    whole = isinstance(meta, dict) and meta.keys() >= {"fingerprint", "clips", "dim", "vectors_sha256"}
    return meta if whole and meta.get("schema_version") == SCHEMA_VERSION else None


def is_current(folder: Path, fingerprint: str) -> bool:
    """Whether the finished vectors were made from just these inputs; needs no numpy work."""
    meta = read_meta(folder)
    return meta is not None and meta["fingerprint"] == fingerprint and (folder / "vectors.npy").is_file()


def open_vectors(folder: Path, fingerprint: str) -> NDArray[np.float32]:
    """The finished vectors, shape (clips, dim), memory-mapped and read-only.

    Raises:
        StoreError: absent, of another fingerprint, or not the bytes that were written.
    """
    way_out = f"Remove {folder.name}/ of this embedder's results/embeddings folder and embed again."
    meta = read_meta(folder)
    if meta is None or not (folder / "vectors.npy").is_file():
        raise StoreError(f"no finished vectors of {folder.name!r} for {folder.parent.name!r}; run 'moodbench embed'.")
    if meta["fingerprint"] != fingerprint:
        raise StoreError(
            f"vectors of {folder.name!r} for {folder.parent.name!r} were made from other inputs: "
            f"found {meta['fingerprint'][:12]}, expected {fingerprint[:12]}. {way_out}"
        )
    if _sha256(folder / "vectors.npy") != meta["vectors_sha256"]:
        raise StoreError(
            f"vectors of {folder.name!r} for {folder.parent.name!r} are not the bytes that were written. {way_out}"
        )
    vectors: NDArray[np.float32] = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
    if vectors.dtype != np.float32 or vectors.ndim != 2 or len(vectors) != meta["clips"]:
        raise StoreError(
            f"vectors of {folder.name!r}: found {vectors.dtype}{list(vectors.shape)}, "
            f"expected float32[{meta['clips']}, dim]. {way_out}"
        )
    return vectors


class Writer:
    """Vectors being written; resumes a partial store of the same fingerprint and batches.

    Raises:
        StoreError: the disk is full, read-only or not ours. What is done is kept for the next run.
    """

    def __init__(self, folder: Path, *, fingerprint: str, clips: int, dim: int, batching: str) -> None:
        self.folder = folder
        self._vectors_file = folder / "vectors.partial.npy"
        self._done_file = folder / "done.partial.npy"
        self._head_file = folder / HEAD
        self._head: dict[str, Any] = {"fingerprint": fingerprint, "clips": clips, "dim": dim, "batching": batching}
        with self._told():
            make_folder(folder)
            self._take_back()
            if not self._resumable():
                self._begin()
            self._done: NDArray[np.bool_] = np.load(self._done_file, allow_pickle=False)

    @property
    def done(self) -> NDArray[np.bool_]:
        """Which rows are written, shape (clips,); a copy."""
        return np.array(self._done)

    def put(self, rows: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Write vectors, shape (len(rows), dim), to their rows; they count as done only after."""
        index = list(rows)
        with self._told():
            _write_rows(self._vectors_file, index, vectors)
            self._done[index] = True
            _write_rows(self._done_file, index, self._done[index])

    def finish(self, record: dict[str, Any]) -> None:
        """Turn the partial files into the finished store.

        Killed anywhere in here, it leaves either files that resume with every row done, or the finished store.

        Raises:
            StoreError: a row was never written.
        """
        missing = int(np.count_nonzero(~self._done))
        if missing:
            raise StoreError(f"{self.folder.name!r}: {missing} of {len(self._done)} clips were never embedded.")
        with self._told():
            meta = {
                "schema_version": SCHEMA_VERSION,
                **self._head,
                **record,
                "vectors_sha256": _sha256(self._vectors_file),
            }
            del meta["batching"]  # equal up to the stated tolerance, so no part of what the vectors are
            write_json(self.folder / RECORD, meta)  # vouches for the vectors until meta.json does
            (self.folder / "meta.json").unlink(missing_ok=True)  # an old record must never stand beside new vectors
            self._vectors_file.replace(self.folder / "vectors.npy")
            _discard(self.folder, kept=RECORD)
            (self.folder / RECORD).replace(self.folder / "meta.json")

    def _begin(self) -> None:
        _discard(self.folder)
        shape = (self._head["clips"], self._head["dim"])
        try:
            _allocate(self._vectors_file, shape)
            write_bytes(self._done_file, _npy(np.zeros(shape[0], dtype=np.bool_)))
            write_json(self._head_file, self._head)  # last: its presence says that the two others are whole
        except OSError:
            with contextlib.suppress(OSError):
                _discard(self.folder)  # the room that it took may be what others lack
            raise

    def _take_back(self) -> None:
        """Undo a finish that was killed after it had moved the vectors: unfinished work again, with every row done."""
        moved, record = self.folder / "vectors.npy", json_or_none(self.folder / RECORD)
        ours = isinstance(record, dict) and all(record.get(k) == self._head[k] for k in ("fingerprint", "clips", "dim"))
        if not ours or self._vectors_file.exists() or not moved.is_file():
            return
        if _sha256(moved) == record.get("vectors_sha256"):
            write_bytes(self._done_file, _npy(np.ones(self._head["clips"], dtype=np.bool_)))
            write_json(self._head_file, self._head)
            moved.replace(self._vectors_file)

    def _resumable(self) -> bool:
        try:
            if json_or_none(self._head_file) != self._head:
                return False
            found = [np.load(f, mmap_mode="r", allow_pickle=False) for f in (self._vectors_file, self._done_file)]
        except (OSError, ValueError, EOFError):  # EOFError: numpy's answer to an empty file
            return False
        return [each.shape for each in found] == [(self._head["clips"], self._head["dim"]), (self._head["clips"],)]

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Tell the system's refusal as this store's: an embedder that runs out of disk has not failed as a model."""
        try:
            yield
        except OSError as error:
            need = 4 * self._head["clips"] * self._head["dim"] / 1e6
            where = error.filename or self._vectors_file
            raise StoreError(
                f"{error.strerror or error} ({where}): cannot keep the vectors of {self.folder.name!r}, {need:.1f} MB. "
                "Check that the place exists, has room, and is yours; then run again: what is done is kept."
            ) from error


def discard(folder: Path) -> None:
    """Let finished vectors count no more."""
    (folder / "meta.json").unlink(missing_ok=True)  # a store is what its record vouches for


def discard_unfinished(folder: Path) -> None:
    """Remove what a killed run left in a store's folder."""
    _discard(folder)


def _discard(folder: Path, *, kept: str = "") -> None:
    """Remove the partial files but `kept`, the head first: it vouches for the others."""
    for file in (folder / HEAD, *folder.glob("*.partial*")):
        if file.name != kept:
            file.unlink(missing_ok=True)


def _allocate(path: Path, shape: tuple[int, int]) -> None:
    """An npy file of float32 zeros, all of whose room is taken.

    Raises:
        OSError: there is no such room.
    """
    with path.open("wb") as file:
        head = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.float32)), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, head)
        file.flush()
        _take_room(file, 4 * shape[0] * shape[1])


def _take_room(file: IO[bytes], count: int) -> None:
    """Append `count` zeros, at once where the system can."""
    start = file.tell()
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file.fileno(), 0, start + count)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):  # this file system cannot
                raise
        else:
            return
    while (left := start + count - file.tell()) > 0:
        file.write(bytes(min(left, _BLOCK)))
    file.flush()


def _write_rows(path: Path, rows: Sequence[int], values: NDArray[Any]) -> None:
    """Write rows of an npy file in their places, and see them on the disk."""
    with path.open("r+b") as file:
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        start, row_bytes = file.tell(), dtype.itemsize * int(np.prod(shape[1:]))
        whole = np.empty((len(rows), *shape[1:]), dtype=dtype)
        whole[:] = values
        for row, value in zip(rows, whole, strict=True):
            file.seek(start + row_bytes * range(shape[0])[row])
            file.write(value.tobytes())
        file.flush()
        os.fsync(file.fileno())


def _npy(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
