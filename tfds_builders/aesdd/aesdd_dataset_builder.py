"""AESDD: acted emotional speech of six Greek actors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.base import ClipBuilder
from tfds_builders.common.variant import Facts

# emotion (initial), utterance, actor (with or without leading zeros), further take
_NAME = re.compile(r"([adfhs])\d\d \((\d+)\)[ab]?")
_BROKEN = "s05 (3)"  # no data chunk in the official archive; left out by name, so that a mended copy is the same set

_EMOTIONS = {"a": "anger", "d": "disgust", "f": "fear", "h": "happiness", "s": "sadness"}


class Builder(ClipBuilder):
    """604 clips of twenty utterances, five emotions; parts are disjoint by actor."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = "http://m3c.web.auth.gr/research/aesdd-speech-emotion-recognition/"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put Acted Emotional Speech Dynamic Database.zip (no licence stated, no public checksum) from "
        "http://m3c.web.auth.gr/research/aesdd-speech-emotion-recognition/ into the manual folder, or unpack it into a "
        "folder AESDD there, so that it holds anger, disgust, fear, happiness and sadness."
    )
    ARCHIVES = ("Acted Emotional Speech Dynamic Database.zip",)
    FOLDERS = ("AESDD",)
    FACTS = Facts(  # channels and seconds: see README
        clips=604,
        rates={44100: 604},
        channels={2: 504, 1: 100},
        extensions={"wav": 604},
        seconds=3.7,
    )
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"label": tuple(_EMOTIONS.values())}

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`fear/f10 (01).wav` is actor 1 in fear."""
        name = _NAME.fullmatch(path.stem)
        if name is None or path.stem == _BROKEN or path.parent.name != _EMOTIONS[name[1]]:
            return None
        return {"speaker_id": str(int(name[2])), "label": _EMOTIONS[name[1]]}
