"""Faults of clips: each is told with the clip's path in the archive, and all broken ones at once."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import soundfile

from benchmark import paths
from tfds_builders.common import base

CLIP = "wav/03a00Wa.wav"


def encoded(samples, rate=8000, kind="WAV", subtype=None):
    stream = io.BytesIO()
    soundfile.write(stream, np.asarray(samples), rate, format=kind, subtype=subtype)
    return stream.getvalue()


def noise(frames=4000, channels=1, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, (frames, channels))


def with_value(value):
    samples = noise()
    samples[1000:1003] = value
    return encoded(samples, subtype="FLOAT")


def two_hours(kind):
    stream = io.BytesIO()
    with soundfile.SoundFile(stream, "w", 4000, 1, "PCM_U8" if kind == "WAV" else "PCM_S8", format=kind) as file:
        for _ in range(8):
            file.write(np.zeros(900 * 4000, np.int16))
    return stream.getvalue()


def more_frames_than_there_are():
    """Only the chunk of samples lies: the file's own length is right."""
    raw = bytearray(encoded(noise()))
    place = raw.index(b"data") + 4
    raw[place : place + 4] = (2 * int.from_bytes(raw[place : place + 4], "little")).to_bytes(4, "little")
    return bytes(raw)


def flac_with_more_frames():
    raw = bytearray(encoded(noise(), kind="FLAC"))
    raw[25] ^= 1  # the lowest byte but one of the 36 bits that count the samples
    return bytes(raw)


# what is wrong -> (name of the clip, its bytes, what its line must hold)
FAULTS = {
    "random bytes": (CLIP, lambda: np.random.default_rng(5).bytes(4000), "nothing that libsndfile can read"),
    "an empty clip": (CLIP, lambda: b"", "an empty file"),
    "text named .wav": (CLIP, lambda: b"404 not found\n", r"text that begins '404 not found\n'"),
    "no samples": (CLIP, lambda: encoded(np.zeros(0)), "no samples"),
    "one sample": (CLIP, lambda: encoded([0.5]), "1 samples, 0.000125 s; expected 0.01 to 3600 s"),
    "two hours, as wav": (CLIP, lambda: two_hours("WAV"), "28800000 samples, 7200 s; expected 0.01 to 3600 s"),
    "two hours, as flac": ("wav/03a00Wa.flac", lambda: two_hours("FLAC"), "7200 s"),
    "twelve channels": (CLIP, lambda: encoded(noise(channels=12)), "12 channels; expected 1 to 8"),
    "a rate of 192 kHz": (CLIP, lambda: encoded(noise(), 192000), "192000 Hz; expected 4000 to 96000 Hz"),
    "a rate of 1 kHz": (CLIP, lambda: encoded(noise(), 1000), "1000 Hz; expected 4000"),
    "NaN": (CLIP, lambda: with_value(np.nan), "3 of 4000 samples not finite"),
    "infinite samples": (CLIP, lambda: with_value(np.inf), "3 of 4000 samples not finite"),
    "an mp3 named .wav": (CLIP, lambda: encoded(noise(), kind="MP3"), "MP3 audio in a file named .wav"),
    "a flac named .wav": (CLIP, lambda: encoded(noise(), kind="FLAC"), "FLAC audio in a file named .wav"),
    "a wav named .mp3": ("wav/03a00Wa.mp3", lambda: encoded(noise()), "WAV audio in a file named .mp3"),
    "a wav cut short": (CLIP, lambda: encoded(noise())[:4000], "4000 of the 8044 bytes"),
    "an RF64 wav cut short": (CLIP, lambda: encoded(noise(), kind="RF64")[:4000], "4000 of the 8104 bytes"),
    "a Wave64 wav cut short": (CLIP, lambda: encoded(noise(), kind="W64")[:4000], "4000 of the 8104 bytes"),
    "a wav that declares more samples than there are": (CLIP, more_frames_than_there_are, "8044 of the 16044 bytes"),
    "a flac cut short": ("wav/03a00Wa.flac", lambda: encoded(noise(9000), kind="FLAC")[:6000], "damaged or breaks off"),
    "a flac that declares more samples": ("wav/03a00Wa.flac", flac_with_more_frames, "damaged or breaks off"),
    "an mp3 cut short": ("wav/03a00Wa.mp3", lambda: encoded(noise(9000), kind="MP3")[:-400], "samples that its header"),
    "an ogg cut short": ("wav/03a00Wa.ogg", lambda: encoded(noise(99000), kind="OGG")[:-500], "bytes that its header"),
}


