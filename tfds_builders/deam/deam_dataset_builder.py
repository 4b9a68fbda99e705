"""DEAM: 1802 excerpts and songs with the valence and arousal that listeners felt in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from tfds_builders.common.annotations import read_ratings
from tfds_builders.common.base import ClipBuilder
from tfds_builders.common.errors import SourceError
from tfds_builders.common.source import Beside, Source
from tfds_builders.common.variant import Facts

_HOME = "https://cvml.unige.ch/databases/DEAM/"
_ANNOTATIONS = ("DEAM_Annotations.zip",)
_TABLES = ("static_annotations_averaged_songs_1_2000.csv", "static_annotations_averaged_songs_2000_2058.csv")


class Builder(ClipBuilder):
    """1744 excerpts of 45 s and 58 songs with mean valence and arousal, 1 to 9; parts are disjoint by song."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = _HOME
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put DEAM_audio.zip (1.3 GB) and DEAM_Annotations.zip (5 MB, music under Creative Commons licences, no public "
        f"checksum), both from {_HOME}, into the manual folder, or unpack them into folders DEAM_audio and "
        "DEAM_Annotations there."
    )
    ARCHIVES = ("DEAM_audio.zip",)
    BESIDE = tuple(Beside((table, *_ANNOTATIONS), inside=table) for table in _TABLES)
    DOWNLOADS: ClassVar[Mapping[str, str]] = {
        "DEAM_audio.zip": f"{_HOME}DEAM_audio.zip",
        "DEAM_Annotations.zip": f"{_HOME}DEAM_Annotations.zip",
    }
    CLIP_DEPTH = 1
    FACTS = Facts(
        clips=1802,
        rates={44100: 1778, 48000: 20, 22050: 3, 16000: 1},
        channels={2: 1789, 1: 13},
        extensions={"mp3": 1802},
        seconds=45.0,
    )
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    GROUP = "song_id"

    _ratings: Mapping[str, tuple[float, ...]]

    def extra_features(self) -> dict[str, Any]:
        """`valence` and `arousal`: means over the listeners, on the scale from 1 to 9."""
        return {name: tfds.features.Scalar(dtype=np.float32) for name in ("valence", "arousal")}

    def read_tables(self, source: Source) -> None:
        """Ratings from the two tables of averages, one for the excerpts and one for the whole songs."""
        ratings: dict[str, tuple[float, ...]] = {}
        for name in _TABLES:
            table = source.table(name, name, _ANNOTATIONS)
            if table is None:
                raise SourceError(
                    f"deam: found no {name} in or beside {source.path.name}, nor in {_ANNOTATIONS[0]} there; expected "
                    f"the ratings. {self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
                )
            ratings |= read_ratings(self.name, name, table, "song_id", ("valence_mean", "arousal_mean"), (1, 9))
        self._ratings = ratings

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`MEMD_audio/2.mp3` is the song 2."""
        if not path.stem.isdecimal():
            return None
        if path.stem not in self._ratings:
            raise SourceError(f"deam: {path}: found no ratings in {' or '.join(_TABLES)}; expected them for every song")
        valence, arousal = self._ratings[path.stem]
        return {"song_id": path.stem, "valence": valence, "arousal": arousal}
