"""FMA's table of tracks, by hand, and archives of the official layout with the files that are known to be short."""

from __future__ import annotations

import csv
import tracemalloc
import zipfile

import numpy as np
import pytest

from tfds_builders.common.errors import SourceError
from tfds_builders.fma_small.tracks import GENRES, Track, read_tracks

HEAD = ",album,artist,artist,set,set,track,track\n,title,bio,id,split,subset,genre_top,title\ntrack_id,,,,,,,\n"


def table(*rows: str) -> bytes:
    return (HEAD + "".join(f"{row}\n" for row in rows)).encode()


def test_rows_by_hand():
    assert read_tracks(
        table(
            '2,A,"a life,\nin ""two"" lines",1,training,small,Hip-Hop,Food',
            "3,A,,1,training,medium,Hip-Hop,Electric Ave",
            "20,,,7,training,large,,Spiritual Level",
            "140,,,54,validation,small,Folk,Queen Of The Wires",
            "690,,,85,test,small,Rock,é",
        )
    ) == {2: Track("Hip-Hop", "1", "train"), 140: Track("Folk", "54", "validation"), 690: Track("Rock", "85", "test")}


def test_columns_are_found_by_their_names():
    moved = b",track,set,artist,set\n,genre_top,subset,id,split\ntrack_id,,,,\n2,Pop,small,9,test\n"
    assert read_tracks(moved) == {2: Track("Pop", "9", "test")}


def test_a_cell_beyond_the_modules_own_limit():
    limit = csv.field_size_limit()
    assert read_tracks(table(f"2,,{'x' * (limit + 1)},1,training,small,Pop,")) == {2: Track("Pop", "1", "train")}
    assert csv.field_size_limit() == limit


def test_an_artist_in_two_official_parts_is_refused():
    rows = ("2,,,1,training,small,Pop,", "5,,,2,test,small,Pop,", "7,,,1,test,small,Rock,")
    with pytest.raises(SourceError, match=r"artist 1 in train \(track 2\) and test \(track 7\); expected every artist"):
        read_tracks(table(*rows))
    assert len(read_tracks(table(*rows[:2], rows[2].replace("small", "medium")))) == 2  # other subsets do not matter


@pytest.mark.parametrize(
    ("raw", "match"),
    [
        (b"", r"found 0 columns without \[\('set', 'subset'\)"),
        (b"track_id,artist\n2,1\n", r"found 2 columns without .*such as \('track', 'genre_top'\)"),
        (table().replace(b"track_id", b"2"), r"found the third row \['2'.*expected track_id"),
        (table("2,,,1,train,small,Pop,"), "found track '2' with split 'train'"),
        (table("2,,,1,training,small,Jazz,"), "genre 'Jazz'"),
        (table("2,,,,training,small,Pop,"), "artist ''"),
        (table("x,,,1,training,small,Pop,"), "found track 'x'"),
        (table("2,\xff").replace("\xff".encode(), b"\xff"), "found 'utf-8' codec .*expected a whole table in UTF-8"),
    ],
)
def test_bad_tables(raw, match):
    with pytest.raises(SourceError, match=match):
        read_tracks(raw)


# -- archives -------------------------------------------------------------------------------------

# track -> (artist, official part); the six short files are in the table too
TRACKS = {
    2: (1, "training"),
    140: (1, "training"),
    182: (24, "training"),
    98560: (54, "validation"),
    98566: (54, "validation"),
    133298: (85, "test"),
    133299: (85, "test"),
}
SHORT = (98565, 98567, 98569, 99134, 108925, 133297)


def track_path(number: int) -> str:
    return f"{number // 1000:03}/{number:06}.mp3"


@pytest.fixture
def members(encoded, tone):
    """Stereo mp3s of the official layout, three of the short ones without any audio."""
    clips = {
        f"fma_small/{track_path(number)}": encoded(np.stack([tone(place, 3000)] * 2, axis=1), 44100, "MP3")
        for place, number in enumerate((*TRACKS, *SHORT))
    }
    empty = {f"fma_small/{track_path(number)}": b"" for number in SHORT[3:]}
    return {**clips, **empty, "fma_small/README.txt": b"-", "fma_small/checksums": b"-"}


