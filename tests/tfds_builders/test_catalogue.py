"""The adapters of TFDS's own catalogue, over what TFDS's own builders prepared from stand-in clips."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import zipfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from tensorflow_datasets.proto import tf_example_pb2

from benchmark import datasets, registry
from benchmark.errors import DatasetError, Unavailable
from tfds_builders.common.errors import SourceError
from tfds_builders.common.parts import PARTS
from tfds_builders.common.prepared import Prepared, find_prepared

SCRIPT = Path(__file__).with_name("prepare_catalogue.py")

# serab_splits.md; the other 63 actors of CREMA-D are in training
SAVEE = {"train": "JK KL", "validation": "JE", "test": "DC"}
CREMA_D = {
    "validation": "1015 1079 1020 1030 1050 1089 1090 1070 1021",
    "test": "1086 1073 1026 1038 1047 1040 1066 1059 1013 1071 1037 1022 1084 1010 1088 1068 1065 1048 1045",
}
SAVEE_LABELS = {
    "a": "anger", "d": "disgust", "f": "fear", "h": "happiness", "n": "neutral", "sa": "sadness", "su": "surprise",
}  # fmt: skip
CREMA_D_LABELS = {
    "NEU": "neutral", "HAP": "happiness", "SAD": "sadness", "ANG": "anger", "FEA": "fear", "DIS": "disgust",
}  # fmt: skip

# speaker -> (clip, which samples): DC has one recording under three names, JE's stands under JK's name too
SAVEE_CLIPS = {
    "DC": {"a01": 1, "a02": 1, "n01": 1, "su01": 2},
    "JE": {"d01": 3, "sa01": 4},
    "JK": {"f01": 4, "h01": 5},
    "KL": {"n01": 6, "sa01": 7},
}
CREMA_D_CLIPS = {str(1001 + number): list(CREMA_D_LABELS)[number % 6] for number in range(91)}  # speaker -> emotion


@pytest.fixture(scope="module")
def clips(tone):
    """(dataset, speaker, label) of a stand-in clip -> its samples, one list a key."""
    found: dict[tuple[str, str, str], list[list[int]]] = {}
    for speaker, names in SAVEE_CLIPS.items():
        for name, number in names.items():
            key = ("savee", speaker, SAVEE_LABELS[name[:-2]])
            found.setdefault(key, []).append(tone(number).tolist())
    for number, (speaker, label) in enumerate(CREMA_D_CLIPS.items()):
        found["crema_d", speaker, CREMA_D_LABELS[label]] = [tone(number, 100).tolist()]
    return found


@pytest.fixture(scope="module")
def tfds_folder(tmp_path_factory, tone, encoded):
    """A TFDS data folder with `savee` as tfrecord and `crema_d` as array_record, made by TFDS's own builders."""
    if find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed (extra hub)")
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("tfds")
    with zipfile.ZipFile(source / "AudioData.zip", "w") as archive:
        for speaker, names in SAVEE_CLIPS.items():
            for name, number in names.items():
                archive.writestr(f"AudioData/{speaker}/{name}.wav", encoded(tone(number), 44100))
    table = ['"","FileName"', '"1","1040_ITH_SAD_XX"']  # the second is one that TFDS leaves out
    for number, (speaker, label) in enumerate(CREMA_D_CLIPS.items()):
        table.append(f'"2","{speaker}_IEO_{label}_XX"')
        (source / f"{speaker}_IEO_{label}_XX.wav").write_bytes(encoded(tone(number, 100), 16000))
    table.append('"3","1076_MTI_SAD_XX"')
    (source / "1076_MTI_SAD_XX.wav").write_bytes(encoded(np.empty(0, np.int16), 16000))
    (source / "summaryTable.csv").write_text("\n".join(table) + "\n")
    command = [sys.executable, str(SCRIPT), str(source), str(folder), "savee:tfrecord", "crema_d:array_record"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=source, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.mark.parametrize("name", ["savee", "crema_d"])
def test_samples_labels_and_speakers_are_tfds_own(tfds_folder, clips, builder_class, build, read_parts, name):
    builder = build(builder_class(f"tfds_{name}"), tfds_folder)
    names = builder.info.features["label"].names
    found: dict[tuple[str, str, str], list[list[int]]] = {}
    for part in read_parts(builder).values():
        for clip in part.values():
            found.setdefault((name, clip["speaker_id"], names[clip["label"]]), []).append(clip["audio"].tolist())
    assert found == {key: samples for key, samples in clips.items() if key[0] == name}


def test_parts_are_tfds_own_and_serabs(tfds_folder, builder_class, build, read_parts):
    others = " ".join(set(CREMA_D_CLIPS) - set(" ".join(CREMA_D.values()).split()))
    for name, expected in (("savee", SAVEE), ("crema_d", {**CREMA_D, "train": others})):
        parts = read_parts(build(builder_class(f"tfds_{name}"), tfds_folder))
        speakers = {part: {clip["speaker_id"] for clip in clips.values()} for part, clips in parts.items()}
        assert speakers == {part: set(members.split()) for part, members in expected.items()}
    assert len(others.split()) == 63


def test_facts_and_what_is_left_out(tfds_folder, builder_class, build):
    savee = build(builder_class("tfds_savee"), tfds_folder).info.metadata
    assert savee["found"] == {
        "clips": 10, "rates": {"44100": 10}, "channels": {"1": 10}, "extensions": {"pcm": 10},
        "seconds": round(200 / 44100, 3), "left_out": 0,
    }  # fmt: skip
    assert savee["variant"].endswith("partial")
    crema_d = build(builder_class("tfds_crema_d"), tfds_folder).info.metadata
    assert (crema_d["found"]["clips"], crema_d["found"]["left_out"]) == (91, 1), "a clip without samples"
    assert crema_d["found"]["rates"] == {"16000": 91}


def test_one_recording_under_several_names(tfds_folder, builder_class, build, read_parts):
    """Equal samples: ids by speaker, then in the order of TFDS's labels; identities tell that they are equal."""
    builder = build(builder_class("tfds_savee"), tfds_folder)
    names = builder.info.features["label"].names
    clips = {name: clip for part in read_parts(builder).values() for name, clip in part.items()}
    (plain,) = (name[:-2] for name in clips if name.endswith("-3"))
    labels = [names[clips[name]["label"]] for name in (plain, f"{plain}-2", f"{plain}-3")]
    assert labels == ["anger", "anger", "neutral"]
    assert plain.startswith("DC/")
    assert sorted(Counter(clip["identity"] for clip in clips.values()).values()) == [1, 1, 1, 1, 1, 2, 3]


# -- from here on over the dummy data, which TFDS's own builders prepared too --------------------------


@pytest.fixture
def savee(tmp_path, dummy_folder):
    """A TFDS data folder of one's own, and in it the folder of savee/1.0.0."""
    folder = tmp_path / "tfds" / "savee" / "1.0.0"
    shutil.copytree(dummy_folder("tfds_savee") / "1.0.0", folder)
    return folder


def records(file: Path) -> list[bytes]:
    raw, found = file.read_bytes(), []
    while raw:
        (length,) = struct.unpack("<Q", raw[:8])
        found.append(raw[12 : 12 + length])
        raw = raw[16 + length :]
    return found


def write_records(file: Path, found: list[bytes]) -> None:
    file.write_bytes(b"".join(struct.pack("<QI", len(one), 0) + one + bytes(4) for one in found))


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def content(parts):
    return {
        part: {
            name: (c["identity"], c["audio"].tolist(), int(c["label"]), c["speaker_id"]) for name, c in found.items()
        }
        for part, found in parts.items()
    }


def test_neither_order_nor_shards_change_a_clip(savee, builder_class, build, read_parts):
    before = content(read_parts(build(builder_class("tfds_savee"), savee.parents[1])))
    file = savee / "savee-train.tfrecord-00000-of-00001"
    found = records(file)[::-1]
    assert len(found) == 6
    file.unlink()
    write_records(savee / "savee-train.tfrecord-00000-of-00002", found[:4])
    write_records(savee / "savee-train.tfrecord-00001-of-00002", found[4:])
    info = json.loads((savee / "dataset_info.json").read_text())
    info["splits"][0]["shardLengths"] = ["4", "2"]
    (savee / "dataset_info.json").write_text(json.dumps(info))
    assert content(read_parts(build(builder_class("tfds_savee"), savee.parents[1]))) == before


def example(audio, label=0, speaker=b"DC") -> bytes:
    message = tf_example_pb2.Example()
    message.features.feature["audio"].int64_list.value.extend(audio)
    message.features.feature["label"].int64_list.value.append(label)
    message.features.feature["speaker_id"].bytes_list.value.append(speaker)
    return message.SerializeToString()


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (example([0, 40000]), r"samples from 0 to 40000; expected 16-bit"),
        (example([1, 2], label=9), "KeyError: 9"),
        (example([1, 2], label=-1), "KeyError: -1"),
        (example([1, 2])[:-5], "DecodeError"),
        (b"", "TypeError"),
    ],
    ids=["loud", "unknown label", "no label", "cut", "empty"],  # protobuf writes a map in any order
)
def test_a_damaged_record_is_named(savee, builder_class, build, record, found):
    file = savee / "savee-validation.tfrecord-00000-of-00001"
    write_records(file, [*records(file)[:2], record])
    with pytest.raises(SourceError, match=rf"tfds_savee: record 2 of the part validation of savee/1.0.0 .*{found}"):
        build(builder_class("tfds_savee"), savee.parents[1])


