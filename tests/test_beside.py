"""Tables and second archives beside a corpus: part of what it is, never served stale, asked for when missing."""

from __future__ import annotations

import shutil
import zipfile

import pytest

from benchmark import datasets, manifest, paths, preparing, registry
from benchmark.errors import Unavailable
from benchmark.hashing import file_sha256
from tfds_builders.common.source import Beside, Source

TOP = "emotifymusic/"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MOODBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def dummy(name):
    return paths.BUILDERS / name / "dummy_data"


@pytest.fixture
def emotify(manual, pack):
    """The dummy corpus with both of its tables beside the archive; answers the tables' texts."""
    with zipfile.ZipFile(dummy("emotify") / "emotifymusic.zip") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    answers, artists = (members.pop(f"{TOP}{name}") for name in ("data.csv", "artists.csv"))
    pack(manual / "emotifymusic.zip", members)
    (manual / "data.csv").write_bytes(answers)
    (manual / "artists.csv").write_bytes(artists)
    return {"data.csv": answers, "artists.csv": artists}


def with_power(answers):
    """The answers in which track 101, rock/1.mp3, felt powerful to all: vitality."""
    lines = [
        b"101,rock,0,0,0,0,0,1,0,0,0,3,1,0,99,1,Dummy" if line[:4] == b"101," else line for line in answers.split(b"\n")
    ]
    return b"\n".join(lines)


def column(name):
    return {clip["id"]: clip["features"][name] for clip in datasets.base_manifest("emotify").clips}


# -- what is there --------------------------------------------------------------------------------


def test_files_and_archives_in_any_spelling(tmp_path):
    found = Beside(("b.csv", "a.csv", "second.zip", "third.zip")).found
    assert found(tmp_path) == []
    for name in ("a.csv", "second.tar.gz"):
        (tmp_path / name).write_bytes(b"x")
    for folder in ("third", "b.csv"):
        (tmp_path / folder).mkdir()
    assert found(tmp_path) == [tmp_path / "a.csv", tmp_path / "second.tar.gz", tmp_path / "third"]


ARCHIVES = [name for name in registry.datasets() if dummy(name).is_dir() and not name.startswith("tfds_")]


@pytest.mark.parametrize("name", ARCHIVES)
def test_builders_declare_all_that_they_read_beside_their_archive(name, monkeypatch, cache):
    asked: set[str] = set()
    table, sibling = Source.table, Source.sibling

    def note_table(self, inside, beside, archives=()):
        asked.update((inside, beside, *archives))
        return table(self, inside, beside, archives)

    def note_sibling(self, archives):
        asked.update(archives)
        return sibling(self, archives)

    monkeypatch.setattr(Source, "table", note_table)
    monkeypatch.setattr(Source, "sibling", note_sibling)
    kind = registry.dataset_builder(name)
    for config in kind.builder_configs or [None]:
        path = kind.find_source([dummy(name)])
        kind(data_dir=cache, config=config, file_format="array_record").inspect(path)
    assert asked == {each for beside in kind.BESIDE for each in beside.names}


# -- never stale ----------------------------------------------------------------------------------


def test_a_changed_table_gives_new_labels(emotify, manual):
    before, genres = column("mood3"), column("genre")
    assert before["rock/1.mp3"] == "sublimity"
    key = datasets.find_source("emotify").signature
    (manual / "data.csv").write_bytes(with_power(emotify["data.csv"]))
    assert datasets.find_source("emotify").signature != key
    after = column("mood3")
    assert after["rock/1.mp3"] == "vitality"
    assert {name for name in before if before[name] != after[name]} == {"rock/1.mp3"}
    assert column("genre") == genres


def test_an_optional_table_gives_new_groups(emotify, manual):
    first = column("artist_id")
    (manual / "artists.csv").write_bytes(emotify["artists.csv"].replace(b"Artist 3", b"Artist 4"))
    changed = column("artist_id")
    assert {name for name in first if first[name] != changed[name]} == {"rock/1.mp3", "classical/3.mp3"}


def test_a_changed_second_archive_gives_new_labels(manual, pack):
    for file in dummy("fma_small").iterdir():
        shutil.copy(file, manual)
    with zipfile.ZipFile(manual / "fma_metadata.zip") as archive:
        tables = {name: archive.read(name) for name in archive.namelist()}

    def genre():
        return {c["id"]: c["features"]["genre"] for c in datasets.base_manifest("fma_small").clips}["000/000005.mp3"]

    assert genre() == "Experimental"
    name = "fma_metadata/tracks.csv"
    tables[name] = tables[name].replace(b"Experimental,track 5", b"Pop,track 5")
    pack(manual / "fma_metadata.zip", tables)
    assert genre() == "Pop"


