"""Vectors on disk: one folder a dataset with `vectors.npy` (float32) and `meta.json`.

Rows follow the manifest. Work in progress stands beside them in `*.partial.*` files with a mask of
the rows done, so a killed run goes on where it stopped; the finished files appear by `os.replace`,
and `meta.json`, which carries the sha256 of the vectors, comes last.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import StoreError
from benchmark.files import write_json

SCHEMA_VERSION = 1
HEAD = "head.partial.json"


def read_meta(folder: Path) -> dict[str, Any] | None:
    """The finished store's record, or None where nothing is finished (or its record is not readable)."""
    try:
        meta: dict[str, Any] = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
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
    """Vectors being written; resumes a partial store of the same fingerprint and batches."""

    def __init__(self, folder: Path, *, fingerprint: str, clips: int, dim: int, batching: str) -> None:
        self.folder = folder
        self._vectors_file = folder / "vectors.partial.npy"
        self._done_file = folder / "done.partial.npy"
        self._head_file = folder / HEAD
        folder.mkdir(parents=True, exist_ok=True)
        head = {"fingerprint": fingerprint, "clips": clips, "dim": dim, "batching": batching}
        if not self._resumable(head):
            self.discard()
            _fresh(self._vectors_file, (clips, dim), np.float32)
            _fresh(self._done_file, (clips,), np.bool_)
            write_json(self._head_file, head)  # last: its presence says that the two others are whole
        self._vectors = np.load(self._vectors_file, mmap_mode="r+", allow_pickle=False)
        self._done = np.load(self._done_file, mmap_mode="r+", allow_pickle=False)
        self._head = head

    @property
    def done(self) -> NDArray[np.bool_]:
        """Which rows are written, shape (clips,); a copy."""
        return np.array(self._done)

    def put(self, rows: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Write vectors, shape (len(rows), dim), to their rows; they count as done only after."""
        index = list(rows)
        self._vectors[index] = vectors
        self._vectors.flush()
        self._done[index] = True
        self._done.flush()

    def finish(self, record: dict[str, Any]) -> None:
        """Turn the partial files into the finished store.

        Raises:
            StoreError: a row was never written.
        """
        missing = int(np.count_nonzero(~self._done))
        if missing:
            raise StoreError(f"{self.folder.name!r}: {missing} of {len(self._done)} clips were never embedded.")
        meta = {
            "schema_version": SCHEMA_VERSION,
            **self._head,
            **record,
            "vectors_sha256": _sha256(self._vectors_file),
        }
        del meta["batching"]  # equal up to the stated tolerance, so no part of what the vectors are
        self._vectors._mmap.close()
        (self.folder / "meta.json").unlink(missing_ok=True)  # an old record must never stand beside new vectors
        self._vectors_file.replace(self.folder / "vectors.npy")
        write_json(self.folder / "meta.json", meta)
        self.discard()

    def discard(self) -> None:
        """Remove the partial files."""
        discard_unfinished(self.folder)

    def _resumable(self, head: dict[str, Any]) -> bool:
        try:
            if json.loads(self._head_file.read_text(encoding="utf-8")) != head:
                return False
            found = [np.load(f, mmap_mode="r", allow_pickle=False) for f in (self._vectors_file, self._done_file)]
        except (OSError, ValueError, EOFError):  # EOFError: numpy's answer to an empty file
            return False
        return [each.shape for each in found] == [(head["clips"], head["dim"]), (head["clips"],)]


def discard_unfinished(folder: Path) -> None:
    """Remove what a killed run left in a store's folder, its head first: that vouches for the others."""
    for file in (folder / HEAD, *folder.glob("*.partial*")):
        file.unlink(missing_ok=True)


def _fresh(path: Path, shape: tuple[int, ...], dtype: type[np.generic]) -> None:
    array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    array.flush()
    array._mmap.close()  # type: ignore[attr-defined]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
