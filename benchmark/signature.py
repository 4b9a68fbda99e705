"""What tells one source of a dataset from another: its archive, and the tables and archives that stand beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmark import paths
from benchmark.errors import DatasetError, Unavailable
from benchmark.files import fingerprint, write_json
from benchmark.hashing import file_sha256


def of_source(dataset: str, facts: dict[str, Any], path: Path) -> str:
    """The signature of a corpus whose archive or folder lies at `path`: of that alone where nothing stands beside it.

    `facts` are what its builder says (`datasets.builder_facts`).

    Raises:
        Unavailable: a file that must stand beside it does not.
        DatasetError: an empty folder.
    """
    from tfds_builders.common.source import Beside

    own = of_path(path)
    seen: dict[str, str] = {}
    for each in (Beside(**fields) for fields in facts["beside"]):
        files = each.found(path.parent)
        if each.required and not files and not (each.inside and _holds(path, own, each.inside)):
            where = f"in {path.name} or beside it" if each.inside else f"beside {path.name}"
            raise Unavailable(
                f"file missing: {dataset} needs {' or '.join(each.names)} {where}",
                f"{facts['instructions']} It belongs into {path.parent}.",
            )
        seen |= {file.name: of_path(file) for file in files}
    return fingerprint([own, seen]) if seen else own


def of_path(path: Path) -> str:
    """What tells one source from another: an archive's sha256, or a folder's names, sizes and times.

    The time of the last change of any kind is among them, for nobody can set it back.
    """
    if path.is_file():
        return file_sha256(path)
    rows = [(p.relative_to(path).as_posix(), p.stat()) for p in sorted(path.rglob("*")) if p.is_file()]
    if not rows:
        raise DatasetError(f"{path} is an empty folder; expected the unpacked corpus. Unpack it again or remove it.")
    return fingerprint([[name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns] for name, stat in rows])


def _holds(path: Path, signature: str, table: str) -> bool:
    """Whether an archive holds a table; remembered, because listing a large compressed tar takes minutes."""
    from tfds_builders.common.source import Source as Archive

    note = paths.cache_folder() / "tables" / f"{signature[:20]}-{table}.json"
    try:
        return bool(json.loads(note.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        pass  # never asked, or a note that is not ours
    try:
        with Archive(path) as archive:
            held = archive.find(table) is not None
    except ValueError:
        return True  # no archive that can be read: building says best what is wrong with it
    write_json(note, held)
    return held
