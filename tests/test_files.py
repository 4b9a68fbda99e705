"""Files appear whole or not at all, hashes are remembered, locks name their holder."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmark import files, hashing, paths
from benchmark.errors import LockedError


def test_canonical_text_does_not_depend_on_the_order_of_keys():
    assert files.canonical({"b": [1, 0.1], "a": "ä"}) == '{"a":"ä","b":[1,0.1]}'
    assert files.fingerprint({"a": 1, "b": 2}) == files.fingerprint({"b": 2, "a": 1})
    assert files.fingerprint({"a": 1}) == hashlib.sha256(b'{"a":1}').hexdigest()
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.canonical({"a": math.nan})


def test_writing_the_same_again_touches_nothing(tmp_path):
    file = tmp_path / "deep" / "x.json"
    assert files.write_json(file, {"a": 0.1 + 0.2})
    before = file.stat()
    assert not files.write_json(file, {"a": 0.1 + 0.2})
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert file.stat().st_ino == before.st_ino
    assert json.loads(file.read_text())["a"] == 0.1 + 0.2
    assert files.write_json(file, {"a": 1})
    assert [path.name for path in file.parent.iterdir()] == ["x.json"]


def test_a_hard_linked_old_file_keeps_its_content(tmp_path):
    file, linked = tmp_path / "x", tmp_path / "cache"
    files.write_bytes(file, b"old")
    os.link(file, linked)
    files.write_bytes(file, b"new")
    assert (file.read_bytes(), linked.read_bytes()) == (b"new", b"old")


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_failure_leaves_the_old_content_and_no_litter(tmp_path, monkeypatch, moment):
    file = tmp_path / "x"
    files.write_bytes(file, b"old")

    def no_room(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync", no_room) if moment == "fsync" else (Path, "replace", no_room)))
    with pytest.raises(OSError, match="No space left") as told:
        files.write_bytes(file, b"new")
    assert told.value.filename == str(file), "the file that was wanted, not the temporary one"
    monkeypatch.undo()
    assert file.read_bytes() == b"old"
    assert [f.name for f in tmp_path.iterdir()] == ["x"]


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "row").write_bytes(b"mine")
    for path in (tmp_path / "row" / "x.json", tmp_path / "row" / "deep" / "er" / "x.json"):
        with pytest.raises(NotADirectoryError, match="Not a directory") as told:
            files.write_bytes(path, b"new")
        assert told.value.filename == str(tmp_path / "row")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(NotADirectoryError, match="dangling"):
        files.make_folder(tmp_path / "dangling")
    assert (tmp_path / "row").read_bytes() == b"mine"


def test_files_are_readable_by_others(tmp_path):
    files.write_bytes(tmp_path / "x", b"1")
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o644


def test_code_is_named_below_its_root(tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.py").write_bytes(b"x = 1\n")
    assert files.code_sha256([tmp_path / "p" / "a.py"] * 2, tmp_path) == {
        "p/a.py": hashlib.sha256(b"x = 1\n").hexdigest()
    }


def test_a_lock_is_free_again_after_use(tmp_path):
    for _ in range(2):
        with files.held(tmp_path / "locks" / "a.lock", who="embed a", wait_seconds=0):
            pass


HOLD = """
import sys, time
from pathlib import Path
from benchmark.files import held
with held(Path(sys.argv[1]), who="embed a", wait_seconds=0):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_names_its_holder_and_dies_with_it(tmp_path, capsys):
    lock = tmp_path / "a.lock"
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True, cwd=paths.ROOT)
    try:
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(LockedError, match=rf"embed a: process {other.pid} is still at it after 0 s\. Wait for it"),
            files.held(lock, who="embed a", wait_seconds=0),
        ):
            pass
    finally:
        other.kill()
        other.wait()
    assert f"embed a: process {other.pid} is at it already; waiting" in capsys.readouterr().err
    with files.held(lock, who="embed a", wait_seconds=0):  # a killed holder leaves nothing that blocks
        assert (tmp_path / "a.holder").read_text() == str(os.getpid())
    assert not (tmp_path / "a.holder").exists()


def test_the_holder_of_a_lock_may_end_while_it_is_named(tmp_path, monkeypatch, capsys):
    """The note of who holds it can be gone at any moment; a run that only waits must not trip over that."""
    lock = tmp_path / "a.lock"
    real = Path.read_text

    def gone_meanwhile(self, *arguments, **named):
        if self.suffix == ".holder":
            self.unlink()
        return real(self, *arguments, **named)

    with files.held(lock, who="embed a"), monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", gone_meanwhile)
        with (
            pytest.raises(LockedError, match=r"embed a: another process is still at it after 0 s"),
            files.held(lock, who="embed a", wait_seconds=0),
        ):
            pass
    assert "embed a: another process is at it already" in capsys.readouterr().err


def test_a_lock_that_cannot_be_noted_is_not_kept(tmp_path, monkeypatch):
    lock = tmp_path / "a.lock"

    def no_room(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", no_room)
        with pytest.raises(OSError, match="No space left on device"), files.held(lock, who="embed a"):
            pytest.fail("held, though nobody could say by whom")
    with files.held(lock, who="embed a", wait_seconds=0):
        pass


# -- remembered hashes ----------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MOODBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_hash_is_remembered_by_size_and_time(tmp_path, cache, monkeypatch):
    file = tmp_path / "big"
    file.write_bytes(b"abc")
    expected = hashlib.sha256(b"abc").hexdigest()
    assert hashing.file_sha256(file) == expected
    with monkeypatch.context() as patch:
        patch.setattr(hashlib, "file_digest", lambda *_: pytest.fail("read again"))
        assert hashing.file_sha256(file) == expected
    file.write_bytes(b"abcd")
    assert hashing.file_sha256(file) == hashlib.sha256(b"abcd").hexdigest()
    file.write_bytes(b"dcba")  # the same size
    os.utime(file, ns=(time.time_ns(), file.stat().st_mtime_ns + 1_000_000))
    assert hashing.file_sha256(file) == hashlib.sha256(b"dcba").hexdigest()


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"bytes": 3}', "\x00"])
def test_a_damaged_note_is_hashed_anew(tmp_path, cache, note):
    file = tmp_path / "big"
    file.write_bytes(b"abc")
    expected = hashing.file_sha256(file)
    (kept,) = (cache / "hashes").iterdir()
    kept.write_text(note)
    assert hashing.file_sha256(file) == expected


def test_every_path_lies_in_the_clone_or_the_cache(tmp_path, cache, monkeypatch):
    monkeypatch.setenv("MOODBENCH_DATA", str(tmp_path / "mine"))
    assert paths.manual_folders()[0] == tmp_path / "mine" / "manual"
    assert paths.weights_folders() == [paths.ROOT / "weights", tmp_path / "mine" / "weights", cache / "weights"]
    assert paths.prepared("corpus", "k") == cache / "prepared" / "corpus" / "k"
    assert paths.cell("row", "task", "16k").relative_to(paths.ROOT).as_posix() == "results/cells/row/task@16k.json"
    assert paths.cell("row", "task", "").name == "task.json"
    monkeypatch.delenv("MOODBENCH_DATA")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    assert paths.manual_folders() == [tmp_path / "tfds" / "downloads" / "manual"]
    assert paths.weights_folders() == [paths.ROOT / "weights", cache / "weights"]
