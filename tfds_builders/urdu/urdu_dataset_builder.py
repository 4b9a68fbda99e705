"""URDU: emotional speech of Urdu talk shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.base import ClipBuilder
from tfds_builders.common.variant import Facts

# speaker (gender and number), the speaker's file, the folder's file
_NAME = re.compile(r"(S[MF]\d+)_F\d+_([AHNS])\d+")

_EMOTIONS = {"Angry": "anger", "Happy": "happiness", "Sad": "sadness", "Neutral": "neutral"}


class Builder(ClipBuilder):
    """400 clips, four emotions of 100 clips, 29 speakers; parts are disjoint by speaker."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = "https://github.com/siddiquelatif/URDU-Dataset"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put URDU-Dataset-master.zip (for research only, no checksum) from "
        "https://github.com/siddiquelatif/URDU-Dataset into the manual folder, or clone it into a folder URDU-Dataset "
        "there, so that it holds Angry, Happy, Neutral and Sad."
    )
    ARCHIVES = ("URDU-Dataset-master.zip", "URDU-Dataset.zip")
    DOWNLOADS: ClassVar[Mapping[str, str]] = {
        "URDU-Dataset-master.zip": "https://github.com/siddiquelatif/URDU-Dataset/archive/refs/heads/master.zip",
    }
    FACTS = Facts(
        clips=400,
        rates={44100: 400},
        channels={1: 400},
        extensions={"wav": 400},
        seconds=2.5,  # clips last 2 s or 3 s, half of them each: a single clip moves the median from one to the other
    )
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"label": tuple(_EMOTIONS.values())}

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`Angry/SM1_F10_A010.wav` is (male) speaker SM1 in anger."""
        name, folder = _NAME.fullmatch(path.stem), path.parent.name
        if name is None or folder not in _EMOTIONS or not folder.startswith(name[2]):
            return None
        return {"speaker_id": name[1], "label": _EMOTIONS[folder]}
