"""Archives and folders: one view of their members, and refusals."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest

from tfds_builders.common import source as module
from tfds_builders.common.containers import CHUNK
from tfds_builders.common.errors import MemberError, SourceError
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


def test_a_colon_is_no_drive(tmp_path, write_zip):
    with Source(write_zip(tmp_path / "a.zip", {"at 12:30/a.wav": b"x"})) as source:
        assert source.members == ("at 12:30/a.wav",)


ODD = {
    "tar": [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
    "zip": [0o120777, 0o020666, 0o060666, 0o010666],
}


@pytest.mark.parametrize(("kind", "odd"), [(kind, odd) for kind, odds in ODD.items() for odd in odds])
def test_only_audio_must_be_a_regular_file(tmp_path, kind, odd):
    def with_odd(name):
        path = tmp_path / f"{name}.{kind}"
        if kind == "zip":
            with zipfile.ZipFile(path, "w") as archive:
                entry = zipfile.ZipInfo(name)
                entry.external_attr = odd << 16
                archive.writestr(entry, b"../secret")
        else:
            with tarfile.open(path, "w") as archive:
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname = odd, "../secret"
                archive.addfile(entry)
        return path

    assert Source(with_odd("latest")).members == ()
    with pytest.raises(SourceError, match=r"is refused: found 'a.wav', a (symbolic link|hard link|device)"):
        Source(with_odd("a.wav"))


def test_links_in_a_folder(tmp_path):
    folder = write_folder(tmp_path / "a", {"wav/a.wav": b"one", "notes.txt": b"x"})
    (folder / "wav" / "b.wav").symlink_to(folder / "wav" / "a.wav")
    (folder / "same").symlink_to(folder / "wav")
    (folder / "gone.txt").symlink_to("nowhere")
    (folder / ".git").symlink_to(tmp_path)
    with Source(folder) as source:
        assert sorted(source.members) == ["notes.txt", "wav/a.wav", "wav/b.wav"]
        assert source.read("wav/b.wav") == b"one"


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_truncated_archive(tmp_path, write_zip, kind):
    members = {f"{n}.bin": bytes(range(n, 200)) * 20 for n in range(20)}
    path = tmp_path / f"a.{kind}"
    whole = write_zip(path, members) if kind == "zip" else write_tar(path, members)
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(SourceError, match=r"a\.\S+ cannot be read: found .*The download may have been cut short"):
        Source(path)


def test_a_damaged_member_harms_no_other(tmp_path, write_zip):
    path = write_zip(tmp_path / "a.zip", {"a.txt": b"good and long enough", "b.txt": b"fine"})
    path.write_bytes(path.read_bytes().replace(b"good", b"evil", 1))
    with Source(path) as source:
        assert source.read("b.txt") == b"fine"
        with pytest.raises(MemberError, match=r"'a.txt' cannot be used: found bytes that do not fit their checksum"):
            source.read("a.txt")


def test_an_encrypted_zip(tmp_path, write_zip):
    raw = bytearray(write_zip(tmp_path / "a.zip", {"a.txt": b"good and long enough", "b.txt": b"fine"}).read_bytes())
    for header, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(header) + offset] |= 1  # the bit that says "encrypted"
    (tmp_path / "a.zip").write_bytes(bytes(raw))
    with pytest.raises(SourceError, match=r"found 1 encrypted members, such as 'a.txt'.*with its password into a fold"):
        Source(tmp_path / "a.zip")


def test_a_tar_without_its_end(tmp_path):
    """Python's tarfile lists what is left of it as if it were whole."""
    path = write_tar(tmp_path / "a.tar", {f"{n}.wav": bytes([n]) * 700 for n in range(9)}, "w")
    for members in range(1, 9):
        short = tmp_path / "short.tar"
        short.write_bytes(path.read_bytes()[: members * 1536])
        with tarfile.open(short) as archive:
            assert len(archive.getmembers()) == members
        with pytest.raises(SourceError, match=f"no further member and no end mark after '{members - 1}.wav'"):
            Source(short)


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_bit_that_flipped_in_a_compressed_tar(tmp_path, mode):
    noise = random.Random(1).randbytes(9000)
    path = write_tar(tmp_path / "a.tar.gz", {"a.wav": noise, "b.wav": noise[::-1]}, mode)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))
    with pytest.raises(SourceError, match=r"a.tar.gz cannot be read: found (bytes that|damaged)"):
        Source(path)


