"""FMA-small: 30 s excerpts from the Free Music Archive, eight genres."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.base import ClipBuilder, Fields
from tfds_builders.common.errors import SourceError
from tfds_builders.common.source import Beside, Source
from tfds_builders.common.variant import Facts
from tfds_builders.fma_small.tracks import GENRES, Track, read_tracks

_NUMBER = re.compile(r"\d{6}")

# Seconds of audio in the files that are shorter than 30 s, from the data set's list of known issues: left out.
SHORT: Mapping[int, float] = {98565: 1.6, 98567: 0.5, 98569: 1.5, 99134: 0.0, 108925: 0.0, 133297: 0.0}


class Builder(ClipBuilder):
    """7994 of the 8000 excerpts in the official parts, which are disjoint by artist."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = "https://github.com/mdeff/fma"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Two files are needed in the manual folder: fma_small.zip (7.2 GiB, sha1 "
        "ade154f733639d52e35e32f5593efe5be76c6d70, licences of the artists) and fma_metadata.zip (342 MiB, sha1 "
        "f0df49ffe5f2a6008d7dc83c6915b31835dfe733, CC BY 4.0), both from https://os.unil.cloud.switch.ch/fma/; or "
        "unpacked into folders fma_small and fma_metadata there."
    )
    ARCHIVES = ("fma_small.zip",)
    BESIDE = (Beside(("fma_metadata.zip",)),)
    DOWNLOADS: ClassVar[Mapping[str, str]] = {
        "fma_small.zip": "https://os.unil.cloud.switch.ch/fma/fma_small.zip",
        "fma_metadata.zip": "https://os.unil.cloud.switch.ch/fma/fma_metadata.zip",
    }
    FACTS = Facts(clips=7994, rates={44100: 7994}, channels={2: 7994}, extensions={"mp3": 7994}, seconds=30.0)
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"genre": GENRES}
    GROUP = "artist_id"

    _tracks: Mapping[int, Track]

    def read_tables(self, source: Source) -> None:
        """Reads tracks.csv of fma_metadata.zip."""
        raw = self._table(source)
        if raw is None:
            raise SourceError(
                f"fma_small: found no fma_metadata.zip with tracks.csv beside {source.path.name}; expected the table "
                f"of tracks. {self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
            )
        self._tracks = read_tracks(raw)

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`000/000002.mp3` is track 2 of the table."""
        if not _NUMBER.fullmatch(path.stem) or path.parent.name != path.stem[:3] or int(path.stem) in SHORT:
            return None
        track = self._tracks.get(int(path.stem))
        if track is None:
            raise SourceError(
                f"fma_small: {path}: found no row of the subset small in tracks.csv; expected one for every file. "
                f"Leave only the files of fma_small there. {self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
            )
        return {"genre": track.genre, "artist_id": track.artist}

    def part_of(self, clip_id: str, fields: Fields) -> str | None:  # noqa: ARG002 - the base class's signature
        """The official part."""
        return self._tracks[int(PurePosixPath(clip_id).stem)].part

    @staticmethod
    def _table(source: Source) -> bytes | None:
        metadata = source.sibling(("fma_metadata.zip",))
        if metadata is None:
            return None
        with metadata:
            member = metadata.find("tracks.csv")
            return None if member is None else metadata.read(member)
