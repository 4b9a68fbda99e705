"""One battery over every builder package that is found: contract, parts, page, and no TensorFlow."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import files
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from tensorflow_datasets.core import dataset_metadata

from tfds_builders.common.base import ClipBuilder

BUILDERS = Path(__file__).parents[2] / "tfds_builders"
NAMES = sorted(path.parent.name for path in BUILDERS.glob("*/*_dataset_builder.py"))
PARTS = ["train", "validation", "test"]
GROUPS = ("speaker_id", "artist_id", "recording_id", "track_id", "song_id", "video_id", "word")


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def prepared(name, builder_class, dummy_folder, read_parts, tmp_path_factory):
    """The class, a builder over its dummy data, and everything read back."""
    kind = builder_class(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "clip_limit", kind.DUMMY_LIMIT)
        arguments = {"data_dir": tmp_path_factory.mktemp(name), "file_format": "array_record"}
        manual = dummy_folder(name) if kind.ARCHIVES else None
        kind(**arguments).download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=manual))
        builder = kind(**arguments)
    return kind, builder, read_parts(builder)


def test_something_was_found():
    assert {"ravdess", "emodb", "emovo", "emotify"} <= set(NAMES)


def test_is_named_after_its_package_and_shadows_no_catalogue_dataset(prepared, name):
    kind, builder, _ = prepared
    assert builder.name == name
    assert kind.__module__ == f"tfds_builders.{name}.{name}_dataset_builder"
    catalogue = {
        path.parts[-2] for path in files("tensorflow-datasets") or () if str(path).endswith("_dataset_builder.py")
    }
    assert len(catalogue) > 50
    assert name not in catalogue


def test_page(name, prepared):
    folder = BUILDERS / name
    for file in ("README.md", "CITATIONS.bib", "TAGS.txt"):
        assert (folder / file).read_text(encoding="utf-8").strip(), file
    assert (folder / "checksums.tsv").is_file()
    assert (folder / f"{name}_dataset_builder_test.py").is_file()
    metadata = prepared[0].get_metadata()
    assert metadata.description
    assert metadata.citation.startswith("@")
    assert set(metadata.tags) <= set(dataset_metadata.valid_tags())
    assert "content.data-type.audio" in metadata.tags


def test_version_has_a_release_note(prepared):
    kind = prepared[0]
    assert kind.RELEASE_NOTES[str(kind.VERSION)]


def test_features(prepared):
    kind, builder, _ = prepared
    features = builder.info.features  # `np_dtype`: reading `dtype` would import TensorFlow
    audio = features["audio"]
    assert (audio.shape, audio.np_dtype) == ((None,), np.int16)
    assert audio._encoding == tfds.features.Encoding.BYTES
    assert (features["sample_rate"].shape, features["sample_rate"].np_dtype) == ((), np.int32)
    for text in ("clip_id", "identity", kind.GROUP):
        assert isinstance(features[text], tfds.features.Text)
    for target, names in kind.CLASSES.items():
        assert tuple(features[target].names) == tuple(names)
    assert kind.GROUP in GROUPS


def test_clips(prepared):
    kind, builder, parts = prepared
    assert list(parts) == PARTS
    rates = set()
    for part, clips in parts.items():
        assert len(clips) == builder.info.splits[part].num_examples > 0
        for clip_id, clip in clips.items():
            assert clip["audio"].dtype == np.int16
            assert clip["audio"].ndim == 1
            assert len(clip["audio"]) > 0
            assert clip["audio"].min() < clip["audio"].max(), f"{clip_id} is silent"
            assert not clip_id.startswith(("/", "."))
            assert "\\" not in clip_id
            assert clip[kind.GROUP]
            assert len(clip["identity"]) == 64
            int(clip["identity"], 16)
            rates.add(int(clip["sample_rate"]))
    assert len(rates) == 1


def test_unique_ids_and_identities(prepared):
    clips = [clip for part in prepared[2].values() for clip in part.values()]
    assert len({clip["clip_id"] for clip in clips}) == len(clips)
    assert len({clip["identity"] for clip in clips}) == len(clips)


def test_parts_share_no_group(prepared):
    kind, _, parts = prepared
    groups = {part: {clip[kind.GROUP] for clip in clips.values()} for part, clips in parts.items()}
    assert sum(map(len, groups.values())) == len(set().union(*groups.values()))


def test_parts_follow_the_one_rule(prepared):
    """Written out again here: sorted ids, the legacy shuffle, truncated float bounds."""
    kind, _, parts = prepared
    if kind.part_of is not ClipBuilder.part_of:
        pytest.skip("official parts: the builder's own test holds them")
    groups = {part: {clip[kind.GROUP] for clip in clips.values()} for part, clips in parts.items()}
    order = sorted(set().union(*groups.values()))
    np.random.RandomState(0).shuffle(order)
    first, second = int(kind.FRACTIONS[0] * len(order)), int((kind.FRACTIONS[0] + kind.FRACTIONS[1]) * len(order))
    assert groups == dict(zip(PARTS, (set(order[:first]), set(order[first:second]), set(order[second:])), strict=True))


def test_metadata(prepared):
    kind, builder, parts = prepared
    metadata = builder.info.metadata
    stored = json.loads((Path(builder.data_dir) / "metadata.json").read_text())
    assert metadata == stored
    assert {"variant", "found", "expected", "decoder"} <= set(metadata)
    assert metadata["found"]["clips"] == sum(map(len, parts.values()))
    if kind.ARCHIVES:
        assert metadata["variant"].endswith("partial")
        assert metadata["expected"]["clips"] == kind.FACTS.clips


def test_where_its_source_lies(prepared, name, dummy_folder, tmp_path):
    kind = prepared[0]
    assert kind.find_source([tmp_path]) is None
    if kind.ARCHIVES:
        assert kind.find_source([tmp_path, dummy_folder(name)]).parent == dummy_folder(name)
        assert kind.ARCHIVES[0] in kind.MANUAL_DOWNLOAD_INSTRUCTIONS


def test_dummy_data_is_small(name, dummy_folder):
    assert sum(path.stat().st_size for path in dummy_folder(name).rglob("*")) < 64_000


PROBE = """
import sys
blocked = sys.argv[2] == "blocked"
from importlib.machinery import PathFinder
class WithoutTensorFlow(PathFinder):  # finds what is installed, but for one package
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.split(".")[0] == "tensorflow" else super().find_spec(name, path, target)
if blocked:
    sys.meta_path[sys.meta_path.index(PathFinder)] = WithoutTensorFlow
    from importlib.util import find_spec
    assert find_spec("tensorflow") is None and find_spec("numpy") is not None
from importlib import import_module
from pathlib import Path
import tensorflow_datasets as tfds
names, folder = sys.argv[3:], Path(sys.argv[1])
import tfds_builders
root = Path(tfds_builders.__path__[0])
for name in names:
    kind = import_module(f"tfds_builders.{name}.{name}_dataset_builder").Builder
    kind.clip_limit = kind.DUMMY_LIMIT
    arguments = {"data_dir": folder, "file_format": "array_record"}
    manual = root / name / "dummy_data" if kind.ARCHIVES else None
    kind(**arguments).download_and_prepare(download_config=tfds.download.DownloadConfig(manual_dir=manual))
    for part in ("train", "validation", "test"):
        source = kind(**arguments).as_data_source(part)
        assert len(source[0]["audio"]) > 0
assert "tensorflow" not in sys.modules, "tensorflow was imported"
print("built", len(names))
"""


@pytest.mark.parametrize("mode", ["installed", "blocked"])
def test_neither_building_nor_reading_needs_tensorflow(tmp_path, mode):
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(tmp_path), mode, *NAMES],
        capture_output=True,
        text=True,
        cwd=BUILDERS.parent,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip().splitlines()[-1] == f"built {len(NAMES)}"
