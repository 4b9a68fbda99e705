"""The sha256 of large files, remembered by size and modification time so that asking again is free."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from benchmark import paths
from benchmark.files import write_json


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file's content; read again only when its size or modification time changed."""
    path = path.resolve()
    stat = path.stat()
    key = hashlib.sha256(str(path).encode()).hexdigest()
    note = paths.cache_folder() / "hashes" / f"{key}.json"
    seen = {"bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}
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
