"""Reading finished vectors: never under a foreign name, never other bytes than were written."""

from __future__ import annotations

import hashlib
import json
import os

import numpy as np
import pytest

from benchmark import store
from benchmark.errors import StoreError
from benchmark.store import Writer

VECTORS = (np.arange(24, dtype=np.float32).reshape(8, 3) ** 0.5).astype(np.float32)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "row" / "corpus"


def writer(folder, **other) -> Writer:
    return Writer(folder, **{"fingerprint": "f1", "clips": 8, "dim": 3, "batching": "120.0"} | other)


def fill(folder, vectors=VECTORS, **other) -> None:
    made = writer(folder, **other)
    for rows in ([7, 0], [1, 2, 3], [4, 5, 6]):
        made.put(rows, vectors[rows])
    made.finish({"embedder": "row"})


def names(folder) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_nothing_there(folder):
    with pytest.raises(StoreError, match="no finished vectors of 'corpus' for 'row'; run 'moodbench embed'"):
        store.open_vectors(folder, "f1")
    writer(folder).put([0], VECTORS[:1])
    with pytest.raises(StoreError, match="no finished vectors"):
        store.open_vectors(folder, "f1")


def test_a_foreign_fingerprint(folder):
    fill(folder)
    with pytest.raises(StoreError, match=r"made from other inputs: found f1, expected f2\. Remove corpus/"):
        store.open_vectors(folder, "f2")


def test_tampered_vectors(folder):
    fill(folder)
    raw = bytearray((folder / "vectors.npy").read_bytes())
    raw[-1] ^= 1
    (folder / "vectors.npy").write_bytes(raw)
    with pytest.raises(StoreError, match="are not the bytes that were written"):
        store.open_vectors(folder, "f1")


def test_a_truncated_store(folder):
    fill(folder)
    raw = (folder / "vectors.npy").read_bytes()
    (folder / "vectors.npy").write_bytes(raw[:-40])
    with pytest.raises(StoreError, match="are not the bytes that were written"):
        store.open_vectors(folder, "f1")
    (folder / "vectors.npy").unlink()
    assert not store.is_current(folder, "f1")


@pytest.mark.parametrize("array", [VECTORS.astype(np.float64), VECTORS[:5], VECTORS.ravel(), VECTORS[0, 0]])
def test_another_array_with_a_right_hash(folder, array):
    fill(folder)
    np.save(folder / "vectors.npy", array)
    meta = json.loads((folder / "meta.json").read_text())
    meta["vectors_sha256"] = hashlib.sha256((folder / "vectors.npy").read_bytes()).hexdigest()
    (folder / "meta.json").write_text(json.dumps(meta))
    with pytest.raises(StoreError, match=r"expected float32\[8, dim\]"):
        store.open_vectors(folder, "f1")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema_version": 2, "fingerprint": "f1"}', "{}"])
def test_a_damaged_record_is_no_finished_store(folder, text):
    fill(folder)
    (folder / "meta.json").write_text(text)
    assert store.read_meta(folder) is None
    assert not store.is_current(folder, "f1")
    fill(folder)
    assert store.is_current(folder, "f1")


def test_a_record_without_its_fields_is_no_finished_store(folder):
    fill(folder)
    (folder / "meta.json").write_text('{"schema_version": 1}')
    assert not store.is_current(folder, "f1")


def test_hard_linked_old_files_keep_their_content(folder, tmp_path):
    """DVC may have linked them into its cache: writing in place would corrupt it."""
    fill(folder)
    cached = tmp_path / "cached"
    cached.mkdir()
    content = {}
    for name in ("vectors.npy", "meta.json"):
        os.link(folder / name, cached / name)
        content[name] = (folder / name).read_bytes()
    made = writer(folder, fingerprint="f2")
    made.put(range(8), VECTORS * 2)
    made.finish({})
    assert np.array_equal(store.open_vectors(folder, "f2"), VECTORS * 2)
    assert {file.name: file.read_bytes() for file in cached.iterdir()} == content
