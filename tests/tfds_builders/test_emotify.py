"""Emotify's tables and the two ways to its artists."""

from __future__ import annotations

import csv
import io
import zipfile

import numpy as np
import pytest

from tfds_builders.common.errors import SourceError
from tfds_builders.emotify.answers import GEMS, Answers, read_answers, read_artists

HEAD = "track id, genre, " + ", ".join(GEMS) + ", mood, liked, disliked, age, gender, mother tongue\n"


def table(*rows: str) -> str:
    return HEAD + "".join(f"{row},3,1,0,21,1,English\n" for row in rows)


def test_shares_by_hand():
    answers = read_answers(
        table("101,rock,0,0,0,0,0,1,0,1,0", "101,rock,0,0,0,0,0,1,1,0,0", "1,classical,1,0,0,0,0,0,0,0,0")
    )
    assert answers[101] == Answers("rock", (0, 0, 0, 0, 0, 1.0, 0.5, 0.5, 0))
    assert answers[101].mood == "vitality"  # .75 against .25 (unease) and 0 (sublimity)
    assert answers[1].mood == "sublimity"


@pytest.mark.parametrize(
    ("shares", "mood"),
    [
        ((0.5, 0.5, 0.5, 0.5, 0.5, 0.9, 0.0, 0.0, 0.0), "sublimity"),  # a mean, not a sum or a maximum
        ((0.9, 0.9, 0.0, 0.0, 0.0, 0.4, 0.4, 0.0, 0.0), "vitality"),  # nor a sum
        ((0.0, 0.0, 0.0, 0.0, 0.0, 0.2, 0.2, 0.4, 0.2), "unease"),
        ((0.0,) * 9, "sublimity"),  # a tie goes to the first
    ],
)
def test_mood(shares, mood):
    assert Answers("pop", shares).mood == mood


def test_labels_are_what_a_third_felt():
    thirds = Answers("pop", (1 / 3, 0.33, 0.0, 5 / 15, 0.5, 7 / 21, 0.3333, 1.0, 0.0))
    assert thirds.labels == ("amazement", "nostalgia", "calmness", "power", "tension")
    assert Answers("pop", (0.3,) * 9).labels == ()
    answers = read_answers(table(*["1,classical,1,0,0,0,0,0,0,0,0"] * 4, *["1,classical,0,1,0,0,0,0,0,0,0"] * 8))
    assert answers[1].labels == ("amazement", "solemnity"), "4 of 12 is a third"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a,b\n1,2\n", r"data.csv: found the columns \['a', 'b'\], expected also \['track id', 'genre'"),
        (table("1,jazz,0,0,0,0,0,0,0,0,1"), "line 2: found track '1', genre 'jazz'"),
        (table("1,classical,0,0,0,0,0,0,0,0,1", "2,classical,0,0,2,0,0,0,0,0,1"), "line 3: found .*nine of 0 or 1"),
        (table("1,classical,0,0"), "line 2: found"),
        (table("101,classical,0,0,0,0,0,0,0,0,1"), "found track 101 as classical; expected ids 1 to 100"),
    ],
)
def test_bad_answers(text, match):
    with pytest.raises(SourceError, match=match):
        read_answers(text)


def test_artists():
    assert read_artists('file,genre,artist\nrock/7.mp3,rock,"A, B"\npop/1.ogg,pop, C \n') == {
        "rock/7": "A, B",
        "pop/1": "C",
    }
    with pytest.raises(SourceError, match=r"found no artist for 1 files, such as rock/7"):
        read_artists("file,artist\nrock/7.mp3,\n")


