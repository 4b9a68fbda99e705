"""emoMusic: 744 excerpts with the valence and arousal that listeners felt in them (MediaEval 2013)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from tfds_builders.common.annotations import read_ratings, read_rows
from tfds_builders.common.base import ClipBuilder
from tfds_builders.common.errors import SourceError
from tfds_builders.common.source import Beside, Source
from tfds_builders.common.variant import Facts

_HOME = "https://cvml.unige.ch/databases/emoMusic/"
_ANNOTATIONS = ("annotations.tar.gz",)


class Builder(ClipBuilder):
    """744 excerpts of 45 s with mean valence and arousal, 1 to 9; parts are disjoint by artist."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = _HOME
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put clips_45sec.tar.gz (sha256 3994a5d5fefc27f9540d1a69cd7f1294c68e6cb311ce49765021e2e9c7a1057b) and "
        "annotations.tar.gz (sha256 e0cb0b06e1b0ce7f04b1572fc410937699b7fad9dae67ddaa745f06cda4b0b33), both from "
        f"{_HOME}, into the manual folder, or unpack them into folders clips_45sec and annotations there."
    )
    ARCHIVES = ("clips_45sec.tar.gz", "clips_45seconds.tar.gz")
    BESIDE = tuple(
        Beside((table, *_ANNOTATIONS), inside=table) for table in ("static_annotations.csv", "songs_info.csv")
    )
    DOWNLOADS: ClassVar[Mapping[str, str]] = {
        "clips_45sec.tar.gz": "http://cvml.unige.ch/databases/emoMusic/clips_45sec.tar.gz",
        "annotations.tar.gz": "http://cvml.unige.ch/databases/emoMusic/annotations.tar.gz",
    }
    CLIP_DEPTH = 1
    FACTS = Facts(clips=744, rates={44100: 744}, channels={2: 744}, extensions={"mp3": 744}, seconds=45.0)
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    GROUP = "artist_id"

    _ratings: Mapping[str, tuple[float, ...]]
    _artists: Mapping[str, str]

    def extra_features(self) -> dict[str, Any]:
        """`valence` and `arousal`: means over the listeners, on the scale from 1 to 9."""
        return {name: tfds.features.Scalar(dtype=np.float32) for name in ("valence", "arousal")}

    def read_tables(self, source: Source) -> None:
        """Ratings from static_annotations.csv, artists from songs_info.csv."""
        ratings, table = (self._table(source, name) for name in ("static_annotations.csv", "songs_info.csv"))
        means = ("mean_valence", "mean_arousal")
        self._ratings = read_ratings(self.name, "static_annotations.csv", ratings, "song_id", means, (1, 9))
        songs = [row for _, row in read_rows(self.name, "songs_info.csv", table, ("song_id", "Artist"))]
        # two spellings of one artist must not stand on two sides
        self._artists = {row["song_id"]: " ".join(row["Artist"].split()).casefold() for row in songs}

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`clips_45seconds/2.mp3` is the song 2."""
        if not path.stem.isdecimal():
            return None
        ratings, artist = self._ratings.get(path.stem), self._artists.get(path.stem)
        if not ratings or not artist:
            missing = "an artist (songs_info.csv)" if ratings else "ratings (static_annotations.csv)"
            raise SourceError(f"emomusic: {path}: found no line with {missing}; expected one for every song")
        valence, arousal = ratings
        return {"artist_id": artist, "valence": valence, "arousal": arousal}

    def _table(self, source: Source, name: str) -> str:
        table = source.table(name, name, _ANNOTATIONS)
        if table is None:
            raise SourceError(
                f"emomusic: found no {name} in or beside {source.path.name}, nor in {_ANNOTATIONS[0]} there; expected "
                f"it. {self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
            )
        return table
