"""The manifest: frozen, audited, and noticed when somebody edits it."""

from __future__ import annotations

import dataclasses
import json
import os
from collections import Counter

import pytest

from benchmark import manifest, registry
from benchmark.errors import BenchmarkError, DatasetError, SplitError
from benchmark.files import canonical, fingerprint
from benchmark.manifest import Manifest, split_record
from tasks.base import GroupKFold, LeaveOneGroupOut, Predefined

GROUPED = dataclasses.replace(registry.task("emodb"), split=GroupKFold(3))
PARTS = registry.task("emodb_serab")


def clip(group: int, number: int) -> dict:
    part = ("test", "validation", "train", "train", "train")[group]
    return {
        "id": f"wav/{group}/{number}.wav",
        "identity": fingerprint([group, number]),
        "samples": 1000 + number,
        "rate": 16000,
        "part": part,
        "features": {"label": "ab"[number % 2], "speaker_id": f"s{group}"},
        "splits": {},
    }


@pytest.fixture
def bare() -> Manifest:
    return Manifest(
        dataset="emodb",
        version="1.0.0",
        variant="16k",
        builder_sha256="0" * 64,
        classes={"label": ["a", "b"]},
        facts={"found": {"clips": 20}},
        clips=[clip(group, number) for group in range(5) for number in range(4)],
    )


def test_round_trip(bare, tmp_path):
    full = bare.with_splits([GROUPED, PARTS])
    file = tmp_path / "emodb.json"
    assert manifest.write(full, file)
    assert manifest.read("emodb", file) == full
    before = file.stat()
    assert not manifest.write(full, file)
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert not manifest.write(manifest.read("emodb", file), file)


def test_one_line_a_clip(bare, tmp_path):
    manifest.write(bare, tmp_path / "m.json")
    lines = (tmp_path / "m.json").read_text().splitlines()
    rows = [line for line in lines if line.startswith('{"features"')]
    assert [json.loads(row.rstrip(","))["id"] for row in rows] == [c["id"] for c in bare.clips]


def test_a_hard_linked_copy_stays(bare, tmp_path):
    file, linked = tmp_path / "m.json", tmp_path / "cached.json"
    manifest.write(bare, file)
    os.link(file, linked)
    manifest.write(bare.with_splits([GROUPED]), file)
    assert manifest.read("emodb", linked) == bare


def test_an_absent_manifest_is_none(tmp_path):
    assert manifest.read("emodb", tmp_path / "no.json") is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"label":"a"', '"label":"b"'),
        ('"test"', '"train"'),
        ('"speaker_id":"s1"', '"speaker_id":"s2"'),
        ("1001", "1003"),
    ],
)
def test_an_edit_is_noticed(bare, tmp_path, old, new):
    file = tmp_path / "emodb.json"
    manifest.write(bare, file)
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(DatasetError, match=r"emodb\.json was edited: .*Remove the file and run 'moodbench prepare'"):
        manifest.read("emodb", file)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2], r"is no manifest \(JSONDecodeError"),
        (lambda text: "", r"is no manifest \(JSONDecodeError"),
        (lambda text: "[]", r"is no manifest \((TypeError|AttributeError)"),
        (lambda text: "null", r"is no manifest \((TypeError|AttributeError)"),
        (lambda text: "{}", r"is no manifest \(KeyError: 'schema_version'"),
        (
            lambda text: text.replace('"schema_version":1', '"schema_version":0'),
            r"has schema version 0, this moodbench reads 1: it was made by an older moodbench\. Remove the file",
        ),
        (lambda text: text.replace('"schema_version":1', '"schema_version":null'), "has schema version None, this"),
        (lambda text: text.replace('"samples":1001', '"samples":NaN'), r"is no manifest \(ValueError"),
        (lambda text: text.replace('"variant":"16k",\n', ""), "was edited"),
        (lambda text: text.replace('"facts"', '"fact"'), "was edited"),
        (lambda text: "<<<<<<< HEAD\n" + text, r"is no manifest \(a merge conflict stands in it\)"),
        (lambda text: "\udcff", r"is no manifest \(UnicodeDecodeError"),
    ],
)
def test_a_damaged_manifest(bare, tmp_path, damage, message):
    file = tmp_path / "emodb.json"
    manifest.write(bare, file)
    file.write_bytes(damage(file.read_text()).encode("utf-8", "surrogateescape"))
    with pytest.raises(DatasetError, match=rf"emodb\.json {message}"):
        manifest.read("emodb", file)


def test_a_newer_manifest_is_not_one_to_be_made_anew(bare, tmp_path):
    """`prepare` replaces what is a DatasetError; what a newer moodbench wrote is not to be lost."""
    file = tmp_path / "emodb.json"
    manifest.write(bare, file)
    file.write_text(file.read_text().replace('"schema_version":1', '"schema_version":7'))
    with pytest.raises(
        BenchmarkError, match=r"schema version 7, this .* reads 1: .* newer moodbench\. Update"
    ) as caught:
        manifest.read("emodb", file)
    assert not isinstance(caught.value, DatasetError)


def test_a_manifest_of_another_dataset_is_refused(bare, tmp_path):
    file = tmp_path / "ravdess.json"
    manifest.write(bare, file)
    with pytest.raises(DatasetError, match=r"ravdess\.json belongs to dataset 'emodb', expected 'ravdess'"):
        manifest.read("ravdess", file)


