"""FMA's table of tracks: genre, artist and official part of the tracks in the subset `small`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from tfds_builders.common.errors import SourceError

GENRES = ("Electronic", "Experimental", "Folk", "Hip-Hop", "Instrumental", "International", "Pop", "Rock")

_PARTS = {"training": "train", "validation": "validation", "test": "test"}
_SUBSET, _SPLIT, _GENRE, _ARTIST = ("set", "subset"), ("set", "split"), ("track", "genre_top"), ("artist", "id")
_LONGEST_CELL = 1 << 26  # cells hold whole biographies; the module's default of 128 KiB is not known to suffice
_WAY_OUT = "Get fma_metadata.zip again."


@dataclass(frozen=True)
class Track:
    """A track of the subset: its root genre, its artist's id, and its part."""

    genre: str
    artist: str
    part: str


def read_tracks(raw: bytes) -> dict[int, Track]:
    """Reads tracks.csv: two header rows that name a column together, and one that names the index.

    Returns:
      Tracks of the subset `small` by id.

    Raises:
      SourceError: a column is missing, a value is unknown, the text is damaged, or an artist is in two parts.
    """
    tracks: dict[int, Track] = {}
    rows = _rows(raw)
    columns = list(zip(next(rows, []), next(rows, []), strict=False))
    index = next(rows, [])
    wanted = (_SUBSET, _SPLIT, _GENRE, _ARTIST)
    if missing := [column for column in wanted if column not in columns]:
        raise SourceError(
            f"fma_small: tracks.csv: found {len(columns)} columns without {missing}; expected two header rows that "
            f"name a column together, such as {_GENRE}. {_WAY_OUT}"
        )
    if index[:1] != ["track_id"]:
        raise SourceError(
            f"fma_small: tracks.csv: found the third row {index[:3]}, expected track_id first. {_WAY_OUT}"
        )
    places = [columns.index(column) for column in wanted]
    for row in rows:
        subset, split, genre, artist = (row[place] if place < len(row) else "" for place in places)
        if subset != "small":
            continue
        if not row[0].isdecimal() or split not in _PARTS or genre not in GENRES or not artist.isdecimal():
            raise SourceError(
                f"fma_small: tracks.csv: found track {row[0]!r} with split {split!r}, genre {genre!r}, artist "
                f"{artist!r}; expected two numbers, one of {', '.join(_PARTS)}, and one of {', '.join(GENRES)}. "
                f"{_WAY_OUT}"
            )
        tracks[int(row[0])] = Track(genre, artist, _PARTS[split])
    _refuse_leak(tracks)
    return tracks


def _rows(raw: bytes) -> Iterator[list[str]]:
    """The rows, decoded as they are read: as one text, the table would fill gigabytes."""
    limit = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield from csv.reader(io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8-sig", newline=""))
    except (csv.Error, UnicodeDecodeError) as error:
        raise SourceError(
            f"fma_small: tracks.csv: found {error}; expected a whole table in UTF-8. {_WAY_OUT}"
        ) from error
    finally:
        csv.field_size_limit(limit)


def _refuse_leak(tracks: dict[int, Track]) -> None:
    """The official parts are used because no artist is in two of them; a table that says otherwise is another one."""
    first: dict[str, tuple[int, str]] = {}
    for number, track in tracks.items():
        other, part = first.setdefault(track.artist, (number, track.part))
        if part != track.part:
            raise SourceError(
                f"fma_small: tracks.csv: found artist {track.artist} in {part} (track {other}) and {track.part} (track "
                f"{number}); expected every artist in one official part. {_WAY_OUT}"
            )
