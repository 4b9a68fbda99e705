"""MagnaTagATune: 29 s clips of Magnatune's music with the tags that players of a game gave."""

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
from tfds_builders.magnatagatune.tags import TOP_50, read_tags

_NAME = re.compile(r"(.+)-\d+-\d+")  # artist-album-number-title, then the seconds of the track
_PARTS = {**dict.fromkeys("0123456789ab", "train"), "c": "validation", **dict.fromkeys("def", "test")}

# Empty files in the official archive, clips 35644, 55753 and 57881.
_EMPTY = frozenset(
    {
        "6/norine_braun-now_and_zen-08-gently-117-146",
        "8/jacob_heringman-josquin_des_prez_lute_settings-19-gintzler__pater_noster-204-233",
        "9/american_baroque-dances_and_suites_of_rameau_and_couperin-25-le_petit_rien_xiveme_ordre_couperin-88-117",
    }
)
_HOME = "https://mirg.city.ac.uk/codeapps/the-magnatagatune-dataset"


class Builder(ClipBuilder):
    """25860 clips with the fifty most frequent tags; standard parts, disjoint by track."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = _HOME
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Get mp3.zip.001, mp3.zip.002, mp3.zip.003 (3 GB) and annotations_final.csv (all CC BY-NC-SA 3.0) from "
        f"{_HOME}, join the first three with 'cat mp3.zip.001 mp3.zip.002 mp3.zip.003 > mp3.zip', and put mp3.zip and "
        "the table into the manual folder, or unpack it into a folder mp3 there, so that it holds the folders 0 to 9 "
        "and a to f."
    )
    ARCHIVES = ("mp3.zip",)
    BESIDE = (Beside(("annotations_final.csv",), inside="annotations_final.csv"),)
    DOWNLOADS: ClassVar[Mapping[str, str]] = {
        name: f"https://mirg.city.ac.uk/datasets/magnatagatune/{name}"
        for name in ("annotations_final.csv", "mp3.zip.001", "mp3.zip.002", "mp3.zip.003")
    }
    FACTS = Facts(clips=25860, rates={16000: 25860}, channels={1: 25860}, extensions={"mp3": 25860}, seconds=29.1)
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    GROUP = "track_id"

    _tags: Mapping[str, tuple[str, ...]]

    def extra_features(self) -> dict[str, Any]:
        """`tags`: those of the fifty that the clip has, possibly none."""
        return {"tags": tfds.features.Sequence(tfds.features.ClassLabel(names=list(TOP_50)))}

    def read_tables(self, source: Source) -> None:
        """Tags from annotations_final.csv."""
        table = source.table("annotations_final.csv", "annotations_final.csv")
        if table is None:
            raise SourceError(
                f"magnatagatune: found no annotations_final.csv in or beside {source.path.name}; expected the tags. "
                f"{self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
            )
        self._tags = {PurePosixPath(path).with_suffix("").as_posix(): tags for path, tags in read_tags(table).items()}

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`f/artist-album-01-title-30-59.mp3` is a clip of the track `artist-album-01-title`."""
        name, clip = _NAME.fullmatch(path.stem), path.with_suffix("").as_posix()
        if name is None or path.parent.name not in _PARTS or clip in _EMPTY:
            return None
        if clip not in self._tags:
            raise SourceError(
                f"magnatagatune: {path}: found no line in annotations_final.csv; expected one for every clip. "
                "Get annotations_final.csv again."
            )
        return {"track_id": name[1], "tags": list(self._tags[clip])}

    def part_of(self, clip_id: str, fields: Fields) -> str:  # noqa: ARG002 - the folder tells
        """The standard parts: folders 0 to b train, c validates, d to f test."""
        return _PARTS[PurePosixPath(clip_id).parent.name]
