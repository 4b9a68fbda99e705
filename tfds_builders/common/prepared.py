"""A dataset that TFDS prepared from its own catalogue: found, and its records read back without TensorFlow.

TFDS reads such a dataset through `features.Audio`, which imports TensorFlow, and openSMILE crashes in a
process that did so. What TFDS wrote is plain: JSON files that describe records, and the records in
TFRecord or ArrayRecord files.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfds_builders.common.errors import SourceError

_INFO, _FEATURES, _LABELS = "dataset_info.json", "features.json", "label.labels.txt"
_SHARD = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"
_FORMATS = ("tfrecord", "array_record")
_AUDIO = "tensorflow_datasets.core.features.audio_feature.Audio"


def find_prepared(folders: Iterable[Path], catalogue: str) -> Path | None:
    """The folder of `catalogue` (name/version, such as `savee/1.0.0`) that TFDS prepared, or None.

    Each of `folders` may be a manual folder that holds it, its dataset's folder, or the manual folder
    `downloads/manual` of the TFDS data folder that holds it. First hit wins.
    """
    name, _, version = catalogue.partition("/")
    for folder in map(Path, folders):
        places = [folder / name / version, folder / version]
        if folder.parts[-2:] == ("downloads", "manual"):
            places.append(folder.parents[1] / name / version)
        for place in places:
            if _is(place, name, version):
                return place
    return None


def _is(place: Path, name: str, version: str) -> bool:
    """Whether TFDS finished this dataset there (it writes the description last)."""
    try:
        info = json.loads((place / _INFO).read_text(encoding="utf-8"))
        return (info["name"], info["version"]) == (name, version)
    except (OSError, ValueError, KeyError, TypeError):
        return False


@dataclass(frozen=True)
class Prepared:
    """A prepared dataset of clips with `audio`, `label` and `speaker_id`.

    `rate` in Hz; `labels` are TFDS's class names in index order; `shards` holds the files of each part
    with the number of records in each.
    """

    folder: Path
    rate: int
    labels: tuple[str, ...]
    file_format: str
    shards: Mapping[str, tuple[tuple[Path, int], ...]]

    @classmethod
    def open(cls, folder: Path) -> Prepared:
        """Reads the description of the dataset in `folder`.

        Raises:
          SourceError: a file of it is missing or is not as TFDS 4.9 writes it, or the dataset is not of this kind.
        """
        try:
            info = json.loads((folder / _INFO).read_text(encoding="utf-8"))
            features = json.loads((folder / _FEATURES).read_text(encoding="utf-8"))["featuresDict"]["features"]
            labels = (folder / _LABELS).read_text(encoding="utf-8").splitlines()
            return cls(
                folder=folder,
                rate=_rate(folder, features),
                labels=tuple(labels),
                file_format=info["fileFormat"],
                shards={split["name"]: _shards(folder, info, split) for split in info["splits"]},
            )
        except SourceError:
            raise
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SourceError(_unreadable(folder, f"{type(error).__name__}: {error}")) from error

    def records(self, part: str) -> Iterator[bytes]:
        """The serialised examples of a part, in TFDS's order.

        Raises:
          SourceError: a file is damaged, or holds another number of records than TFDS wrote.
        """
        read = _tfrecords if self.file_format == "tfrecord" else _array_records
        for file, expected in self.shards[part]:
            found = 0
            for found, record in enumerate(read(file), start=1):  # noqa: B007 - the last number is the count
                yield record
            if found != expected:
                raise SourceError(_unreadable(self.folder, f"{found} of {expected} records in {file.name}"))


def _rate(folder: Path, features: Mapping[str, Any]) -> int:
    """Sampling rate; the audio must be stored as decoded samples of one channel."""
    if set(features) != {"audio", "label", "speaker_id"}:
        raise SourceError(_unreadable(folder, f"the features {', '.join(sorted(features))}"))
    kind, audio = features["audio"]["pythonClassName"], features["audio"]["audio"]
    plain = {
        "dtype": "int64",
        "shape": {"dimensions": ["-1"]},
        "encoding": "NONE",
        "lazyDecode": False,
    }
    found = {key: audio.get(key, default) for key, default in plain.items()}
    if kind != _AUDIO or found != plain or not audio.get("sampleRate"):
        raise SourceError(_unreadable(folder, f"audio stored as {audio}"))
    return int(audio["sampleRate"])


def _shards(folder: Path, info: Mapping[str, Any], split: Mapping[str, Any]) -> tuple[tuple[Path, int], ...]:
    if split["filepathTemplate"] != _SHARD or info["fileFormat"] not in _FORMATS:
        raise SourceError(_unreadable(folder, f"{info['fileFormat']} files named {split['filepathTemplate']}"))
    lengths = [int(length) for length in split["shardLengths"]]
    stem = f"{info['name']}-{split['name']}.{info['fileFormat']}"
    return tuple((folder / f"{stem}-{n:05}-of-{len(lengths):05}", length) for n, length in enumerate(lengths))


def _tfrecords(file: Path) -> Iterator[bytes]:
    """Records of a TFRecord file: length (8 bytes), its checksum (4), the record, its checksum (4)."""
    try:
        with file.open("rb") as stream:
            while head := stream.read(12):
                length = struct.unpack("<Q", head[:8])[0] if len(head) == 12 else 0
                rest = stream.read(length + 4) if length <= file.stat().st_size else b""
                if len(head) != 12 or len(rest) != length + 4:
                    raise SourceError(_unreadable(file.parent, f"a cut or damaged {file.name}"))
                yield rest[:length]
    except OSError as error:
        raise SourceError(_unreadable(file.parent, str(error))) from error


def _array_records(file: Path) -> Iterator[bytes]:
    from array_record.python.array_record_data_source import ArrayRecordDataSource

    try:
        source = ArrayRecordDataSource([str(file)])
        for place in range(len(source)):
            yield source[place]
    except (OSError, RuntimeError, ValueError) as error:
        raise SourceError(_unreadable(file.parent, f"a cut or damaged {file.name} ({error})")) from error


def _unreadable(folder: Path, found: str) -> str:
    return (
        f"the prepared dataset {folder.parent.name}/{folder.name} cannot be read: found {found}; expected mono clips "
        "with label and speaker_id as TFDS 4.9 writes them. Remove that folder and let TFDS prepare it again."
    )
