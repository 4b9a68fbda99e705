"""Who speaks, what and how: every parameter of a demo_speech clip, drawn and rounded, before any sound.

An emotion moves nine directions of prosody away from a speaker's habit. How far depends on the
clip's intensity and the speaker's expressiveness; on top lie the speaker's own way of showing that
emotion (`style`, which is what makes groups matter), the speaker's habit in all emotions, and chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tfds_builders.common.synthesis import keyed_generator, rounded

DATASET = "demo_speech"
VERSION = "1.0.0"
EMOTIONS = ("angry", "fearful", "happy", "neutral", "sad", "surprised")
SPEAKERS = 12
# One letter a phone, see `voice.PHONES`. Made-up words, so that no language helps.
SENTENCES = (
    "mina sole tapuri",
    "kavo deli numesa",
    "bora wita yeguno",
    "sepa lumi gadovi",
    "fizu nera molaki",
    "tuya vesi rabomu",
)

DIRECTIONS = ("pitch", "range", "final", "energy", "tempo", "brightness", "jitter", "tremor", "breath")
# One natural step in each direction: semitones, semitones, semitones, dB, log tempo, dB, share of f0, semitones, dB.
UNITS = np.array([2.0, 1.2, 2.0, 2.5, 0.10, 2.5, 0.006, 0.25, 3.0])
# What each emotion does, rows as in EMOTIONS, columns as in DIRECTIONS.
SHIFTS = np.array(
    [
        [+0.9, +1.0, -1.2, +1.8, +0.7, +1.6, +1.2, +0.0, -0.8],
        [+1.6, -0.4, +0.2, -0.3, +1.1, +0.2, +0.6, +1.8, +1.0],
        [+1.5, +1.5, +0.3, +0.9, +0.5, +0.7, -0.3, +0.0, -0.3],
        [+0.0, +0.0, -0.5, +0.0, +0.0, +0.0, +0.0, +0.0, +0.0],
        [-1.0, -0.9, -0.6, -1.4, -1.3, -1.3, +0.2, +0.5, +1.0],
        [+1.7, +1.3, +2.2, +0.4, -0.3, +0.3, +0.0, +0.0, +0.6],
    ]
)
STRENGTH = 2.2  # units by which a `SHIFTS` of 1 moves: tuned, with the spreads below, to the difficulty in README.md
HABIT, STYLE, CHANCE = 0.4, 0.6, 0.5  # spreads in units: of a speaker, of a speaker in one emotion, of a clip


@dataclass(frozen=True)
class Speaker:
    """A voice and the channel that it is recorded over."""

    name: str
    pitch_hz: float
    formant_scale: float  # 1.0 is a vocal tract of about 17 cm; shorter is larger
    formant_offsets: tuple[float, ...]  # per formant, a share
    tempo: float  # phones a second, relative
    open_quotient: float
    expressiveness: float
    breath_db: float  # of the aspiration, relative to the voice
    tilt_db: float  # channel, dB per octave around 1 kHz
    resonance_hz: float  # of the room or microphone
    resonance_db: float
    noise_db: float  # of the recording noise, relative to full scale
    gain_db: float
    habit: tuple[float, ...]
    styles: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Utterance:
    """One clip: speaker, words, emotion and the prosody that came out."""

    clip_id: str
    emotion: str
    sentence: str
    speaker: Speaker
    intensity: float
    prosody: tuple[float, ...]  # in the units named at `UNITS`, as in DIRECTIONS
    accents: tuple[float, ...]  # a share of `range`, one a syllable
    durations: tuple[float, ...]  # factors, one a phone
    lead_in: float  # seconds of silence before
    lead_out: float
    gain_db: float  # distance to the microphone

    def direction(self, name: str) -> float:
        """The value of one direction of prosody."""
        return self.prosody[DIRECTIONS.index(name)]


def draw_speaker(index: int, version: str) -> Speaker:
    """Speaker `index` (from 0); even ones have longer vocal tracts and lower voices."""
    name = f"s{index + 1:02d}"
    rng = keyed_generator(DATASET, version, name)
    low = index % 2 == 0
    return Speaker(
        name=name,
        pitch_hz=rounded((115 if low else 200) * 2 ** rng.uniform(-0.25, 0.25)),
        formant_scale=rounded((1.0 if low else 1.15) * rng.uniform(0.93, 1.07)),
        formant_offsets=tuple(rounded(v) for v in rng.normal(0, 0.035, 4)),
        tempo=rounded(np.exp(rng.normal(0, 0.06))),
        open_quotient=rounded(rng.uniform(0.5, 0.72)),
        expressiveness=rounded(rng.uniform(0.85, 1.15)),
        breath_db=rounded(rng.uniform(-34, -22)),
        tilt_db=rounded(rng.normal(0, 1.5)),
        resonance_hz=rounded(np.exp(rng.uniform(np.log(300), np.log(3500)))),
        resonance_db=rounded(rng.uniform(-6, 6)),
        noise_db=rounded(rng.uniform(-72, -52)),
        gain_db=rounded(rng.normal(0, 2.5)),
        habit=tuple(rounded(v) for v in rng.normal(0, HABIT, len(DIRECTIONS))),
        styles=tuple(tuple(rounded(v) for v in row) for row in rng.normal(0, STYLE, SHIFTS.shape)),
    )


def draw_utterance(speaker: Speaker, emotion: str, sentence: int, version: str) -> Utterance:
    """The clip in which `speaker` says sentence number `sentence` (from 0) with `emotion`."""
    clip_id = f"{speaker.name}/{emotion}-{sentence + 1}"
    rng = keyed_generator(DATASET, version, clip_id)
    words = SENTENCES[sentence]
    row = EMOTIONS.index(emotion)
    intensity = rng.uniform(0.6, 1.2)
    units = (
        STRENGTH * SHIFTS[row] * intensity * speaker.expressiveness
        + np.array(speaker.habit)
        + np.array(speaker.styles[row])
        + rng.normal(0, CHANCE, len(DIRECTIONS))
    )
    vowels = sum(letter in "aeiou" for letter in words)
    return Utterance(
        clip_id=clip_id,
        emotion=emotion,
        sentence=words,
        speaker=speaker,
        intensity=rounded(intensity),
        prosody=tuple(rounded(v) for v in units * UNITS),
        accents=tuple(rounded(v) for v in rng.normal(0, 1, vowels)),
        durations=tuple(rounded(v) for v in np.exp(rng.normal(0, 0.12, len(words)))),
        lead_in=rounded(rng.uniform(0.05, 0.2)),
        lead_out=rounded(rng.uniform(0.1, 0.25)),
        gain_db=rounded(rng.normal(0, 1.5)),
    )


def corpus(version: str = VERSION, *, speakers: int = SPEAKERS, sentences: int = len(SENTENCES)) -> Iterator[Utterance]:
    """Every clip, speaker by speaker; each says each sentence once with each emotion, emotions in turn.

    With fewer `speakers` or `sentences` it is the first of them; their clips stay what they are.
    """
    for index in range(speakers):
        speaker = draw_speaker(index, version)
        for sentence in range(sentences):
            for emotion in EMOTIONS:
                yield draw_utterance(speaker, emotion, sentence, version)
