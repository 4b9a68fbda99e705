"""Frames being written: parts, what damages them, and the join."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from benchmark import frame_store
from benchmark.errors import StoreError
from benchmark.frame_store import FrameWriter, is_current, open_frames


def test_damaged_parts(tmp_path):
    answers = [(np.full((n, 2), n, np.float32), np.arange(n, dtype=np.float64)) for n in (3, 1)]
    given = {"fingerprint": "f", "clips": 2, "dim": 2, "batching": "1"}
    for cut in (lambda raw: raw[: len(raw) // 2], lambda raw: raw.replace(np.float32(3).tobytes() * 6, bytes(24))):
        writer = FrameWriter(tmp_path / "x", **given)
        for row, answer in enumerate(answers):
            writer.put([row], [answer])
        part = tmp_path / "x" / "part-00000000.partial.npz"
        part.write_bytes(cut(part.read_bytes()))
        again = FrameWriter(tmp_path / "x", **given)
        if again.done.all():  # the damage is only seen when the numbers are read
            with pytest.raises(StoreError, match=r"part-00000000\.partial\.npz is damaged and was removed\. Run again"):
                again.finish({})
            again = FrameWriter(tmp_path / "x", **given)
        assert again.done.tolist() == [False, True]
        with pytest.raises(StoreError, match="1 of 2 clips have no frames"):
            again.finish({})
        again.put([0], answers[:1])
        again.finish({})
        np.testing.assert_array_equal(open_frames(tmp_path / "x")[0][0], answers[0][0])


def test_joining_holds_one_part_in_memory(tmp_path):
    clips = 30
    writer = FrameWriter(tmp_path / "x", fingerprint="f", clips=clips, dim=256, batching="1")
    for row in reversed(range(clips)):
        writer.put([row], [(np.full((1000, 256), row, np.float32), np.arange(1000.0))])  # a megabyte
    tracemalloc.start()
    writer.finish({})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6
    frames = open_frames(tmp_path / "x")
    assert [float(vectors.mean()) for vectors, _ in frames] == list(range(clips))


def test_parts_of_other_inputs_are_not_taken(tmp_path):
    given = {"fingerprint": "f", "clips": 1, "dim": 2, "batching": "1"}
    FrameWriter(tmp_path, **given).put([0], [(np.ones((1, 2), np.float32), np.zeros(1))])
    assert FrameWriter(tmp_path, **given).done.all()
    for change in ({"fingerprint": "g"}, {"batching": "2"}):
        assert not FrameWriter(tmp_path, **{**given, **change}).done.any()


def test_a_full_disk_is_told_and_keeps_what_is_done(tmp_path, monkeypatch):
    writer = FrameWriter(tmp_path / "x", fingerprint="f", clips=2, dim=2, batching="1")
    answer = (np.ones((1, 2), np.float32), np.zeros(1))
    writer.put([0], [answer])

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(frame_store, "write_bytes", full)
    with pytest.raises(StoreError, match=r"No space left on device .*cannot keep the frames of 'x'.*run again"):
        writer.put([1], [answer])
    assert writer.done.tolist() == [True, False]


def test_an_old_record_never_stands_beside_new_frames(tmp_path, monkeypatch):
    given = {"clips": 1, "dim": 2, "batching": "1"}
    moved = []

    def write(fingerprint, value):
        writer = FrameWriter(tmp_path, fingerprint=fingerprint, **given)
        if not writer.done.all():
            writer.put([0], [(np.full((3, 2), value, np.float32), np.arange(3.0))])
        writer.finish({})

    def dies(folder, array):
        moved.append(array)
        if len(moved) > 1:
            raise KeyboardInterrupt
        return folder / f"{array}.npy"

    write("f", 1)
    with monkeypatch.context() as here:
        here.setattr(frame_store, "_file", dies)
        with pytest.raises(KeyboardInterrupt):
            write("g", 2)
    assert moved == ["frames", "times"]
    assert not is_current(tmp_path, "f")
    assert not is_current(tmp_path, "g")
    write("g", 3)  # goes on with the part that was kept: its 2 stays
    assert open_frames(tmp_path, "g")[0][0].tolist() == [[2.0, 2.0]] * 3
