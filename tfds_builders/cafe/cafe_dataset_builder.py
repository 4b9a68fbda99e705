"""CaFE: acted emotional speech of twelve Canadian French actors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.base import ClipBuilder
from tfds_builders.common.variant import Facts

# actor, emotion (initial of the French word), strength, sentence
_NAME = re.compile(r"(\d\d)-([CDPJTSN])-[12]-[1-6]")

_EMOTIONS = {
    "C": "anger",
    "D": "disgust",
    "P": "fear",
    "J": "happiness",
    "T": "sadness",
    "S": "surprise",
    "N": "neutral",
}


class Builder(ClipBuilder):
    """936 clips of six sentences, seven emotions, 78 clips an actor; parts are disjoint by actor."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = "https://zenodo.org/records/1478765"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put CaFE_48k.zip (CC BY-NC-SA 4.0) from https://zenodo.org/records/1478765 into the manual folder, or unpack "
        "it into a folder CaFE_48k or CaFE there, so that it holds Neutre and the folders of the six emotions."
    )
    ARCHIVES = ("CaFE_48k.zip",)
    DOWNLOADS: ClassVar[Mapping[str, str]] = {"CaFE_48k.zip": "https://zenodo.org/records/1478765/files/CaFE_48k.zip"}
    FOLDERS = ("CaFE",)
    FACTS = Facts(  # channels and seconds: see README
        clips=936,
        rates={48000: 936},
        channels={1: 936},
        extensions={"wav": 936},
        seconds=4.3,
    )
    CLIP_DEPTH = 1  # neutral clips lie one folder higher, and accents in folder names get garbled
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"label": tuple(_EMOTIONS.values())}

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`01-C-2-6.wav` is actor 01 in (strong) anger, Colère."""
        name = _NAME.fullmatch(path.stem)
        return {"speaker_id": name[1], "label": _EMOTIONS[name[2]]} if name else None
