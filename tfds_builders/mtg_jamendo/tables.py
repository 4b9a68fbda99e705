"""MTG-Jamendo's tables: the mood/theme tags of each track, and the parts of the official splits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tfds_builders.common.errors import SourceError
from tfds_builders.common.source import Source

SPLITS = tuple(f"split_{number}" for number in range(5))
_PARTS = ("train", "validation", "test")
_COLUMNS = ["TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS"]
_PREFIX = "mood/theme---"
_WAY_OUT = "Get the tags again: github.com/MTG/mtg-jamendo-dataset, folder data."


@dataclass(frozen=True)
class Track:
    """A line of the table; `seconds` is the length that it states, `tags` stand in its order, without the prefix."""

    artist: str
    seconds: float
    tags: tuple[str, ...]


def read_tracks(source: Source) -> dict[str, Track]:
    """Reads data/autotagging_moodtheme.tsv of an archive or folder.

    Returns:
      Tracks by their path (`48/948.mp3`), in the order of the table.

    Raises:
      SourceError: the table is absent or damaged.
    """
    name = "autotagging_moodtheme.tsv"
    tracks: dict[str, Track] = {}
    for line, fields in _lines(source, name):
        tags = [tag.removeprefix(_PREFIX) for tag in fields[5:] if tag.startswith(_PREFIX)]
        seconds = fields[4].replace(".", "", 1)
        if len(tags) != len(fields) - 5 or not tags or not seconds.isdecimal() or not fields[1] or fields[3] in tracks:
            raise SourceError(
                f"mtg_jamendo: {name} line {line}: found {fields}; expected a path that is there once, an artist, "
                f"seconds, and tags that start with {_PREFIX!r}. {_WAY_OUT}"
            )
        tracks[fields[3]] = Track(fields[1], float(fields[4]), tuple(tags))
    return tracks


def read_splits(source: Source) -> dict[str, dict[str, str]]:
    """Reads data/splits/ of an archive or folder.

    Returns:
      By path, the part (train, validation, test) in each of `SPLITS`, of the tracks that are in all five.

    Raises:
      SourceError: a list is absent or damaged, or a track is in two parts of one split.
    """
    found: dict[str, dict[str, str]] = {}
    for number, split in enumerate(SPLITS):
        for part in _PARTS:
            for _, fields in _lines(source, f"splits/split-{number}/autotagging_moodtheme-{part}.tsv"):
                other = found.setdefault(fields[3], {}).setdefault(split, part)
                if other != part:
                    raise SourceError(
                        f"mtg_jamendo: split {number}: found {fields[3]} in both {other} and {part}; expected every "
                        f"track in one part. {_WAY_OUT}"
                    )
    return {path: parts for path, parts in found.items() if len(parts) == len(SPLITS)}


def _lines(source: Source, name: str) -> Iterator[tuple[int, list[str]]]:
    """Number and fields of each line of the table whose path ends with `name`, after its header."""
    found = [member for member in source.members if f"/{member}".endswith(f"/{name}")]
    if not found:
        raise SourceError(f"mtg_jamendo: found no {name} in {source.path.name}; expected one. {_WAY_OUT}")
    try:
        lines = source.read(min(found, key=len)).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise SourceError(f"mtg_jamendo: {name}: found {error}; expected text in UTF-8. {_WAY_OUT}") from error
    if not lines or lines[0].split("\t") != _COLUMNS:
        raise SourceError(
            f"mtg_jamendo: {name}: found the header {lines[0] if lines else ''!r}, expected {_COLUMNS}. {_WAY_OUT}"
        )
    for number, line in enumerate(lines[1:], start=2):
        fields = line.split("\t")
        if len(fields) <= _COLUMNS.index("TAGS"):
            raise SourceError(
                f"mtg_jamendo: {name} line {number}: found {len(fields)} fields, expected six or more. {_WAY_OUT}"
            )
        yield number, fields
