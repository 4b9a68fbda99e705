"""A corpus of one's own from a table beside the builder: path, label, group, optional part, start and end."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from tfds_builders.common.base import ClipBuilder
from tfds_builders.common.clips import clip_path
from tfds_builders.common.errors import SourceError
from tfds_builders.common.scan import Clip, Fields, Span
from tfds_builders.common.source import Source

COLUMNS = ("path", "label", "group")
OPTIONAL = ("part", "start", "end")


@dataclass(frozen=True)
class Row:
    """A clip of the table; `span` in seconds, None for the whole file; `part` "" where none is given."""

    path: str
    label: str
    group: str
    part: str = ""
    span: Span | None = None

    @property
    def clip_id(self) -> str:
        """The path, with the span where there is one."""
        return self.path if self.span is None else f"{self.path}#{self.span[0]:g}-{self.span[1]:g}"


class TableBuilder(ClipBuilder, skip_registration=True):  # type: ignore[call-arg]
    """Clips that a table names; files that it does not name are left alone."""

    TABLE: ClassVar[Path]
    GROUP = "group"
    CLIP_DEPTH = 64  # whole paths
    LEAST_KNOWN = 0.0

    def read_tables(self, source: Source) -> None:
        """Finds the file of every row, below whatever top folder the archive has.

        Raises:
          SourceError: a file that the table names is not there.
        """
        rows: dict[str, list[Row]] = {}
        for row in read_table(self.TABLE):
            rows.setdefault(row.path, []).append(row)
        self._rows: dict[str, list[Row]] = {}
        for member in (clip_path(each, self.CLIP_DEPTH).as_posix() for each in source.audio()):
            parts = PurePosixPath(member).parts
            for start in range(len(parts)):
                if (path := "/".join(parts[start:])) in rows:
                    self._rows[member] = rows[path]
                    break
        found = {row.path for inside in self._rows.values() for row in inside}
        if missing := [path for path in rows if path not in found]:
            raise SourceError(
                f"{self.name}: {len(missing)} of {len(rows)} files that {self.TABLE.name} names are not in "
                f"{source.path.name}, such as {missing[0]!r}. Mend the table, or bring the files."
            )
        self._parts_of: Mapping[str, str] = {row.clip_id: row.part for inside in rows.values() for row in inside}

    def clips_in(self, path: PurePosixPath) -> Iterable[Clip]:
        """The rows of one file."""
        for row in self._rows.get(path.as_posix(), ()):
            yield row.clip_id, {"label": row.label, "group": row.group}, row.span

    def part_of(self, clip_id: str, fields: Fields) -> str | None:  # noqa: ARG002 - the table says it
        """The part that the table gives, if any."""
        return self._parts_of[clip_id] or None


def read_table(file: Path) -> list[Row]:
    """The rows of a CSV table with a header.

    Raises:
      SourceError: a column is missing, a cell is empty or no number, or a clip stands there twice.
    """
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        header = reader.fieldnames or []
        if lacking := [name for name in COLUMNS if name not in header]:
            raise SourceError(
                f"{file.name}: found the columns {', '.join(header) or 'none'}; expected {', '.join(COLUMNS)} "
                f"(lacking: {', '.join(lacking)}), and optionally {', '.join(OPTIONAL)}."
            )
        rows = [_row(file, number, line) for number, line in enumerate(reader, start=2)]
    seen: set[str] = set()
    for row in rows:
        if row.clip_id in seen:
            raise SourceError(f"{file.name}: clip {row.clip_id!r} stands there twice; expected every clip once.")
        seen.add(row.clip_id)
    if not rows:
        raise SourceError(f"{file.name} has no rows; expected one a clip.")
    return rows


def _row(file: Path, number: int, line: Mapping[str, str | None]) -> Row:
    cells = {name: (line.get(name) or "").strip() for name in (*COLUMNS, *OPTIONAL)}
    if empty := [name for name in COLUMNS if not cells[name]]:
        raise SourceError(f"{file.name}, line {number}: no {' and no '.join(empty)}; expected one in every row.")
    span = None
    if cells["start"] or cells["end"]:
        try:
            span = float(cells["start"] or 0), float(cells["end"])
        except ValueError:
            span = None
        if span is None or not 0 <= span[0] < span[1]:
            raise SourceError(
                f"{file.name}, line {number}: found start {cells['start']!r} and end {cells['end']!r}; "
                "expected seconds with 0 <= start < end."
            )
    return Row(
        clip_path(cells["path"], TableBuilder.CLIP_DEPTH).as_posix(),
        cells["label"],
        cells["group"],
        cells["part"],
        span,
    )
