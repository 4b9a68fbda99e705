"""The errors of the builders: what is wrong, what was found, what was expected, the way out."""

from __future__ import annotations

AGAIN = "The download may have been cut short: get it again."


class SourceError(ValueError):
    """An archive, a member or a clip is not what the builder expects: found, expected, way out."""

    @classmethod
    def of(cls, what: str, found: str, expected: str, way_out: str) -> SourceError:
        """The one form of these messages; `what` is a thing with its verdict, such as "a.zip cannot be read"."""
        return cls(f"{what}: found {found}; expected {expected}. {way_out}")


def unreadable(
    archive: str, found: str, expected: str = "a whole zip, tar, tar.gz or unpacked folder", way_out: str = AGAIN
) -> SourceError:
    """The error of an archive as a whole."""
    return SourceError.of(f"{archive} cannot be read", found, expected, way_out)


def refused(
    archive: str,
    found: str,
    expected: str,
    way_out: str = "Do not use this copy: get the archive from its official address.",
) -> SourceError:
    """The error of an archive that could do harm, or whose members cannot be told apart."""
    return SourceError.of(f"{archive} is refused", found, expected, way_out)


class MemberError(SourceError):
    """One member is damaged or is no usable clip; the others may be whole."""

    def __init__(self, member: str, found: str, expected: str) -> None:
        super().__init__(f"{member!r} cannot be used: found {found}; expected {expected}. {AGAIN}")
        self.member, self.found, self.expected = member, found, expected
