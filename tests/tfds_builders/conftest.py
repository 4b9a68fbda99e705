"""Fixtures of the builders' tests: tiny encoded clips, archives of them, builders prepared without TensorFlow."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import tensorflow_datasets as tfds

BUILDERS = Path(__file__).parents[2] / "tfds_builders"
PARTS = ("train", "validation", "test")


@pytest.fixture(scope="session")
def builder_class() -> Callable[[str], Any]:
    """The class `Builder` of a dataset, by name."""
    return lambda name: import_module(f"tfds_builders.{name}.{name}_dataset_builder").Builder


@pytest.fixture(scope="session")
def dummy_folder() -> Callable[[str], Path]:
    """The folder with a dataset's dummy archive."""
    return lambda name: BUILDERS / name / "dummy_data"


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Any]:
    """`build(Builder, manual_dir)` answers a fresh builder over data just prepared, read back from disk."""
    count = 0

    def prepared(kind: Any, manual_dir: Path | None = None) -> Any:
        nonlocal count
        count += 1
        arguments = {"data_dir": tmp_path / f"data{count}", "file_format": "array_record"}
        kind(**arguments).download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=manual_dir))
        return kind(**arguments)

    return prepared


@pytest.fixture(scope="session")
def read_parts() -> Callable[[Any], dict[str, dict[str, dict[str, Any]]]]:
    """Everything in a prepared builder: part -> clip id -> example, texts decoded."""

    def read(builder: Any) -> dict[str, dict[str, dict[str, Any]]]:
        parts: dict[str, dict[str, dict[str, Any]]] = {}
        for part in builder.info.splits:
            source = builder.as_data_source(part)
            examples = (source[place] for place in range(len(source)))
            decoded = [
                {key: value.decode() if isinstance(value, bytes) else value for key, value in example.items()}
                for example in examples
            ]
            parts[part] = {example["clip_id"]: example for example in decoded}
            assert len(parts[part]) == len(decoded), "clip ids repeat"
        return parts

    return read


@pytest.fixture(scope="session")
def encoded() -> Callable[..., bytes]:
    """`encoded(samples, rate, "FLAC", "PCM_16")` answers the bytes of an audio file."""

    def encode(samples: Any, rate: int = 8000, kind: str = "WAV", subtype: str | None = None, **tags: str) -> bytes:
        samples = np.asarray(samples)
        channels = 1 if samples.ndim == 1 else samples.shape[1]
        stream = io.BytesIO()
        with soundfile.SoundFile(stream, "w", rate, channels, subtype, format=kind) as file:
            for tag, value in tags.items():
                setattr(file, tag, value)
            file.write(samples)
        return stream.getvalue()

    return encode


@pytest.fixture(scope="session")
def tone() -> Callable[..., Any]:
    """`tone(n)` answers int16 samples that differ with n."""

    def samples(number: int, frames: int = 200) -> Any:
        return (6000 * np.sin(0.05 * (1 + number) * np.arange(frames)) + 10 * number).astype(np.int16)

    return samples


@pytest.fixture(scope="session")
def write_zip() -> Callable[[Path, Mapping[str, bytes]], Path]:
    """Writes members into a zip, names unchecked."""

    def write(path: Path, members: Mapping[str, bytes]) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            for name, raw in members.items():
                archive.writestr(name, raw)
        return path

    return write


@pytest.fixture(scope="session")
def emodb_members(encoded: Callable[..., bytes], tone: Callable[..., Any]) -> dict[str, bytes]:
    """Fifteen tiny clips named as in EmoDB: five speakers, seven emotions."""
    names = [
        f"wav/{speaker}a{k:02}{'WLEAFTN'[(3 * s + k) % 7]}a.wav"
        for s, speaker in enumerate(SPEAKERS)
        for k in (1, 2, 3)
    ]
    return {name: encoded(tone(number)) for number, name in enumerate(names)}


SPEAKERS = ("03", "08", "09", "10", "11")
