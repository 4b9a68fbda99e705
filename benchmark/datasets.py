"""Datasets on this machine: found, built on demand, and turned into a manifest.

A prepared dataset stands in the cache under a key of its builder's code and its source, so changed
code or another archive never serves old audio; two processes never build one set at a time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import io
import json
import os
import shutil
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark import paths, registry, signature
from benchmark.errors import BenchmarkError, DatasetError, Unavailable
from benchmark.files import LOCK_SECONDS, code_sha256, held, write_json
from benchmark.manifest import Manifest, builder_sha256
from benchmark.reader import INDEX

NO_SOURCE = "synthesised"


@dataclass(frozen=True)
class Source:
    """Where a dataset's clips come from; `path` is None for a synthesised set."""

    path: Path | None
    signature: str


def code_hash(dataset: str) -> str:
    """The hash of the code that decides what a dataset holds, and of the tables that are part of it."""
    name, _ = registry.split_name(dataset)
    files = [*registry.builder_files(dataset), *(paths.BUILDERS / name).glob("*.csv")]
    return builder_sha256(code_sha256(files, paths.ROOT))


def find_source(dataset: str) -> Source:
    """The archive or folder of a dataset, its signature made of it and of what stands beside it.

    Raises:
        Unavailable: it, or a file that must stand beside it, is in none of the manual folders; the way out is the
            builder's instructions.
    """
    facts = builder_facts(dataset)
    if not facts["archives"]:
        return Source(None, NO_SOURCE)
    path = locate(dataset)
    if path is None:
        raise Unavailable(
            f"archive missing: {dataset} needs {' or '.join(facts['archives'])}",
            f"{facts['instructions']} Folders searched: $MOODBENCH_DATA/manual, then TFDS's own downloads/manual.",
        )
    return Source(path, signature.of_source(dataset, facts, path))


def locate(dataset: str) -> Path | None:
    """The archive or folder of a dataset, None where it is not here; opens nothing."""
    return _noted(dataset) or _locate(builder_facts(dataset))


def prepared_folder(dataset: str, source: Source, *, skip_broken: bool = False) -> Path:
    """Where this builder code's version of this source stands, built or not; with broken clips left out, elsewhere."""
    how = " skip broken" if skip_broken else ""
    key = hashlib.sha256(f"{code_hash(dataset)} {source.signature}{how}".encode()).hexdigest()[:20]
    return paths.prepared(dataset, key)


def is_prepared(dataset: str, source: Source, *, skip_broken: bool = False) -> bool:
    """Whether the set is built; its index is written last."""
    return (prepared_folder(dataset, source, skip_broken=skip_broken) / INDEX).is_file()


def ensure_prepared(dataset: str, *, skip_broken: bool = False) -> Path:
    """The folder of the built dataset, building it now if need be.

    `skip_broken` leaves out clips that cannot be decoded and records them in `facts.skipped`.

    Raises:
        Unavailable: its archive is not here.
        DatasetError: the archive, or a clip that is not to be skipped, is not what the builder expects.
    """
    source = find_source(dataset)
    folder = prepared_folder(dataset, source, skip_broken=skip_broken)
    if is_prepared(dataset, source, skip_broken=skip_broken):
        return folder
    with held(folder.with_suffix(".lock"), who=f"building {dataset}", wait_seconds=LOCK_SECONDS):
        if not (folder / INDEX).is_file():  # another process may have built it meanwhile
            shutil.rmtree(folder, ignore_errors=True)  # left by a killed build
            folder.mkdir(parents=True)
            try:
                _build(dataset, source, folder, skip_broken=skip_broken)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)  # on a full disk its room is needed
                raise
    return folder


def audio_of(listed: Manifest) -> Path:
    """The prepared audio that a manifest lists, with broken clips left out where it says so.

    Raises:
        Unavailable: the archive is not here.
        DatasetError: what is here is not what the manifest lists.
    """
    folder = ensure_prepared(listed.dataset, skip_broken=bool(listed.skipped))
    check_same_clips(listed, folder)
    return folder


def base_manifest(dataset: str, *, skip_broken: bool = False) -> Manifest:
    """The manifest of the dataset as it is here, built if need be, without any task's split."""
    folder = ensure_prepared(dataset, skip_broken=skip_broken)
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    return Manifest(
        dataset=dataset,
        version=index["version"],
        variant=index["variant"],
        builder_sha256=code_hash(dataset),
        classes=index["classes"],
        facts=index["facts"],
        clips=sorted(({**clip, "splits": {}} for clip in index["clips"]), key=lambda clip: str(clip["id"])),
    )


def check_same_clips(manifest: Manifest, folder: Path) -> None:
    """Refuse prepared audio that is not what the manifest lists.

    Raises:
        DatasetError: naming the first clip that differs.
    """
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    here = {clip["id"]: clip["identity"] for clip in index["clips"]}
    for clip in manifest.clips:
        if here.get(clip["id"]) != clip["identity"]:
            raise DatasetError(
                f"{manifest.dataset}: clip {clip['id']!r} here is {here.get(clip['id'], 'absent')[:12]}, the manifest "
                f"lists {clip['identity'][:12]}. Run 'moodbench prepare' so that the manifest follows the data here."
            )


def builder(dataset: str, folder: Path) -> Any:
    """The TFDS builder of a dataset (and config) over a data folder."""
    _, config = registry.split_name(dataset)
    return registry.dataset_builder(dataset)(data_dir=folder, config=config, file_format="array_record")