def test_the_manifest_follows_a_table_that_is_put_back(emotify, manual, project, inline_workers, monkeypatch):
    """What is built already is found again, and the manifest must not stay with the table in between."""
    monkeypatch.setattr(registry, "tasks", dict)  # they want more clips than these ten

    def moods():
        assert preparing.dataset("emotify", skip_broken=False)[0].state == "ready"
        return {clip["id"]: clip["features"]["mood3"] for clip in manifest.read("emotify").clips}

    first = moods()
    (manual / "data.csv").write_bytes(with_power(emotify["data.csv"]))
    assert moods() != first
    (manual / "data.csv").write_bytes(emotify["data.csv"])
    assert moods() == first


def test_the_table_of_a_corpus_of_ones_own_is_part_of_its_code(tmp_path, monkeypatch):
    root = tmp_path / "clone"
    for name in ("common", "emodb"):
        shutil.copytree(paths.BUILDERS / name, root / "tfds_builders" / name)
    monkeypatch.setattr(paths, "ROOT", root)
    monkeypatch.setattr(paths, "BUILDERS", root / "tfds_builders")
    before = datasets.code_hash("emodb")
    table = paths.BUILDERS / "emodb" / "table.csv"
    table.write_text("path,label,group\na.wav,joy,anna\n")
    first = datasets.code_hash("emodb")
    table.write_text("path,label,group\na.wav,anger,anna\n")
    assert len({before, first, datasets.code_hash("emodb")}) == 3


def test_what_belongs_to_another_corpus_changes_nothing(manual, emotify):
    alone = datasets.find_source("emodb").signature
    assert alone == file_sha256(manual / "download.zip")
    (manual / "data.csv").write_bytes(b"changed")
    assert datasets.find_source("emodb").signature == alone


# -- missing --------------------------------------------------------------------------------------


def test_a_missing_table_is_a_state_with_the_way_out(emotify, manual):
    (manual / "data.csv").unlink()
    with pytest.raises(Unavailable) as told:
        datasets.find_source("emotify")
    assert told.value.what == (
        "file missing: emotify needs data.csv or emotify_data.csv in emotifymusic.zip or beside it"
    )
    assert "Put emotifymusic.zip" in told.value.way_out
    assert told.value.way_out.endswith(f"It belongs into {manual}.")


@pytest.mark.parametrize("name", ["fma_metadata.zip", "fma_metadata"])
def test_a_missing_second_archive_is_a_state(manual, name):
    shutil.copy(dummy("fma_small") / "fma_small.zip", manual)
    with pytest.raises(Unavailable, match=r"fma_small needs fma_metadata\.zip beside fma_small\.zip\. Two files are"):
        datasets.find_source("fma_small")
    if name.endswith(".zip"):
        shutil.copy(dummy("fma_small") / name, manual)
    else:
        (manual / name).mkdir()
        (manual / name / "tracks.csv").write_bytes(b"x")
    assert datasets.find_source("fma_small").path == manual / "fma_small.zip"


def test_a_table_inside_the_archive_is_enough_and_looked_for_once(manual, monkeypatch):
    shutil.copy(dummy("emotify") / "emotifymusic.zip", manual)
    assert datasets.find_source("emotify").signature == file_sha256(manual / "emotifymusic.zip")
    monkeypatch.setattr(Source, "__init__", lambda *_: pytest.fail("opened again"))
    datasets.find_source("emotify")


def test_an_optional_table_may_be_missing(emotify, manual):
    (manual / "artists.csv").unlink()
    assert datasets.find_source("emotify").path == manual / "emotifymusic.zip"


def test_a_damaged_archive_is_not_taken_for_a_missing_table(emotify, manual):
    (manual / "data.csv").unlink()
    (manual / "emotifymusic.zip").write_bytes(b"PK no archive")
    with pytest.raises(datasets.DatasetError, match=r"emotifymusic\.zip cannot be read"):
        datasets.base_manifest("emotify")


def test_a_stage_goes_on_without_the_table(emotify, manual, project):
    (manual / "data.csv").unlink()
    readiness, listed = preparing.dataset("emotify", skip_broken=False)
    assert (readiness.state, listed) == ("unavailable", None)
    assert "needs data.csv" in readiness.reason
