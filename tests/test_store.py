"""Vectors on disk: whole or resumable, and never read under a foreign name."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

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


def test_round_trip(folder):
    fill(folder)
    found = store.open_vectors(folder, "f1")
    assert np.array_equal(found, VECTORS)
    assert found.dtype == np.float32
    assert not found.flags.writeable
    assert names(folder) == {"vectors.npy", "meta.json"}
    meta = store.read_meta(folder)
    assert meta == {
        "schema_version": 1,
        "fingerprint": "f1",
        "clips": 8,
        "dim": 3,
        "embedder": "row",
        "vectors_sha256": hashlib.sha256((folder / "vectors.npy").read_bytes()).hexdigest(),
    }
    assert store.is_current(folder, "f1")
    assert not store.is_current(folder, "f2")


def test_two_ways_of_batching_give_the_same_files(folder, tmp_path):
    fill(folder)
    other = tmp_path / "other"
    made = writer(other, batching="30.0")
    for row in reversed(range(8)):
        made.put([row], VECTORS[[row]])
    made.finish({"embedder": "row"})
    for name in ("vectors.npy", "meta.json"):
        assert (other / name).read_bytes() == (folder / name).read_bytes()


def test_a_missing_row_is_no_finished_store(folder):
    made = writer(folder)
    made.put([0, 1, 2], VECTORS[:3])
    with pytest.raises(StoreError, match="'corpus': 5 of 8 clips were never embedded"):
        made.finish({})
    assert store.read_meta(folder) is None
    assert writer(folder).done.tolist() == [True] * 3 + [False] * 5


class Killed(BaseException):
    """What stands for SIGKILL: nothing handles it, nothing is cleaned up."""


def interrupt(monkeypatch, count: int) -> list[int]:
    """Let `count` writes to the disk through, and die at the next."""
    left = [count]

    def guard(owner, name):
        real = getattr(owner, name)

        def guarded(*arguments, **named):
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return real(*arguments, **named)

        monkeypatch.setattr(owner, name, guarded)

    for owner, name in (
        (store, "_fresh"),
        (store, "write_json"),
        (Path, "replace"),
        (Path, "unlink"),
        (np.memmap, "flush"),
        (np.memmap, "__setitem__"),
    ):
        guard(owner, name)
    return left


@pytest.mark.parametrize("before", [False, True], ids=["new", "over an older store"])
def test_killed_between_any_two_writes(folder, tmp_path, monkeypatch, before):
    """Wherever a run dies, the next one ends with the bytes of an undisturbed run, and nothing false is current."""
    fill(tmp_path / "undisturbed")
    expected = {f.name: f.read_bytes() for f in (tmp_path / "undisturbed").iterdir()}
    for count in range(100):
        work = tmp_path / f"killed-{count}"
        if before:
            fill(work, VECTORS * 2, fingerprint="f0")
        with monkeypatch.context() as patch:
            left = interrupt(patch, count)
            try:
                fill(work)
            except Killed:
                ended = False
            else:
                ended = left[0] > 0
        if store.is_current(work, "f1"):
            assert np.array_equal(store.open_vectors(work, "f1"), VECTORS)
        if store.is_current(work, "f0"):
            with contextlib.suppress(StoreError):  # the new vectors stand beside the old record: refused, never read
                assert np.array_equal(store.open_vectors(work, "f0"), VECTORS * 2)
        resumed = writer(work).done
        assert np.array_equal(np.load(work / "vectors.partial.npy")[resumed], VECTORS[resumed])
        fill(work)
        assert {f.name: f.read_bytes() for f in work.iterdir()} == expected, f"killed after {count} writes"
        if ended:
            break
    assert ended
    assert count > 10, "this many writes were interrupted"


def test_resuming_keeps_the_rows_that_are_done(folder):
    made = writer(folder)
    made.put([2, 5], VECTORS[[2, 5]])
    again = writer(folder)
    assert np.flatnonzero(again.done).tolist() == [2, 5]
    again.put([0, 1, 3, 4, 6, 7], VECTORS[[0, 1, 3, 4, 6, 7]])
    again.finish({})
    assert np.array_equal(store.open_vectors(folder, "f1"), VECTORS)


@pytest.mark.parametrize("other", [{"fingerprint": "f2"}, {"dim": 4}, {"clips": 9}, {"batching": "60.0"}])
def test_unfinished_work_of_other_inputs_is_dropped(folder, other):
    writer(folder).put([2, 5], VECTORS[[2, 5]])
    assert not writer(folder, **other).done.any()


@pytest.mark.parametrize("damage", ["head.partial.json", "done.partial.npy", "vectors.partial.npy"])
@pytest.mark.parametrize("content", [None, b"", b"{", b"\x93NUMPY"])
def test_damaged_unfinished_work_is_begun_anew(folder, damage, content):
    writer(folder).put([2, 5], VECTORS[[2, 5]])
    if content is None:
        (folder / damage).unlink()
    else:
        (folder / damage).write_bytes(content)
    again = writer(folder)
    assert not again.done.any()
    fill(folder)
    assert np.array_equal(store.open_vectors(folder, "f1"), VECTORS)


def test_the_mask_is_a_copy(folder):
    made = writer(folder)
    made.done[:] = True
    assert not made.done.any()


# -- reading --------------------------------------------------------------------------------------


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
