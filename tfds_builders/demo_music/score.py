"""From a recipe to notes and drum strokes: mode, harmony, bass, melody and rhythm, sixteenth by sixteenth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfds_builders.demo_music.recipe import Piece

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
}
PROGRESSIONS = ((0, 3, 4, 0), (0, 5, 3, 4), (0, 4, 5, 3), (0, 1, 4, 0))  # scale degrees, one a half bar
# Degrees above the root of a chord, by genre: open fifths, triads, sevenths, triads with a ninth.
VOICINGS = {"rock": (0, 4, 7), "electronic": (0, 2, 4), "jazz": (0, 2, 4, 6), "ambient": (0, 4, 8, 9)}
# Sixteenths of a bar with their loudness. One beat is four steps.
DRUMS: dict[str, dict[str, dict[int, float]]] = {
    "rock": {
        "kick": {0: 1.0, 6: 0.6, 8: 0.9},
        "snare": {4: 1.0, 12: 1.0},
        "hat": dict.fromkeys(range(0, 16, 2), 0.7),
    },
    "electronic": {
        "kick": {0: 1.0, 4: 1.0, 8: 1.0, 12: 1.0},
        "snare": {12: 0.5},
        "hat": {**dict.fromkeys(range(16), 0.3), 2: 0.9, 6: 0.9, 10: 0.9, 14: 0.9},
    },
    "jazz": {
        "kick": {0: 0.3, 10: 0.3},
        "snare": {4: 0.25, 12: 0.25, 14: 0.15},
        "ride": {0: 0.9, 4: 1.0, 7: 0.6, 8: 0.9, 12: 1.0, 15: 0.6},
    },
    "ambient": {"kick": {0: 0.4}, "ride": {8: 0.4}},
}
BASS = {"rock": range(0, 16, 2), "electronic": (2, 3, 6, 7, 10, 11, 14, 15), "jazz": range(0, 16, 4), "ambient": (0,)}
CHORDS = {"rock": (0, 3, 6, 8, 11, 14), "electronic": (2, 6, 10, 14), "jazz": (3, 7, 14), "ambient": (0, 8)}
# How likely a melody note starts on a step of the beat, by genre.
MELODY = {
    "rock": (0.75, 0.1, 0.5, 0.1),
    "electronic": (0.8, 0.6, 0.75, 0.6),
    "jazz": (0.6, 0.05, 0.3, 0.5),
    "ambient": (0.5, 0.0, 0.12, 0.0),
}
OMITTED = 0.15  # share of strokes and notes that a player leaves out


@dataclass(frozen=True)
class Note:
    """One pitched tone."""

    part: str
    start: float  # seconds
    seconds: float
    pitch: float  # MIDI note number, tuning included
    loudness: float


@dataclass(frozen=True)
class Stroke:
    """One stroke of the drum kit."""

    drum: str
    start: float  # seconds
    loudness: float


class Composer:
    """Writes one piece; draws from `rng` in a fixed order."""

    def __init__(self, piece: Piece, rng: np.random.Generator) -> None:
        self.piece, self.rng = piece, rng
        self.step = 15.0 / piece.tempo  # seconds of a sixteenth
        self.steps = int(np.ceil(piece.seconds / self.step))
        self.progression = PROGRESSIONS[int(rng.integers(len(PROGRESSIONS)))]
        # Pieces are cut out of something longer: they do not all start on the first beat.
        self.offset = 4 * int(rng.integers(4))

    def time(self, index: int) -> float:
        """Seconds of step `index`; in jazz the off-beat eighths and sixteenths come late."""
        late = 0.33 if self.piece.genre == "jazz" and (index + self.offset) % 4 == 3 else 0.0
        return (index - late) * self.step + float(self.rng.normal(0, 0.004))

    def pitch(self, degree: int, octave: int) -> float:
        """MIDI number of a scale degree above the root in `octave` (4 holds middle C)."""
        scale = SCALES[self.piece.mode]
        return (
            12.0 * (octave + 1 + degree // 7)
            + self.piece.root
            + scale[degree % 7]
            + self.piece.artist.tuning_cents / 100
        )

    def harmony(self, index: int) -> int:
        """Degree of the chord that sounds at step `index`."""
        half_bars = (index + self.offset) // (16 if self.piece.genre == "ambient" else 8)
        return self.progression[half_bars % len(self.progression)]

    def played(self) -> bool:
        """Whether a player plays what is written."""
        return bool(self.rng.uniform() >= OMITTED)

    def length(self, steps: float) -> float:
        """Seconds of a tone written as `steps`, by the piece's articulation."""
        return float(np.clip(steps * self.step * 0.75 * np.exp(self.piece.direction("length")), 0.05, 4.0))

    def accompaniment(self) -> list[Note]:
        """Bass and chords."""
        piece, notes = self.piece, []
        lift = 0.5 * piece.direction("register")
        gap = {"ambient": 8.0, "jazz": 4.0}.get(piece.genre, 2.0)
        for index in range(self.steps):
            place, root = (index + self.offset) % 16, self.harmony(index)
            if place in BASS[piece.genre] and self.played():
                walk = int(self.rng.integers(0, 5)) if piece.genre == "jazz" and place % 8 else 0
                pitch = self.pitch(root + walk, 2) + (12.0 if piece.genre == "electronic" and place % 2 else 0.0)
                notes.append(Note("bass", self.time(index), self.length(gap), pitch, 0.9))
            if place in CHORDS[piece.genre] and self.played():
                start = self.time(index)
                for degree in VOICINGS[piece.genre]:
                    notes.append(Note("chords", start, self.length(gap), self.pitch(root + degree, 3) + lift, 0.5))
                if self.rng.uniform() < 0.15 + piece.direction("dissonance"):
                    notes.append(Note("chords", start, self.length(gap), self.pitch(root, 3) + lift + 13.0, 0.45))
        return notes

    def melody(self) -> list[Note]:
        """A walk through the scale that comes home to chord tones on the beat."""
        piece, notes, degree = self.piece, [], 4
        chances = np.array(MELODY[piece.genre]) * (0.8 + 2.0 * piece.direction("density"))
        for index in range(self.steps):
            if self.rng.uniform() >= chances[index % 4]:
                continue
            degree = int(np.clip(degree + self.rng.integers(-2, 3), 0, 9))
            if index % 4 == 0:
                degree = min((self.harmony(index) + tone for tone in (0, 2, 4, 7)), key=lambda tone: abs(tone - degree))
            pitch = self.pitch(degree, 4) + piece.direction("register")
            loudness = 0.7 + 0.2 * (index % 4 == 0) + float(self.rng.normal(0, 0.05))
            notes.append(Note("lead", self.time(index), self.length(3.0), pitch, loudness))
        return notes

    def drums(self) -> list[Stroke]:
        """The kit's pattern, with a stroke left out now and then."""
        strokes = []
        for drum, pattern in DRUMS[self.piece.genre].items():
            for index in range(self.steps):
                loudness = pattern.get((index + self.offset) % 16, 0.0)
                if loudness and self.played():
                    strokes.append(Stroke(drum, self.time(index), loudness * float(np.exp(self.rng.normal(0, 0.12)))))
        return strokes
