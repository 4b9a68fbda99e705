"""TESS: acted emotional speech of two Canadian actresses. Not a speaker-independent corpus: see its README."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.base import ClipBuilder
from tfds_builders.common.variant import Facts

_EMOTIONS = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "ps": "pleasant_surprise",
    "neutral": "neutral",
}

_SPEAKERS = {"OAF": "OAF", "YAF": "YAF", "OA": "OAF"}  # OA_bite_neutral.wav is misnamed in the corpus

_NAME = re.compile(rf"({'|'.join(_SPEAKERS)})_([A-Za-z]+)_({'|'.join(_EMOTIONS)})")


class Builder(ClipBuilder):
    """2800 clips of 200 words, seven emotions, two speakers; parts are disjoint by word, NOT by speaker."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = "https://doi.org/10.5683/SP2/E8H2MF"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put TESS.zip into the manual folder: dataverse_files.zip, the download of all files (CC BY-NC-ND 4.0, no "
        "public checksum) of https://doi.org/10.5683/SP2/E8H2MF, renamed. Or unpack it into a folder TESS there, every "
        "clip once, with or without the folders OAF_angry to YAF_sad."
    )
    ARCHIVES = ("TESS.zip", "TESS Toronto emotional speech set data.zip")
    FACTS = Facts(clips=2800, rates={24414: 2800}, channels={1: 2800}, extensions={"wav": 2800}, seconds=2.06)
    CLIP_DEPTH = 1  # the file name says everything; folders are spelled differently, or missing
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"label": tuple(_EMOTIONS.values())}
    GROUP = "word"  # two speakers cannot be shared out to three parts

    def extra_features(self) -> dict[str, Any]:
        """`speaker_id`: OAF or YAF, both in every part."""
        return {"speaker_id": tfds.features.Text()}

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`YAF_back_ps.wav` is speaker YAF with the word "back" in pleasant surprise."""
        name = _NAME.fullmatch(path.stem)
        if name is None:
            return None
        return {"word": name[2].lower(), "speaker_id": _SPEAKERS[name[1]], "label": _EMOTIONS[name[3]]}
