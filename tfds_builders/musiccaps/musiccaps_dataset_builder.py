"""MusicCaps: ten seconds of music videos with what musicians wrote of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.base import ClipBuilder, Fields, Span
from tfds_builders.common.errors import SourceError
from tfds_builders.common.source import Beside, Source
from tfds_builders.common.variant import Facts
from tfds_builders.musiccaps.captions import Caption, read_captions

_ID = r"[\w-]{11}"
_NAME = re.compile(rf"(?P<plain>{_ID})|\[(?P<video>{_ID})\]-\[(?P<start>\d+)-(?P<end>\d+)\]", re.ASCII)


class Builder(ClipBuilder):
    """5521 clips of 10 s with a caption and aspects; parts are disjoint by video."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = "https://www.kaggle.com/datasets/googleai/musiccaps"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put musiccaps-public.csv (CC BY-SA 4.0) from https://www.kaggle.com/datasets/googleai/musiccaps into the "
        "manual folder, and beside it your own clips in a folder musiccaps (or musiccaps.zip): the ten seconds that "
        "the table names of each YouTube video, as <ytid>.wav or [<ytid>]-[<start>-<end>].wav, 44.1 kHz stereo. The "
        "audio is not distributed, and videos vanish: what is missing is left out."
    )
    ARCHIVES = ("musiccaps.zip",)
    BESIDE = (Beside(("musiccaps-public.csv",), inside="musiccaps-public.csv"),)
    DOWNLOADS: ClassVar[Mapping[str, str]] = {
        "musiccaps-public.csv": "https://huggingface.co/datasets/google/MusicCaps/resolve/main/musiccaps-public.csv",
    }
    CLIP_DEPTH = 1
    FACTS = Facts(clips=5521, rates={44100: 5521}, channels={2: 5521}, extensions={"wav": 5521}, seconds=10.0)
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    GROUP = "video_id"

    _captions: Mapping[str, Caption]

    def extra_features(self) -> dict[str, Any]:
        """`caption`: about four sentences; `aspects`: short descriptions, separated by commas."""
        return {"caption": tfds.features.Text(), "aspects": tfds.features.Text()}

    def read_tables(self, source: Source) -> None:
        """Captions from musiccaps-public.csv."""
        table = source.table("musiccaps-public.csv", "musiccaps-public.csv")
        if table is None:
            raise SourceError(
                f"musiccaps: found no musiccaps-public.csv in or beside {source.path.name}; expected the captions. "
                f"{self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
            )
        self._captions = read_captions(table)

    def clips_in(self, path: PurePosixPath) -> Iterable[tuple[str, Fields, Span | None]]:
        """`[-0Gj8-vB1q4]-[30-40].wav` and `-0Gj8-vB1q4.wav` are both the clip `-0Gj8-vB1q4` of that video."""
        name = _NAME.fullmatch(path.stem)
        video = (name["plain"] or name["video"]) if name else ""
        if name is None or video not in self._captions:
            return
        written = self._captions[video]
        if name["video"] and (name["start"], name["end"]) != (written.start, written.end):
            raise SourceError(
                f"musiccaps: {path}: found the seconds {name['start']} to {name['end']}; expected {written.start} to "
                f"{written.end}, of which the caption was written. Cut the clip again."
            )
        fields = {"video_id": video, "caption": written.caption, "aspects": ", ".join(written.aspects)}
        yield video, fields, None