@pytest.mark.parametrize("cut", [3, 14, 30])
def test_a_cut_file(savee, builder_class, build, cut):
    file = savee / "savee-test.tfrecord-00000-of-00001"
    file.write_bytes(file.read_bytes()[:-cut])
    with pytest.raises(SourceError, match=r"savee/1.0.0 cannot be read: found a cut or damaged savee-test"):
        build(builder_class("tfds_savee"), savee.parents[1])


def test_a_damaged_array_record(tfds_folder, tmp_path, builder_class, build):
    shutil.copytree(tfds_folder / "crema_d", tmp_path / "crema_d")
    (tmp_path / "crema_d/1.0.0/crema_d-test.array_record-00000-of-00001").write_bytes(b"x" * 100)
    with pytest.raises(SourceError, match=r"crema_d/1.0.0 cannot be read: found a cut or damaged crema_d-test"):
        build(builder_class("tfds_crema_d"), tmp_path)


def test_a_record_too_few(savee, builder_class, build):
    file = savee / "savee-train.tfrecord-00000-of-00001"
    write_records(file, records(file)[:-1])
    with pytest.raises(SourceError, match=r"found 5 of 6 records in savee-train"):
        build(builder_class("tfds_savee"), savee.parents[1])


def test_a_file_too_few(savee, builder_class, build):
    (savee / "savee-train.tfrecord-00000-of-00001").unlink()
    with pytest.raises(SourceError, match=r"found .*No such file.*savee-train.*let TFDS prepare it again"):
        build(builder_class("tfds_savee"), savee.parents[1])


