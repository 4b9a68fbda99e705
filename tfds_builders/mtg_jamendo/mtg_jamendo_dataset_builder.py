"""MTG-Jamendo mood/theme: full tracks with the tags of their uploaders, asked as one mood or as all tags."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.audio import Limits
from tfds_builders.common.base import ClipBuilder, Fields
from tfds_builders.common.errors import SourceError
from tfds_builders.common.scan import Clip
from tfds_builders.common.source import Beside, Source, find_source
from tfds_builders.common.variant import Facts
from tfds_builders.mtg_jamendo.merging import merge
from tfds_builders.mtg_jamendo.moods import HS, MOOD4, MOOD8, RE, SPLIT_TAGS, banned_tags
from tfds_builders.mtg_jamendo.tables import SPLITS, Track, read_splits, read_tracks

EXCERPT_SECONDS = 30.0
_MARGIN_SECONDS = 2.0  # the table's lengths are rounded, and a decoder may drop the padding of an mp3

_FILE = re.compile(r"(\d+)(\.low)?")
_HOME = "https://mtg.github.io/mtg-jamendo-dataset"
_TAGS = ("mtg_jamendo_moodtheme.zip", "mtg-jamendo-dataset-master.zip", "mtg-jamendo-dataset.zip")


@dataclasses.dataclass(eq=False, kw_only=True)
class MoodConfig(tfds.core.BuilderConfig):
    """What is asked of the tags: the basic moods to merge them into (none: all tags), and how many clips that leaves.

    `clips` was counted on the published table, not on the audio.
    """

    moods: tuple[str, ...] = ()
    clips: int = 0

    @property
    def facts(self) -> Facts:
        """The official audio-low edition, cut to excerpts."""
        n = self.clips
        return Facts(clips=n, rates={44100: n}, channels={1: n}, extensions={"mp3": n}, seconds=EXCERPT_SECONDS)


CONFIGS = (
    MoodConfig(name="mood4", description="Four moods from merged tags.", moods=MOOD4, clips=13205),
    MoodConfig(name="hs", description="Happy or sad, from merged tags.", moods=HS, clips=13205),
    MoodConfig(name="re", description="Relaxing or energetic, from merged tags.", moods=RE, clips=13205),
    MoodConfig(name="mood8", description="Eight moods from merged tags.", moods=MOOD8, clips=13205),
    MoodConfig(name="moodtheme", description="All 56 mood/theme tags, with the five official splits.", clips=17982),
)


class Builder(ClipBuilder):
    """The middle 30 s of each track; parts are disjoint by artist, for `moodtheme` those of the official split 0."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    BUILDER_CONFIGS: ClassVar[list[MoodConfig]] = list(CONFIGS)
    HOMEPAGE = _HOME
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Two things are needed in the manual folder. The audio: with the download script of "
        "github.com/MTG/mtg-jamendo-dataset get --dataset autotagging_moodtheme --type audio-low --unpack (46 GB, "
        "Creative Commons licences of the artists, checksums come with the script), so that a folder "
        "autotagging_moodtheme_audio-low holds 00 to 99, or pack them as autotagging_moodtheme_audio-low.tar; "
        "tracks may be missing, and raw_30s does as well. The tags: that repository (CC BY-NC-SA 4.0) as "
        "mtg-jamendo-dataset-master.zip, or its folder data, with autotagging_moodtheme.tsv and splits/, as "
        "mtg_jamendo_moodtheme.zip."
    )
    ARCHIVES = ("autotagging_moodtheme_audio-low.tar", "autotagging_moodtheme_audio.tar")
    BESIDE = (Beside(_TAGS),)
    DOWNLOADS: ClassVar[Mapping[str, str]] = {
        "mtg-jamendo-dataset-master.zip": "https://github.com/MTG/mtg-jamendo-dataset/archive/refs/heads/master.zip",
    }
    FOLDERS = ("raw_30s_audio-low", "raw_30s_audio")
    LEAST_KNOWN = 0.2  # of the 55,701 tracks of raw_30s, 18,486 have a mood or a theme
    LIMITS = Limits(max_seconds=4200.0)  # the longest track has 3931 s
    FACTS = CONFIGS[0].facts  # of the default config; `_info` sets each config's own
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"mood": MOOD4}
    GROUP = "artist_id"

    _tracks: Mapping[str, Track]
    _moods: Mapping[str, str | None]
    _splits: Mapping[str, Mapping[str, str]]

    @classmethod
    def find_source(cls, manual_folders: Iterable[Path]) -> Path | None:
        """The audio in the first manual folder that has it and the tags: neither is of use alone."""
        for folder in manual_folders:
            audio = super().find_source([folder])
            if audio is not None and find_source([folder], _TAGS, ()) is not None:
                return audio
        return None

    def _info(self) -> tfds.core.DatasetInfo:
        config = self.builder_config
        self.FACTS = config.facts
        self.CLASSES = {"mood": config.moods} if config.moods else {}
        return super()._info()

    def extra_features(self) -> dict[str, Any]:
        """Of `moodtheme`: the tags of the splits that a track has, and its part in each official split."""
        if self.builder_config.moods:
            return {}
        tags = tfds.features.Sequence(tfds.features.ClassLabel(names=list(SPLIT_TAGS)))
        return {"tags": tags, **{split: tfds.features.Text() for split in SPLITS}}

    def read_tables(self, source: Source) -> None:
        """Labels follow from the whole table, not from the tracks whose audio is here: a part has the same labels."""
        tags = source.sibling(_TAGS)
        if tags is None:
            raise SourceError(
                f"mtg_jamendo: found no {' or '.join(_TAGS)} beside {source.path.name}; expected the tags. "
                f"{self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
            )
        with tags:
            self._tracks = read_tracks(tags)
            self._splits = {} if self.builder_config.moods else read_splits(tags)
        labels = merge([track.tags for track in self._tracks.values()], self.builder_config.moods, banned_tags())
        self._moods = dict(zip(self._tracks, labels, strict=True))

    def clips_in(self, path: PurePosixPath) -> Iterable[Clip]:
        """`48/948.low.mp3` is the track 48/948.mp3 of the table; its clip is the middle of it."""
        name = _FILE.fullmatch(path.stem)
        clip_id = f"{path.parent.name}/{name[1]}.mp3" if name else ""
        fields = self._fields(clip_id) if clip_id in self._tracks else None
        if fields is None:
            return []
        start = round((self._tracks[clip_id].seconds - EXCERPT_SECONDS) / 2, 1)  # whole samples at every usual rate
        span = (start, start + EXCERPT_SECONDS) if start > _MARGIN_SECONDS else None
        return [(clip_id, fields, span)]

    def part_of(self, clip_id: str, fields: Fields) -> str | None:  # noqa: ARG002 - the base class's signature
        """The part in split 0 for `moodtheme`; the merged moods have no official parts."""
        return None if self.builder_config.moods else self._splits[clip_id][SPLITS[0]]

    def _fields(self, clip_id: str) -> dict[str, Any] | None:
        artist = {"artist_id": self._tracks[clip_id].artist}
        if self.builder_config.moods:
            mood = self._moods[clip_id]
            return None if mood is None else {**artist, "mood": mood}
        if clip_id not in self._splits:
            return None
        tags = [tag for tag in self._tracks[clip_id].tags if tag in SPLIT_TAGS]
        return {**artist, "tags": tags, **self._splits[clip_id]}
