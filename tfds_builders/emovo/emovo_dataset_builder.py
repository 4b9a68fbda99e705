"""EMOVO: acted emotional speech of six Italian actors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.base import ClipBuilder
from tfds_builders.common.variant import Facts

# emotion (start of the Italian word), speaker, sentence
_NAME = re.compile(r"(rab|dis|pau|gio|tri|sor|neu)-([fm][1-3])-[a-z]\d")

_EMOTIONS = {
    "rab": "anger",
    "dis": "disgust",
    "pau": "fear",
    "gio": "happiness",
    "tri": "sadness",
    "sor": "surprise",
    "neu": "neutral",
}


class Builder(ClipBuilder):
    """588 clips of fourteen sentences, seven emotions, 98 clips a speaker; parts are disjoint by speaker."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = "http://voice.fub.it/activities/corpora/emovo/index.html"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put emovo.zip (free for research, no public checksum) from "
        "http://voice.fub.it/activities/corpora/emovo/index.html into the manual folder, or unpack it into a "
        "folder emovo or EMOVO there, so that it holds f1, f2, f3, m1, m2 and m3."
    )
    ARCHIVES = ("emovo.zip",)
    FOLDERS = ("EMOVO",)
    FACTS = Facts(
        clips=588,
        rates={48000: 588},
        channels={2: 587, 1: 1},
        extensions={"wav": 588},
        seconds=2.77,
    )
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"label": tuple(_EMOTIONS.values())}

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`f1/dis-f1-b1.wav` is speaker f1 in disgust."""
        name = _NAME.fullmatch(path.stem)
        if name is None or path.parent.name != name[2]:
            return None
        return {"speaker_id": name[2], "label": _EMOTIONS[name[1]]}
