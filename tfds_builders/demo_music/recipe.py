"""Who plays, in which mood and genre: every parameter of a demo_music piece, drawn and rounded.

Mood moves eight directions (tempo, register, …) and chooses the mode; genre chooses the patterns and
the balance of parts. An artist has a sound (instruments, drum kit, room, tuning), habits, an own way
of showing each mood, and one or two preferred genres and moods: groups carry nuisance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tfds_builders.common.synthesis import keyed_generator, rounded

DATASET = "demo_music"
VERSION = "1.0.0"
MOODS = ("calm", "happy", "sad", "tense")
GENRES = ("ambient", "electronic", "jazz", "rock")
ARTISTS = 24
PIECES = (10, 12, 14, 16)  # of an artist, in turn

DIRECTIONS = ("tempo", "register", "loudness", "brightness", "length", "density", "dissonance", "attack")
# One natural step: log tempo, semitones, dB, dB per octave, log share of the beat, share, share, log seconds.
UNITS = np.array([0.11, 2.5, 2.0, 1.6, 0.25, 0.10, 0.10, 0.3])
# What each mood does, rows as in MOODS, columns as in DIRECTIONS.
SHIFTS = np.array(
    [
        [-0.8, +0.6, -1.0, -0.8, +1.0, -0.6, -0.8, +1.0],
        [+1.0, +1.2, +0.4, +0.7, -1.2, +1.0, -0.6, -0.6],
        [-1.1, -1.1, -0.8, -0.9, +0.6, -0.9, +0.2, +0.4],
        [+0.8, -0.7, +1.2, +1.0, -0.2, +0.6, +1.5, -0.8],
    ]
)
STRENGTH = 2.5  # units by which a `SHIFTS` of 1 moves: tuned, with the spreads below, to the difficulty in README.md
HABIT, STYLE, CHANCE = 0.5, 0.6, 0.7  # spreads in units: of an artist, of an artist in one mood, of a piece

FAVOURED = (0.65, 0.25)  # shares of an artist's first and second choice of mood, and of genre

PARTS = ("lead", "chords", "bass", "drums")
# What plays, for captions.
PLAYING = {
    "ambient": "long pads over a low drone",
    "electronic": "an even kick on every beat and off-beat synthesiser chords",
    "jazz": "a walking bass under a swung ride cymbal",
    "rock": "driven power chords and a backbeat",
}
# Balance of the parts in dB, rows as in GENRES, columns as in PARTS.
BALANCE = np.array(
    [[-3.0, 0.0, -5.0, -12.0], [-4.0, -4.0, -2.0, -4.0], [-2.0, -5.0, -3.0, -7.0], [-4.0, -2.0, -4.0, -4.0]]
)
LEVEL_HABIT, LEVEL_STYLE, LEVEL_CHANCE = 4.0, 3.0, 2.5  # spreads in dB: of an artist, in one genre, of a piece
GENRE_TEMPO = {"ambient": 84.0, "electronic": 118.0, "jazz": 112.0, "rock": 112.0}  # beats per minute
MODES = {
    "calm": ("major", "lydian"),
    "happy": ("major", "mixolydian"),
    "sad": ("minor", "dorian"),
    "tense": ("phrygian", "locrian"),
}
KEYS = ("C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B")


@dataclass(frozen=True)
class Artist:
    """A sound, and what is liked to be played with it."""

    name: str
    genres: tuple[str, ...]  # most preferred first
    moods: tuple[str, ...]
    tuning_cents: float
    slopes: tuple[float, float, float]  # dB per octave of the partials of lead, chords and bass
    odd: tuple[float, float, float]  # how much weaker even partials are, 0 to 1
    decay: float  # seconds of a plucked sound
    vibrato_cents: float
    kick_hz: float
    kick_seconds: float
    snare_hz: float
    snare_tone: float
    hat_hz: float
    hat_seconds: float
    drive: float
    low_db: float
    high_db: float
    reverb_mix: float
    reverb_seconds: float
    noise_db: float
    gain_db: float
    levels: tuple[tuple[float, ...], ...]  # dB, rows as in GENRES, columns as in PARTS
    habit: tuple[float, ...]
    styles: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Piece:
    """One clip: artist, mood, genre, and the music's parameters that came out."""

    clip_id: str
    mood: str
    genre: str
    artist: Artist
    seconds: float
    tempo: float  # beats per minute
    root: int  # pitch class
    mode: str
    character: tuple[float, ...]  # in the units named at `UNITS`, as in DIRECTIONS
    levels: tuple[float, ...]  # dB, as in PARTS
    phrase: int  # how the caption is worded

    def direction(self, name: str) -> float:
        """The value of one direction of character."""
        return self.character[DIRECTIONS.index(name)]


def caption(piece: Piece) -> str:
    """One or two sentences that say what the recipe says; each names mood and genre."""
    pace = "slow" if piece.tempo < 85 else "fast" if piece.tempo > 130 else "moderate"
    tempo, key, playing = (
        f"{piece.tempo:.0f} beats per minute",
        f"{KEYS[piece.root]} {piece.mode}",
        PLAYING[piece.genre],
    )
    return (
        f"Synthetic {piece.genre} with {playing}; the mood is {piece.mood}, the tempo {pace} ({tempo}), in {key}.",
        f"The mood is {piece.mood}: {playing}, at a {pace} {tempo} in {key}. Synthetic {piece.genre}.",
        f"In {key} and at {tempo}, which is {pace}, a synthetic {piece.genre} piece of {piece.mood} mood: {playing}.",
    )[piece.phrase]


