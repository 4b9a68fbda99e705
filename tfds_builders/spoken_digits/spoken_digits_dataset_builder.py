"""spoken_digits: the Free Spoken Digit Dataset (FSDD), English digits by six speakers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.base import ClipBuilder
from tfds_builders.common.variant import Facts

_NAME = re.compile(r"([0-9])_([a-z]+)_\d+")  # digit, speaker, number of the recording
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class Builder(ClipBuilder):
    """3000 clips, 50 of each digit and speaker; parts are disjoint by speaker."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = "https://github.com/Jakobovski/free-spoken-digit-dataset"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put free-spoken-digit-dataset-master.zip (CC BY-SA 4.0, no public checksum) from "
        "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/master.zip into the manual folder under that "
        "name, or unpack it into a folder free-spoken-digit-dataset-master there, so that it holds recordings."
    )
    ARCHIVES = (
        "free-spoken-digit-dataset-master.zip",
        "free-spoken-digit-dataset-1.0.10.zip",
        "free-spoken-digit-dataset-600.zip",  # the first ten recordings of each
    )
    DOWNLOADS: ClassVar[Mapping[str, str]] = {
        "free-spoken-digit-dataset-master.zip": "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/master.zip",
    }
    FACTS = Facts(clips=3000, rates={8000: 3000}, channels={1: 3000}, extensions={"wav": 3000}, seconds=0.42)
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"digit": _DIGITS}

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`recordings/7_jackson_32.wav` is jackson, who says seven."""
        name = _NAME.fullmatch(path.stem)
        if name is None or path.parent.name != "recordings":
            return None
        return {"speaker_id": name[2], "digit": _DIGITS[int(name[1])]}
