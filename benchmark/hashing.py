"""The sha256 of large files, remembered so that asking again is free.

What is remembered counts while size, modification time, change time and inode are the same. The change
time is the one that a person cannot set back, so a file exchanged under the same name is noticed even
when its size and modification time are those of the old one.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from benchmark import paths
from benchmark.files import write_json


def content_sha256(path: Path) -> str:
    """Hex sha256 of a file, or of a folder: of the names below it and what each holds (hidden files left out)."""
    if path.is_file():
        return file_sha256(path)
    files = [file for file in path.rglob("*") if file.is_file()]
    named = {file.relative_to(path).as_posix(): file for file in files}
    shown = sorted(name for name in named if not any(part.startswith(".") for part in name.split("/")))
    return hashlib.sha256("".join(f"{name}\0{file_sha256(named[name])}\n" for name in shown).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file's content; read again only when something about the file changed."""
    path = path.resolve()
    stat = path.stat()
    key = hashlib.sha256(str(path).encode()).hexdigest()
    note = paths.cache_folder() / "hashes" / f"{key}.json"
    seen = {
        "bytes": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
        "ctime_ns": stat.st_ctime_ns,
        "inode": stat.st_ino,
    }
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
        if {name: known[name] for name in seen} == seen:
            return str(known["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # never asked, or a note that is not ours: hash
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    write_json(note, {**seen, "sha256": digest})
    return digest
