"""A source–filter voice: glottal pulses through five moving resonances, plus noise, over a channel.

The way of Fant's acoustic theory (1960) and Klatt's cascade synthesiser (JASA 67, 1980), in small:
pulses of Rosenberg's shape (JASA 49, 1971), formant targets near Peterson and Barney's (1952).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter, sosfilt

from tfds_builders.common.synthesis import Samples, band_filter, db, keyed_generator, shelf, to_pcm, with_headroom
from tfds_builders.demo_speech.recipe import DATASET, Utterance

RATE = 16000
FRAME = 160  # samples; the vocal tract moves every 10 ms
TRANSFORM = 1024  # samples, for two frames and 44 ms of ringing
BANDWIDTHS = np.array([70.0, 100.0, 150.0, 220.0, 300.0])
VOICE_DB = -26.0  # RMS of a neutral phrase, relative to full scale


@dataclass(frozen=True)
class Phone:
    """Targets of one phone: formants in Hz, seconds, loudness of the voice, and its noise."""

    formants: tuple[float, float, float]
    seconds: float
    voice: float
    noise: float = 0.0
    band: tuple[float, float] = (1000.0, 4000.0)
    burst: bool = False  # noise only at the release


PHONES = {
    "a": Phone((750, 1200, 2500), 0.150, 1.0),
    "e": Phone((500, 1850, 2500), 0.140, 0.9),
    "i": Phone((290, 2250, 2950), 0.130, 0.8),
    "o": Phone((500, 880, 2450), 0.145, 0.9),
    "u": Phone((320, 850, 2300), 0.130, 0.8),
    "m": Phone((260, 1000, 2200), 0.075, 0.35),
    "n": Phone((270, 1600, 2500), 0.070, 0.35),
    "l": Phone((360, 1300, 2700), 0.065, 0.5),
    "r": Phone((420, 1250, 1650), 0.065, 0.5),
    "w": Phone((300, 650, 2250), 0.070, 0.5),
    "y": Phone((270, 2300, 3000), 0.070, 0.5),
    "v": Phone((300, 1100, 2300), 0.070, 0.3, 0.02, (1500, 6500)),
    "z": Phone((280, 1700, 2600), 0.080, 0.25, 0.05, (4200, 7400)),
    "f": Phone((320, 1150, 2350), 0.095, 0.0, 0.05, (1500, 7000)),
    "s": Phone((320, 1700, 2600), 0.100, 0.0, 0.12, (4300, 7500)),
    "p": Phone((320, 900, 2300), 0.085, 0.0, 0.08, (400, 2000), True),
    "t": Phone((320, 1750, 2650), 0.080, 0.0, 0.12, (2800, 6500), True),
    "k": Phone((300, 1500, 2300), 0.085, 0.0, 0.12, (1200, 3200), True),
    "b": Phone((250, 900, 2250), 0.070, 0.12, 0.05, (300, 1500), True),
    "d": Phone((250, 1750, 2600), 0.065, 0.12, 0.07, (2500, 5500), True),
    "g": Phone((250, 1500, 2250), 0.070, 0.12, 0.07, (1200, 2800), True),
    " ": Phone((450, 1450, 2450), 0.035, 0.15),
}


@dataclass(frozen=True)
class Timing:
    """Where the phones lie, in frames; `ends` has one entry a phone."""

    phones: tuple[Phone, ...]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    frames: int


def time_phones(utterance: Utterance) -> Timing:
    """Lay the phones out in time: speaker's tempo, the clip's tempo, the chance of each phone."""
    phones = tuple(PHONES[letter] for letter in utterance.sentence)
    tempo = utterance.speaker.tempo * np.exp(utterance.direction("tempo"))
    seconds = np.array([phone.seconds for phone in phones]) * np.array(utterance.durations) / tempo
    seconds[-1] *= 1.4  # the last syllable of a phrase is drawn out
    bounds = np.round(np.concatenate([[0.0], np.cumsum(seconds)]) * RATE / FRAME).astype(np.int64)
    bounds += round(utterance.lead_in * RATE / FRAME)
    return Timing(phones, bounds[:-1], bounds[1:], int(bounds[-1]) + round(utterance.lead_out * RATE / FRAME))


def smooth(track: Samples, frames: int) -> Samples:
    """A moving average over the first axis with a Hann window, edges held; shape kept."""
    window = np.hanning(frames + 2)[1:-1]
    padded = np.pad(track, [(frames // 2, frames - 1 - frames // 2)] + [(0, 0)] * (track.ndim - 1), mode="edge")
    columns = padded.reshape(len(padded), -1).T
    out = np.stack([np.convolve(column, window / window.sum(), mode="valid") for column in columns], axis=-1)
    return out.reshape(track.shape)


def hold(timing: Timing, values: Samples, rest: Samples | float) -> Samples:
    """A track of shape (frames, …): `values[i]` during phone i, `rest` outside."""
    track = np.empty((timing.frames, *values.shape[1:]))
    track[:] = rest
    for value, start, end in zip(values, timing.starts, timing.ends, strict=True):
        track[start:end] = value
    return track


def pitch_track(utterance: Utterance, timing: Timing, rng: np.random.Generator) -> Samples:
    """f0 in Hz, shape (frames,): declination, an accent a syllable, the final movement, tremor."""
    first, last = int(timing.starts[0]), int(timing.ends[-1])
    place = np.clip((np.arange(timing.frames) - first) / max(last - first, 1), 0.0, 1.0)
    vowels = np.array([phone.voice >= 0.8 for phone in timing.phones])
    accents = np.zeros(len(vowels))
    accents[vowels] = utterance.accents
    span = max(utterance.direction("range") + 2.2, 0.3)
    semitones = utterance.direction("pitch") + 1.5 * (0.5 - place)
    semitones = semitones + span * smooth(hold(timing, accents, 0.0), 17)
    semitones = semitones + utterance.direction("final") * np.clip((place - 0.72) / 0.28, 0.0, 1.0)
    seconds = np.arange(timing.frames) * FRAME / RATE
    tremor = max(utterance.direction("tremor"), 0.0) + 0.05
    semitones = semitones + tremor * np.sin(2 * np.pi * (rng.uniform(5.0, 6.5) * seconds + rng.uniform()))
    return utterance.speaker.pitch_hz * 2.0 ** (semitones / 12.0)


def glottal_source(utterance: Utterance, f0: Samples, rng: np.random.Generator) -> tuple[Samples, Samples]:
    """Airflow derivative and aspiration, each of shape (samples,), before loudness."""
    count = len(f0) * FRAME
    steps = np.interp(np.arange(count) / FRAME, np.arange(len(f0)), f0) / RATE
    # Jitter is a new draw in each period; periods are near enough those of the unperturbed voice.
    period = np.floor(np.cumsum(steps)).astype(np.int64)
    jitter = max(utterance.direction("jitter"), 0.0) + 0.004
    steps = steps * (1.0 + jitter * rng.standard_normal(int(period[-1]) + 1))[period]
    shimmer = (1.0 + 3.0 * jitter * rng.standard_normal(int(period[-1]) + 1))[period]
    phase = np.mod(np.cumsum(steps), 1.0)
    open_part = utterance.speaker.open_quotient
    rise = open_part * 0.68
    opening = 0.5 * (1.0 - np.cos(np.pi * phase / rise))
    closing = np.cos(0.5 * np.pi * (phase - rise) / (open_part - rise))
    flow = np.where(phase < rise, opening, np.where(phase < open_part, closing, 0.0)) * shimmer
    aspiration = rng.standard_normal(count) * (0.25 + flow)
    return np.diff(flow, prepend=0.0), aspiration


def vocal_tract(source: Samples, formants: Samples) -> Samples:
    """`source` (samples,) through a cascade of resonances that moves with `formants` (frames, 5), in Hz.

    Filtered by overlap-add, a Hann window of two frames at a time: each resonance has unit gain at
    0 Hz and rings out within the transform.
    """
    radius = np.exp(-np.pi * BANDWIDTHS / RATE)
    first, second = -2.0 * radius * np.cos(2 * np.pi * formants / RATE), radius**2
    delay = np.exp(-2j * np.pi * np.arange(TRANSFORM // 2 + 1) / TRANSFORM)
    response = np.ones((len(formants), len(delay)), dtype=np.complex128)
    for index in range(formants.shape[1]):
        a1, a2 = first[:, index, None], second[index]
        response *= (1.0 + a1 + a2) / (1.0 + delay * (a1 + a2 * delay))
    window = 0.5 - 0.5 * np.cos(np.pi * np.arange(2 * FRAME) / FRAME)
    padded = np.pad(source, FRAME // 2)
    padded = np.pad(padded, (0, FRAME))
    pieces = np.stack([padded[start : start + 2 * FRAME] for start in range(0, len(source), FRAME)]) * window
    rung = np.fft.irfft(np.fft.rfft(pieces, TRANSFORM) * response, TRANSFORM)
    out = np.zeros(len(source) + TRANSFORM + FRAME)
    for index, piece in enumerate(rung):
        out[index * FRAME : index * FRAME + TRANSFORM] += piece
    return out[FRAME // 2 : FRAME // 2 + len(source)]


def phone_noise(timing: Timing, rng: np.random.Generator) -> Samples:
    """The hiss of fricatives and the bursts of stops, shape (samples,)."""
    out = np.zeros(timing.frames * FRAME)
    for phone, start, end in zip(timing.phones, timing.starts * FRAME, timing.ends * FRAME, strict=True):
        if phone.noise == 0.0:
            continue
        begin = max(end - round(0.018 * RATE), start) if phone.burst else start
        hiss = sosfilt(band_filter(phone.band, RATE), rng.standard_normal(end - begin))
        out[begin:end] += phone.noise * hiss * np.sin(np.pi * (np.arange(end - begin) + 0.5) / (end - begin)) ** 0.5
    return out


def channel(utterance: Utterance, samples: Samples, rng: np.random.Generator) -> Samples:
    """The recording: spectral tilt, one resonance, level and noise of the speaker's channel."""
    speaker = utterance.speaker
    samples = shelf(samples, 2.0 * speaker.tilt_db, 1000.0, RATE)
    # A peaking equaliser after Bristow-Johnson's cookbook, Q = 1.
    omega = 2 * np.pi * speaker.resonance_hz / RATE
    alpha, gain = np.sin(omega) / 2.0, db(speaker.resonance_db / 2.0)
    samples = lfilter(
        [1 + alpha * gain, -2 * np.cos(omega), 1 - alpha * gain],
        [1 + alpha / gain, -2 * np.cos(omega), 1 - alpha / gain],
        samples,
    )
    samples = samples * db(speaker.gain_db + utterance.gain_db)
    return samples + db(speaker.noise_db) * rng.standard_normal(len(samples))


def render(utterance: Utterance, version: str) -> NDArray[np.int16]:
    """The clip as 16 kHz mono PCM, shape (samples,), about 1.5 to 2.5 s."""
    rng = keyed_generator(DATASET, version, utterance.clip_id, "rendering")
    timing = time_phones(utterance)
    speaker = utterance.speaker
    f0 = pitch_track(utterance, timing, rng)
    voiced, aspiration = glottal_source(utterance, f0, rng)

    targets = np.array([[*phone.formants, 3500.0, 4500.0] for phone in timing.phones])
    rest = np.array([450.0, 1450.0, 2450.0, 3500.0, 4500.0])
    formants = smooth(hold(timing, targets, rest), 5) * speaker.formant_scale
    formants[:, :4] *= 1.0 + np.array(speaker.formant_offsets)
    formants = np.clip(formants, 150.0, 7200.0)

    loudness = smooth(hold(timing, np.array([phone.voice for phone in timing.phones]), 0.0), 3)
    loudness = np.interp(np.arange(len(voiced)) / FRAME, np.arange(len(loudness)) + 0.5, loudness)
    breath = db(speaker.breath_db + utterance.direction("breath"))
    # 0.05 is about the RMS of the airflow derivative, so that levels below are relative to the voice.
    source = loudness * (voiced / 0.05 + 4.0 * breath * aspiration)
    voice = vocal_tract(source, formants)
    voice = shelf(voice, 9.0 + utterance.direction("brightness"), 900.0, RATE)
    # Formants alone make an /i/ and an /a/ differ by 10 dB: levels are set after them.
    voice = voice / np.sqrt(np.mean(voice**2)) + 2.0 * phone_noise(timing, rng)
    voice = voice * db(VOICE_DB + utterance.direction("energy"))
    return to_pcm(with_headroom(channel(utterance, voice, rng)))