@contextlib.contextmanager
def builder_errors(dataset: str, folder: Path | None = None) -> Iterator[None]:
    """Let what a builder raises be one line: its own errors say what is wrong, any other is told with its place.

    Raises:
        DatasetError: in its stead.
        OSError: the system refused something (a full disk), named with the folder that is written to.
    """
    try:
        yield
    except BenchmarkError:
        raise
    except ValueError as error:  # the builders' own SourceError is one
        raise DatasetError(" ".join(str(error).split())) from error
    except Exception as error:
        if refusal := _refusal(error, folder):
            raise refusal from error
        lines = traceback.extract_tb(error.__traceback__)
        own = [line for line in lines if Path(line.filename).is_relative_to(paths.BUILDERS)]
        where = (
            f" at {Path(own[-1].filename).relative_to(paths.BUILDERS.parent).as_posix()}:{own[-1].lineno}"
            if own
            else ""
        )
        said = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        raise DatasetError(f"the builder of {dataset} failed{where} with {said}. Mend it.") from error


def _build(dataset: str, source: Source, folder: Path, *, skip_broken: bool) -> None:
    import tensorflow_datasets as tfds

    from benchmark.progress import quiet_tfds

    quiet_tfds()
    made = builder(dataset, folder)
    made.source_path = source.path
    made.skip_broken = skip_broken
    config = tfds.download.DownloadConfig(manual_dir=source.path.parent if source.path else None)
    with (
        builder_errors(dataset, folder),
        contextlib.redirect_stdout(io.StringIO()),
    ):  # TFDS's lines are no command's answer
        made.download_and_prepare(download_config=config)
    class_labels = {}
    for name, feature in made.info.features.items():
        inner = getattr(feature, "feature", feature)  # tags: a sequence of class labels
        if isinstance(inner, tfds.features.ClassLabel):
            class_labels[name] = list(inner.names)
    clips = []
    for part in sorted(made.info.splits):
        for example in made.as_data_source(split=part):
            clips.append(_row(example, part, class_labels))
    facts = dict(made.info.metadata or {})
    write_json(
        folder / INDEX,
        {
            "directory": str(Path(made.data_path).relative_to(folder)),
            "version": str(made.version),
            "variant": facts.pop("variant", ""),
            "facts": facts,
            "classes": class_labels,
            "clips": clips,
        },
    )


def _refusal(error: Exception, folder: Path | None) -> OSError | None:
    """What the system refused (a full disk), named with the folder; array_record tells it as a RuntimeError."""
    known = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EIO)
    told = next((code for code in known if os.strerror(code) in str(error)), None)
    if isinstance(error, OSError):
        return error if folder is None or error.errno is None else OSError(error.errno, error.strerror, str(folder))
    return OSError(told, os.strerror(told), str(folder or "")) if told and isinstance(error, RuntimeError) else None


def _row(example: dict[str, Any], part: str, class_labels: dict[str, list[str]]) -> dict[str, Any]:
    features = {}
    for name, value in example.items():
        if name in ("audio", "sample_rate", "clip_id", "identity"):
            continue
        plain = value.tolist() if hasattr(value, "tolist") else value
        if name in class_labels:
            names = class_labels[name]
            features[name] = [names[index] for index in plain] if isinstance(plain, list) else names[int(plain)]
        else:
            features[name] = plain.decode() if isinstance(plain, bytes) else plain
    return {
        "id": example["clip_id"].decode(),
        "identity": example["identity"].decode(),
        "samples": len(example["audio"]),
        "rate": int(example["sample_rate"]),
        "part": part,
        "features": dict(sorted(features.items())),
    }


def builder_facts(dataset: str) -> dict[str, Any]:
    """What a builder says of its files and where to get them, kept per code hash so that asking imports no TFDS."""
    name, _ = registry.split_name(dataset)
    if name not in registry.datasets():
        registry.dataset_builder(dataset)  # raises, with the near misses
    file = paths.cache_folder() / "builders" / f"{name}-{code_hash(dataset)[:20]}.json"
    try:
        known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        with builder_errors(dataset):
            builder = registry.dataset_builder(dataset)
        known = {
            "archives": list(builder.ARCHIVES),
            "folders": [*builder.FOLDERS, name],
            "beside": [dataclasses.asdict(each) for each in builder.BESIDE],
            "downloads": dict(builder.DOWNLOADS),
            "catalogue": getattr(builder, "CATALOGUE", ""),  # adapters of TFDS's own catalogue only
            "instructions": " ".join((builder.MANUAL_DOWNLOAD_INSTRUCTIONS or "").split()),
        }
        write_json(file, known)
    return known


def _noted(dataset: str) -> Path | None:
    """The folder that `moodbench data add` was given, on the machine where it was."""
    note = paths.source_note(dataset)
    if not note.is_file():
        return None
    path = Path(note.read_text(encoding="utf-8").strip())
    return path if path.exists() else None


def _locate(facts: dict[str, Any]) -> Path | None:
    from tfds_builders.common.prepared import find_prepared
    from tfds_builders.common.source import find_source as search

    if facts["catalogue"]:
        return find_prepared(paths.manual_folders(), facts["catalogue"])
    found: Path | None = search(paths.manual_folders(), facts["archives"], facts["folders"])
    return found