def draw_artist(index: int, version: str) -> Artist:
    """Artist `index` (from 0). Favourites rotate so that every genre and mood is the first choice of six artists."""
    name = f"a{index + 1:02d}"
    rng = keyed_generator(DATASET, version, name)
    row, column = divmod(index, len(GENRES))
    favourite = (row + column) % len(MOODS)

    def ranked(names: tuple[str, ...], first: int, step: int) -> tuple[str, ...]:
        others = [names[(first + 1 + (step + i) % 3) % len(names)] for i in range(3)]
        return (names[first], *others)

    def several(spread: float, count: int) -> tuple[float, ...]:
        return tuple(rounded(value) for value in rng.normal(0, spread, count))

    levels = rng.normal(0, LEVEL_HABIT, len(PARTS)) + rng.normal(0, LEVEL_STYLE, BALANCE.shape)
    return Artist(
        name=name,
        genres=ranked(GENRES, column, row),
        moods=ranked(MOODS, favourite, index % 3),
        tuning_cents=rounded(rng.normal(0, 18)),
        slopes=(rounded(rng.uniform(4, 12)), rounded(rng.uniform(6, 14)), rounded(rng.uniform(7, 15))),
        odd=(rounded(rng.uniform(0, 0.9)), rounded(rng.uniform(0, 0.9)), rounded(rng.uniform(0, 0.6))),
        decay=rounded(np.exp(rng.uniform(np.log(0.2), np.log(1.2)))),
        vibrato_cents=rounded(rng.uniform(0, 30)),
        kick_hz=rounded(rng.uniform(42, 75)),
        kick_seconds=rounded(rng.uniform(0.06, 0.22)),
        snare_hz=rounded(rng.uniform(150, 260)),
        snare_tone=rounded(rng.uniform(0.2, 0.8)),
        hat_hz=rounded(rng.uniform(4500, 8000)),
        hat_seconds=rounded(np.exp(rng.uniform(np.log(0.015), np.log(0.15)))),
        drive=rounded(rng.uniform(0.1, 1.0)),
        low_db=rounded(rng.normal(0, 3)),
        high_db=rounded(rng.normal(0, 4)),
        reverb_mix=rounded(rng.uniform(0.05, 0.45)),
        reverb_seconds=rounded(rng.uniform(0.15, 0.9)),
        noise_db=rounded(rng.uniform(-75, -55)),
        gain_db=rounded(rng.normal(0, 2.5)),
        levels=tuple(tuple(rounded(value) for value in row) for row in levels),
        habit=several(HABIT, len(DIRECTIONS)),
        styles=tuple(several(STYLE, len(DIRECTIONS)) for _ in MOODS),
    )


def draw_piece(artist: Artist, number: int, mood: str, genre: str, version: str) -> Piece:
    """Piece `number` (from 0) of `artist`."""
    clip_id = f"{artist.name}/{number + 1:02d}"
    rng = keyed_generator(DATASET, version, clip_id)
    row, style = MOODS.index(mood), GENRES.index(genre)
    units = (
        STRENGTH * SHIFTS[row] * rng.uniform(0.6, 1.2)
        + np.array(artist.habit)
        + np.array(artist.styles[row])
        + rng.normal(0, CHANCE, len(DIRECTIONS))
    )
    character = units * UNITS
    tempo = GENRE_TEMPO[genre] * np.exp(character[DIRECTIONS.index("tempo")])
    return Piece(
        clip_id=clip_id,
        mood=mood,
        genre=genre,
        artist=artist,
        seconds=rounded(rng.uniform(3.8, 4.2)),
        tempo=rounded(np.clip(tempo, 52.0, 190.0)),
        root=int(rng.integers(12)),
        mode=MODES[mood][int(rng.integers(2))],
        character=tuple(rounded(value) for value in character),
        levels=tuple(
            rounded(value) for value in BALANCE[style] + artist.levels[style] + rng.normal(0, LEVEL_CHANCE, len(PARTS))
        ),
        phrase=int(rng.integers(3)),
    )


def shares(names: tuple[str, ...], count: int) -> list[str]:
    """`count` labels by preference: shares of `FAVOURED` for the first two of `names`, the rest for the third."""
    first, second = round(FAVOURED[0] * count), round(FAVOURED[1] * count)
    return [names[0]] * first + [names[1]] * second + [names[2]] * (count - first - second)


def corpus(version: str = VERSION) -> Iterator[Piece]:
    """Every piece, artist by artist, moods and genres shuffled within an artist."""
    for index in range(ARTISTS):
        artist = draw_artist(index, version)
        row, column = divmod(index, len(GENRES))
        count = PIECES[(row + 3 * column) % len(PIECES)]
        rng = keyed_generator(DATASET, version, artist.name, "programme")
        moods = rng.permutation(np.array(shares(artist.moods, count)))
        genres = rng.permutation(np.array(shares(artist.genres, count)))
        for number in range(count):
            yield draw_piece(artist, number, str(moods[number]), str(genres[number]), version)