@pytest.mark.parametrize(
    ("file", "old", "new", "found"),
    [
        ("features.json", '"sampleRate": "44100",', "", "audio stored as"),
        ("features.json", '"encoding": "NONE"', '"encoding": "ZLIB"', "audio stored as"),
        ("features.json", '"fileFormat": "wav"', '"fileFormat": "wav", "lazyDecode": true', "audio stored as"),
        ("features.json", '"speaker_id"', '"singer_id"', "the features audio, label, singer_id"),
        ("features.json", "{", "", "JSONDecodeError"),
        ("dataset_info.json", '"fileFormat": "tfrecord"', '"fileFormat": "riegeli"', "riegeli files named"),
        ("dataset_info.json", "{DATASET}-{SPLIT}", "{SPLIT}", "tfrecord files named {SPLIT}"),
        ("label.labels.txt", "disgust\n", "", "the classes anger, fear,"),
        ("dataset_info.json", '"name": "test"', '"name": "dev"', "the parts train, validation, dev"),
    ],
)
def test_another_kind_of_dataset(savee, builder_class, build, file, old, new, found):
    edit(savee / file, old, new)
    with pytest.raises(SourceError, match=found):
        build(builder_class("tfds_savee"), savee.parents[1])


def test_no_record_at_all(savee):
    prepared = Prepared.open(savee)
    assert (prepared.rate, prepared.labels[-1], set(prepared.shards)) == (44100, "surprise", set(PARTS))
    (savee / "savee-test.tfrecord-00000-of-00001").write_bytes(b"")
    with pytest.raises(SourceError, match="found 0 of 3 records"):
        list(prepared.records("test"))


