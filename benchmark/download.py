"""A file from the web: streamed to disk, and gone on with where a connection was cut. No library is needed for it."""

from __future__ import annotations

import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from benchmark.files import make_folder, write_json

_BLOCK = 1 << 16
_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")

Told = Callable[[int, int | None], None]  # bytes here, and bytes of the whole where they are known


class Digest(Protocol):
    """What `hashlib` makes."""

    def update(self, data: bytes, /) -> None:
        """Take in more bytes."""


@dataclass(frozen=True)
class _Origin:
    """What a partial file is the beginning of; two answers with the same `mark` are the same file."""

    url: str
    mark: str  # the server's ETag or date of change, "" where it gives none
    total: int | None

    @classmethod
    def of(cls, url: str, headers: Any) -> _Origin:
        tag = str(headers.get("ETag") or "")
        mark = tag if tag.startswith('"') else str(headers.get("Last-Modified") or "")  # a weak tag is for no ranges
        length = headers.get("Content-Length")
        return cls(url, mark, None if length is None else int(length))


def kept_of(url: str, partial: Path) -> int:
    """Bytes of `partial` that `download` could go on with."""
    return _kept(url, partial)[0]


def note_of(partial: Path) -> Path:
    """Where it is kept what a partial file is the beginning of."""
    return partial.with_name(f"{partial.name}.json")


def download(
    url: str,
    partial: Path,
    *,
    digests: Sequence[Digest] = (),
    seconds: float,
    resume: bool = False,
    told: Told = lambda here, whole: None,  # noqa: ARG005 - by default nobody is told
) -> None:
    """Write what `url` answers to `partial`, and all of it to `digests`.

    `seconds` is the patience to connect, and for each read. With `resume` a partial file that an earlier call left is
    gone on with, where the server can and the file behind the address is still the same; else it is begun anew.

    Raises:
        OSError, http.client.HTTPException: it cannot be had, or not all of it. What came is left in `partial`.
    """
    make_folder(partial.parent)
    kept, origin = _kept(url, partial) if resume else (0, None)
    if origin is not None and kept == origin.total:
        _take_in(partial, digests)
        told(kept, kept)
        return
    with _ask(url, kept, origin, seconds) as answer:
        if answer.status == 206:
            _take_in(partial, digests)
        else:
            kept, origin = 0, _Origin.of(url, answer.headers)
            if resume:
                write_json(note_of(partial), asdict(origin))
        total = origin.total if origin else None
        with partial.open("ab" if kept else "wb") as file:
            told(kept, total)
            while block := answer.read(_BLOCK):
                for digest in digests:
                    digest.update(block)
                kept += file.write(block)
                told(kept, total)
            file.flush()
            os.fsync(file.fileno())
    if total is not None and kept != total:
        raise OSError(f"the connection ended after {kept} of {total} bytes")


def _kept(url: str, partial: Path) -> tuple[int, _Origin | None]:
    """Bytes of a partial file that can be gone on with, and what they are the beginning of."""
    try:
        origin = _Origin(**json.loads(note_of(partial).read_text(encoding="utf-8")))
        kept = partial.stat().st_size
    except (OSError, ValueError, TypeError):
        return 0, None
    if not kept or origin.url != url or not origin.mark or (origin.total is not None and kept > origin.total):
        return 0, None
    return kept, origin


def _take_in(partial: Path, digests: Sequence[Digest]) -> None:
    with partial.open("rb") as file:
        while block := file.read(_BLOCK):
            for digest in digests:
                digest.update(block)


def _ask(url: str, kept: int, origin: _Origin | None, seconds: float) -> Any:
    """The server's answer: 206 with what follows on `kept` bytes of `origin`, or the whole."""
    if kept and origin is not None:
        request = urllib.request.Request(url, headers={"Range": f"bytes={kept}-", "If-Range": origin.mark})
        try:
            answer = _web().open(request, timeout=seconds)
        except urllib.error.HTTPError as error:
            if error.code != 416:  # there is no such range
                raise
        else:
            start = _RANGE.fullmatch(answer.headers.get("Content-Range") or "")
            if answer.status != 206 or (start is not None and int(start[1]) == kept):
                return answer
            answer.close()
    answer = _web().open(url, timeout=seconds)
    if answer.status == 206:
        answer.close()
        raise OSError("the server answered a part of the file, though the whole was asked for")
    return answer


def _web() -> urllib.request.OpenerDirector:
    """An opener for http and https only: a redirection to a file or to ftp is refused."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener
