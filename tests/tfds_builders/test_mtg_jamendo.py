"""MTG-Jamendo's tables, and archives of the official layout in every config."""

from __future__ import annotations

import functools
import itertools
import tarfile
from pathlib import PurePosixPath

import numpy as np
import pytest

from tfds_builders.common.errors import SourceError
from tfds_builders.common.parts import speaker_parts
from tfds_builders.common.source import Source
from tfds_builders.mtg_jamendo.moods import MOOD4, SPLIT_TAGS
from tfds_builders.mtg_jamendo.mtg_jamendo_dataset_builder import CONFIGS
from tfds_builders.mtg_jamendo.tables import SPLITS, Track, read_splits, read_tracks

HEAD = "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\n"
# track -> (artist, seconds, tags); artists 1 to 5 have two tracks each, that of artist 6 has only a banned tag
TRACKS = {
    7400: (1, 0.1, "energetic fast"),
    7500: (1, 0.1, "fast happy"),
    7600: (2, 0.1, "happy love"),
    7700: (2, 0.1, "love summer"),
    7800: (3, 0.1, "sad slow"),
    7901: (3, 0.1, "calm slow"),
    8000: (4, 0.1, "calm relaxing"),
    8101: (4, 40.0, "dark mellow sad"),
    8200: (5, 0.1, "energetic"),
    8300: (5, 0.1, "happy horror"),
    9999: (6, 0.1, "film"),
    1234: (6, 0.1, "ambiental"),  # the official splits drop this tag, and so this track
}
MOODS = {7400: "energetic", 7500: "happy", 7600: "happy", 7700: "happy", 7800: "sad", 7901: "relaxing"} | {
    8000: "relaxing",
    8101: "sad",
    8200: "energetic",
    8300: "happy",
}
NOT_IN_SPLITS = {"ambiental", "horror", "mellow"}


def track_path(number: int, suffix: str = "") -> str:
    return f"{number % 100:02}/{number}{suffix}.mp3"


def line(number: int, drop: frozenset[str] | set[str] = frozenset()) -> str:
    artist, seconds, tags = TRACKS[number]
    kept = "\t".join(f"mood/theme---{tag}" for tag in tags.split() if tag not in drop)
    return f"track_{number:07}\tartist_{artist:06}\talbum_000001\t{track_path(number)}\t{seconds}\t{kept}\n"


def part_in(split: int, artist: int) -> str:
    return ("train", "validation", "test")[(artist + split) % 3]


def tables() -> dict[str, bytes]:
    members = {"data/autotagging_moodtheme.tsv": HEAD + "".join(map(line, TRACKS))}
    for split, part in itertools.product(range(5), ("train", "validation", "test")):
        chosen = [n for n, (artist, _, _) in TRACKS.items() if part_in(split, artist) == part and n != 1234]
        members[f"data/splits/split-{split}/autotagging_moodtheme-{part}.tsv"] = HEAD + "".join(
            line(n, NOT_IN_SPLITS) for n in chosen
        )
    return {name: text.encode() for name, text in members.items()}


@pytest.fixture(scope="module")
def audio(encoded, tone):
    """The low edition: mono mp3s, one of them longer than an excerpt."""
    return {
        track_path(number, ".low"): encoded(
            tone(place, 2000) if seconds < 30 else slow_ramp(), 44100 if seconds < 30 else 8000, "MP3"
        )
        for place, (number, (_, seconds, _)) in enumerate(TRACKS.items())
    }


def slow_ramp() -> np.ndarray:
    """40 s at 8 kHz: a hum whose loudness tells the second."""
    time = np.arange(40 * 8000) / 8000
    return (np.sin(2 * np.pi * 200 * time) * 500 * (1 + np.floor(time))).astype(np.int16)


@pytest.fixture
def manual(tmp_path, audio, write_zip):
    folder = tmp_path / "m" / "autotagging_moodtheme_audio-low"
    for name, content in audio.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return write_zip(tmp_path / "m" / "mtg_jamendo_moodtheme.zip", tables()).parent


