"""From notes and strokes to samples: wavetable instruments, a drum kit, drive, equaliser, room."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import oaconvolve, sosfilt

from tfds_builders.common.synthesis import Samples, band_filter, db, keyed_generator, shelf, to_pcm, with_headroom
from tfds_builders.demo_music.recipe import DATASET, PARTS, Artist, Piece
from tfds_builders.demo_music.score import Composer, Note, Stroke

RATE = 22050
TABLE = 2048  # samples of one period
MUSIC_DB = -22.0  # RMS of a piece of middling loudness, relative to full scale
TOP_HZ = 9500.0  # no partial above
RELEASE = 0.06  # seconds
VIBRATO_HZ = 5.5
TIMES = np.arange(round(4.5 * RATE)) / RATE  # seconds; longer than any tone
VIBRATO = 1.0 + np.sin(2 * np.pi * VIBRATO_HZ * TIMES)  # never negative, so that phases are not either


@lru_cache(maxsize=256)
def wavetable(partials: int, slope: float, odd: float) -> Samples:
    """One period with `partials` partials falling by `slope` dB per octave, even ones weaker by `odd`; peak 1."""
    number = np.arange(1, partials + 1)
    amplitude = number ** (-slope / 6.02) * np.where(number % 2 == 0, 1.0 - odd, 1.0)
    spectrum = np.zeros(TABLE // 2 + 1, dtype=np.complex128)
    spectrum[1 : partials + 1] = -1j * amplitude
    period = np.fft.irfft(spectrum, TABLE)
    return np.asarray(period / np.max(np.abs(period)))


@lru_cache(maxsize=8)
def decay_curve(seconds: float) -> Samples:
    """An exponential decay with this time constant over the longest tone, shape (samples,)."""
    return np.asarray(np.exp(-TIMES / seconds))


def tone(note: Note, piece: Piece, phase: float) -> Samples:
    """One note as samples, shape (samples,), with attack, decay and release."""
    artist, part = piece.artist, PARTS.index(note.part)
    hertz = 440.0 * 2.0 ** ((note.pitch - 69.0) / 12.0)
    slope = round(max(artist.slopes[part] - piece.direction("brightness"), 1.0), 4)
    period = wavetable(max(1, min(60, int(TOP_HZ / hertz))), slope, artist.odd[part])
    length = max(0, round(min(note.seconds + RELEASE, piece.seconds - note.start) * RATE))
    place = TABLE * (phase + hertz * TIMES[:length])
    if note.part == "lead":  # vibrato as a swing of phase: a cent is 1/1731 of the frequency
        swing = hertz * artist.vibrato_cents / 1731.0 / (2 * np.pi * VIBRATO_HZ)
        place += TABLE * swing * VIBRATO[:length]
    wave = note.loudness * period[place.astype(np.int64) & (TABLE - 1)]
    pad = piece.genre == "ambient" and note.part == "chords"
    if not pad:
        wave *= decay_curve(artist.decay * (2.5 if note.part == "bass" else 1.0))[:length]
    attack = round((0.15 if pad else 0.008) * np.exp(piece.direction("attack")) * RATE)
    wave[:attack] *= TIMES[: len(wave[:attack])] * RATE / attack
    ending = round(note.seconds * RATE)
    wave[ending:] *= 1.0 - TIMES[: len(wave[ending:])] / RELEASE
    return np.asarray(wave)


def drum(name: str, artist: Artist, rng: np.random.Generator) -> Samples:
    """One stroke of a drum at loudness 1."""
    if name == "kick":
        seconds = np.arange(round(0.35 * RATE)) / RATE
        sweep = artist.kick_hz * (seconds + 0.06 * (1.0 - np.exp(-seconds / 0.02)))
        return np.asarray(np.sin(2 * np.pi * sweep) * np.exp(-seconds / artist.kick_seconds))
    if name == "snare":
        seconds = np.arange(round(0.25 * RATE)) / RATE
        rattle = sosfilt(band_filter((900.0, 7000.0), RATE), rng.standard_normal(len(seconds)))
        skin = artist.snare_tone * np.sin(2 * np.pi * artist.snare_hz * seconds)
        return np.asarray((0.5 * rattle + skin) * np.exp(-seconds / 0.06))
    decay = artist.hat_seconds * (2.5 if name == "ride" else 1.0)
    seconds = np.arange(round(6.0 * decay * RATE)) / RATE
    hiss = sosfilt(band_filter((artist.hat_hz, 10500.0), RATE), rng.standard_normal(len(seconds)))
    return np.asarray(0.5 * hiss * np.exp(-seconds / decay))


def add(mix: Samples, sound: Samples, start: float) -> None:
    """Add `sound` into `mix` from `start` seconds on, cutting what lies outside."""
    begin = round(start * RATE)
    sound = sound[max(0, -begin) :]
    begin = max(0, begin)
    length = min(len(sound), len(mix) - begin)
    if length > 0:
        mix[begin : begin + length] += sound[:length]


def level(part: Samples) -> Samples:
    """`part` at an RMS of 1 (silence stays silent)."""
    return part / max(float(np.sqrt(np.mean(part**2))), 1e-9)


def play(piece: Piece, notes: list[Note], strokes: list[Stroke], rng: np.random.Generator) -> Samples:
    """All parts in the piece's balance, dry, shape (samples,)."""
    length = round(piece.seconds * RATE)
    parts = {name: np.zeros(length) for name in PARTS}
    for note in notes:
        add(parts[note.part], tone(note, piece, float(rng.uniform())), note.start)
    kit = {name: drum(name, piece.artist, rng) for name in ("kick", "snare", "hat", "ride")}
    for stroke in strokes:
        add(parts["drums"], stroke.loudness * kit[stroke.drum], stroke.start)
    if piece.genre == "rock":  # the guitar's amplifier
        gain = 1.0 + 5.0 * piece.artist.drive
        parts["chords"] = np.tanh(gain * level(parts["chords"]))
    return np.asarray(
        sum(db(decibels) * level(parts[name]) for name, decibels in zip(PARTS, piece.levels, strict=True))
    )


@lru_cache(maxsize=8)
def reverberation(name: str, seconds: float, version: str) -> Samples:
    """The answer of the room of artist `name`: decaying noise of energy 1, the same in all pieces."""
    times = np.arange(round(seconds * RATE)) / RATE
    tail = keyed_generator(DATASET, version, name, "room").standard_normal(len(times)) * np.exp(-6.9 * times / seconds)
    return np.asarray(tail / np.sqrt(np.sum(tail**2)))


def room(samples: Samples, artist: Artist, version: str) -> Samples:
    """`samples` with the artist's reverberation mixed in; shape kept."""
    wet = oaconvolve(samples, reverberation(artist.name, artist.reverb_seconds, version))[: len(samples)]
    return np.asarray((1.0 - artist.reverb_mix) * samples + artist.reverb_mix * wet)


def render(piece: Piece, version: str) -> NDArray[np.int16]:
    """The piece as 22.05 kHz mono PCM, shape (samples,), about 4 s."""
    rng = keyed_generator(DATASET, version, piece.clip_id, "rendering")
    composer = Composer(piece, rng)
    notes = composer.accompaniment() + composer.melody()
    mix = room(play(piece, notes, composer.drums(), rng), piece.artist, version)
    mix = shelf(mix, piece.artist.high_db, 3000.0, RATE)
    mix = shelf(mix, -piece.artist.low_db, 200.0, RATE)
    mix = level(mix) * db(MUSIC_DB + piece.direction("loudness") + piece.artist.gain_db)
    fade = np.clip(np.minimum(np.arange(len(mix)), np.arange(len(mix))[::-1]) / (0.01 * RATE), 0.0, 1.0)
    noise = db(piece.artist.noise_db) * rng.standard_normal(len(mix))
    return to_pcm(with_headroom(fade * mix + noise))
