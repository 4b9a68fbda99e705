"""Where a corpus comes from: a zip, a tar or an unpacked folder, read one member at a time."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType

from tfds_builders.common.audio import EXTENSIONS
from tfds_builders.common.errors import SourceError

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")


def stem_of(archive: str) -> str:
    """Archive name without its archive suffix (`a.tar.gz` and `a.zip` give `a`)."""
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if archive.endswith(suffix):
            return archive.removesuffix(suffix)
    return archive


def find_source(manual_folders: Iterable[Path], archives: Sequence[str], folders: Sequence[str]) -> Path | None:
    """First archive, or else unpacked folder, of the accepted names in the manual folders; None if absent.

    Each name in `archives` is accepted with any of `SUFFIXES`, and its stem as an unpacked folder.
    """
    stems = [stem_of(name) for name in archives]
    for manual in map(Path, manual_folders):
        files = [manual / f"{stem}{suffix}" for stem in stems for suffix in SUFFIXES]
        for file in files:
            if file.is_file():
                return file
        for folder in (manual / name for name in (*stems, *folders)):
            if folder.is_dir():
                return folder
    return None


class Source:
    """Members of an archive or folder: checked names, and bytes on demand. A context manager.

    `members` are '/'-separated paths of regular files, in the order of the archive (reading in that
    order reads a compressed tar once), without dot files and macOS's `__MACOSX` copies.
    """

    def __init__(self, path: Path) -> None:
        """Opens `path` and lists its members.

        Raises:
          SourceError: not a readable archive, or a member name that points outside of it.
        """
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        self._tar: tarfile.TarFile | None = None
        try:
            if path.is_dir():
                names = sorted(p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file())
            elif zipfile.is_zipfile(path):
                self._zip = zipfile.ZipFile(path)
                names = [entry.filename for entry in self._zip.infolist() if not entry.is_dir()]
            elif path.is_file() and tarfile.is_tarfile(path):
                self._tar = tarfile.open(path)  # noqa: SIM115 - closed by __exit__
                names = [entry.name.removeprefix("./") for entry in self._tar.getmembers() if entry.isreg()]
            else:
                raise SourceError(self._unreadable("neither a zip nor a tar that can be opened"))
            self.members = tuple(name for name in names if self._wanted(name))
        except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error) as error:
            self.close()
            raise SourceError(self._unreadable(str(error))) from error
        except SourceError:
            self.close()
            raise

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the archive."""
        for archive in (self._zip, self._tar):
            if archive is not None:
                archive.close()

    def read(self, member: str) -> bytes:
        """Bytes of one member.

        Raises:
          SourceError: the member is damaged (checksum), encrypted, or packed in a way Python cannot undo.
        """
        try:
            if self._zip is not None:
                return self._zip.read(member)
            if self._tar is not None:
                return self._read_tar(self._tar, member)
            return (self.path / member).read_bytes()
        except (
            zipfile.BadZipFile,
            tarfile.TarError,
            EOFError,
            zlib.error,
            RuntimeError,  # an encrypted member; NotImplementedError (unknown packing) is one too
            OSError,
        ) as error:
            raise SourceError(self._unreadable(f"member {member!r}: {error}")) from error

    def find(self, basename: str) -> str | None:
        """The member of that file name nearest to the top, or None."""
        found = [member for member in self.members if PurePosixPath(member).name == basename]
        return min(found, key=lambda member: (member.count("/"), member), default=None)

    def audio(self) -> list[str]:
        """The members that are audio by their extension, in order."""
        return [member for member in self.members if PurePosixPath(member).suffix.lower().lstrip(".") in EXTENSIONS]

    def sibling(self, archives: Sequence[str]) -> Source | None:
        """A second archive of the corpus, next to this one (any of `archives`, as in `find_source`); None if absent.

        Raises:
          SourceError: it cannot be opened.
        """
        path = find_source([self.path.parent], archives, ())
        return None if path is None else Source(path)

    def table(self, inside: str, beside: str, archives: Sequence[str] = ()) -> str | None:
        """Text of the table `inside` the archive, or of that name or `beside` next to it; None if absent.

        `archives` name a second archive of the corpus that may hold it (see `sibling`).

        Raises:
          SourceError: the table is not UTF-8, or the second archive cannot be read.
        """
        member = self.find(inside)
        files = [file for file in (self.path.parent / inside, self.path.parent / beside) if file.is_file()]
        if member is None and not files:
            second = self.sibling(archives) if archives else None
            if second is None:
                return None
            with second:
                return second.table(inside, beside)
        raw = self.read(member) if member is not None else files[0].read_bytes()
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise SourceError(f"{inside} of {self.path.name}: found {error}; expected text in UTF-8") from error

    @staticmethod
    def _read_tar(archive: tarfile.TarFile, member: str) -> bytes:
        try:
            stream = archive.extractfile(member)
        except KeyError:
            stream = archive.extractfile(f"./{member}")
        if stream is None:
            raise tarfile.ReadError("not a regular file")
        return stream.read()

    def _wanted(self, name: str) -> bool:
        """Whether a member counts; raises for a name that points outside of the archive."""
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or (path.parts and ":" in path.parts[0]):
            raise SourceError(
                f"{self.path.name}: found the member name {name!r}, which may point outside of the archive; "
                "expected plain relative names. Do not use this copy: get the archive from its official address."
            )
        return not any(part.startswith(".") or part == "__MACOSX" for part in path.parts)

    def _unreadable(self, found: str) -> str:
        return (
            f"{self.path.name} cannot be read: found {found}; expected a whole zip, tar, tar.gz or unpacked folder. "
            "The download may have been cut short: get it again."
        )