@pytest.fixture
def configured(builder_class):
    """`configured(name)` makes builders of one config."""
    return lambda name: functools.partial(builder_class("mtg_jamendo"), config=name)


def read_both(source):
    return read_tracks(source), read_splits(source)


def test_tables_by_hand(tmp_path, write_zip):
    with Source(write_zip(tmp_path / "tags.zip", {f"top/{n}": raw for n, raw in tables().items()})) as source:
        tracks, splits = read_both(source)
    assert list(tracks) == [track_path(number) for number in TRACKS]
    assert tracks["01/8101.mp3"] == Track("artist_000004", 40.0, ("dark", "mellow", "sad"))
    assert set(splits) == set(tracks) - {"34/1234.mp3"}
    assert splits["00/7400.mp3"] == {
        "split_0": "validation",
        "split_1": "test",
        "split_2": "train",
        "split_3": "validation",
        "split_4": "test",
    }


def test_a_track_that_one_split_lacks_is_left_out(tmp_path, write_zip):
    empty = {"data/splits/split-4/autotagging_moodtheme-train.tsv": HEAD.encode()}
    with Source(write_zip(tmp_path / "tags.zip", {**tables(), **empty})) as source:
        splits = read_splits(source)
    assert set(splits) == {track_path(n) for n, (artist, _, _) in TRACKS.items() if part_in(4, artist) != "train"} - {
        track_path(1234)
    }


SPLIT_FILE = "data/splits/split-3/autotagging_moodtheme-test.tsv"


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"data/autotagging_moodtheme.tsv": None}, "found no autotagging_moodtheme.tsv in tags.zip"),
        ({SPLIT_FILE: None}, "found no splits/split-3/autotagging_moodtheme-test.tsv"),
        ({"data/autotagging_moodtheme.tsv": b""}, "found the header ''"),
        ({"data/autotagging_moodtheme.tsv": b"a\tb\n"}, r"found the header 'a\\tb', expected \['TRACK_ID'"),
        ({"data/autotagging_moodtheme.tsv": HEAD.encode() + b"track\tartist\n"}, "line 2: found 2 fields"),
        (
            {"data/autotagging_moodtheme.tsv": (HEAD + line(7400).replace("mood/theme", "genre")).encode()},
            "line 2: found .*tags that start with 'mood/theme---'",
        ),
        ({"data/autotagging_moodtheme.tsv": (HEAD + line(7400) * 2).encode()}, "line 3: found .*there once"),
        ({"data/autotagging_moodtheme.tsv": (HEAD + line(7400).replace("0.1", "long")).encode()}, "line 2: found"),
        ({"data/autotagging_moodtheme.tsv": HEAD.encode() + b"\xff"}, "expected text in UTF-8"),
        ({SPLIT_FILE: (HEAD + line(7400) + line(7600)).encode()}, "split 3: found .* in both .* and test; expected"),
    ],
)
def test_bad_tables(tmp_path, write_zip, change, match):
    members = {name: raw for name, raw in {**tables(), **change}.items() if raw is not None}
    with (
        Source(write_zip(tmp_path / "tags.zip", members)) as source,
        pytest.raises(SourceError, match=match),
    ):
        read_both(source)


def test_mood4(manual, configured, build, read_parts):
    builder = build(configured("mood4"), manual)
    names = builder.info.features["mood"].names
    clips = {name: (part, clip) for part, of in read_parts(builder).items() for name, clip in of.items()}
    assert names == list(MOOD4)
    assert {name: names[clip["mood"]] for name, (_, clip) in clips.items()} == {
        track_path(number): mood for number, mood in MOODS.items()
    }
    expected = speaker_parts(f"artist_{TRACKS[number][0]:06}" for number in MOODS)
    assert {part: {clip["artist_id"] for p, clip in clips.values() if p == part} for part in expected} == {
        part: set(artists) for part, artists in expected.items()
    }
    assert builder.info.metadata["found"]["left_out"] == 2
    assert builder.info.metadata["expected"]["clips"] == 13205