@pytest.fixture
def with_clips(here, manual, small_members, pack):
    """`with_clips({name: bytes})` packs the tiny corpus with some clips replaced, whatever their encoding."""

    def replace(clips):
        stems = {name.rpartition(".")[0] for name in clips}
        whole = {name: raw for name, raw in small_members.items() if name.rpartition(".")[0] not in stems}
        pack(manual / "download.zip", {**whole, **clips})

    return replace


@pytest.mark.parametrize("kind", FAULTS)
def test_on_page(with_clips, tell, on_page, kind):
    name, make, fragment = FAULTS[kind]
    with_clips({name: make()})
    told = tell("prepare")
    line = told.line("prepare: dataset emodb: download.zip: clip", f"{name!r} cannot be used: found", "expected")
    assert fragment in line
    assert "moodbench prepare --skip-broken" in line
    on_page("Clips", kind, line, told.code)
    assert told.code == 2
    assert not list(paths.MANIFESTS.iterdir())


def test_a_long_clip_is_refused_by_its_header(with_clips, tell, monkeypatch):
    monkeypatch.setattr(base, "decode", lambda raw, name, rate: pytest.fail("it was decoded"))
    with_clips({CLIP: two_hours("WAV")})
    assert "7200 s" in tell("prepare").line("prepare: dataset emodb")


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        ("seven broken headers", lambda: b""),
        ("seven clips with NaN", lambda: with_value(np.nan)),  # only decoding shows it
    ],
)
def test_all_are_told_at_once(with_clips, small_members, tell, on_page, kind, broken):
    names = [name for name in sorted(small_members) if "Wa.wav" in name or "Na.wav" in name][:7]
    with_clips(dict.fromkeys(names, broken()))
    told = tell("prepare")
    line = told.line("prepare: dataset emodb:")
    assert "the first of 7 broken among 70 (then" in line
    assert "and 2 more)" in line
    assert sum(repr(name) in line for name in names) == 5
    on_page("Clips", kind, line, told.code)


SOUND = {
    "a wav in WAVEX form": (CLIP, lambda: encoded(noise(), kind="WAVEX")),
    "a wav in RF64 form": (CLIP, lambda: encoded(noise(), kind="RF64")),
    "a wav in Wave64 form": (CLIP, lambda: encoded(noise(), kind="W64")),
    "flac": ("wav/03a00Wa.flac", lambda: encoded(noise(), kind="FLAC")),
    "mp3": ("wav/03a00Wa.mp3", lambda: encoded(noise(), kind="MP3")),
    "Vorbis in ogg": ("wav/03a00Wa.ogg", lambda: encoded(noise(), kind="OGG", subtype="VORBIS")),
    "Opus in ogg": ("wav/03a00Wa.ogg", lambda: encoded(noise(), kind="OGG", subtype="OPUS")),
    "Opus named .opus": ("wav/03a00Wa.opus", lambda: encoded(noise(), kind="OGG", subtype="OPUS")),
    "eight channels": (CLIP, lambda: encoded(noise(channels=8))),
    "samples over full scale": (CLIP, lambda: with_value(3.0)),
}


@pytest.mark.parametrize("kind", SOUND)
def test_accepted(with_clips, tell, kind):
    name, make = SOUND[kind]
    with_clips({name: make()})
    told = tell("prepare")
    assert told.code == 0, told.lines
    clips = json.loads((paths.MANIFESTS / "emodb.json").read_text())["clips"]
    assert [clip["samples"] for clip in clips if clip["id"] == name] == [4000]
    assert len(clips) == 70
