"""Merging MTG-Jamendo's tags into moods: by hand, and the counts of the real table."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict

import pytest

from tfds_builders.common.source import Source
from tfds_builders.mtg_jamendo.merging import merge, mood_of_tags
from tfds_builders.mtg_jamendo.moods import BANNED, HS, MOOD4, MOOD8, RE, SPLIT_TAGS, banned_tags
from tfds_builders.mtg_jamendo.mtg_jamendo_dataset_builder import CONFIGS, Builder
from tfds_builders.mtg_jamendo.tables import SPLITS, read_splits, read_tracks


def words(*tracks: str) -> list[list[str]]:
    return [track.split() for track in tracks]


def test_the_first_mood_in_the_order_of_the_moods_is_taken():
    tracks = words("energetic sad", "happy sad", "calm relaxing energetic")
    assert merge(tracks, ("happy", "sad", "relaxing", "energetic")) == ["sad", "happy", "relaxing"]
    assert merge(tracks, ("energetic", "relaxing", "sad", "happy")) == ["energetic", "sad", "energetic"]


def test_a_tag_stands_for_the_mood_it_is_most_often_with():
    """dark: sad 2, happy 1. fun: happy 1, sad 1, so happy is earlier. film: never beside a mood."""
    tracks = words("dark sad", "dark sad fun", "dark happy fun", "dark", "fun", "film", "film dark")
    assert mood_of_tags(tracks, HS) == {"dark": "sad", "fun": "happy"}
    assert mood_of_tags(tracks, ("sad", "happy")) == {"dark": "sad", "fun": "sad"}
    assert merge(tracks, HS) == ["sad", "sad", "happy", "sad", "happy", None, "sad"]


def test_pairs_are_counted_with_the_mood_that_the_track_took():
    """Beside happy and sad the track is happy, so slow is paired with happy alone; sad itself stands for nothing."""
    assert mood_of_tags(words("happy sad slow"), HS) == {"slow": "happy"}


def test_other_moods_are_tags_like_any_where_they_are_not_asked_for():
    assert merge(words("happy relaxing", "relaxing", "relaxing sad", "relaxing sad", "calm relaxing"), HS) == [
        *("happy", "sad", "sad", "sad", "sad")
    ]


def test_the_majority_of_the_tags_decides_and_then_the_earlier_tag():
    known = words("a happy", "b happy", "c sad", "d sad")
    assert merge([*known, ["c", "a", "b"]], HS)[-1] == "happy"
    assert merge([*known, ["c", "a"]], HS)[-1] == "sad"
    assert merge([*known, ["a", "c"]], HS)[-1] == "happy"
    assert merge([*known, ["c", "unknown", "a", "d"]], HS)[-1] == "sad"


def test_banned_tags_take_part_in_nothing():
    tracks = words("film sad", "film", "calm film", "calm happy")
    assert merge(tracks, HS) == ["sad", "sad", "happy", "happy"]
    assert merge(tracks, HS, {"film"}) == ["sad", None, "happy", "happy"]
    assert mood_of_tags(tracks, HS, {"film"}) == {"calm": "happy"}


def test_no_moods_no_labels():
    assert merge(words("happy", "sad"), ()) == [None, None]


def test_what_is_asked():
    banned = list(itertools.chain.from_iterable(BANNED.values()))
    assert len(banned) == len(set(banned)) == len(banned_tags()) == 27
    assert not banned_tags() & {*MOOD4, *MOOD8}
    assert len(SPLIT_TAGS) == len(set(SPLIT_TAGS)) == 56
    assert {config.name: config.moods for config in CONFIGS} == {
        "mood4": MOOD4,
        "hs": HS,
        "re": RE,
        "mood8": MOOD8,
        "moodtheme": (),
    }


# -- the real table -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(data_folder):
    """Tracks and splits of the real table."""
    with Source(data_folder / "manual" / "mtg_jamendo_moodtheme.zip") as source:
        return read_tracks(source), read_splits(source)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("moods", "counts"),
    [
        (MOOD4, {"happy": 5794, "relaxing": 4749, "sad": 4085, "energetic": 3858}),
        (HS, {"happy": 11310, "sad": 7095, None: 81}),
        (RE, {"relaxing": 10629, "energetic": 7857}),
    ],
)
def test_golden_counts_without_a_ban(real, moods, counts):
    """Computed independently on this table; see the description of the merging."""
    tags = [track.tags for track in real[0].values()]
    assert len(tags) == 18486
    assert Counter(merge(tags, moods)) == counts


@pytest.mark.realdata
def test_sizes_with_our_ban(real):
    tags = [track.tags for track in real[0].values()]
    found = {config.name: Counter(merge(tags, config.moods, banned_tags())) for config in CONFIGS if config.moods}
    assert found == {
        "mood4": {"happy": 4405, "relaxing": 3581, "sad": 3057, "energetic": 2162, None: 5281},
        "hs": {"happy": 7358, "sad": 5847, None: 5281},
        "re": {"relaxing": 7418, "energetic": 5787, None: 5281},
        "mood8": {"happy": 3691, "relaxing": 2289, "emotional": 1800, "dark": 1408, "energetic": 1288}
        | {"epic": 990, "love": 979, "dream": 760, None: 5281},
    }
    assert {config.clips for config in CONFIGS if config.moods} == {13205}


@pytest.mark.realdata
def test_the_eight_moods_are_the_most_frequent_that_are_not_banned(real):
    counts = Counter(tag for track in real[0].values() for tag in track.tags)
    assert len(counts) == 59
    assert banned_tags() < set(counts)
    assert set(counts) - set(SPLIT_TAGS) == {"ambiental", "horror", "mellow"}
    assert tuple(tag for tag, _ in counts.most_common() if tag not in banned_tags())[:8] == MOOD8


@pytest.mark.realdata
def test_official_splits_share_no_artist(real):
    tracks, splits = real
    assert len(splits) == next(config.clips for config in CONFIGS if config.name == "moodtheme") == 17982
    assert set(splits) == {path for path, track in tracks.items() if set(track.tags) & set(SPLIT_TAGS)}
    for split in SPLITS:
        parts = defaultdict(set)
        for path, of in splits.items():
            parts[tracks[path].artist].add(of[split])
        assert len(parts) == 1508
        assert {artist for artist, of in parts.items() if len(of) > 1} == set()


@pytest.mark.realdata
def test_what_the_table_says_of_the_tracks(real):
    tracks, _ = real
    assert len({track.artist for track in tracks.values()}) == 1533
    assert min(track.seconds for track in tracks.values()) == 30.0
    assert 3931.0 < max(track.seconds for track in tracks.values()) < Builder.LIMITS.max_seconds
    assert all(path.endswith(f"{path[-6:-4]}.mp3") and path[:2] == path[-6:-4] for path in tracks if len(path) > 8)
    assert all(list(track.tags) == sorted(track.tags) for track in tracks.values())
    assert round(sum(track.seconds for track in tracks.values()) / 3600) == 1127