def test_every_config_has_its_own_classes_and_data(manual, configured, build, read_parts):
    found = {}
    for config in CONFIGS:
        builder = build(configured(config.name), manual)
        target = builder.info.features["mood" if config.moods else "tags"]
        found[config.name] = builder.info.features, sum(map(len, read_parts(builder).values()))
        assert tuple(target.names if config.moods else target.feature.names) == (config.moods or SPLIT_TAGS)
        assert builder.info.metadata["expected"]["clips"] == config.clips
    assert "tags" not in found["hs"][0]
    assert "mood" not in found["moodtheme"][0]
    # hs drops 8000 and 8200: calm, relaxing and energetic are never beside happy or sad
    assert {name: clips for name, (_, clips) in found.items()} == {
        "mood4": 10,
        "hs": 8,
        "re": 5,
        "mood8": 10,
        "moodtheme": 11,
    }


def test_moodtheme(manual, configured, build, read_parts):
    builder = build(configured("moodtheme"), manual)
    names = builder.info.features["tags"].feature.names
    parts = read_parts(builder)
    clips = {name: clip for of in parts.values() for name, clip in of.items()}
    assert {name: {names[tag] for tag in clip["tags"]} for name, clip in clips.items()} == {
        track_path(number): set(tags.split()) - NOT_IN_SPLITS
        for number, (_, _, tags) in TRACKS.items()
        if number != 1234
    }
    for number, (artist, _, _) in TRACKS.items():
        if number != 1234:
            clip = clips[track_path(number)]
            assert [clip[split] for split in SPLITS] == [part_in(split, artist) for split in range(5)]
            assert track_path(number) in parts[part_in(0, artist)]


def test_the_clip_is_the_middle_of_a_long_track(manual, configured, build, read_parts):
    builder = build(configured("mood4"), manual)
    clips = {name: clip for of in read_parts(builder).values() for name, clip in of.items()}
    long = clips["01/8101.mp3"]
    assert len(long["audio"]) == 30 * int(long["sample_rate"])
    loudness = [np.abs(second).max() / 500 for second in np.split(long["audio"].astype(float), 30)]
    np.testing.assert_allclose(loudness[2:-2], np.arange(8, 34), rtol=0.1)  # seconds 5 to 35 of 40, off the ends
    assert len(clips["00/7400.mp3"]["audio"]) < 3000  # a short one is whole


@pytest.fixture
def informed(tmp_path, manual, builder_class):
    """A builder of the default config that has read the tables, and builds nothing."""
    builder = builder_class("mtg_jamendo")(data_dir=tmp_path, file_format="array_record")
    with Source(manual / "autotagging_moodtheme_audio-low") as source:
        builder.read_tables(source)
    return builder


def test_excerpts_have_one_length_at_every_rate(informed):
    """Half of 0.1 s is 1102.5 samples at 22.05 kHz: a span that starts there can be a sample longer than another."""
    tracks = informed._tracks
    for tenths in range(345, 2345, 7):
        informed._tracks = {**tracks, "00/7600.mp3": Track("artist_000002", tenths / 10, ("happy",))}
        ((_, _, (start, end)),) = informed.clips_in(PurePosixPath("00/7600.mp3"))
        assert abs((start + end) / 2 - tenths / 20) < 0.051
        assert {round(end * rate) - round(start * rate) - 30 * rate for rate in (16000, 22050, 44100, 48000)} == {0}


def test_a_table_that_states_too_long_a_track_is_refused(manual, configured, build, write_zip):
    longer = {name: raw.replace(b"01/8101.mp3\t40.0", b"01/8101.mp3\t90.0") for name, raw in tables().items()}
    write_zip(manual / "mtg_jamendo_moodtheme.zip", longer)
    with pytest.raises(SourceError, match=r"clip '01/8101.mp3' cannot be cut out: found a span of 30 s to 60 s"):
        build(configured("mood4"), manual)


