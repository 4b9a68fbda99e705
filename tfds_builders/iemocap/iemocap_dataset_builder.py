"""IEMOCAP, four classes: emotional dialogues of ten English-speaking actors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.base import ClipBuilder
from tfds_builders.common.errors import SourceError
from tfds_builders.common.parts import speaker_parts
from tfds_builders.common.source import Source
from tfds_builders.common.variant import Facts
from tfds_builders.iemocap.evaluation import CLASSES, read_evaluation

# dialogue (session, which actor wears the markers, scene), who speaks, number of the turn
_TURN = re.compile(r"(Ses0([1-5])[FM]_.+)_([FM])[0-9X]+")
_MARKERS = slice(3, 6)  # of a dialogue's name: what SERAB took for the speaker


class Builder(ClipBuilder):
    """5531 turns in anger, happiness (with excitement), sadness or neutral; parts are disjoint by speaker."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    BUILDER_CONFIGS: ClassVar[list[tfds.core.BuilderConfig]] = [
        tfds.core.BuilderConfig(name="speaker", description="Parts are disjoint by speaker, 6 / 2 / 2."),
        tfds.core.BuilderConfig(
            name="original",
            description="LEAKS: SERAB's parts, by the actor who wears the markers; every speaker is in training.",
        ),
    ]
    HOMEPAGE = "https://sail.usc.edu/iemocap/"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Ask for access with the release form at https://sail.usc.edu/iemocap/ and put IEMOCAP_full_release.tar.gz as "
        "it is into the manual folder, or unpack it into a folder IEMOCAP_full_release there, so that it holds "
        "Session1 to Session5 with sentences/wav and dialog/EmoEvaluation. The rest is not read."
    )
    ARCHIVES = ("IEMOCAP_full_release.tar.gz",)
    FOLDERS = ("IEMOCAP",)
    FACTS = Facts(clips=5531, rates={16000: 5531}, channels={1: 5531}, extensions={"wav": 5531}, seconds=3.5)
    LEAST_KNOWN = 0.25  # 5531 of the release's 10039 turns are in the four classes, and whole dialogues are wavs too
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"label": tuple(dict.fromkeys(CLASSES.values()))}

    _labels: Mapping[str, Mapping[str, str | None]]  # dialogue -> turn -> class, None for another emotion
    _original: Mapping[str, str]  # SERAB's group -> part

    def extra_features(self) -> dict[str, Any]:
        """`session`, and the group and part that SERAB gave a turn."""
        return {name: tfds.features.Text() for name in ("session", "original_group", "original_part")}

    def read_tables(self, source: Source) -> None:
        """Every dialogue's emotions, which stand before or after its clips in the archive."""
        self._labels = read_evaluation(source)
        if not self._labels:
            raise SourceError(
                f"iemocap: found no dialog/EmoEvaluation/*.txt in {source.path.name}; expected one for each dialogue, "
                f"because the emotions stand there. {self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
            )
        groups = [dialogue[_MARKERS] for dialogue in self._labels]
        self._original = {group: part for part, members in speaker_parts(groups).items() for group in members}

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`Ses01F_impro01/Ses01F_impro01_M003.wav` is the man of session 1; the woman wears the markers."""
        turn = _TURN.fullmatch(path.stem)
        if turn is None or path.parent.name != turn[1]:
            return None
        dialogue, session, gender = turn.groups()
        if dialogue not in self._labels:
            raise SourceError(f"iemocap: {path}: found no EmoEvaluation/{dialogue}.txt; expected one for each dialogue")
        label = self._labels[dialogue].get(path.stem)
        if label is None:
            return None
        group = dialogue[_MARKERS]
        return {
            "label": label,
            "speaker_id": f"{session}{gender}",
            "session": session,
            "original_group": group,
            "original_part": self._original[group],
        }

    def part_of(self, clip_id: str, fields: Mapping[str, Any]) -> str | None:  # noqa: ARG002 - the base's signature
        """SERAB's part in the config `original`."""
        return str(fields["original_part"]) if self.builder_config.name == "original" else None
