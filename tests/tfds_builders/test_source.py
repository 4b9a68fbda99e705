"""Archives and folders: one view of their members, and refusals."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from tfds_builders.common.errors import SourceError
from tfds_builders.common.source import Source, find_source

MEMBERS = {
    "top/b.txt": b"bee",
    "top/a.txt": b"ay",
    "top/deep/c.txt": b"sea",
    "top/.DS_Store": b"x",
    "__MACOSX/top/._a.txt": b"x",
}


def write_tar(path: Path, members: dict[str, bytes], mode: str = "w:gz", prefix: str = "") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, raw in members.items():
            entry = tarfile.TarInfo(prefix + name)
            entry.size = len(raw)
            archive.addfile(entry, io.BytesIO(raw))
    return path


def write_folder(path: Path, members: dict[str, bytes]) -> Path:
    for name, raw in members.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(raw)
    return path


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar with ./", "folder"])
def test_members_are_the_same_from_everywhere(tmp_path, write_zip, kind):
    path = {
        "zip": lambda: write_zip(tmp_path / "a.zip", MEMBERS),
        "tar": lambda: write_tar(tmp_path / "a.tar", MEMBERS, "w"),
        "tar.gz": lambda: write_tar(tmp_path / "a.tar.gz", MEMBERS),
        "tar with ./": lambda: write_tar(tmp_path / "a.tgz", MEMBERS, prefix="./"),
        "folder": lambda: write_folder(tmp_path / "a", MEMBERS),
    }[kind]()
    with Source(path) as source:
        assert sorted(source.members) == ["top/a.txt", "top/b.txt", "top/deep/c.txt"]
        assert {name: source.read(name) for name in source.members} == {n: MEMBERS[n] for n in source.members}
        assert source.find("c.txt") == "top/deep/c.txt"
        assert source.find("d.txt") is None


@pytest.mark.parametrize("name", ["../evil.wav", "/evil.wav", "a/../../evil.wav", "..\\evil.wav", "C:/evil.wav"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_point_outside(tmp_path, write_zip, name, kind):
    members = {"a.wav": b"", name: b""}
    path = write_zip(tmp_path / "a.zip", members) if kind == "zip" else write_tar(tmp_path / "a.tar", members)
    with pytest.raises(SourceError, match="may point outside of the archive; expected plain relative names"):
        Source(path)


def test_a_link_in_a_tar_is_no_member(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        link = tarfile.TarInfo("secret.wav")
        link.type, link.linkname = tarfile.SYMTYPE, "../secret.wav"
        archive.addfile(link)
    assert Source(tmp_path / "a.tar").members == ()


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_truncated_archive(tmp_path, write_zip, kind):
    members = {f"{n}.bin": bytes(range(n, 200)) * 20 for n in range(20)}
    path = tmp_path / f"a.{kind}"
    whole = write_zip(path, members) if kind == "zip" else write_tar(path, members)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(SourceError, match=r"a\.\S+ cannot be read: found .*The download may have been cut short"):
        Source(path)


def test_damaged_and_encrypted_members(tmp_path, write_zip):
    path = write_zip(tmp_path / "a.zip", {"a.txt": b"good and long enough", "b.txt": b"fine"})
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"good", b"evil", 1))
    with Source(path) as source:
        assert source.read("b.txt") == b"fine"
        with pytest.raises(SourceError, match=r"member 'a.txt': Bad CRC-32"):
            source.read("a.txt")
    flagged = bytearray(raw)
    for header, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        flagged[raw.index(header) + offset] |= 1  # the bit that says "encrypted"
    path.write_bytes(bytes(flagged))
    with Source(path) as source, pytest.raises(SourceError, match="encrypted"):
        source.read("a.txt")


def test_find_source_prefers_archives_then_folders_then_later_places(tmp_path, write_zip):
    first, second = tmp_path / "1", tmp_path / "2"

    def find():
        return find_source([first, second], ("x.zip", "y.zip"), ("X",))

    assert find() is None
    zipped = write_zip(second / "y.zip", {})
    assert find() == zipped
    (first / "X").mkdir(parents=True)
    assert find() == first / "X"
    (first / "x").mkdir()
    assert find() == first / "x"
    write_tar(first / "x.tar.gz", {})
    assert find() == first / "x.tar.gz"
    with zipfile.ZipFile(first / "x.zip", "w"):
        pass
    assert find() == first / "x.zip"


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "folder", "beside", "in the first"])
def test_a_table_of_a_second_archive(tmp_path, write_zip, kind):
    """Nearest first: inside the corpus, next to it, in the second archive next to it."""
    table = {"deep/t.csv": b"\xef\xbb\xbfa,b\n"}
    first = write_zip(tmp_path / "audio.zip", table if kind == "in the first" else {"1.wav": b""})
    if kind != "in the first":
        {
            "zip": lambda: write_zip(tmp_path / "notes.zip", table),
            "tar.gz": lambda: write_tar(tmp_path / "notes.tar.gz", table),
            "folder": lambda: write_folder(tmp_path / "notes", table),
            "beside": lambda: write_folder(tmp_path, {"mine.csv": table["deep/t.csv"]}),
        }[kind]()
    with Source(first) as source:
        assert source.table("t.csv", "mine.csv", ("notes.zip",)) == "a,b\n"
        assert source.table("other.csv", "other.csv", ("notes.zip",)) is None
        if kind in ("zip", "tar.gz", "folder"):
            assert source.table("t.csv", "mine.csv") is None
            with source.sibling(("notes.zip",)) as second:
                assert second.members == ("deep/t.csv",)
        else:
            assert source.sibling(("notes.zip",)) is None


def test_a_second_archive_that_is_cut_short(tmp_path, write_zip):
    first = write_zip(tmp_path / "audio.zip", {"1.wav": b""})
    second = write_zip(tmp_path / "notes.zip", {"t.csv": b"a,b\n" * 100})
    second.write_bytes(second.read_bytes()[:-40])
    with Source(first) as source, pytest.raises(SourceError, match=r"notes\.zip cannot be read"):
        source.table("t.csv", "t.csv", ("notes.zip",))