def test_missing_audio_changes_no_label(manual, configured, build, read_parts):
    """Without 7600, the only track where love is beside happy, love still stands for happy: the table says so."""
    (manual / "autotagging_moodtheme_audio-low" / "00" / "7600.low.mp3").unlink()
    builder = build(configured("mood4"), manual)
    names = builder.info.features["mood"].names
    found = {name: names[clip["mood"]] for of in read_parts(builder).values() for name, clip in of.items()}
    assert found == {track_path(number): mood for number, mood in MOODS.items() if number != 7600}
    assert found["00/7700.mp3"] == "happy"
    assert builder.info.metadata["variant"].endswith("partial")


def test_the_official_tars_and_the_whole_repository(tmp_path, configured, build, read_parts, write_zip, manual):
    """One tar of everything, the tags as GitHub packs the repository, and full quality instead of low."""
    other = tmp_path / "other"
    top = "mtg-jamendo-dataset-master"
    write_zip(other / f"{top}.zip", {f"{top}/{name}": raw for name, raw in tables().items()})
    with tarfile.open(other / "autotagging_moodtheme_audio.tar", "w") as archive:
        for path in sorted((manual / "autotagging_moodtheme_audio-low").rglob("*.mp3")):
            archive.add(path, f"{path.parent.name}/{path.name.replace('.low', '')}")
    parts = [read_parts(build(configured("hs"), folder)) for folder in (manual, other)]
    labels = [
        {part: {name: (clip["mood"], clip["artist_id"]) for name, clip in of.items()} for part, of in found.items()}
        for found in parts
    ]
    assert labels[0] == labels[1]


def test_both_qualities_of_one_track_are_refused(manual, configured, build):
    folder = manual / "autotagging_moodtheme_audio-low"
    (folder / "00" / "7600.mp3").write_bytes((folder / "00" / "7600.low.mp3").read_bytes())
    with pytest.raises(SourceError, match=r"found the clip '00/7600' twice"):
        build(configured("mood4"), manual)


def test_most_of_raw_30s_is_no_mood_and_left_out(manual, configured, build, encoded, tone):
    folder = manual / "autotagging_moodtheme_audio-low" / "50"
    folder.mkdir()
    for number in range(20):
        (folder / f"{50 + 100 * number}.low.mp3").write_bytes(encoded(tone(number, 2000), 44100, "MP3"))
    assert build(configured("mood4"), manual).info.metadata["found"] | {"seconds": 0} == {
        "clips": 10,
        "rates": {"44100": 9, "8000": 1},
        "channels": {"1": 10},
        "extensions": {"mp3": 10},
        "seconds": 0,
        "left_out": 22,
    }


def test_audio_and_tags_are_both_needed(tmp_path, manual, builder_class, configured, build):
    kind = builder_class("mtg_jamendo")
    audio = manual / "autotagging_moodtheme_audio-low"
    assert kind.find_source([tmp_path, manual]) == audio
    tags = manual / "mtg_jamendo_moodtheme.zip"
    only_tags = tmp_path / "t" / tags.name
    only_tags.parent.mkdir()
    tags.rename(only_tags)
    assert kind.find_source([only_tags.parent, manual]) is None  # each alone, not together
    for folder in (manual, only_tags.parent):
        with pytest.raises(SourceError, match=r"(?s)the archive is missing: .*Two things are needed.*audio-low.*tags"):
            build(configured("mood4"), folder)


def test_the_engine_is_told_which_tags_are_missing(tmp_path, manual, builder_class):
    """The engine finds the audio itself and hands it over; then the table is what is missing."""
    (manual / "mtg_jamendo_moodtheme.zip").unlink()
    builder = builder_class("mtg_jamendo")(data_dir=tmp_path, config="hs", file_format="array_record")
    with (
        Source(manual / "autotagging_moodtheme_audio-low") as source,
        pytest.raises(SourceError, match=r"found no mtg_jamendo_moodtheme.zip or .* beside autotagging_"),
    ):
        builder.read_tables(source)


def test_files_that_are_no_track(informed):
    for name in ("00/7601.mp3", "01/7600.mp3", "00/cover.mp3", "00/7600.high.mp3", "99/9999.mp3"):
        assert list(informed.clips_in(PurePosixPath(name))) == []
    assert next(iter(informed.clips_in(PurePosixPath("00/7600.low.mp3"))))[0] == "00/7600.mp3"