# -- where it is looked for -----------------------------------------------------------------------


def test_places(savee, tmp_path):
    """A manual folder, the dataset's own folder, or TFDS's manual folder beside which it was prepared."""
    root, manual = savee.parents[1], savee.parents[1] / "downloads" / "manual"
    for folder in (root, savee.parent, manual):
        assert find_prepared([tmp_path / "nowhere", folder], "savee/1.0.0") == savee
        assert find_prepared([folder], "savee/1.0.1") is None
        assert find_prepared([folder], "crema_d/1.0.0") is None
    edit(savee / "dataset_info.json", '"version": "1.0.0"', '"version": "1.0.1"')
    assert find_prepared([root], "savee/1.0.0") is None
    (savee / "dataset_info.json").unlink()  # TFDS writes it last
    assert find_prepared([root], "savee/1.0.0") is None


def test_the_engine_finds_what_tfds_prepared(savee, monkeypatch, tmp_path):
    monkeypatch.delenv("MOODBENCH_DATA", raising=False)
    monkeypatch.setenv("TFDS_DATA_DIR", str(savee.parents[1]))
    source = datasets.find_source("tfds_savee")
    assert source.path == savee
    own = [task for task in registry.tasks().values() if task.dataset == "tfds_savee"]
    assert {task.name for task in own} == {"savee", "savee_serab"}
    listed = datasets.base_manifest("tfds_savee").with_splits(own)
    assert {clip["features"]["speaker_id"] for clip in listed.clips} == {"DC", "JE", "JK", "KL"}
    assert str(tmp_path) not in json.dumps([listed.facts, listed.clips])
    before = datasets.prepared_folder("tfds_savee", source)
    file = savee / "savee-test.tfrecord-00000-of-00001"
    write_records(file, [*records(file)[:-1], example([5, 6, 7])])
    changed = datasets.find_source("tfds_savee")
    assert datasets.prepared_folder("tfds_savee", changed) != before
    assert any(clip["samples"] == 3 for clip in datasets.base_manifest("tfds_savee").clips)
    edit(savee / "label.labels.txt", "anger", "rage")
    with pytest.raises(DatasetError, match="found the classes rage"):
        datasets.base_manifest("tfds_savee")


@pytest.mark.parametrize(("dataset", "hint"), [("tfds_savee", "AudioData.zip"), ("tfds_crema_d", "crema_d")])
def test_absent(tmp_path, monkeypatch, dataset, hint):
    monkeypatch.delenv("MOODBENCH_DATA", raising=False)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    name = dataset.removeprefix("tfds_")
    with pytest.raises(Unavailable, match=rf"{dataset} needs {name}/1.0.0\. .*{hint}.*tfds.builder\('{name}'\)"):
        datasets.find_source(dataset)


def test_nothing_prepared(tmp_path, builder_class, build):
    with pytest.raises(SourceError, match=r"tfds_savee: the prepared dataset is missing: .*expected savee/1.0.0\. Let"):
        build(builder_class("tfds_savee"), tmp_path)