# -- bombs ----------------------------------------------------------------------------------------


def peak_of(function):
    """Bytes of Python's memory that a call needs at most."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_zip_that_says_it_is_small_stays_small(tmp_path):
    """Python's own `ZipFile.read` unpacks all of it before it looks at the size."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.wav", bytes(2**26))
        archive.filelist[0].file_size, archive.filelist[0].CRC = 1000, zlib.crc32(bytes(1000))
    with Source(path) as source:
        assert peak_of(lambda: source.read("a.wav")) < 8 * CHUNK


@pytest.mark.parametrize("start", [b"a.wav", b"././@LongLink"])
def test_a_tar_of_zeros_is_not_unpacked(tmp_path, start):
    entry = tarfile.TarInfo(start.decode())
    entry.size = 2**31
    entry.type = tarfile.REGTYPE if start == b"a.wav" else tarfile.GNUTYPE_LONGNAME
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(entry.tobuf()) + 32 * gzip.compress(bytes(2**26)))

    def refuse():
        with pytest.raises(SourceError, match=r"a\.tar\.gz is refused"):
            Source(tmp_path / "a.tar.gz")

    assert peak_of(refuse) < 8 * CHUNK


def test_what_counts_as_a_bomb(tmp_path, write_zip, monkeypatch):
    def of(size, packed):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("a.wav", bytes(packed))
            archive.filelist[0].file_size = size
        Source(tmp_path / "a.zip").close()

    of(2**30, 100)  # small enough to do no harm
    of(2**31, 2**25)  # packed 64 to 1
    with pytest.raises(SourceError, match=r"found 1.0 GiB or more packed into 0.0 MiB; expected at most 100 times"):
        of(2**30 + 1, 100)
    with pytest.raises(SourceError, match=r"the member 'a.wav' of 2.0 GiB; expected clips of at most 2 GiB"):
        of(2**31 + 1, 2**25)
    monkeypatch.setattr(module, "MAX_MEMBERS", 3)
    Source(write_zip(tmp_path / "b.zip", {f"{n}.txt": b"" for n in range(3)})).close()
    with pytest.raises(SourceError, match="more than 3 members"):
        Source(write_zip(tmp_path / "b.zip", {f"{n}.txt": b"" for n in range(4)}))


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_any_damage_is_told(tmp_path, write_zip, kind):
    """Random damage gives the one error of builders or harmless bytes, never another exception and no endless loop."""
    members = {f"wav/{n}.wav": bytes(range(n, 100 + n)) * 3 for n in range(6)}
    path = tmp_path / f"a.{kind}"
    whole = write_zip(path, members) if kind == "zip" else write_tar(path, members, "w:gz" if "gz" in kind else "w")
    raw, draw, told = whole.read_bytes(), random.Random(kind), []
    for _ in range(400):
        damaged = bytearray(raw)
        for _ in range(draw.choice([1, 1, 3, 20])):
            damaged[draw.randrange(len(damaged))] = draw.choice([0, 255, draw.randrange(256)])
        path.write_bytes(bytes(damaged[: draw.choice([len(damaged), draw.randrange(len(damaged))])]))
        try:
            with Source(path) as source:
                for member in source.members:
                    source.read(member)
        except SourceError as error:
            told.append(str(error))
    assert len(told) > 100
    assert all("found" in message and "expected" in message for message in told)


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
