"""Where a corpus comes from: a zip, a tar or an unpacked folder, read one member at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType

from tfds_builders.common.audio import EXTENSIONS
from tfds_builders.common.containers import DAMAGE, Member, open_container
from tfds_builders.common.errors import MemberError, SourceError, refused, unreadable

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")

MAX_MEMBER_BYTES = 2 * 2**30  # a clip is read whole; an hour of stereo at 96 kHz in 24 bits is 1.9 GiB
MAX_RATIO = 100  # of unpacked to packed: audio reaches 3, tables 20, deflate on zeros 1000
HARMLESS_BYTES = 2**30  # below this the ratio does not count: silent clips pack well
MAX_MEMBERS = 1_000_000  # each costs memory to list; the largest music corpora have about 100 000 clips

_DRIVE = re.compile("[A-Za-z]:")


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


@dataclass(frozen=True)
class Beside:
    """A table or a second archive that stands beside a corpus's archive (or unpacked folder).

    Any of `names` will do; an archive's name stands for all that `find_source` takes for it. `inside` is the table
    that makes it needless where the archive itself holds it. Without one that is `required` there is no corpus.
    """

    names: tuple[str, ...]
    inside: str = ""
    required: bool = True

    def found(self, folder: Path) -> list[Path]:
        """All that is there of it in `folder`, in the order of `names`."""
        places: list[Path | None] = []
        for name in self.names:
            file = folder / name
            is_archive = stem_of(name) != name
            places.append(find_source([folder], [name], ()) if is_archive else file if file.is_file() else None)
        return list(dict.fromkeys(place for place in places if place is not None))


class Source:
    """Members of an archive or folder: checked names, and bytes on demand. A context manager.

    `members` are '/'-separated paths of regular files, in the order of the archive (reading in that
    order reads a compressed tar once), without dot files and macOS's `__MACOSX` copies. They are
    judged by their headers before a byte is unpacked.
    """

    def __init__(self, path: Path) -> None:
        """Opens `path` and lists its members.

        Raises:
          SourceError: not a readable archive; a name that points outside of it, or that two members share; audio
            that is a link; more bytes or members than a corpus has.
        """
        self.path = path
        with self._told():
            self._container = open_container(path)
        try:
            with self._told():
                self._members = self._listed()
        except BaseException:
            self.close()
            raise
        self.members = tuple(self._members)

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the archive."""
        self._container.close()

    def read(self, member: str) -> bytes:
        """Bytes of one member.

        Raises:
          MemberError: it is damaged (checksum), or has another size than its header says.
        """
        found = self._members[member]
        self._refuse_huge(found)
        raw = bytearray()
        try:
            with self._container.open(found) as stream:
                while len(raw) <= found.size and (chunk := stream.read(found.chunk)):
                    raw += chunk
        except DAMAGE as error:
            raise MemberError(member, _damage(error), "the bytes that were packed") from error
        if len(raw) != found.size:
            raise MemberError(member, f"{len(raw)} bytes", f"the {found.size} that its header says")
        return bytes(raw)

    def find(self, basename: str) -> str | None:
        """The member of that file name nearest to the top, or None."""
        found = [member for member in self.members if PurePosixPath(member).name == basename]
        return min(found, key=lambda member: (member.count("/"), member), default=None)

    def audio(self) -> list[str]:
        """The members that are audio by their extension, in order."""
        return [member for member in self.members if _is_audio(member)]

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
          SourceError: the table is damaged or not UTF-8, or the second archive cannot be read.
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
            where = f"{inside} in {self.path.name}" if member is not None else files[0].name
            raise unreadable(
                where,
                f"the byte {raw[error.start]:#04x} at {error.start}, which is no UTF-8",
                "a table in UTF-8",
                "Save it as UTF-8, or get it again.",
            ) from error

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns what the libraries raise into the one error of builders."""
        try:
            yield
        except SourceError:
            raise
        except DAMAGE as error:
            if isinstance(error, OSError) and error.errno:
                way_out = "Check that it is yours to read and that the disk is well."
                raise unreadable(self.path.name, f"the system's answer {error.strerror!r}", way_out=way_out) from error
            raise unreadable(self.path.name, _damage(error)) from error

    def _listed(self) -> dict[str, Member]:
        """Wanted members by name; a tar is read only as far as it is harmless."""
        found: dict[str, Member] = {}
        total = 0
        for count, member in enumerate(self._container.members(), start=1):
            total += member.size
            wanted = self._wanted(member.name)
            if wanted and _is_audio(member.name):
                self._refuse_huge(member)
            self._refuse_bomb(self._container.packed, total, count)
            if not wanted:
                continue
            if member.odd:
                if not _is_audio(member.name) and not member.name.endswith("/"):
                    continue
                raise refused(
                    self.path.name,
                    f"{member.name!r}, {member.odd}",
                    "clips that are files of their own",
                    "Put the files themselves in place of links, or get the archive from its official address.",
                )
            if member.name in found:
                raise refused(
                    self.path.name,
                    f"two members of the one name {member.name!r}",
                    "every name once",
                    "Leave one of them in the archive, or get it again.",
                )
            found[member.name] = member
        return found

    def _wanted(self, name: str) -> bool:
        """Whether a member counts; raises for a name that points outside of the archive."""
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or _DRIVE.match(name):
            raise refused(
                self.path.name,
                f"the member name {name!r}, which may point outside of the archive",
                "plain relative names",
            )
        return not any(part.startswith(".") or part == "__MACOSX" for part in path.parts)

    def _refuse_bomb(self, packed: int | None, total: int, count: int) -> None:
        if packed is not None and total > max(HARMLESS_BYTES, MAX_RATIO * packed):
            raise refused(
                self.path.name,
                f"{total / 2**30:.1f} GiB or more packed into {packed / 2**20:.1f} MiB",
                f"at most {MAX_RATIO} times the size of the archive, as nothing but silence packs better",
            )
        if count > MAX_MEMBERS:
            raise refused(self.path.name, f"more than {MAX_MEMBERS} members", "a corpus with fewer clips than that")

    def _refuse_huge(self, member: Member) -> None:
        if member.size > MAX_MEMBER_BYTES:
            raise refused(
                self.path.name,
                f"the member {member.name!r} of {member.size / 2**30:.1f} GiB",
                f"clips of at most {MAX_MEMBER_BYTES / 2**30:.0f} GiB, more than an hour of any audio",
                "Cut it into clips, or get the archive from its official address.",
            )


def _is_audio(name: str) -> bool:
    return PurePosixPath(name).suffix.lower().lstrip(".") in EXTENSIONS


def _damage(error: Exception) -> str:
    """What is wrong, in words that are the same for every packing."""
    text = " ".join(str(error).split())
    if isinstance(error, EOFError) or "unexpected end" in text:
        return "bytes that end too early"
    return "bytes that do not fit their checksum" if "CRC" in text else f"damaged bytes ({text})"
