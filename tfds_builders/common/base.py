"""The base class of every builder: a subclass declares facts, everything mechanical is here.

A corpus from an archive declares `ARCHIVES`, `FACTS`, `CLIP_DEPTH` and `parse` (or `clips_in`). A
synthesised one leaves `ARCHIVES` empty and has `recipes` and `synthesise`. Neither building nor
reading imports TensorFlow, as long as the file format is array_record.
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
from tfds_builders.common.audio import LIMITS, Limits, decode, identity_of
from tfds_builders.common.clips import broken_clips, refuse_twins, undecodable
from tfds_builders.common.errors import MemberError, SourceError
from tfds_builders.common.parts import FRACTIONS, PARTS
from tfds_builders.common.scan import Clip as Clip  # with Fields and Span, what subclasses speak of
from tfds_builders.common.scan import Entry, Expected, Scanned, known, parts_of, scan
from tfds_builders.common.scan import Fields as Fields
from tfds_builders.common.scan import Span as Span
from tfds_builders.common.source import Beside as Beside
from tfds_builders.common.source import Source
from tfds_builders.common.variant import Facts


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


class ClipBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[misc, call-arg]
    """Clips with a group and targets, in group-disjoint parts; see the module for what to declare."""

    ARCHIVES: ClassVar[tuple[str, ...]] = ()  # accepted names; any of zip, tar, tar.gz, or the folder of that stem
    FOLDERS: ClassVar[tuple[str, ...]] = ()  # further accepted names of an unpacked folder
    BESIDE: ClassVar[tuple[Beside, ...]] = ()  # all else that labels come from; a change of it is another corpus
    DOWNLOADS: ClassVar[Mapping[str, str]] = {}  # file name -> address, where anyone may download it
    FACTS: ClassVar[Facts | None] = None  # the official corpus
    LEAST_KNOWN: ClassVar[float] = 0.5  # share of the audio files named as expected; with less it is another corpus
    CLIP_DEPTH: ClassVar[int] = 2  # trailing path components that make a clip id, so that top folders do not count
    CLASSES: ClassVar[Mapping[str, tuple[str, ...]]]  # target feature -> class names in order
    GROUP: ClassVar[str] = "speaker_id"
    FRACTIONS: ClassVar[tuple[float, float, float]] = FRACTIONS
    HOMEPAGE: ClassVar[str] = ""
    LIMITS: ClassVar[Limits] = LIMITS  # of a clip's length, channels and rate
    SAMPLE_RATE: ClassVar[int] = 0  # Hz, synthesised corpora only
    DUMMY_LIMIT: ClassVar[int | None] = None  # clips that a test needs of a large synthesised corpus
    source_path: Path | None = None  # the archive or folder itself, where the engine has found it already
    clip_limit: ClassVar[int | None] = None  # tests set it to DUMMY_LIMIT; None builds everything
    skip_broken: ClassVar[bool] = False  # the engine sets it: broken clips are left out and recorded, unless too many

    # -- what a subclass says ---------------------------------------------------------------------

    def parse(self, path: PurePosixPath) -> Fields | None:
        """Group and targets of the clip at `path` (the last `CLIP_DEPTH` components), None to leave it out."""
        raise NotImplementedError(f"{self.name}: a builder with ARCHIVES needs `parse`")

    def clips_in(self, path: PurePosixPath) -> Iterable[Clip]:
        """Clips of the file at `path` (as in `parse`): id, fields, and its span in seconds, None for the whole file.

        For corpora that cut several clips out of a file; by default one clip, named by its path, from `parse`.
        """
        fields = self.parse(path)
        return [] if fields is None else [(path.as_posix(), fields, None)]

    def part_of(self, clip_id: str, fields: Fields) -> str | None:  # noqa: ARG002 - for subclasses
        """The official part of a clip; None for every clip (the default) shares the groups out by the common rule."""
        return None

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

    def inspect(self, path: Path) -> str:
        """What the archive or folder at `path` holds, from its members' names.

        Raises:
          SourceError: it cannot be read, or is another corpus.
        """
        with Source(path) as source:
            self.read_tables(source)
            _, members = known(self._expected(), source)
        clips = sum(len(member.clips) for member in members)
        return f"{clips} of {self.FACTS.clips} clips" if self.FACTS else f"{clips} clips"

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
        target = next(iter({**self.CLASSES, **self.extra_features()}), None)
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("audio", target) if target else None,
            homepage=self.HOMEPAGE or None,
            metadata=tfds.core.MetadataDict(),
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator[Any]]:
        if self.ARCHIVES:
            path = self._source_path(dl_manager)
            found = self._scan(path)
            parts = self._parts(path.name, [(entry.clip_id, entry.fields) for entry in found.entries])
            return {
                part: self._generate_examples(path, found, {c for c in parts if parts[c] == part}) for part in PARTS
            }
        recipes = self._limited(list(self.recipes()))
        refuse_twins(self.name, [recipe.clip_id for recipe in recipes])
        self.info.metadata.update(
            variant="" if self.clip_limit is None else "partial",
            found={"clips": len(recipes), "rates": {str(self.SAMPLE_RATE): len(recipes)}},
            expected={},
            decoder=f"synthesised by {self.name} {self.version}",
        )
        parts = self._parts(self.name, [(recipe.clip_id, recipe.fields) for recipe in recipes])
        return {part: self._synthesised([r for r in recipes if parts[r.clip_id] == part]) for part in PARTS}

    def _generate_examples(self, path: Path, found: Scanned, clip_ids: set[str]) -> Iterator[tuple[str, Any]]:
        member, whole = "", np.empty(0, np.int16)
        with Source(path) as source:
            for entry in found.entries:
                if entry.clip_id not in clip_ids:
                    continue
                if entry.member != member:  # the spans of one file stand together
                    try:
                        member, whole = entry.member, decode(source.read(entry.member), entry.member, found.rate)
                    except (
                        MemberError
                    ) as error:  # its header was whole: all are decoded, so that one run tells them all
                        members = list(dict.fromkeys(each.member for each in found.entries))
                        broken = undecodable(path, members, found.rate)
                        raise broken_clips(path.name, broken, len(members)) from error
                audio = whole if entry.span is None else self._cut(whole, entry, found.rate)
                yield entry.clip_id, self._example(entry.clip_id, entry.fields, entry.identity, audio, found.rate)

    # -- inside -----------------------------------------------------------------------------------

    def _cut(self, whole: NDArray[np.int16], entry: Entry, rate: int) -> NDArray[np.int16]:
        assert entry.span is not None
        start, end = (round(seconds * rate) for seconds in entry.span)
        if not 0 <= start < end <= len(whole):
            raise SourceError.of(
                f"{self.name}: clip {entry.clip_id!r} cannot be cut out",
                f"a span of {entry.span[0]:g} s to {entry.span[1]:g} s",
                f"one within the {len(whole) / rate:g} s of {entry.member!r}",
                "Mend the table that says so.",
            )
        return whole[start:end]

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
        if self.source_path is not None:
            return self.source_path
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

    def _expected(self) -> Expected:
        return Expected(
            name=self.name,
            facts=self.FACTS,
            limits=self.LIMITS,
            clip_depth=self.CLIP_DEPTH,
            least_known=self.LEAST_KNOWN,
            instructions=str(self.MANUAL_DOWNLOAD_INSTRUCTIONS),
            clips_in=self.clips_in,
        )

    def _scan(self, path: Path) -> Scanned:
        with Source(path) as source:
            self.read_tables(source)
            found = scan(self._expected(), source, skip_broken=self.skip_broken)
        self._refuse_strange_labels(found.entries)
        self.info.metadata.update(found.notes)
        return found

    def _refuse_strange_labels(self, entries: Iterable[Entry]) -> None:
        """Before anything is decoded: TFDS would stop in the midst of building, with a trace."""
        for entry in entries:
            for target, names in self.CLASSES.items():
                if entry.fields.get(target) not in names:
                    raise SourceError.of(
                        f"{self.name}: clip {entry.clip_id!r} has no known {target}",
                        f"{entry.fields.get(target)!r}",
                        f"one of {', '.join(names)}",
                        "Mend the label, or add the class to the builder.",
                    )

    def _parts(self, where: str, clips: Sequence[tuple[str, Fields]]) -> dict[str, str]:
        rows = [(clip_id, str(fields[self.GROUP]), self.part_of(clip_id, fields)) for clip_id, fields in clips]
        return parts_of(where, rows, self.GROUP, self.FRACTIONS)

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
