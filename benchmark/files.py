"""Writing files whole or not at all, hashing them, and holding a lock.

A file is finished by writing a new one and `os.replace`, never in place: DVC may have hard-linked
the old one into its cache, and a killed process must leave either the old or the new content.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmark.errors import LockedError

LOCK_SECONDS = 3600.0  # how long one run waits for another that does the same


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: the text that fingerprints are made of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def fingerprint(value: Any) -> str:
    """Hex sha256 of `canonical(value)`."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def write_bytes(path: Path, content: bytes) -> bool:
    """Replace `path` by `content` atomically; False, and the file untouched, when it holds that already."""
    if path.is_file() and path.read_bytes() == content:
        return False
    make_folder(path.parent)
    with _naming(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.partial")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    return True


def write_json(path: Path, value: Any) -> bool:
    """`write_bytes` of indented JSON; floats keep all their digits."""
    return write_bytes(path, (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def json_or_none(path: Path) -> Any:
    """A file's JSON, or None where there is none that can be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def make_folder(path: Path) -> None:
    """Make a folder with its parents, where it is not there yet.

    Raises:
        NotADirectoryError: a file stands in its place, or in that of a parent.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):  # "File exists" would be said of a folder, too
        in_the_way = next((p for p in (path, *path.parents) if os.path.lexists(p) and not p.is_dir()), path)
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(in_the_way)) from None


def code_sha256(files: Iterable[Path], root: Path) -> dict[str, str]:
    """The sha256 of each source file, keyed by its path below `root` (never a machine's path)."""
    return {
        file.relative_to(root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(set(files))
    }


@contextlib.contextmanager
def held(lock_file: Path, *, who: str, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold a lock that dies with this process; waits for another holder, and says whom it waits for.

    Killing only DVC leaves its stage running, so the next run meets it here.

    Raises:
        LockedError: it is still held after `wait_seconds`.
    """
    from filelock import FileLock, Timeout

    from benchmark.progress import say

    make_folder(lock_file.parent)
    holder = lock_file.with_suffix(".holder")
    lock = FileLock(lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        said = _holder(holder)
        say(f"{who}: {said} is at it already; waiting for it to end")
        try:
            lock.acquire(timeout=wait_seconds)
        except Timeout:
            raise LockedError(
                f"{who}: {said} is still at it after {wait_seconds:.0f} s. Wait for it to end, or stop that process."
            ) from None
    try:
        write_bytes(holder, str(os.getpid()).encode())
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _holder(file: Path) -> str:
    try:
        return f"process {file.read_text(encoding='utf-8')}"
    except OSError:  # it has just ended, or only just begun
        return "another process"


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let an error of the system name `path`: of a full disk it names no file, or one with a random name."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            error.filename, error.filename2 = str(path), None
        raise
