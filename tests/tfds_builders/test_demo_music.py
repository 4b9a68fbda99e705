"""demo_music: deterministic, complete, sane as sound; moods and genres are heard, captions name them."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest

from tfds_builders.common.synthesis import keyed_generator, recipe_text
from tfds_builders.demo_music.piece import RATE, TABLE, render, wavetable
from tfds_builders.demo_music.recipe import (
    BALANCE,
    DATASET,
    DIRECTIONS,
    GENRES,
    KEYS,
    MOODS,
    PARTS,
    SHIFTS,
    VERSION,
    caption,
    corpus,
)
from tfds_builders.demo_music.score import DRUMS, SCALES, Composer


@pytest.fixture(scope="module")
def pieces():
    return list(corpus())


@pytest.fixture(scope="module")
def rendered(pieces):
    """Fifteen pieces of each genre with their samples in [-1, 1]."""
    chosen = [piece for genre in GENRES for piece in [p for p in pieces if p.genre == genre][::5][:15]]
    return [(piece, render(piece, VERSION) / 32768.0) for piece in chosen]


def composed(piece):
    composer = Composer(piece, keyed_generator(DATASET, VERSION, piece.clip_id, "test"))
    return composer.accompaniment(), composer.melody(), composer.drums()


def onsets_a_second(samples):
    """Rises of the log energy above 2 kHz by more than 3 dB within 23 ms, a second."""
    size = 512
    windows = samples[: len(samples) // size * size].reshape(-1, size) * np.hanning(size)
    power = (np.abs(np.fft.rfft(windows)) ** 2)[:, round(2000 * size / RATE) :].sum(axis=1)
    rises = np.diff(10 * np.log10(power + 1e-5)) > 3.0
    return np.count_nonzero(rises[1:] & ~rises[:-1]) / (len(samples) / RATE)


def test_counts(pieces):
    assert len(pieces) == len({piece.clip_id for piece in pieces}) == 312
    per_artist = Counter(piece.artist.name for piece in pieces)
    assert len(per_artist) == 24
    assert set(per_artist.values()) == {10, 12, 14, 16}
    for target, names in (("mood", MOODS), ("genre", GENRES)):
        sizes = Counter(getattr(piece, target) for piece in pieces)
        assert set(sizes) == set(names)
        assert min(sizes.values()) >= 50
        for name in names:
            artists = {piece.artist.name for piece in pieces if getattr(piece, target) == name}
            assert len(artists) >= 10, "enough for five group-disjoint folds"


def test_artists_have_preferences(pieces):
    for name in {piece.artist.name for piece in pieces}:
        own = [piece for piece in pieces if piece.artist.name == name]
        for target, order in (("mood", own[0].artist.moods), ("genre", own[0].artist.genres)):
            sizes = Counter(getattr(piece, target) for piece in own)
            assert sizes.most_common(1)[0][0] == order[0]
            assert 2 <= len(sizes) <= 3


def test_tables_fit_each_other():
    assert SHIFTS.shape == (len(MOODS), len(DIRECTIONS))
    assert BALANCE.shape == (len(GENRES), len(PARTS))
    assert set(DRUMS) == set(GENRES)


def test_recipes_and_samples_repeat(pieces):
    again = list(corpus())
    assert [recipe_text(piece) for piece in again] == [recipe_text(piece) for piece in pieces]
    assert len({recipe_text(piece) for piece in pieces}) == len(pieces)
    first = {place: render(pieces[place], VERSION).tobytes() for place in (0, 150, 311)}
    assert {place: render(again[place], VERSION).tobytes() for place in (311, 150, 0)} == first


def test_version_changes_everything_but_names(pieces):
    other = list(corpus("2.0.0"))
    assert [piece.clip_id for piece in other] == [piece.clip_id for piece in pieces]
    assert not {recipe_text(piece) for piece in other} & {recipe_text(piece) for piece in pieces}


def test_text_holds_the_artist(pieces):
    changed = dataclasses.replace(pieces[0], artist=dataclasses.replace(pieces[0].artist, tuning_cents=50.0))
    assert recipe_text(changed) != recipe_text(pieces[0])
    assert not np.array_equal(render(changed, VERSION), render(pieces[0], VERSION))


def test_sound_is_sane(rendered):
    for piece, samples in rendered:
        assert np.isfinite(samples).all()
        assert 3.8 <= len(samples) / RATE <= 4.2
        peak = np.max(np.abs(samples))
        assert 0.05 < peak <= 0.91, piece.clip_id
        assert np.count_nonzero(np.abs(samples) > 0.999 * peak) <= 5, f"{piece.clip_id} has a plateau"
        assert -45 < 20 * np.log10(np.sqrt(np.mean(samples**2))) < -8, piece.clip_id
        assert abs(np.mean(samples)) < 0.01


def test_captions_name_what_is_played(pieces):
    texts = [caption(piece) for piece in pieces]
    for piece, text in zip(pieces, texts, strict=True):
        assert {name for name in MOODS if name in text} == {piece.mood}
        assert {name for name in GENRES if name in text} == {piece.genre}
        assert f"{piece.tempo:.0f} beats per minute" in text
        assert f"{KEYS[piece.root]} {piece.mode}" in text
        assert "ynthetic" in text
    assert len(set(texts)) > 0.9 * len(texts)


def test_genres_are_ordered_by_onsets(rendered):
    density = {
        genre: np.median([onsets_a_second(x) for piece, x in rendered if piece.genre == genre]) for genre in GENRES
    }
    assert density["ambient"] < density["jazz"] < density["electronic"]
    assert density["ambient"] < density["rock"]


def test_moods_are_ordered_by_tempo_and_register(pieces):
    tempo = {mood: np.median([piece.tempo for piece in pieces if piece.mood == mood]) for mood in MOODS}
    register = {
        mood: np.median([note.pitch for piece in pieces if piece.mood == mood for note in composed(piece)[1]])
        for mood in MOODS
    }
    assert max(tempo["sad"], tempo["calm"]) < 0.8 * min(tempo["happy"], tempo["tense"])
    assert register["sad"] + 3 < register["happy"]
    assert register["tense"] + 3 < register["happy"]


def test_melody_and_bass_keep_to_the_mode(pieces):
    for piece in pieces[::20]:
        accompaniment, _, _ = composed(piece)
        for note in accompaniment:
            if note.part == "bass":
                degree = (note.pitch - piece.artist.tuning_cents / 100 - piece.root) % 12
                assert min(abs(degree - tone) for tone in (*SCALES[piece.mode], 12)) < 1e-6


def test_rock_has_a_backbeat(pieces):
    """Snare strokes lie on the second and fourth beat, wherever the cut begins."""
    piece = next(p for p in pieces if p.genre == "rock")
    composer = Composer(piece, keyed_generator(DATASET, VERSION, piece.clip_id, "test"))
    beats = [s.start / composer.step / 4 + composer.offset / 4 for s in composer.drums() if s.drum == "snare"]
    assert beats
    assert all(abs(beat - round(beat)) < 0.15 and round(beat) % 2 == 1 for beat in beats)


def test_wavetable_has_the_partials_it_says():
    spectrum = np.abs(np.fft.rfft(wavetable(5, 6.02, 0.5)))
    expected = np.array([1.0, 0.5 / 2, 1 / 3, 0.5 / 4, 1 / 5])
    assert len(spectrum) == TABLE // 2 + 1
    assert np.allclose(spectrum[1:6] / spectrum[1], expected)
    assert np.all(spectrum[6:] < 1e-9 * spectrum[1])
    assert spectrum[0] < 1e-9 * spectrum[1]
