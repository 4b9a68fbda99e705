"""What a corpus lies in: a zip, a tar or a folder. Each lists its members from headers, and opens one at a time.

Nothing is unpacked to disk, and whatever the headers say, no more than a bounded chunk is unpacked at once.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, Protocol

from tfds_builders.common.errors import refused, unreadable

CHUNK = 2**20  # bytes read at once
# What the libraries raise on damaged bytes; an unknown packing and too deep a nesting are RuntimeErrors.
DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, struct.error, OSError, ValueError,
    RuntimeError, IndexError, OverflowError,
)  # fmt: skip

_LOCAL_HEADER = 30  # bytes in front of a zip member's name and data, at least
_ENCRYPTED = 0x1
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
_UNBOUNDED = {zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}  # zipfile unpacks all of a chunk: up to 20000 times its size
_METHOD_NAMES = {1: "shrink", 6: "implode", 9: "Deflate64", 93: "Zstandard", 95: "XZ", 98: "PPMd"}
_COMPRESSED: dict[bytes, Callable[[Path, str], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_OTHER_KINDS = {b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7-Zip archive"}
_BLOCK = tarfile.BLOCKSIZE
_PADDING = 16  # chunks of zeros that may follow a tar's end mark


@dataclass(frozen=True)
class Member:
    """A file of a container: '/'-separated name, size in bytes once unpacked, as its header says.

    `odd` says what it is when it is not a regular file; a link to a folder ends with '/'. `chunk` is how many
    bytes to read at once.
    """

    name: str
    size: int
    handle: Any
    odd: str = ""
    chunk: int = CHUNK


class Container(Protocol):
    """A zip, a tar or a folder, opened for reading; `packed` is its size in bytes, None for a folder."""

    packed: int | None

    def members(self) -> Iterator[Member]:
        """All but folders, in stored order; raises SourceError for what is wrong with the whole, `DAMAGE` else."""

    def open(self, member: Member) -> IO[bytes]:
        """A member's bytes as a stream."""

    def close(self) -> None:
        """Closes the file."""


def open_container(path: Path) -> Container:
    """Opens what lies at `path`, by its content: a name says little about an archive.

    Raises:
      SourceError: it is no archive.
      One of `DAMAGE`: it is a damaged one.
    """
    if path.is_dir():
        return _Folder(path)
    with path.open("rb") as file:
        head = file.read(_BLOCK)
    if head.startswith(b"PK") or (not _is_tar(head) and zipfile.is_zipfile(path)):
        if not zipfile.is_zipfile(path):
            raise unreadable(path.name, "a zip whose end, with the list of its members, is missing")
        return _Zip(path)
    if _is_tar(head) or tarfile.is_tarfile(path):
        return _Tar(path)
    raise _no_archive(path, head)


def _is_tar(head: bytes) -> bool:
    return head.startswith(tuple(_COMPRESSED)) or head[257:262] == b"ustar"


def _no_archive(path: Path, head: bytes) -> Exception:
    start = head.lstrip().lower()
    if not head:
        return unreadable(path.name, "an empty file")
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        way_out = "The address may ask for a login or have moved: open it in a browser and get the archive itself."
        return unreadable(path.name, "a web page", way_out=way_out)
    for magic, kind in _OTHER_KINDS.items():
        if head.startswith(magic):
            return unreadable(path.name, kind, way_out=_unpack(path, "with the program that packed it"))
    return unreadable(path.name, f"no archive (it begins with {head[:12]!r})")


def _unpack(path: Path, how: str) -> str:
    stem = path.name.removesuffix(path.suffix)
    return f"Unpack it {how} into a folder {stem!r} beside it, and move the archive away."


class _Zip:
    def __init__(self, path: Path) -> None:
        self._path, self._file = path, zipfile.ZipFile(path)
        self.packed: int | None = path.stat().st_size

    def members(self) -> Iterator[Member]:
        entries = [entry for entry in self._file.infolist() if not entry.is_dir()]
        self._refuse_unknown_packing(entries)
        self._refuse_overlaps(entries)
        for entry in entries:
            mode = entry.external_attr >> 16  # 0 when it was packed on Windows
            odd = "" if stat.S_IFMT(mode) in (0, stat.S_IFREG) else _kind_of(mode)
            chunk = 4096 if entry.compress_type in _UNBOUNDED else CHUNK
            yield Member(entry.filename, entry.file_size, entry, odd, chunk)

    def open(self, member: Member) -> IO[bytes]:
        return self._file.open(member.handle)

    def close(self) -> None:
        self._file.close()

    def _refuse_unknown_packing(self, entries: list[zipfile.ZipInfo]) -> None:
        encrypted = [entry.filename for entry in entries if entry.flag_bits & _ENCRYPTED]
        if encrypted:
            raise unreadable(
                self._path.name,
                f"{len(encrypted)} encrypted members, such as {encrypted[0]!r}",
                "an archive without a password",
                _unpack(self._path, "with its password"),
            )
        for entry in entries:
            if entry.compress_type not in _METHODS:
                name = _METHOD_NAMES.get(entry.compress_type, "unknown to Python")
                raise unreadable(
                    self._path.name,
                    f"the member {entry.filename!r} packed by method {entry.compress_type} ({name})",
                    "members stored, or packed by deflate, bzip2 or LZMA",
                    _unpack(self._path, "with the program that packed it"),
                )

    def _refuse_overlaps(self, entries: list[zipfile.ZipInfo]) -> None:
        """Members that share their bytes: how a zip of kilobytes unpacks to petabytes without looking packed."""
        ordered = sorted(entries, key=lambda entry: entry.header_offset)
        for first, second in pairwise(ordered):
            if first.header_offset + _LOCAL_HEADER + first.compress_size > second.header_offset:
                raise refused(
                    self._path.name,
                    f"the members {first.filename!r} and {second.filename!r} in the same bytes",
                    "every member in bytes of its own",
                )


