"""SUBESCO: acted emotional speech of twenty Bangla speakers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.base import ClipBuilder, Span
from tfds_builders.common.variant import Facts

_EMOTIONS = {
    "ANGRY": "anger",
    "DISGUST": "disgust",
    "FEAR": "fear",
    "HAPPY": "happiness",
    "SAD": "sadness",
    "SURPRISE": "surprise",
    "NEUTRAL": "neutral",
}

# gender, number and name of the speaker, sentence, emotion, take; then what a slip or a conversion appended
_NAME = re.compile(rf"([FM]_\d\d_([A-Z]+)_S_\d+_({'|'.join(_EMOTIONS)})_\d)\]?(?:_mono)?")


class Builder(ClipBuilder):
    """7000 clips of ten sentences, seven emotions, 350 clips a speaker; parts are disjoint by speaker."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = "https://zenodo.org/records/4526477"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put SUBESCO.zip (1.66 GB, md5 13d702cf944bf54d70d66bffc036ed7a, CC BY 4.0) from "
        "https://zenodo.org/records/4526477 into the manual folder, or unpack it into a folder SUBESCO there."
    )
    ARCHIVES = ("SUBESCO.zip",)
    DOWNLOADS: ClassVar[Mapping[str, str]] = {"SUBESCO.zip": "https://zenodo.org/records/4526477/files/SUBESCO.zip"}
    FACTS = Facts(
        clips=7000,
        rates={44100: 4555, 48000: 2445},
        channels={1: 6300, 2: 700},  # about a tenth is stereo: see README
        extensions={"wav": 7000},
        seconds=4.02,
    )
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"label": tuple(_EMOTIONS.values())}

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`F_02_MONIKA_S_2_SURPRISE_3].wav` is MONIKA in surprise."""
        name = _NAME.fullmatch(path.stem)
        return {"speaker_id": name[2], "label": _EMOTIONS[name[3]]} if name else None

    def clips_in(self, path: PurePosixPath) -> list[tuple[str, dict[str, Any], Span | None]]:
        """One clip a file; its id lacks what is appended to the name, so that two copies of a clip are one clip."""
        name, fields = _NAME.fullmatch(path.stem), self.parse(path)
        return [(f"{name[1]}{path.suffix}", fields, None)] if name and fields else []
