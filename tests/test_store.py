"""Vectors on disk: whole or resumable, and never read under a foreign name."""

from __future__ import annotations

import errno
import hashlib
import io
import itertools
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
    """Let `count` operations on the disk through, and die at the next and at every one after it."""
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
        (store, "_allocate"),
        (store, "_take_room"),
        (store, "_write_rows"),
        (store, "write_bytes"),
        (store, "write_json"),
        (os, "fsync"),  # between these and what follows: written, not yet counted
        (Path, "replace"),
        (Path, "unlink"),
    ):
        guard(owner, name)
    return left


def killed_at(monkeypatch, count: int, work) -> bool:
    """Run `work` until its operation number `count`; whether it ended before that."""
    with monkeypatch.context() as patch:
        left = interrupt(patch, count)
        try:
            work()
        except Killed:
            return False
        return left[0] > 0


def content(folder) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("before", [False, True], ids=["new", "over an older store"])
def test_killed_between_any_two_writes(folder, tmp_path, monkeypatch, before):
    """Wherever a run dies, no finished batch is lost, nothing false is current, and the next run ends with the bytes
    of an undisturbed one."""
    fill(tmp_path / "undisturbed")
    expected = content(tmp_path / "undisturbed")
    for count in range(100):
        work = tmp_path / f"killed-{count}"
        if before:
            fill(work, VECTORS * 2, fingerprint="f0")
        put = []
        with monkeypatch.context() as patch:

            def counted(self, rows, vectors, real=Writer.put, put=put):
                real(self, rows, vectors)
                put += rows

            patch.setattr(Writer, "put", counted)
            ended = killed_at(monkeypatch, count, lambda work=work: fill(work))
        if store.is_current(work, "f1"):
            assert np.array_equal(store.open_vectors(work, "f1"), VECTORS)
        else:
            resumed = writer(work).done
            assert resumed[put].all(), f"killed after {count} operations, {put} were done"
            assert np.array_equal(np.load(work / "vectors.partial.npy")[resumed], VECTORS[resumed])
        if store.is_current(work, "f0"):
            assert np.array_equal(store.open_vectors(work, "f0"), VECTORS * 2)
        fill(work)
        assert content(work) == expected, f"killed after {count} operations"
        if ended:
            break
    assert ended
    assert count > 30, "so many operations were interrupted"


@pytest.mark.parametrize("before", [False, True], ids=["new", "over an older store"])
def test_killed_anywhere_in_finish_and_again_while_resuming(folder, tmp_path, monkeypatch, before):
    """`finish` loses no row at any step, and neither does the next run that dies while it takes up what was left."""

    fill(tmp_path / "undisturbed")
    expected = content(tmp_path / "undisturbed")

    def finished(work) -> bool:
        return content(work).get("meta.json") == expected["meta.json"]

    def resume(work) -> None:
        writer(work).finish({"embedder": "row"})

    steps = died_twice = 0
    for first, second in itertools.product(range(20), range(20)):
        work = tmp_path / f"{first}-{second}"
        if before:
            fill(work, VECTORS * 2)  # as under --fresh: of the same name
        made = writer(work)
        made.put(range(8), VECTORS)
        killed_at(monkeypatch, first, lambda made=made: made.finish({"embedder": "row"}))
        if finished(work):
            assert content(work) == expected
            break
        steps += second == 0
        died_twice += not killed_at(monkeypatch, second, lambda work=work: resume(work))
        if not finished(work):
            assert writer(work).done.all(), f"killed at {first}, then at {second}"
            resume(work)
        assert content(work) == expected
    assert steps == 9, "operations of finish that were interrupted"
    assert died_twice > 10 * steps


# -- a disk without room --------------------------------------------------------------------------


def full(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_no_room_is_told_before_anything_is_embedded(folder, monkeypatch):
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StoreError) as told:
        writer(folder, clips=500_000)
    assert str(told.value) == (
        f"No space left on device ({folder / 'vectors.partial.npy'}): cannot keep the vectors of 'corpus', 6.0 MB. "
        "Check that the place exists, has room, and is yours; then run again: what is done is kept."
    )
    assert names(folder) == set()  # not even the room that was taken
    monkeypatch.undo()
    fill(folder)


@pytest.mark.parametrize("operation", ["write_bytes", "write_json"])
def test_no_room_for_the_small_files_leaves_none(folder, monkeypatch, operation):
    monkeypatch.setattr(store, operation, full)
    with pytest.raises(StoreError, match="No space left on device"):
        writer(folder)
    assert names(folder) == set()


def test_no_room_later_keeps_what_is_done(folder, monkeypatch):
    """As on a file system that copies on write: the room taken before is not the room that is written to."""
    made = writer(folder)
    made.put([0, 1], VECTORS[:2])
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"No space left on device .*what is done is kept"):
            made.put([2, 3], VECTORS[2:4])
    assert np.flatnonzero(writer(folder).done).tolist() == [0, 1]
    again = writer(folder)
    again.put(range(2, 8), VECTORS[2:])
    with monkeypatch.context() as patch:
        patch.setattr(store, "write_json", full)
        with pytest.raises(StoreError, match="No space left on device"):
            again.finish({"embedder": "row"})
    writer(folder).finish({"embedder": "row"})
    assert np.array_equal(store.open_vectors(folder, "f1"), VECTORS)


@pytest.mark.parametrize("how", ["at once", "in zeros", "on another system"])
def test_the_room_is_really_taken(folder, monkeypatch, how):
    """An array of zeros alone would be a file of holes, which finds out about a full disk too late."""

    def cannot(*_):
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    if how == "in zeros":
        monkeypatch.setattr(os, "posix_fallocate", cannot)
    elif how == "on another system":
        monkeypatch.delattr(os, "posix_fallocate")
    writer(folder, clips=1000, dim=1000)
    file = folder / "vectors.partial.npy"
    assert file.stat().st_size == 128 + 4_000_000
    assert file.stat().st_blocks * 512 >= 4_000_000
    expected = io.BytesIO()
    np.save(expected, np.zeros((1000, 1000), np.float32))
    assert file.read_bytes() == expected.getvalue()


def test_a_file_in_the_place_of_the_folder(folder):
    folder.parent.parent.mkdir(exist_ok=True)
    folder.parent.write_bytes(b"mine")
    with pytest.raises(StoreError, match=r"Not a directory \(.*row\): cannot keep the vectors of 'corpus', 0\.0 MB"):
        writer(folder)
    assert folder.parent.read_bytes() == b"mine"


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
