"""The clips of a corpus as a set: ids that can be kept, each once, and one message for all that are broken."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from tfds_builders.common.audio import decode
from tfds_builders.common.errors import MemberError, SourceError, refused
from tfds_builders.common.source import Source

MAX_ID_BYTES = 1024  # it stands in every manifest, store and cell; a file name has at most 255
LINE_BREAKS = ("Cc", "Zl", "Zp")  # control characters, line and paragraph separators
SHOWN = 4  # further broken clips that a message names

MEND = "Get the archive again, or leave such clips out with 'moodbench prepare --skip-broken'."
TOO_MANY = "More than half are broken, too many to leave out: get the archive again."


def clip_path(member: str, depth: int) -> PurePosixPath:
    """The clip id of a member: its last `depth` path components.

    Letters are composed (Unicode NFC), so that an archive packed on macOS has the ids of any other.
    """
    return PurePosixPath(*PurePosixPath(unicodedata.normalize("NFC", member)).parts[-depth:])


def refuse_odd_ids(archive: str, clip_ids: Iterable[str]) -> None:
    """Refuses ids that would break a line, are not Unicode, or have no reasonable length.

    Raises:
      SourceError: with the first such id, escaped.
    """
    for clip_id in clip_ids:
        size = len(clip_id.encode("utf-8", "surrogateescape"))
        if size > MAX_ID_BYTES:
            found, expected = f"{clip_id[:40]!r}… of {size} bytes", f"at most {MAX_ID_BYTES}"
        elif any(unicodedata.category(char) in LINE_BREAKS for char in clip_id):
            found, expected = repr(clip_id), "a name without control characters and line breaks"
        elif any(unicodedata.category(char) == "Cs" for char in clip_id):
            found, expected = repr(clip_id), "a name in UTF-8"
        else:
            continue
        raise refused(archive, f"the clip name {found}", expected, "Rename the file, and pack the archive anew.")


def refuse_twins(where: str, clip_ids: Sequence[str], members: Sequence[str] | None = None) -> None:
    """One clip under two names (another folder, another encoding) would count twice, or leak.

    Raises:
      SourceError: with the two members, or clip ids where there are none.
    """
    first: dict[str, str] = {}
    for clip_id, name in zip(clip_ids, members or clip_ids, strict=True):
        stem = PurePosixPath(clip_id).with_suffix("").as_posix()
        if stem in first:
            raise SourceError.of(
                where,
                f"the clip {stem!r} twice ({first[stem]!a} and {name!a})",  # ASCII, because two names may look alike
                "every clip once",
                "Leave one copy in the archive or folder.",
            )
        first[stem] = name


def broken_clips(archive: str, errors: Sequence[MemberError], total: int, way_out: str = MEND) -> SourceError:
    """One error for all broken clips: what is wrong with the first, how many there are, the names of some more."""
    first, *others = errors
    which = ""
    if others:
        names = ", ".join(repr(error.member) for error in others[:SHOWN])
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        which = f", the first of {len(errors)} broken among {total} (then {names}{more}),"
    return SourceError.of(
        f"{archive}: clip {first.member!r}{which} cannot be used", first.found, first.expected, way_out
    )


def undecodable(path: Path, members: Iterable[str], rate: int) -> list[MemberError]:
    """Decodes members of the archive at `path`, one at a time, and answers what is wrong with those that fail."""
    found = []
    with Source(path) as source:
        for member in members:
            try:
                decode(source.read(member), member, rate)
            except MemberError as error:
                found.append(error)
    return found
