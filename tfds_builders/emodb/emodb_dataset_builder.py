"""EmoDB, the Berlin database of emotional speech: ten German actors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.base import ClipBuilder
from tfds_builders.common.variant import Facts

# speaker, sentence, emotion (initial of the German word), version
_NAME = re.compile(r"(\d\d)[ab]\d\d([WLEAFTN])[a-z]")

_EMOTIONS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "T": "sadness",
    "N": "neutral",
}


class Builder(ClipBuilder):
    """535 clips of ten sentences, seven emotions; parts are disjoint by speaker."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = "http://emodb.bilderbar.info"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put download.zip (40 MB, freely distributed, no licence stated, no public checksum) from "
        "http://emodb.bilderbar.info/download/download.zip into the manual folder (emoDB.zip is accepted too), "
        "or unpack it into a folder emoDB there, so that it holds wav."
    )
    ARCHIVES = ("download.zip", "emoDB.zip")
    DOWNLOADS: ClassVar[Mapping[str, str]] = {"download.zip": "http://emodb.bilderbar.info/download/download.zip"}
    FACTS = Facts(clips=535, rates={16000: 535}, channels={1: 535}, extensions={"wav": 535}, seconds=2.59)
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"label": tuple(_EMOTIONS.values())}

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`wav/03a01Fa.wav` is speaker 03 in happiness (Freude)."""
        name = _NAME.fullmatch(path.stem)
        if name is None or path.parent.name != "wav":
            return None
        return {"speaker_id": name[1], "label": _EMOTIONS[name[2]]}
