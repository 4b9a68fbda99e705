"""RAVDESS: acted emotional speech of 24 North American actors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.base import ClipBuilder
from tfds_builders.common.variant import Facts

# modality 03 (audio only), channel 01 (speech), emotion, intensity, statement, repetition, actor
_NAME = re.compile(r"03-01-(0[1-8])-0[12]-0[12]-0[12]-(\d\d)")

_EMOTIONS = {
    "05": "anger",
    "07": "disgust",
    "06": "fear",
    "03": "happiness",
    "04": "sadness",
    "08": "surprise",
    "01": "neutral",
    "02": "calm",
}


class Builder(ClipBuilder):
    """1440 clips of two sentences, eight emotions, 60 clips an actor; parts are disjoint by actor."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = "https://zenodo.org/records/1188976"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put Audio_Speech_Actors_01-24.zip (208 MB, md5 bc696df654c87fed845eb13823edef8a, CC BY-NC-SA 4.0) from "
        "https://zenodo.org/records/1188976 into the manual folder, or unpack it into a folder "
        "Audio_Speech_Actors_01-24 there, so that it holds Actor_01 to Actor_24."
    )
    ARCHIVES = ("Audio_Speech_Actors_01-24.zip",)
    DOWNLOADS: ClassVar[Mapping[str, str]] = {
        "Audio_Speech_Actors_01-24.zip": "https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip",
    }
    FACTS = Facts(clips=1440, rates={48000: 1440}, channels={1: 1440}, extensions={"wav": 1440}, seconds=3.67)
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"label": tuple(_EMOTIONS.values())}

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`Actor_12/03-01-06-01-02-01-12.wav` is actor 12 in fear."""
        name = _NAME.fullmatch(path.stem)
        if name is None or path.parent.name != f"Actor_{name[2]}":
            return None
        return {"speaker_id": name[2], "label": _EMOTIONS[name[1]]}
