"""GTZAN in its fault-filtered, artist-disjoint parts: ten genres."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.base import ClipBuilder, Fields
from tfds_builders.common.variant import Facts
from tfds_builders.gtzan_artist.index import GENRES, artists, parts

# Left out by name, so that every mirror gives the same clips: it cannot be decoded in most, some have mended it.
BROKEN = "jazz.00054"


class Builder(ClipBuilder):
    """929 of the 1000 excerpts, in the parts of Kereliuk, Sturm and Larsen; no artist is in two of them."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = "http://marsyas.info/downloads/datasets.html"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put genres.tar.gz (1.2 GB) into the manual folder. Its official address, opihi.cs.uvic.ca, has been dead "
        "since 2022. Mirrors: https://huggingface.co/datasets/marsyas/gtzan (data/genres.tar.gz), or Kaggle's "
        "andradaolteanu/gtzan-dataset-music-genre-classification, unpacked so that a folder genres or genres_original "
        "holds blues to rock. No licence is stated. The edition in .au is not read: convert it to wav."
    )
    ARCHIVES = ("genres.tar.gz",)
    DOWNLOADS: ClassVar[Mapping[str, str]] = {
        "genres.tar.gz": "https://huggingface.co/datasets/marsyas/gtzan/resolve/main/data/genres.tar.gz",
    }
    FOLDERS = ("genres_original",)
    FACTS = Facts(clips=929, rates={22050: 929}, channels={1: 929}, extensions={"wav": 929}, seconds=30.0)
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"genre": GENRES}
    GROUP = "artist_id"

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`jazz/jazz.00012.wav`; an excerpt that nobody identified is a group of its own."""
        name = path.stem
        if name == BROKEN or name not in parts() or path.parent.name != name.partition(".")[0]:
            return None
        return {"genre": path.parent.name, "artist_id": artists().get(name, name)}

    def part_of(self, clip_id: str, fields: Fields) -> str | None:  # noqa: ARG002 - the base class's signature
        """The part that the published lists say."""
        return parts()[PurePosixPath(clip_id).stem]
