"""Emotify: 400 pieces in four genres with the emotions that listeners felt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from tfds_builders.common.audio import opened
from tfds_builders.common.base import ClipBuilder
from tfds_builders.common.errors import SourceError
from tfds_builders.common.source import Beside, Source
from tfds_builders.common.variant import Facts
from tfds_builders.emotify.answers import GEMS, MOODS, OFFSETS, Answers, read_answers, read_artists

_NUMBER = re.compile(r"[1-9]\d?|100")
_HOME = "http://www2.projects.science.uu.nl/memotion/emotifydata/"


class Builder(ClipBuilder):
    """400 excerpts with genre, mood (three GEMS moods), nine GEMS shares and labels; parts are disjoint by artist."""

    VERSION = tfds.core.Version("1.1.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {
        "1.1.0": "The GEMS factors as labels; clips and their identities stay.",
        "1.0.0": "First release.",
    }
    HOMEPAGE = _HOME
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put emotifymusic.zip (363 MB) and data.csv (both from the page below, music by Magnatune, CC BY-NC-SA, no "
        f"public checksum) from {_HOME} into the manual folder, or unpack the archive into a folder emotifymusic "
        "there, so that it holds classical, electronic, pop and rock. data.csv may also lie inside the archive."
    )
    ARCHIVES = ("emotifymusic.zip",)
    BESIDE = (
        Beside(("data.csv", "emotify_data.csv"), inside="data.csv"),
        Beside(("artists.csv", "emotify_artists.csv"), required=False),
    )
    DOWNLOADS: ClassVar[Mapping[str, str]] = {
        "emotifymusic.zip": f"{_HOME}emotifymusic.zip",
        "data.csv": f"{_HOME}data.csv",
    }
    FACTS = Facts(clips=400, rates={44100: 400}, channels={2: 400}, extensions={"mp3": 400}, seconds=60.0)
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "genre": ("classical", "electronic", "pop", "rock"),
        "mood3": tuple(MOODS),
    }
    GROUP = "artist_id"

    _answers: Mapping[int, Answers]
    _artists: Mapping[str, str]

    def extra_features(self) -> dict[str, Any]:
        """`gems`: share of listeners that felt each of `GEMS`, in that order; `gems_labels`: a third or more did."""
        return {
            "gems": tfds.features.Tensor(shape=(len(GEMS),), dtype=np.float32),
            "gems_labels": tfds.features.Sequence(tfds.features.ClassLabel(names=list(GEMS))),
        }

    def read_tables(self, source: Source) -> None:
        """Answers from data.csv; artists from artists.csv, or from the files' own tags where there is none."""
        answers = source.table("data.csv", "emotify_data.csv")
        if answers is None:
            raise SourceError(
                f"emotify: found no data.csv in or beside {source.path.name}; expected the listeners' answers. "
                f"{self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
            )
        self._answers = read_answers(answers)
        artists = source.table("artists.csv", "emotify_artists.csv")
        self._artists = read_artists(artists) if artists is not None else self._tagged_artists(source)
        self.info.metadata["artists_from"] = "artists.csv" if artists is not None else "tags of the files"

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`rock/7.mp3` is track 107 of data.csv."""
        genre = path.parent.name
        if genre not in OFFSETS or not _NUMBER.fullmatch(path.stem):
            return None
        track = OFFSETS[genre] + int(path.stem)
        artist = self._artists.get(f"{genre}/{path.stem}")
        if track not in self._answers or artist is None:
            missing = "artist" if artist is None else "answers (data.csv)"
            raise SourceError(f"emotify: {path} (track {track}): found no {missing}; expected one for every file")
        answers = self._answers[track]
        return {
            "genre": genre,
            "mood3": answers.mood,
            "gems": np.asarray(answers.shares, dtype=np.float32),
            "gems_labels": list(answers.labels),
            "artist_id": artist,
        }

    def _tagged_artists(self, source: Source) -> dict[str, str]:
        artists: dict[str, str] = {}
        nameless: list[str] = []
        for member in source.audio():
            with opened(source.read(member), member) as file:
                artist = file.copy_metadata().get("artist", "").strip()
            path = PurePosixPath(member)
            artists[f"{path.parent.name}/{path.stem}"] = artist
            if not artist:
                nameless.append(member)
        if nameless:
            raise SourceError(
                f"emotify: found no artists.csv, and {len(nameless)} of {len(artists)} files carry no artist tag, such "
                f"as {nameless[0]}; expected the artist of each, because artists must not cross parts. Put "
                "emotify_artists.csv (columns file,artist with a line such as rock/7.mp3,Name for each) into the "
                "manual folder."
            )
        return artists
