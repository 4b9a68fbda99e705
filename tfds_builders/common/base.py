"""The base class of every builder: a subclass declares facts, everything mechanical is here.

A corpus from an archive declares `ARCHIVES`, `FACTS`, `CLIP_DEPTH` and `parse`. A synthesised one leaves
`ARCHIVES` empty and has `recipes` and `synthesise`. Neither building nor reading imports TensorFlow,
as long as the file format is array_record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds
from numpy.typing import NDArray

from tfds_builders.common import source as sources
from tfds_builders.common.audio import DECODER, LIMITS, RESAMPLER, Limits, decode, identity_of, read_header
from tfds_builders.common.clips import TOO_MANY, broken_clips, clip_path, refuse_odd_ids, refuse_twins, undecodable
from tfds_builders.common.errors import MemberError, SourceError
from tfds_builders.common.parts import FRACTIONS, PARTS, speaker_parts
from tfds_builders.common.source import Source
from tfds_builders.common.variant import Census, Facts, most_common, variant_id

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Recipe:
    """A clip to synthesise: its id, its fields (group and targets), and all that decides its samples.

    `text` goes into the clip's identity, so two clips with other samples must have other texts.
    `parameters` is the same in the form that `synthesise` wants.
    """

    clip_id: str
    fields: Fields
    text: str
    parameters: Any = None


@dataclass(frozen=True)
class _Entry:
    """A clip of an archive, seen once: where it is, what it is, and how to make it."""

    clip_id: str
    fields: Fields
    identity: str
    member: str


class ClipBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[misc, call-arg]
    """Clips with a group and targets, in group-disjoint parts; see the module for what to declare."""

    ARCHIVES: ClassVar[tuple[str, ...]] = ()  # accepted names; any of zip, tar, tar.gz, or the folder of that stem
    FOLDERS: ClassVar[tuple[str, ...]] = ()  # further accepted names of an unpacked folder
    FACTS: ClassVar[Facts | None] = None  # the official corpus
    CLIP_DEPTH: ClassVar[int] = 2  # trailing path components that make a clip id, so that top folders do not count
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]]  # target feature -> class names in order
    GROUP: ClassVar[str] = "speaker_id"
    FRACTIONS: ClassVar[tuple[float, float, float]] = FRACTIONS
    HOMEPAGE: ClassVar[str] = ""
    LIMITS: ClassVar[Limits] = LIMITS  # of a clip's length, channels and rate
    SAMPLE_RATE: ClassVar[int] = 0  # Hz, synthesised corpora only
    DUMMY_LIMIT: ClassVar[int | None] = None  # clips that a test needs of a large synthesised corpus
    clip_limit: ClassVar[int | None] = None  # tests set it to DUMMY_LIMIT; None builds everything
    skip_broken: ClassVar[bool] = False  # the engine sets it: broken clips are left out and recorded, unless too many

    # -- what a subclass says ---------------------------------------------------------------------

    def parse(self, path: PurePosixPath) -> Fields | None:
        """Group and targets of the clip at `path` (the last `CLIP_DEPTH` components), None to leave it out."""
        raise NotImplementedError(f"{self.name}: a builder with ARCHIVES needs `parse`")

    def read_tables(self, source: Source) -> None:
        """Called once before `parse`, for corpora whose labels stand in a table."""

    def recipes(self) -> Iterable[Recipe]:
        """Every clip of a synthesised corpus, cheap to list and in a fixed order."""
        raise NotImplementedError(f"{self.name}: a builder without ARCHIVES needs `recipes`")

    def synthesise(self, recipe: Recipe) -> NDArray[np.int16]:
        """Samples of shape (time,) at `SAMPLE_RATE`, a pure function of the recipe."""
        raise NotImplementedError(f"{self.name}: a builder without ARCHIVES needs `synthesise`")

    def extra_features(self) -> dict[str, Any]:
        """Further features (TFDS feature connectors) that `parse` or the recipes fill."""
        return {}

    # -- what the engine asks ---------------------------------------------------------------------

    @classmethod
    def find_source(cls, manual_folders: Iterable[Path]) -> Path | None:
        """The archive or unpacked folder in the first manual folder that has one, else None; opens nothing.

        Build with the folder it lies in as `manual_dir`. None always for a synthesised corpus (`ARCHIVES` is empty),
        which needs no source.
        """
        return sources.find_source(manual_folders, cls.ARCHIVES, (*cls.FOLDERS, cls.name)) if cls.ARCHIVES else None

    # -- TFDS -------------------------------------------------------------------------------------

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "audio": tfds.features.Tensor(shape=(None,), dtype=np.int16, encoding=tfds.features.Encoding.BYTES),
            "sample_rate": tfds.features.Scalar(dtype=np.int32),
            "clip_id": tfds.features.Text(),
            "identity": tfds.features.Text(),
            self.GROUP: tfds.features.Text(),
            **{target: tfds.features.ClassLabel(names=list(names)) for target, names in self.CLASSES.items()},
            **self.extra_features(),
        }
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("audio", next(iter(self.CLASSES))),
            homepage=self.HOMEPAGE or None,
            metadata=tfds.core.MetadataDict(),
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator[Any]]:
        if self.ARCHIVES:
            path = self._source_path(dl_manager)
            entries, rate = self._scan(path)
            groups = self._parts([str(entry.fields[self.GROUP]) for entry in entries], path.name)
            return {part: self._generate_examples(path, entries, members, rate) for part, members in groups.items()}
        recipes = self._limited(list(self.recipes()))
        refuse_twins(self.name, [recipe.clip_id for recipe in recipes])
        self.info.metadata.update(
            variant="" if self.clip_limit is None else "partial",
            found={"clips": len(recipes), "rates": {str(self.SAMPLE_RATE): len(recipes)}},
            expected={},
            decoder=f"synthesised by {self.name} {self.version}",
        )
        groups = self._parts([str(recipe.fields[self.GROUP]) for recipe in recipes], self.name)
        return {
            part: self._synthesised([recipe for recipe in recipes if recipe.fields[self.GROUP] in members])
            for part, members in groups.items()
        }

    def _generate_examples(
        self, path: Path, entries: Sequence[_Entry], groups: set[str], rate: int
    ) -> Iterator[tuple[str, Any]]:
        with Source(path) as source:
            for entry in entries:
                if entry.fields[self.GROUP] not in groups:
                    continue
                try:
                    audio = decode(source.read(entry.member), entry.member, rate)
                except MemberError as error:  # its header was whole: all are decoded, so that one run tells them all
                    broken = undecodable(path, [entry.member for entry in entries], rate)
                    raise broken_clips(path.name, broken, len(entries)) from error
                yield entry.clip_id, self._example(entry.clip_id, entry.fields, entry.identity, audio, rate)

    # -- inside -----------------------------------------------------------------------------------

    def _synthesised(self, recipes: Sequence[Recipe]) -> Iterator[tuple[str, Any]]:
        for recipe in recipes:
            audio = self.synthesise(recipe)
            if audio.dtype != np.int16 or audio.ndim != 1 or not len(audio):
                raise SourceError(
                    f"{self.name}: clip {recipe.clip_id!r} was synthesised as {audio.dtype} of shape {audio.shape}; "
                    "expected int16 of shape (time,), not empty"
                )
            identity = identity_of(
                hashlib.sha256(recipe.text.encode()).hexdigest(), recipe.clip_id, f"{self.name} {self.version}"
            )
            yield recipe.clip_id, self._example(recipe.clip_id, recipe.fields, identity, audio, self.SAMPLE_RATE)

    @staticmethod
    def _example(clip_id: str, fields: Fields, identity: str, audio: NDArray[np.int16], rate: int) -> dict[str, Any]:
        return {"audio": audio, "sample_rate": rate, "clip_id": clip_id, "identity": identity, **fields}

    def _source_path(self, dl_manager: tfds.download.DownloadManager) -> Path:
        try:
            manual = Path(dl_manager.manual_dir)
        except (AssertionError, OSError) as error:  # TFDS asserts that the folder exists
            raise SourceError(self._missing(str(error).splitlines()[0])) from error
        path = self.find_source([manual])
        if path is None:
            raise SourceError(self._missing(f"no such file in {manual}"))
        return path

    def _missing(self, found: str) -> str:
        return (
            f"{self.name}: the archive is missing: {found}; expected {' or '.join(self.ARCHIVES)} "
            f"(or tar, tar.gz, or a folder of that name). {self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
        )

    def _scan(self, path: Path) -> tuple[list[_Entry], int]:
        """Reads every member once: fields, identity, and how this copy differs from the official one."""
        if self.FACTS is None:
            raise NotImplementedError(f"{self.name}: a builder with ARCHIVES needs FACTS")
        census = Census()
        seen: list[tuple[str, Fields, str, int, str]] = []
        broken: dict[str, MemberError] = {}
        with Source(path) as source:
            self.read_tables(source)
            audio = source.audio()
            chosen = [(member, clip_path(member, self.CLIP_DEPTH)) for member in audio]
            clips = [(member, clip, fields) for member, clip in chosen if (fields := self.parse(clip)) is not None]
            if not clips or 2 * len(clips) < len(audio):
                raise self._foreign(path, len(source.members), audio, len(clips))
            clip_ids = [clip.as_posix() for _, clip, _ in clips]
            refuse_odd_ids(path.name, clip_ids)
            refuse_twins(path.name, clip_ids, [member for member, _, _ in clips])
            for member, clip, fields in clips:
                try:
                    raw = source.read(member)
                    header = read_header(raw, member, self.LIMITS)
                    if self.skip_broken:  # what only decoding shows must be known before the parts are made
                        decode(raw, member, header.rate)
                except MemberError as error:
                    broken[clip.as_posix()] = error
                    continue
                census.add(header, clip.suffix.lower().lstrip("."))
                seen.append((clip.as_posix(), fields, hashlib.sha256(raw).hexdigest(), header.rate, member))
        if broken and not self.skip_broken:
            raise broken_clips(path.name, list(broken.values()), len(clips))
        if 2 * len(broken) > len(clips):
            raise broken_clips(path.name, list(broken.values()), len(clips), TOO_MANY)
        found = census.facts()
        rate = int(most_common(found.rates))
        self.info.metadata.update(
            variant=variant_id(found, self.FACTS),
            found={**found.record(), "left_out": len(audio) - len(clips)},
            expected=self.FACTS.record(),
            decoder=DECODER,
        )
        if self.skip_broken:
            self.info.metadata["skipped"] = [
                {"clip": clip_id, "reason": f"clip {clip_id!r}: found {error.found}; expected {error.expected}"}
                for clip_id, error in sorted(broken.items())
            ]
        entries = [
            _Entry(
                clip_id, fields, identity_of(sha, DECODER, *([] if own == rate else [f"{RESAMPLER} {rate} Hz"])), member
            )
            for clip_id, fields, sha, own, member in seen
        ]
        return entries, rate

    def _foreign(self, path: Path, members: int, audio: Sequence[str], fitting: int) -> SourceError:
        example = f", such as {audio[0]!r}" if audio else ""
        found = (
            f"{len(audio)} audio files among {members} members{example}, of which {fitting} are named as in {self.name}"
        )
        return SourceError.of(
            f"{path.name} is not {self.name}",
            found,
            str(self.FACTS.clips if self.FACTS else 0),
            str(self.MANUAL_DOWNLOAD_INSTRUCTIONS),
        )

    def _parts(self, groups: Sequence[str], where: str) -> dict[str, set[str]]:
        parts = {part: set(members) for part, members in speaker_parts(groups, self.FRACTIONS).items()}
        if empty := [part for part in PARTS if not parts[part]]:
            raise SourceError.of(
                where,
                f"{len(set(groups))} different {self.GROUP}, too few for the parts: {', '.join(empty)} would be empty",
                "one or more in each",
                "Get the whole corpus.",
            )
        return parts

    def _limited(self, recipes: list[Recipe]) -> list[Recipe]:
        """At most `clip_limit` recipes, the first of each group before the second of any."""
        if self.clip_limit is None:
            return recipes
        rank: dict[Any, int] = {}
        ranked = []
        for place, recipe in enumerate(recipes):
            group = recipe.fields[self.GROUP]
            rank[group] = rank.get(group, -1) + 1
            ranked.append((rank[group], place))
        return [recipes[place] for place in sorted(p for _, p in sorted(ranked)[: self.clip_limit])]
