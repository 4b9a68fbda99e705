"""The real archives: members, classes and variants as serab_splits.md and the data's own page say."""

from __future__ import annotations

import csv
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow_datasets as tfds

from tfds_builders.common.audio import DECODER, identity_of

pytestmark = pytest.mark.realdata

NAMES = ("ravdess", "emodb", "emovo", "emotify", "esc10", "spoken_digits")

# name -> part -> (groups, clips); SERAB's test-set classes below
SERAB = {
    "ravdess": {
        "train": ("12 11 23 15 21 02 14 24 17 09 07 18 05 03", 840),
        "validation": ("06 19 10 08 20", 300),
        "test": ("04 01 22 16 13", 300),
    },
    "emodb": {"train": ("09 15 11 16 08 13", 344), "validation": ("14 10", 107), "test": ("03 12", 84)},
    "emovo": {"train": ("m3 f3 f2", 294), "validation": ("m1", 98), "test": ("f1 m2", 196)},
}
TEST_CLASSES = {
    "ravdess": {
        **dict.fromkeys(("anger", "disgust", "fear", "happiness", "sadness", "surprise", "calm"), 40),
        "neutral": 20,
    },
    "emodb": {"anger": 26, "boredom": 10, "disgust": 3, "fear": 10, "happiness": 9, "sadness": 11, "neutral": 15},
    "emovo": dict.fromkeys(("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"), 28),
}
LABELS = {
    "ravdess": "anger disgust fear happiness sadness surprise neutral calm",
    "emodb": "anger boredom disgust fear happiness sadness neutral",
    "emovo": "anger disgust fear happiness sadness surprise neutral",
}


@pytest.fixture(scope="module")
def real(data_folder, builder_class, read_parts, tmp_path_factory):
    """`real(name)` answers the class, the builder and its parts, built once from the real archive."""
    made: dict[str, Any] = {}

    def get(name: str) -> Any:
        if name not in made:
            kind = builder_class(name)
            arguments = {"data_dir": tmp_path_factory.mktemp(name), "file_format": "array_record"}
            config = tfds.download.DownloadConfig(manual_dir=data_folder / "manual")
            kind(**arguments).download_and_prepare(download_config=config)
            builder = kind(**arguments)
            made[name] = kind, builder, read_parts(builder)
        return made[name]

    return get


@pytest.mark.parametrize("name", SERAB)
def test_parts_are_serabs(real, name):
    _, _, parts = real(name)
    found = {part: ({clip["speaker_id"] for clip in clips.values()}, len(clips)) for part, clips in parts.items()}
    assert found == {part: (set(groups.split()), clips) for part, (groups, clips) in SERAB[name].items()}


@pytest.mark.parametrize("name", SERAB)
def test_labels_are_serabs(real, name):
    _, builder, parts = real(name)
    names = builder.info.features["label"].names
    assert names == LABELS[name].split()
    assert Counter(names[clip["label"]] for clip in parts["test"].values()) == TEST_CLASSES[name]


@pytest.mark.parametrize(
    ("name", "variant"), [("ravdess", "16k"), ("emodb", ""), ("emovo", "16k"), ("emotify", "15s"), ("esc10", "")]
)
def test_variants(real, name, variant):
    kind, builder, _ = real(name)
    assert builder.info.metadata["variant"] == variant
    assert builder.info.metadata["found"]["clips"] == kind.FACTS.clips


def test_ravdess_classes(real):
    _, builder, parts = real("ravdess")
    clips = [clip for part in parts.values() for clip in part.values()]
    assert set(Counter(clip["speaker_id"] for clip in clips).values()) == {60}
    counts = Counter(builder.info.features["label"].names[clip["label"]] for clip in clips)
    assert counts.pop("neutral") == 96
    assert set(counts.values()) == {192}


def test_emodb_is_bit_exact(real, data_folder):
    with (data_folder / "emodb_original_sha256.tsv").open(encoding="utf-8") as file:
        expected = {
            f"wav/{row['file']}": identity_of(row["sha256"], DECODER) for row in csv.DictReader(file, delimiter="\t")
        }
    _, _, parts = real("emodb")
    assert {name: clip["identity"] for part in parts.values() for name, clip in part.items()} == expected


def test_emodb_samples_are_the_wavs_own(real, data_folder):
    """Read again by hand: 44 bytes of header, then 16-bit samples."""
    _, _, parts = real("emodb")
    with zipfile.ZipFile(data_folder / "manual" / "download.zip") as archive:
        for name in sorted(parts["test"])[::20]:
            raw = archive.read(name)
            assert raw[36:40] == b"data"
            size = int.from_bytes(raw[40:44], "little")
            np.testing.assert_array_equal(parts["test"][name]["audio"], np.frombuffer(raw[44 : 44 + size], "<i2"))


