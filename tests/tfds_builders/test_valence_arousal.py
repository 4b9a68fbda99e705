"""emoMusic and DEAM: ratings and artists from a second archive, and what is missing in them."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tfds_builders.common.errors import SourceError

SECOND = {"emomusic": "annotations.tar.gz", "deam": "DEAM_Annotations.zip"}


def unpacked(file: Path) -> dict[str, bytes]:
    if file.suffix == ".zip":
        with zipfile.ZipFile(file) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(file) as archive:
        return {entry.name: archive.extractfile(entry).read() for entry in archive.getmembers()}


def packed(file: Path, members: dict[str, bytes]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".zip":
        with zipfile.ZipFile(file, "w") as archive:
            for name, raw in members.items():
                archive.writestr(name, raw)
        return
    with tarfile.open(file, "w:gz") as archive:
        for name, raw in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(raw)
            archive.addfile(entry, io.BytesIO(raw))


@pytest.fixture
def corpus(dummy_folder, builder_class):
    """`corpus(name)` answers the members of the clips' archive and of the second one."""
    return lambda name: (
        unpacked(dummy_folder(name) / builder_class(name).ARCHIVES[0]),
        unpacked(dummy_folder(name) / SECOND[name]),
    )


@pytest.fixture
def made(tmp_path, builder_class, build, read_parts):
    def make(name, clips, tables=None):
        packed(tmp_path / "m" / builder_class(name).ARCHIVES[0], clips)
        if tables is not None:
            packed(tmp_path / "m" / SECOND[name], tables)
        builder = build(builder_class(name), tmp_path / "m")
        return builder, read_parts(builder)

    return make


def ratings_of(parts):
    return {
        clip_id: (round(float(clip["valence"]), 4), round(float(clip["arousal"]), 4))
        for part in parts.values()
        for clip_id, clip in part.items()
    }


def test_emomusic_ratings_and_artists(made, corpus):
    builder, parts = made("emomusic", *corpus("emomusic"))
    assert ratings_of(parts) == {
        "2.mp3": (3.1, 3.0),
        "3.mp3": (3.5, 3.3),
        "4.mp3": (5.7, 5.5),
        "5.mp3": (4.4, 5.3),
        "7.mp3": (5.8, 6.4),
        "8.mp3": (3.2, 4.8),
        "10.mp3": (4.0, 4.7),
    }
    artists = {clip_id: clip["artist_id"] for part in parts.values() for clip_id, clip in part.items()}
    assert artists["3.mp3"] == artists["4.mp3"] == "yo la tengo", "spelled with one and with two blanks"
    assert artists["2.mp3"] == artists["7.mp3"] == "the new mystikal troubadours"
    assert len(set(artists.values())) == 5
    assert builder.info.features["valence"].np_dtype == np.float32


def test_deam_ratings_of_both_tables(made, corpus):
    builder, parts = made("deam", *corpus("deam"))
    assert ratings_of(parts) == {
        "2.mp3": (3.0, 4.0),
        "10.mp3": (3.5, 4.25),
        "1001.mp3": (4.0, 4.5),
        "1024.mp3": (4.5, 4.75),
        "2001.mp3": (3.2, 6.6),  # the columns of the second table are others, with the mean of the maxima between
    }
    clips = {clip_id: clip for part in parts.values() for clip_id, clip in part.items()}
    assert {clip_id: clip["song_id"] for clip_id, clip in clips.items()} == {name: name[:-4] for name in clips}
    assert {int(clip["sample_rate"]) for clip in clips.values()} == {44100}, "an odd rate is converted"
    assert builder.info.metadata["found"]["rates"] == {"44100": 4, "16000": 1}
    assert builder.info.metadata["found"]["channels"] == {"2": 4, "1": 1}


@pytest.mark.parametrize("name", SECOND)
def test_the_second_archive_may_be_a_folder_or_its_tables_lie_beside(name, made, corpus, tmp_path):
    clips, tables = corpus(name)
    expected = ratings_of(made(name, clips, tables)[1])
    (tmp_path / "m" / SECOND[name]).unlink()
    folder = tmp_path / "m" / SECOND[name].partition(".")[0]
    for file, raw in tables.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(raw)
    assert ratings_of(made(name, clips)[1]) == expected
    for file in tables:
        (folder / file).rename(tmp_path / "m" / Path(file).name)
    assert ratings_of(made(name, clips)[1]) == expected


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("emomusic", "static_annotations.csv"),
        ("emomusic", "songs_info.csv"),
        ("deam", "static_annotations_averaged_songs_1_2000.csv"),
        ("deam", "static_annotations_averaged_songs_2000_2058.csv"),
    ],
)
def test_a_table_that_is_missing_is_named(name, table, made, corpus):
    clips, tables = corpus(name)
    left = {file: raw for file, raw in tables.items() if Path(file).name != table}
    with pytest.raises(
        SourceError, match=rf"{name}: found no {table} in or beside .*, nor in {SECOND[name]} there.*Put"
    ):
        made(name, clips, left)


@pytest.mark.parametrize("name", SECOND)
def test_no_second_archive(name, made, corpus):
    with pytest.raises(SourceError, match=rf"{name}: found no static_annotations\S* in or beside"):
        made(name, corpus(name)[0])


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("emomusic", r"line with ratings \(static_annotations.csv\)"),
        ("deam", "ratings in static_annotations_averaged_songs_1_2000.csv or"),
    ],
)
def test_a_song_without_ratings(name, missing, made, corpus):
    clips, tables = corpus(name)
    first = next(iter(clips))
    clips[f"{Path(first).parent}/999.mp3"] = clips[first]
    with pytest.raises(SourceError, match=rf"{name}: 999.mp3: found no {missing}"):
        made(name, clips, tables)


def test_a_song_without_an_artist(made, corpus):
    clips, tables = corpus("emomusic")
    tables["songs_info.csv"] = tables["songs_info.csv"].replace(b"Kraftwerkje", b" ")
    with pytest.raises(SourceError, match=r"emomusic: 10.mp3: found no line with an artist \(songs_info.csv\)"):
        made("emomusic", clips, tables)