@pytest.fixture
def metadata():
    rows = [f"{number},,,{artist},{part},small,{GENRES[number % 8]}," for number, (artist, part) in TRACKS.items()]
    return table(*rows, *(f"{number},,,200,training,small,Pop," for number in SHORT))


@pytest.fixture
def manual(tmp_path, members, metadata, write_zip):
    write_zip(tmp_path / "m" / "fma_small.zip", members)
    with zipfile.ZipFile(tmp_path / "m" / "fma_metadata.zip", "w", zipfile.ZIP_BZIP2) as archive:  # as the official one
        archive.writestr("fma_metadata/raw_tracks.csv", "another table")
        archive.writestr("fma_metadata/tracks.csv", metadata)
    return tmp_path / "m"


def content(parts, names):
    return {
        clip_id: (part, clip["artist_id"], names[clip["genre"]])
        for part, clips in parts.items()
        for clip_id, clip in clips.items()
    }


EXPECTED = {
    track_path(number): ({"training": "train"}.get(part, part), str(artist), GENRES[number % 8])
    for number, (artist, part) in TRACKS.items()
}


def test_official_layout(manual, builder_class, build, read_parts):
    builder = build(builder_class("fma_small"), manual)
    assert content(read_parts(builder), builder.info.features["genre"].names) == EXPECTED
    assert builder.info.metadata["found"]["left_out"] == 6
    assert builder.info.metadata["found"]["channels"] == {"2": 7}


def test_unpacked_folders(tmp_path, manual, builder_class, build, read_parts):
    for name in ("fma_small", "fma_metadata"):
        with zipfile.ZipFile(manual / f"{name}.zip") as archive:
            archive.extractall(tmp_path / "unpacked")
    builder = build(builder_class("fma_small"), tmp_path / "unpacked")
    assert content(read_parts(builder), builder.info.features["genre"].names) == EXPECTED


@pytest.mark.parametrize("left", ["no archive", "an archive without the table"])
def test_no_table(manual, builder_class, build, write_zip, left):
    (manual / "fma_metadata.zip").unlink()
    if left != "no archive":
        write_zip(manual / "fma_metadata.zip", {"fma_metadata/genres.csv": b""})
    with pytest.raises(SourceError, match=r"found no fma_metadata.zip with tracks.csv beside fma_small.zip.*342 MiB"):
        build(builder_class("fma_small"), manual)


def test_a_file_without_a_row(manual, members, builder_class, build, write_zip):
    members["fma_small/000/000003.mp3"] = members["fma_small/000/000002.mp3"]
    write_zip(manual / "fma_small.zip", members)
    with pytest.raises(SourceError, match=r"000/000003.mp3: found no row of the subset small"):
        build(builder_class("fma_small"), manual)


def test_another_unreadable_file_is_not_passed_over(manual, members, builder_class, build, write_zip):
    write_zip(manual / "fma_small.zip", {**members, "fma_small/000/000002.mp3": b""})
    with pytest.raises(SourceError, match=r"clip 'fma_small/000/000002.mp3' cannot be used: found an empty file"):
        build(builder_class("fma_small"), manual)


def test_a_leaking_table_is_refused(manual, metadata, builder_class, build, write_zip):
    leaking = metadata.replace(b"98566,,,54,", b"98566,,,1,")
    assert leaking != metadata
    write_zip(manual / "fma_metadata.zip", {"fma_metadata/tracks.csv": leaking})
    with pytest.raises(SourceError, match=r"found artist 1 in train .* and validation \(track 98566\)"):
        build(builder_class("fma_small"), manual)


def test_a_large_table_is_not_held_as_text(metadata):
    """The rows come one by one; a text of the whole would take four bytes a character."""
    raw = metadata + b"".join(b"%d,,%s,9,training,large,,\n" % (n, b"x" * 1000) for n in range(200_000, 204_000))
    raw += "300000,,\U0001f3b5,9,training,large,,\n".encode()
    tracemalloc.start()
    read_tracks(raw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(raw) / 4


def test_line_ends_inside_quotes_belong_to_the_cell(metadata):
    extra = b'300001,"one\r\ntwo\nthree",,9,training,small,Rock,\r\n'
    assert read_tracks(metadata + extra)[300001] == Track("Rock", "9", "train")