@pytest.fixture
def members(dummy_folder):
    with zipfile.ZipFile(dummy_folder("emotify") / "emotifymusic.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def artists_of(parts):
    return {clip_id.rpartition(".")[0]: clip["artist_id"] for part in parts.values() for clip_id, clip in part.items()}


@pytest.fixture
def expected(members):
    rows = csv.DictReader(io.StringIO(members["emotifymusic/artists.csv"].decode()))
    return {row["file"].rpartition(".")[0]: row["artist"] for row in rows}


def test_artists_from_tags_where_there_is_no_table(
    tmp_path, members, expected, builder_class, build, read_parts, write_zip, encoded, tone
):
    """The official archive: tagged mp3s, no artists.csv, and data.csv as a download of its own."""
    tagged = {
        name: encoded(tone(number, 2000), 44100, "MP3", artist=expected[name.removeprefix("emotifymusic/")[:-4]])
        for number, name in enumerate(n for n in members if n.endswith(".mp3"))
    }
    manual = write_zip(tmp_path / "m" / "emotifymusic.zip", tagged).parent
    (manual / "data.csv").write_bytes(members["emotifymusic/data.csv"])
    builder = build(builder_class("emotify"), manual)
    assert artists_of(read_parts(builder)) == expected
    assert builder.info.metadata["artists_from"] == "tags of the files"


@pytest.fixture(scope="module")
def minute(encoded):
    """One minute of stereo at 44.1 kHz as mp3, the two channels apart.

    From floats: libsndfile's encoder mixes up the channels of 16-bit stereo.
    """
    time = np.arange(60 * 44100)[:, None]
    return encoded(3000 / 32768 * np.sin(time * [0.03, 0.05]), 44100, "MP3")


def with_artist(mp3: bytes, artist: str) -> bytes:
    """The file with an ID3v2.3 tag of one text frame, the artist, put before it."""
    text = b"\x00" + artist.encode("latin-1")
    frame = b"TPE1" + len(text).to_bytes(4, "big") + b"\x00\x00" + text
    assert len(frame) < 128, "one byte of a size without its highest bits"
    return b"ID3\x03\x00\x00\x00\x00\x00" + bytes([len(frame)]) + frame + mp3


def test_the_official_format_is_no_variant_but_for_missing_tracks(
    tmp_path, members, expected, minute, builder_class, build, read_parts, write_zip
):
    """60 s, 44.1 kHz, stereo, tagged mp3; the channels are averaged."""
    tagged = {
        name: with_artist(minute, expected[name.removeprefix("emotifymusic/")[:-4]])
        for name in members
        if name.endswith(".mp3")
    }
    manual = write_zip(tmp_path / "m" / "emotifymusic.zip", tagged).parent
    (manual / "data.csv").write_bytes(members["emotifymusic/data.csv"])
    builder = build(builder_class("emotify"), manual)
    assert builder.info.metadata["variant"] == "partial"
    assert builder.info.metadata["found"]["channels"] == {"2": 10}
    parts = read_parts(builder)
    assert artists_of(parts) == expected
    audio = next(iter(parts["test"].values()))["audio"]
    assert len(audio) == 60 * 44100
    for channel in (0.03, 0.05):  # each sine of 3000 is in the average with half of that
        assert 2 * abs(np.mean(audio * np.exp(-1j * channel * np.arange(len(audio))))) == pytest.approx(1500, rel=0.02)


def test_no_artists_anywhere(tmp_path, members, expected, builder_class, build, read_parts, write_zip):
    del members["emotifymusic/artists.csv"]
    manual = write_zip(tmp_path / "m" / "emotifymusic.zip", members).parent
    with pytest.raises(
        SourceError, match=r"no artists.csv, and 10 of 10 files carry no artist tag.*Put emotify_artists.csv"
    ):
        build(builder_class("emotify"), manual)
    lines = ["file,artist", *(f'{file}.mp3,"{artist}"' for file, artist in expected.items())]
    (manual / "emotify_artists.csv").write_text("\n".join(lines), encoding="utf-8")
    assert artists_of(read_parts(build(builder_class("emotify"), manual))) == expected


def test_no_answers(tmp_path, members, builder_class, build, write_zip):
    del members["emotifymusic/data.csv"]
    manual = write_zip(tmp_path / "m" / "emotifymusic.zip", members).parent
    with pytest.raises(SourceError, match=r"found no data.csv in or beside emotifymusic.zip"):
        build(builder_class("emotify"), manual)


def test_a_file_without_answers(tmp_path, members, builder_class, build, write_zip):
    members["emotifymusic/rock/99.mp3"] = members["emotifymusic/rock/1.mp3"]
    members["emotifymusic/artists.csv"] += b"rock/99.mp3,rock,Somebody\n"
    manual = write_zip(tmp_path / "m" / "emotifymusic.zip", members).parent
    with pytest.raises(SourceError, match=r"rock/99.mp3 \(track 199\): found no answers"):
        build(builder_class("emotify"), manual)


def test_nothing_of_the_listeners_is_kept(builder_class, tmp_path):
    features = set(builder_class("emotify")(data_dir=tmp_path, file_format="array_record").info.features)
    targets = {"genre", "mood3", "gems", "gems_labels"}
    assert features == {"audio", "sample_rate", "clip_id", "identity", "artist_id", *targets}
