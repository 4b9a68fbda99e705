"""Base class of adapters: datasets of TFDS's own catalogue, taken as TFDS prepared them and never built again.

An adapter has another name than the dataset it reads, because a builder of the same name would shadow
TFDS's. Preparing is left to TFDS; reading what it prepared needs neither TensorFlow nor its process.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds
from numpy.typing import NDArray

from tfds_builders.common.audio import Header, identity_of
from tfds_builders.common.base import ClipBuilder
from tfds_builders.common.errors import SourceError
from tfds_builders.common.parts import PARTS
from tfds_builders.common.prepared import Prepared, find_prepared
from tfds_builders.common.scan import Fields
from tfds_builders.common.variant import Census, variant_id

_INT16 = np.iinfo(np.int16)


def prepare_instructions(catalogue: str, first: str = "") -> str:
    """`MANUAL_DOWNLOAD_INSTRUCTIONS` of an adapter; `first` says what must be done before TFDS can prepare it."""
    name = catalogue.partition("/")[0]
    return (
        f"Let TFDS prepare its own {catalogue}: {first}install the extra hub (TensorFlow) and pydub, then run "
        f"python -c \"import tensorflow_datasets as tfds; tfds.builder('{name}').download_and_prepare()\". "
        f"It is read from TFDS's data folder ($TFDS_DATA_DIR, else ~/tensorflow_datasets); a prepared folder "
        f"{catalogue} in the manual folder is accepted too."
    )


@dataclass(frozen=True)
class _Clip:
    """A record seen once; `sha256` is that of its int16 samples."""

    part: str
    speaker: str
    label: str
    sha256: str


class CatalogueBuilder(ClipBuilder, skip_registration=True):  # type: ignore[call-arg]
    """Clips of a TFDS catalogue dataset with TFDS's parts.

    TFDS keeps no file names, so a clip is named by its speaker and its samples: `1001/9f86d081884c7d65`. Equal clips
    of a speaker get `-2`, `-3` in the order of their labels.
    """

    CATALOGUE: ClassVar[str]  # name/version in TFDS's catalogue
    LABELS: ClassVar[Mapping[str, str]]  # TFDS's class names in its order -> the names in CLASSES

    @classmethod
    def find_source(cls, manual_folders: Iterable[Path]) -> Path | None:
        """The folder that TFDS prepared, looked for in and beside the manual folders; see `find_prepared`."""
        return find_prepared(manual_folders, cls.CATALOGUE)

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator[Any]]:
        prepared = Prepared.open(self._source_path(dl_manager))
        self._check(prepared)
        census, clips = Census(), []
        for part in PARTS:
            for audio, label, speaker in self._read(prepared, part):
                clips.append(_Clip(part, speaker, label, hashlib.sha256(audio.astype("<i2").tobytes()).hexdigest()))
                if len(audio):
                    census.add(Header(rate=prepared.rate, channels=1, frames=len(audio)), "pcm")
        if not census.seconds:
            raise SourceError(f"{self.name}: found no clip in {self.CATALOGUE}. {self.MANUAL_DOWNLOAD_INSTRUCTIONS}")
        found = census.facts()
        self.info.metadata.update(
            variant=variant_id(found, self.FACTS) if self.FACTS else "",
            found={**found.record(), "left_out": len(clips) - len(census.seconds)},
            expected=self.FACTS.record() if self.FACTS else {},
            decoder=f"TFDS's {self.CATALOGUE}",
        )
        named = list(zip(clip_ids(clips), clips, strict=True))
        return {
            part: self._examples(prepared, part, [(i, clip) for i, clip in named if clip.part == part])
            for part in PARTS
        }

    def _examples(
        self, prepared: Prepared, part: str, named: Sequence[tuple[str, _Clip]]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        for (clip_id, clip), (audio, label, speaker) in zip(named, self._read(prepared, part), strict=True):
            if len(audio):  # a clip without samples has nothing to embed
                fields: Fields = {"label": self.LABELS[label], self.GROUP: speaker}
                identity = identity_of(clip.sha256, f"{prepared.rate} Hz")
                yield clip_id, self._example(clip_id, fields, identity, audio, prepared.rate)

    def _check(self, prepared: Prepared) -> None:
        if prepared.labels != tuple(self.LABELS) or set(prepared.shards) != set(PARTS):
            raise SourceError(
                f"{self.name}: found the classes {', '.join(prepared.labels)} and the parts "
                f"{', '.join(prepared.shards)} in {self.CATALOGUE}; expected {', '.join(self.LABELS)} and "
                f"{', '.join(PARTS)}. {self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
            )

    def _read(self, prepared: Prepared, part: str) -> Iterator[tuple[NDArray[np.int16], str, str]]:
        """Samples, TFDS's class name and speaker of every record of a part."""
        features = tfds.features.FeaturesDict(
            {
                "audio": tfds.features.Tensor(shape=(None,), dtype=np.int64),
                "label": tfds.features.ClassLabel(names=list(self.LABELS)),
                "speaker_id": tfds.features.Text(),
            }
        )
        labels = dict(enumerate(self.LABELS))
        for number, record in enumerate(prepared.records(part)):
            try:
                example = features.deserialize_example_np(record)
                audio = np.asarray(example["audio"], dtype=np.int64)
                label, speaker = labels[example["label"]], example["speaker_id"].decode()
            except Exception as error:  # protobuf's errors share no base with those of a missing field
                raise self._damaged(part, number, f"{type(error).__name__}: {error}") from error
            if len(audio) and not (_INT16.min <= audio.min() and audio.max() <= _INT16.max):
                raise self._damaged(part, number, f"samples from {audio.min()} to {audio.max()}")
            yield audio.astype(np.int16), label, speaker

    def _damaged(self, part: str, number: int, found: str) -> SourceError:
        return SourceError(
            f"{self.name}: record {number} of the part {part} of {self.CATALOGUE} cannot be read: found {found}; "
            f"expected 16-bit samples, label and speaker_id. {self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
        )

    def _missing(self, found: str) -> str:
        return (
            f"{self.name}: the prepared dataset is missing: {found}; expected {self.CATALOGUE}. "
            f"{self.MANUAL_DOWNLOAD_INSTRUCTIONS}"
        )


def clip_ids(clips: Sequence[_Clip]) -> list[str]:
    """An id for each clip that hangs on nothing but its content, the same on every machine and in any order."""
    ids, seen = [""] * len(clips), Counter[str]()
    for place in sorted(range(len(clips)), key=lambda place: (clips[place].sha256, clips[place].label)):
        name = f"{clips[place].speaker}/{clips[place].sha256[:16]}"
        seen[name] += 1
        ids[place] = name if seen[name] == 1 else f"{name}-{seen[name]}"
    return ids
