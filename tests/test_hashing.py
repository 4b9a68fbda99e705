"""The sha256 of a file is remembered, and never that of another file of the same name."""

from __future__ import annotations

import hashlib
import json
import os
import time
import zipfile
from pathlib import Path

import pytest

from benchmark import datasets, hashing, paths
from benchmark.hashing import content_sha256, file_sha256


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MOODBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"a" * 1000)
    return path


@pytest.fixture
def read(monkeypatch):
    """How often a file was read through."""
    times, real = [], hashlib.file_digest

    def digest(handle, name):
        times.append(name)
        return real(handle, name)

    monkeypatch.setattr(hashing.hashlib, "file_digest", digest)
    return times


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def notes(cache: Path) -> list[Path]:
    return list((cache / "hashes").iterdir())


def test_asking_again_reads_nothing(file, read):
    assert [file_sha256(file) for _ in range(3)] == [sha256(file)] * 3
    assert len(read) == 1


def test_one_file_by_two_ways_is_hashed_once(file, read, tmp_path, monkeypatch):
    (tmp_path / "link.bin").symlink_to(file)
    monkeypatch.chdir(tmp_path)
    assert {file_sha256(path) for path in (file, tmp_path / "link.bin", Path("model.bin"))} == {sha256(file)}
    assert len(read) == 1


def dated(path: Path, like: os.stat_result) -> None:
    """Set the modification time to that of another, once the clock has moved on since."""
    while True:
        os.utime(path, ns=(like.st_atime_ns, like.st_mtime_ns))
        if path.stat().st_ctime_ns != like.st_ctime_ns:
            return
        time.sleep(0.001)


def test_a_file_rewritten_in_place_with_its_old_date_is_noticed(file):
    first, before = file_sha256(file), file.stat()
    file.write_bytes(b"b" * 1000)
    dated(file, before)
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)
    assert file_sha256(file) == sha256(file) != first


def test_a_file_exchanged_with_the_old_ones_date_is_noticed(file):
    """As `cp -p` and `rsync -t` leave it: another file, of the same name, size and date."""
    first, before = file_sha256(file), file.stat()
    other = file.with_name("other.bin")
    other.write_bytes(b"b" * 1000)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(file)
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert file_sha256(file) == sha256(file) != first


@pytest.mark.parametrize("field", ["bytes", "mtime_ns", "ctime_ns", "inode"])
def test_a_note_counts_only_when_everything_agrees(file, read, own_cache, field):
    file_sha256(file)
    (note,) = notes(own_cache)
    known = json.loads(note.read_text())
    for other in ({**known, field: known[field] + 1}, {k: v for k, v in known.items() if k != field}):
        read.clear()
        note.write_text(json.dumps({**other, "sha256": "0" * 64}))
        assert file_sha256(file) == sha256(file)
        assert len(read) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", "\x00"])
def test_a_damaged_note_is_written_anew(file, own_cache, text):
    file_sha256(file)
    (note,) = notes(own_cache)
    note.write_text(text)
    assert file_sha256(file) == sha256(file)
    assert json.loads(note.read_text())["sha256"] == sha256(file)


def test_no_path_of_this_machine_is_in_a_note(file, own_cache):
    file_sha256(file)
    (note,) = notes(paths.cache_folder())
    assert file.name not in note.name + note.read_text()


# -- a corpus: an archive, or a folder that was unpacked --------------------------------------------

CLIP = "wav/08a03Ab.wav"


def test_a_clip_changed_in_an_unpacked_folder_with_its_old_date_is_noticed(manual):
    with zipfile.ZipFile(manual / "download.zip") as archive:
        archive.extractall(manual / "emoDB")
    (manual / "download.zip").unlink()
    clip = manual / "emoDB" / CLIP
    first, before = datasets.find_source("emodb"), clip.stat()
    assert datasets.find_source("emodb") == first
    content = clip.read_bytes()
    clip.write_bytes(content[:-40] + bytes(40))
    dated(clip, before)
    assert (clip.stat().st_size, clip.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert datasets.find_source("emodb").signature != first.signature


def test_a_clip_changed_in_an_archive_with_its_old_date_is_noticed(manual, small_members, pack):
    archive = manual / "download.zip"
    first, before = datasets.find_source("emodb"), archive.stat()
    assert datasets.find_source("emodb") == first
    pack(archive, {**small_members, CLIP: small_members[CLIP][:-40] + bytes(40)})
    dated(archive, before)
    assert (archive.stat().st_size, archive.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert datasets.find_source("emodb").signature != first.signature


def test_a_folder_is_what_its_files_hold(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "variables").mkdir(parents=True)
        (tmp_path / name / "variables" / "data").write_bytes(b"numbers")
        (tmp_path / name / "saved_model.pb").write_bytes(b"graph")
    first = content_sha256(tmp_path / "one")
    (tmp_path / "two" / ".DS_Store").write_bytes(b"left by a file manager")
    assert content_sha256(tmp_path / "two") == first
    (tmp_path / "two" / "variables" / "data").write_bytes(b"other")
    assert content_sha256(tmp_path / "two") != first
    (tmp_path / "one" / "saved_model.pb").rename(tmp_path / "one" / "renamed.pb")
    assert content_sha256(tmp_path / "one") != first
    assert content_sha256(tmp_path / "one" / "renamed.pb") == hashlib.sha256(b"graph").hexdigest()
