"""ShEMO: emotional speech of 87 Persian speakers from radio plays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from tfds_builders.common.base import ClipBuilder, Fields, Span
from tfds_builders.common.parts import speaker_parts
from tfds_builders.common.source import Source
from tfds_builders.common.variant import Facts

# gender and number of the speaker, emotion, number of the utterance; SERAB's own mono copies end in _mono
_NAME = re.compile(r"([FM]\d\d)([AFHSWN])(\d\d)(?:_mono)?")

_EMOTIONS = {"A": "anger", "F": "fear", "H": "happiness", "S": "sadness", "W": "surprise", "N": "neutral"}


class Builder(ClipBuilder):
    """3000 utterances in six emotions, very uneven in number; parts are disjoint by speaker."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "First release."}
    BUILDER_CONFIGS: ClassVar[list[tfds.core.BuilderConfig]] = [
        tfds.core.BuilderConfig(name="speaker", description="Parts are disjoint by speaker, 52 / 17 / 18."),
        tfds.core.BuilderConfig(
            name="original",
            description="LEAKS: SERAB's parts, by the number of the utterance; test speakers are in training too.",
        ),
    ]
    HOMEPAGE = "https://github.com/pariajm/sharif-emotional-speech-dataset"
    MANUAL_DOWNLOAD_INSTRUCTIONS = (
        "Get female.zip and male.zip from https://github.com/pariajm/sharif-emotional-speech-dataset and unpack both "
        "into one folder shemo in the manual folder: 'unzip female.zip -d shemo' and 'unzip male.zip -d shemo'. Or "
        "pack that folder as shemo.zip. Folders inside do not matter."
    )
    ARCHIVES = ("shemo.zip",)
    FOLDERS = ("ShEMO",)
    FACTS = Facts(
        clips=3000,
        rates={44100: 2879, 22050: 121},
        channels={1: 3000},
        extensions={"wav": 3000},
        seconds=3.0,
    )
    CLIP_DEPTH = 1  # names are unique, and the two archives are merged in many ways
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]] = {"label": tuple(_EMOTIONS.values())}

    _original: Mapping[str, str]  # number of the utterance -> SERAB's part

    def extra_features(self) -> dict[str, Any]:
        """The group and part that SERAB gave an utterance."""
        return {name: tfds.features.Text() for name in ("original_group", "original_part")}

    def read_tables(self, source: Source) -> None:
        """SERAB's parts hang on which numbers occur in the whole corpus."""
        names = [_NAME.fullmatch(PurePosixPath(member).stem) for member in source.audio()]
        numbers = [name[3] for name in names if name]
        self._original = {number: part for part, members in speaker_parts(numbers).items() for number in members}

    def clips_in(self, path: PurePosixPath) -> Iterable[tuple[str, Fields, Span | None]]:
        """One clip a file, named alike with and without `_mono`, so that both together are refused."""
        fields = self.parse(path)
        return [] if fields is None else [(f"{path.stem.removesuffix('_mono')}{path.suffix}", fields, None)]

    def parse(self, path: PurePosixPath) -> dict[str, Any] | None:
        """`F03S02.wav` is the third woman in sadness, her second utterance in it."""
        name = _NAME.fullmatch(path.stem)
        if name is None:
            return None
        return {
            "label": _EMOTIONS[name[2]],
            "speaker_id": name[1],
            "original_group": name[3],
            "original_part": self._original[name[3]],
        }

    def part_of(self, clip_id: str, fields: Mapping[str, Any]) -> str | None:  # noqa: ARG002 - the base's signature
        """SERAB's part in the config `original`."""
        return str(fields["original_part"]) if self.builder_config.name == "original" else None