def test_emotify_targets(real):
    _, builder, parts = real("emotify")
    clips = [clip for part in parts.values() for clip in part.values()]
    features = builder.info.features
    assert features["mood3"].names == ["sublimity", "vitality", "unease"]
    assert [count for _, count in sorted(Counter(int(clip["mood3"]) for clip in clips).items())] == [158, 147, 95]
    assert set(Counter(int(clip["genre"]) for clip in clips).values()) == {100}
    assert len({clip["artist_id"] for clip in clips}) == 138
    gems = np.stack([clip["gems"] for clip in clips])
    assert gems.dtype == np.float32
    assert gems.shape == (400, 9)
    by_a_third = (gems >= np.float32(1 / 3)).sum(
        axis=0
    )  # amazement solemnity tenderness nostalgia calmness power joy tension sadness
    assert by_a_third.tolist() == [21, 80, 78, 146, 179, 84, 143, 120, 76]
    names = features["gems_labels"].feature.names
    labelled = Counter(names[label] for clip in clips for label in clip["gems_labels"])
    assert [labelled[name] for name in names] == by_a_third.tolist()
    assert names[4] == "calmness"
    for clip in clips:
        assert list(clip["gems_labels"]) == np.flatnonzero(clip["gems"] >= np.float32(1 / 3)).tolist()


def test_emotify_clips_are_those_of_the_committed_manifest(real):
    """Cells stand on these identities: a feature more must not move a clip."""
    manifest = json.loads((Path(__file__).parents[2] / "results" / "manifests" / "emotify.json").read_text())
    _, _, parts = real("emotify")
    expected = [[c["id"], c["identity"], c["samples"], c["rate"], c["part"]] for c in manifest["clips"]]
    found = [
        [clip_id, clip["identity"], len(clip["audio"]), int(clip["sample_rate"]), part]
        for part, clips in parts.items()
        for clip_id, clip in clips.items()
    ]
    assert sorted(found) == expected


def test_esc10_classes_folds_and_recordings(real):
    """Ten classes of 40, five folds of 80, and 304 recordings, none of which is in two folds or two classes."""
    _, builder, parts = real("esc10")
    clips = [clip for part in parts.values() for clip in part.values()]
    names = builder.info.features["label"].names
    assert names == [
        *("dog_bark", "rain", "sea_waves", "baby_cry", "clock_tick", "person_sneeze"),
        *("helicopter", "chainsaw", "rooster", "fire_crackling"),
    ]
    assert Counter(names[clip["label"]] for clip in clips) == dict.fromkeys(names, 40)
    assert Counter(clip["fold"] for clip in clips) == dict.fromkeys("12345", 80)
    assert len({clip["recording_id"] for clip in clips}) == 304
    assert len({(clip["recording_id"], clip["fold"], int(clip["label"])) for clip in clips}) == 304
    assert {part: {clip["fold"] for clip in clips.values()} for part, clips in parts.items()} == {
        "train": {"1", "2", "3"},
        "validation": {"4"},
        "test": {"5"},
    }
    for clip_id, clip in parts["test"].items():
        folder, file = clip_id.split("/")
        assert folder.split(" - ")[1].lower().replace(" ", "_") == names[clip["label"]]
        assert file.split("-")[1] == clip["recording_id"]


def test_spoken_digits(real):
    _, builder, parts = real("spoken_digits")
    assert builder.info.metadata["variant"] == "flac-partial"
    speakers = {part: {clip["speaker_id"] for clip in clips.values()} for part, clips in parts.items()}
    assert sorted(map(len, speakers.values())) == [1, 2, 3]
    assert set.union(*speakers.values()) == {"george", "jackson", "lucas", "nicolas", "theo", "yweweler"}
    clips = {clip_id: clip for part in parts.values() for clip_id, clip in part.items()}
    counts = Counter((clip["speaker_id"], int(clip["digit"])) for clip in clips.values())
    assert len(counts) == 60
    assert set(counts.values()) == {10}
    for clip_id, clip in clips.items():
        digit, speaker, _ = clip_id.removeprefix("recordings/").split("_")
        assert (int(digit), speaker) == (clip["digit"], clip["speaker_id"])


def test_emotify_genre_is_the_folder(real):
    _, builder, parts = real("emotify")
    names = builder.info.features["genre"].names
    for part in parts.values():
        assert all(clip_id.split("/")[0] == names[clip["genre"]] for clip_id, clip in part.items())


@pytest.mark.parametrize("name", NAMES)
def test_folder_gives_the_same_as_the_archive(real, name, data_folder, tmp_path, build, read_parts):
    kind, _, parts = real(name)
    archive = kind.find_source([data_folder / "manual"])
    with zipfile.ZipFile(archive) as file:
        file.extractall(tmp_path / "manual" / kind.name)
    unpacked = read_parts(build(kind, tmp_path / "manual"))
    for part, clips in parts.items():
        assert {n: c["identity"] for n, c in clips.items()} == {n: c["identity"] for n, c in unpacked[part].items()}
        assert list(clips) == list(unpacked[part])
        for clip_id in list(clips)[::25]:
            np.testing.assert_array_equal(clips[clip_id]["audio"], unpacked[part][clip_id]["audio"])