def test_foreign_fields_with_a_right_hash_are_refused(bare, tmp_path):
    """What a future version might write under the same schema number by mistake."""
    file = tmp_path / "emodb.json"
    body = {f.name: getattr(bare, f.name) for f in dataclasses.fields(bare)} | {"surprise": 1}
    file.write_text(canonical({"schema_version": 1, "content_sha256": fingerprint(body), **body}))
    with pytest.raises(DatasetError, match=r"emodb\.json is no manifest .*surprise"):
        manifest.read("emodb", file)


# -- splits ---------------------------------------------------------------------------------------


def test_splits_are_frozen_columns(bare):
    full = bare.with_splits([GROUPED, PARTS])
    assert set(full.clips[0]["splits"]) == {"emodb", "emodb_serab"}
    assert full.split(PARTS) == [c["part"] for c in bare.clips]
    assert full.with_splits([GROUPED, PARTS]) is full
    assert bare.clips[0]["splits"] == {}, "the manifest that was asked is not changed"


def test_a_column_is_kept_while_its_policy_stays(bare):
    """A frozen split survives another scikit-learn, and a new task beside it."""
    first = bare.with_splits([GROUPED])
    frozen = [(fold + 1) % 3 for fold in first.split(GROUPED)]  # as another version would have drawn it
    clips = [{**c, "splits": {"emodb": fold}} for c, fold in zip(first.clips, frozen, strict=True)]
    moved = dataclasses.replace(first, clips=clips)
    both = moved.with_splits([GROUPED, PARTS])
    assert both.split(GROUPED) == frozen
    assert both.split(PARTS) == [c["part"] for c in bare.clips]
    changed = dataclasses.replace(GROUPED, split=LeaveOneGroupOut())
    assert both.with_splits([changed, PARTS]).split(changed) == [
        int(c["features"]["speaker_id"][1:]) for c in bare.clips
    ]
    assert set(both.with_splits([PARTS]).clips[0]["splits"]) == {"emodb_serab"}


def test_numbers_and_tags_are_split_by_groups_alone(bare):
    """As many labels as clips: no stratification, and the record says so; another kind is another column."""
    clips = [{**c, "features": {**c["features"], "value": number / 7}} for number, c in enumerate(bare.clips)]
    numbers = dataclasses.replace(GROUPED, target="value", kind="regression")
    full = dataclasses.replace(bare, clips=clips).with_splits([numbers])
    assert full.splits["emodb"]["stratified"] is False
    folds = dict(zip(bare.column("speaker_id"), full.split(numbers), strict=True))
    assert sorted(Counter(folds.values()).values()) == [1, 2, 2], "five groups of one size in three folds"
    classes = dataclasses.replace(numbers, kind="multiclass")
    assert "stratified" not in split_record(classes)
    with pytest.raises(DatasetError, match="no current split"):
        full.split(classes)
    assert "stratified" not in split_record(dataclasses.replace(PARTS, kind="multilabel"))


@pytest.mark.parametrize("field", [{"split": GroupKFold(4)}, {"target": "speaker_id"}, {"group": "label"}])
def test_a_changed_question_has_no_current_split(bare, field):
    full = bare.with_splits([GROUPED])
    changed = dataclasses.replace(GROUPED, **field)
    assert split_record(changed) != split_record(GROUPED)
    with pytest.raises(DatasetError, match="no current split for task 'emodb'; run prepare"):
        full.split(changed)


def test_a_group_in_two_parts_stops_the_split(bare):
    bare.clips[0]["features"]["speaker_id"] = "s4"
    with pytest.raises(SplitError, match="group 's4' is in both 'test' and 'train'"):
        bare.with_splits([PARTS])


def test_an_unknown_feature_is_named(bare):
    with pytest.raises(DatasetError, match=r"'emodb' has no feature 'mood'; found label, speaker_id"):
        bare.column("mood")
    assert bare.column("speaker_id")[:5] == ["s0"] * 4 + ["s1"]


# -- identity -------------------------------------------------------------------------------------


def edited(found: Manifest, **change) -> Manifest:
    clips = [dict(c) for c in found.clips]
    clips[3].update(change)
    return dataclasses.replace(found, clips=clips)


@pytest.mark.parametrize(
    "change", [{"identity": "f" * 64}, {"samples": 999}, {"rate": 8000}, {"part": "train"}, {"id": "other"}]
)
def test_the_fingerprint_follows_what_can_change_a_vector(bare, change):
    assert edited(bare, **change).clips_fingerprint != bare.clips_fingerprint


def test_the_fingerprint_follows_members_and_variant(bare):
    assert dataclasses.replace(bare, clips=bare.clips[1:]).clips_fingerprint != bare.clips_fingerprint
    assert dataclasses.replace(bare, variant="").clips_fingerprint != bare.clips_fingerprint


def test_the_fingerprint_leaves_out_labels_splits_and_builder(bare):
    same = [
        edited(bare, features={"label": "z", "speaker_id": "s9"}),
        bare.with_splits([GROUPED]),
        dataclasses.replace(bare, builder_sha256="1" * 64, facts={}, classes={}, version="2.0.0"),
    ]
    assert {found.clips_fingerprint for found in same} == {bare.clips_fingerprint}


def test_the_predefined_policy_needs_parts(bare):
    clips = [{**c, "part": "train"} for c in bare.clips]
    with pytest.raises(SplitError, match="no clip is in the part 'validation'"):
        dataclasses.replace(bare, clips=clips).with_splits([dataclasses.replace(PARTS, split=Predefined())])
