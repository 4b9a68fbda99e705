"""ESC-10: ten classes of ESC-50 as first released, five official folds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.base import ClipBuilder, Fields
from tfds_builders.common.variant import Facts

_NAME = re.compile(r"([1-5])-(\d+)-[A-Z]")  # fold, Freesound clip, take

_FOLDERS = {
    "001 - Dog bark": "dog_bark",
    "002 - Rain": "rain",
    "003 - Sea waves": "sea_waves",
    "004 - Baby cry": "baby_cry",
    "005 - Clock tick": "clock_tick",
    "006 - Person sneeze": "person_sneeze",
    "007 - Helicopter": "helicopter",
    "008 - Chainsaw": "chainsaw",
    "009 - Rooster": "rooster",
    "010 - Fire crackling": "fire_crackling",
}


class Builder(ClipBuilder):
    """400 clips of about 5 s, 40 a class; a recording lies in one of the five folds only."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = "https://github.com/karolpiczak/ESC-10"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put ESC-10-master.zip (about 40 MB, CC BY 3.0, no public checksum) from "
        "https://github.com/karolpiczak/ESC-10/archive/master.zip into the manual folder under that name, or unpack it "
        "into a folder ESC-10-master there, so that it holds '001 - Dog bark' to '010 - Fire crackling'."
    )
    ARCHIVES = ("ESC-10-master.zip",)
    DOWNLOADS: ClassVar[Mapping[str, str]] = {
        "ESC-10-master.zip": "https://github.com/karolpiczak/ESC-10/archive/master.zip"
    }
    FACTS = Facts(clips=400, rates={44100: 400}, channels={1: 400}, extensions={"ogg": 400}, seconds=5.0)
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"label": tuple(_FOLDERS.values())}
    GROUP = "recording_id"

    def extra_features(self) -> dict[str, Any]:
        """`fold`: the official fold, 1 to 5."""
        return {"fold": tfds.features.Text()}

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`002 - Rain/1-17367-A.ogg` is fold 1, Freesound clip 17367, rain."""
        name = _NAME.fullmatch(path.stem)
        if name is None or path.parent.name not in _FOLDERS:
            return None
        return {"recording_id": name[2], "label": _FOLDERS[path.parent.name], "fold": name[1]}

    def part_of(self, clip_id: str, fields: Fields) -> str:  # noqa: ARG002 - the fold tells
        """Folds 1 to 3 train, 4 validates, 5 tests."""
        return {"4": "validation", "5": "test"}.get(fields["fold"], "train")
