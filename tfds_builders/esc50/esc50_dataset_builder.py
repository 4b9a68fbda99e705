"""ESC-50: environmental sounds in fifty classes, five official folds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.annotations import read_rows
from tfds_builders.common.base import ClipBuilder, Fields
from tfds_builders.common.errors import SourceError
from tfds_builders.common.source import Beside, Source
from tfds_builders.common.variant import Facts

_NAME = re.compile(r"([1-5])-(\d+)-[A-Z]-([1-4]?\d)")  # fold, Freesound clip, take, target

# In the order of the targets 0 to 49.
CATEGORIES = (
    *("dog", "rooster", "pig", "cow", "frog", "cat", "hen", "insects", "sheep", "crow"),
    *("rain", "sea_waves", "crackling_fire", "crickets", "chirping_birds"),
    *("water_drops", "wind", "pouring_water", "toilet_flush", "thunderstorm"),
    *("crying_baby", "sneezing", "clapping", "breathing", "coughing"),
    *("footsteps", "laughing", "brushing_teeth", "snoring", "drinking_sipping"),
    *("door_wood_knock", "mouse_click", "keyboard_typing", "door_wood_creaks", "can_opening"),
    *("washing_machine", "vacuum_cleaner", "clock_alarm", "clock_tick", "glass_breaking"),
    *("helicopter", "chainsaw", "siren", "car_horn", "engine"),
    *("train", "church_bells", "airplane", "fireworks", "hand_saw"),
)


class Builder(ClipBuilder):
    """2000 clips of 5 s, 40 a class; a recording lies in one of the five folds only."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    HOMEPAGE = "https://github.com/karolpiczak/ESC-50"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Put ESC-50-master.zip (about 600 MB, CC BY-NC 3.0, no public checksum) from "
        "https://github.com/karolpiczak/ESC-50/archive/master.zip into the manual folder under that name, or unpack it "
        "into a folder ESC-50-master there, so that it holds audio and meta."
    )
    ARCHIVES = ("ESC-50-master.zip",)
    BESIDE = (Beside(("esc50.csv",), required=False),)
    DOWNLOADS: ClassVar[Mapping[str, str]] = {
        "ESC-50-master.zip": "https://github.com/karolpiczak/ESC-50/archive/master.zip"
    }
    FACTS = Facts(clips=2000, rates={44100: 2000}, channels={1: 2000}, extensions={"wav": 2000}, seconds=5.0)
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"label": CATEGORIES}
    GROUP = "recording_id"

    def extra_features(self) -> dict[str, Any]:
        """`fold`: the official fold, 1 to 5."""
        return {"fold": tfds.features.Text()}

    def read_tables(self, source: Source) -> None:
        """Holds the class names here against those of meta/esc50.csv, where it is there."""
        table = source.table("esc50.csv", "esc50.csv")
        if table is None:
            return
        for line, row in read_rows(self.name, "esc50.csv", table, ("filename", "fold", "target", "category")):
            name = _NAME.fullmatch(PurePosixPath(row["filename"]).stem)
            said = row["fold"], row["target"], row["category"]
            if name is None or said != (name[1], name[3], self._category(name)):
                raise SourceError(
                    f"esc50: esc50.csv line {line}: found {', '.join(row.values())}; expected the fold and target of "
                    f"the file's name, and the official name of that class. {self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
                )

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`audio/1-100032-A-0.wav` is fold 1, Freesound clip 100032, a dog."""
        name = _NAME.fullmatch(path.stem)
        return {"recording_id": name[2], "label": self._category(name), "fold": name[1]} if name else None

    def part_of(self, clip_id: str, fields: Fields) -> str:  # noqa: ARG002 - the fold tells
        """Folds 1 to 3 train, 4 validates, 5 tests."""
        return {"4": "validation", "5": "test"}.get(fields["fold"], "train")

    @staticmethod
    def _category(name: re.Match[str]) -> str:
        return CATEGORIES[int(name[3])]
