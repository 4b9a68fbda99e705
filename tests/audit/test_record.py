"""The stored findings: read back, refused when they are not what was written."""

from __future__ import annotations

import dataclasses
import json

import pytest

from benchmark import paths
from benchmark.audit import record
from benchmark.errors import BenchmarkError, DatasetError
from benchmark.files import fingerprint


@pytest.fixture
def stored(project, task, listing, findings):
    made = findings(listing(task()), exact=[("a1", "b1")], near=[("b2", "c2")], faults={"silent": ["c3"]})
    assert record.write(made)
    return made


def change(**fields):
    """Fields of the stored file replaced, with a sha256 that fits: as another moodbench would have written it."""
    file = paths.audit("emodb")
    found = {**json.loads(file.read_text()), **fields}
    del found["content_sha256"]
    file.write_text(json.dumps({"content_sha256": fingerprint(found), **found}))


def test_a_round_trip(stored):
    assert record.read("emodb") == stored
    before = paths.audit("emodb").stat()
    assert not record.write(stored)
    assert paths.audit("emodb").stat().st_mtime_ns == before.st_mtime_ns


def test_where_there_is_none(project):
    assert record.read("emodb") is None


def test_an_edited_file(stored):
    file = paths.audit("emodb")
    file.write_text(file.read_text().replace('"b1"', '"a2"'))
    with pytest.raises(DatasetError, match=r"emodb\.audit\.json was edited: .* Remove the file and run 'moodbench"):
        record.read("emodb")


@pytest.mark.parametrize("content", [b"", b'{"content_sha256": "', b"[]", b"{}", b'"x"', b"\xff\xfe"])
def test_a_file_that_is_no_audit(stored, content):
    paths.audit("emodb").write_bytes(content)
    with pytest.raises(DatasetError, match=r"^emodb\.audit\.json is no audit \(\w+\)\. Remove the file"):
        record.read("emodb")


def test_every_truncation_is_told(stored):
    file = paths.audit("emodb")
    whole = file.read_bytes()
    for length in range(0, len(whole) - 2, 7):
        file.write_bytes(whole[:length])
        with pytest.raises(DatasetError, match="is no audit"):
            record.read("emodb")


def test_of_a_newer_moodbench_nothing_is_replaced(stored):
    change(schema_version=record.SCHEMA_VERSION + 1, loudness={})
    with pytest.raises(BenchmarkError, match=r"made by a newer moodbench\. Update") as told:
        record.read("emodb")
    assert not isinstance(told.value, DatasetError)  # which would be made anew


def test_of_an_older_one_it_is_made_anew(stored):
    change(schema_version=0)
    with pytest.raises(DatasetError, match="made by an older moodbench"):
        record.read("emodb")


def test_a_field_of_another_kind(stored):
    change(clips="nine")
    with pytest.raises(DatasetError, match=r"is no audit \(ValidationError\)"):
        record.read("emodb")


def test_pairs_join_all_copies(stored, listing, task, findings):
    found = findings(listing(task()), exact=[("a1", "a2", "b1"), ("c1", "c2")], near=[("a2", "c3"), ("a3", "b3")])
    assert found.pairs() == [("a1", "a2"), ("a1", "b1"), ("a2", "c3"), ("a3", "b3"), ("c1", "c2")]


def test_the_fingerprint_follows_the_clips_not_their_labels(task, listing):
    listed = listing(task())
    wanted = record.wanted_fingerprint(listed)
    rows = [{**clip, "features": {**clip["features"], "label": "joy"}} for clip in listed.clips]
    assert record.wanted_fingerprint(dataclasses.replace(listed, clips=rows)) == wanted
    rows = [{**clip, "identity": "another"} for clip in listed.clips]
    assert record.wanted_fingerprint(dataclasses.replace(listed, clips=rows)) != wanted