class _Tar:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.packed: int | None = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(8)
        opened = [unpack(path, "rb") for magic, unpack in _COMPRESSED.items() if head.startswith(magic)]
        self._stream = _Chunked(opened[0] if opened else path.open("rb"), path.name)
        try:
            self._file = tarfile.TarFile(fileobj=self._stream)  # type: ignore[arg-type]
        except BaseException as error:
            try:
                if isinstance(error, tarfile.ReadError) and opened:
                    self._finish()
                    raise unreadable(path.name, "a compressed file that holds no tar") from error
            finally:
                self._stream.close()
            raise

    def members(self) -> Iterator[Member]:
        last = "its start"
        while (entry := self._file.next()) is not None:
            if entry.size < 0:  # tarfile would go backwards, for ever
                raise refused(self._path.name, f"the member {entry.name!r} of {entry.size} bytes", "sizes from 0 up")
            last = repr(entry.name)
            if not entry.isdir():
                odd = "" if entry.isreg() else _kind_of_tar(entry)
                yield Member(entry.name.removeprefix("./"), entry.size, entry, odd)
            self._file.members.clear()  # type: ignore[attr-defined] # or every header stays in memory
        self._stream.seek(self._file.offset)
        end = self._stream.read(_BLOCK)
        if len(end) < _BLOCK or end.strip(b"\0"):  # tarfile takes a cut or a damaged header for the end
            raise unreadable(self._path.name, f"no further member and no end mark after {last}")
        self._finish()

    def open(self, member: Member) -> IO[bytes]:
        stream = self._file.extractfile(member.handle)
        if stream is None:
            raise tarfile.ReadError("not a regular file")
        return stream

    def close(self) -> None:
        self._file.close()
        self._stream.close()

    def _finish(self) -> None:
        """Reads to the end of the compression, where its checksum stands."""
        for _ in range(_PADDING):
            if not self._stream.read(CHUNK):
                break


class _Folder:
    packed: int | None = None

    def __init__(self, path: Path) -> None:
        self._path = path

    def members(self) -> Iterator[Member]:
        for path in sorted(self._path.rglob("*")):
            name = path.relative_to(self._path).as_posix()
            if path.is_file():
                yield Member(name, path.stat().st_size, path)
            elif path.is_symlink() and not path.exists():
                yield Member(name, 0, path, f"a link to {str(path.readlink())!r}, which is not there")
            elif path.is_symlink() and not path.resolve().is_relative_to(self._path.resolve()):
                yield Member(f"{name}/", 0, path, f"a link to the folder {str(path.readlink())!r} elsewhere")
            elif not path.is_dir():
                yield Member(name, 0, path, _kind_of(path.stat().st_mode))

    def open(self, member: Member) -> IO[bytes]:
        stream: IO[bytes] = member.handle.open("rb")
        return stream

    def close(self) -> None:
        """Nothing is open."""


class _Chunked:
    """A stream that refuses to read more than a chunk at once: tarfile reads a name as long as a header says."""

    def __init__(self, stream: Any, archive: str) -> None:
        self._stream, self._archive = stream, archive
        self.seek, self.tell, self.close = stream.seek, stream.tell, stream.close

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= CHUNK:
            raise refused(self._archive, f"a name or note of {size} bytes", f"at most {CHUNK} in front of a member")
        found: bytes = self._stream.read(size)
        return found

    def seekable(self) -> bool:
        return True


def _kind_of(mode: int) -> str:
    return "a symbolic link" if stat.S_ISLNK(mode) else "a device or pipe"


def _kind_of_tar(entry: tarfile.TarInfo) -> str:
    if entry.issym() or entry.islnk():
        return f"a {'symbolic' if entry.issym() else 'hard'} link to {entry.linkname!r}"
    return "a device or pipe"
