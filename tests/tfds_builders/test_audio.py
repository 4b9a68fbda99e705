"""Decoding to mono int16, against samples known beforehand."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tfds_builders.common import audio
from tfds_builders.common.audio import LIMITS, Limits, decode, identity_of, read_header
from tfds_builders.common.errors import SourceError


@pytest.mark.parametrize("kind", ["WAV", "FLAC"])
def test_16_bit_pcm_is_exact(encoded, kind):
    samples = np.array([-32768, -32767, -1, 0, 1, 2, 32766, 32767] * 50, np.int16)
    decoded = decode(encoded(samples, 16000, kind, "PCM_16"), "a", 16000)
    assert decoded.dtype == np.int16
    np.testing.assert_array_equal(decoded, samples)


def test_stereo_is_the_rounded_mean(encoded):
    left_right = np.array(
        [[1, 2], [3, 4], [-1, -2], [100, 200], [32767, 32767], [-32768, -32768], [32767, -32768]], np.int16
    )
    decoded = decode(encoded(left_right), "a", 8000)
    assert decoded.tolist() == [2, 4, -2, 150, 32767, -32768, 0]  # 1.5, 3.5, -1.5 and -0.5: ties go to the even side


def test_24_bit_and_float_are_rounded_and_clipped(encoded):
    wide = np.array([0.5, 1 / 32768, 1.6 / 32768, -0.5, 1.5, -1.5])
    assert decode(encoded(wide, 8000, "WAV", "FLOAT"), "a", 8000).tolist() == [16384, 1, 2, -16384, 32767, -32768]
    assert decode(encoded(wide[:4], 8000, "WAV", "PCM_24"), "a", 8000).tolist() == [16384, 1, 2, -16384]


@pytest.mark.parametrize("kind", ["OGG", "MP3"])
def test_lossy_over_full_scale_does_not_wrap(encoded, kind):
    """A square wave at full scale overshoots when it is decoded; wrapped around it would jump by 65536."""
    square = np.repeat(np.tile([32767, -32768], 40), 50).astype(np.int16)
    decoded = decode(encoded(square, 16000, kind), "a", 16000).astype(int)
    middle = slice(500, 3500)
    assert np.corrcoef(square[middle], decoded[: len(square)][middle])[0, 1] > 0.9


def test_other_rate_is_resampled(encoded):
    time = np.arange(48000) / 48000
    source = (10000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)
    decoded = decode(encoded(source, 48000), "a", 16000)
    assert decoded.shape == (16000,)
    expected = 10000 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    assert np.abs(decoded - expected)[200:-200].max() < 5


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_header(encoded, tone, kind):
    stereo = np.stack([tone(1, 4410), tone(2, 4410)], axis=1)
    header = read_header(encoded(stereo, 22050, kind), "a")
    assert (header.rate, header.channels, header.frames) == (22050, 2, 4410)
    assert header.seconds == pytest.approx(0.2)


@pytest.mark.parametrize("read", [read_header, lambda raw, name: decode(raw, name, 8000)], ids=["header", "decode"])
@pytest.mark.parametrize("kind", ["empty file", "text", "no samples", "cut wav"])
def test_broken_clips(encoded, tone, read, kind):
    raw = {
        "empty file": b"",
        "text": b"<html>404 not found</html>",
        "no samples": encoded(np.zeros(0, np.int16)),
        "cut wav": encoded(tone(1))[:-100],
    }[kind]
    with pytest.raises(
        SourceError, match=r"'x/y.wav' cannot be used: found .*expected a whole wav, flac, ogg, opus or mp3"
    ):
        read(raw, "x/y.wav")


def test_cut_flac(encoded):
    noise = np.random.default_rng(0).integers(-9000, 9000, 20000).astype(np.int16)
    raw = encoded(noise, 8000, "FLAC")
    with pytest.raises(SourceError, match=r"'a' cannot be used: found audio that is damaged or breaks off"):
        decode(raw[: len(raw) // 2], "a", 8000)


def test_not_finite(encoded):
    with pytest.raises(SourceError, match="found 2 of 4 samples not finite"):
        decode(encoded(np.array([0.0, np.nan, 0.1, -np.inf]), 8000, "WAV", "FLOAT"), "a", 8000)


@pytest.mark.parametrize(
    ("kind", "subtype", "step"),
    [("WAV", "PCM_16", 0), ("WAV", "FLOAT", 0), ("FLAC", "PCM_24", 0), ("OGG", "VORBIS", 0), ("MP3", None, 1)],
)
def test_a_clip_too_large_to_hold_is_decoded_in_pieces(encoded, monkeypatch, kind, subtype, step):
    stereo = np.random.default_rng(0).uniform(-0.9, 0.9, (20000, 2))
    raw = encoded(stereo, 16000, kind, subtype)
    whole = decode(raw, "a", 16000).astype(int)
    monkeypatch.setattr(audio, "_BLOCK", 777)
    assert np.abs(decode(raw, "a", 16000) - whole).max() <= step


@pytest.mark.parametrize("extension", ["wav", "WAV"])
@pytest.mark.parametrize("kind", ["FLAC", "MP3", "OGG"])
def test_the_extension_must_be_true(encoded, tone, extension, kind):
    with pytest.raises(SourceError, match=f"found {kind} audio in a file named .wav; expected WAV, WAVEX, RF64 or W64"):
        read_header(encoded(tone(1, 2000), 8000, kind), f"x/y.{extension}")


@pytest.mark.parametrize(
    ("frames", "rate", "channels", "fits"),
    [
        (80, 8000, 1, True),
        (79, 8000, 1, False),
        (8000, 8000, 8, True),
        (8000, 8000, 9, False),
        (4000, 4000, 1, True),
        (4000, 3999, 1, False),
        (96000, 96000, 1, True),
        (96001, 96001, 1, False),
        (3600 * 4000, 4000, 1, True),
        (3600 * 4000 + 1, 4000, 1, False),
    ],
)
def test_limits(frames, rate, channels, fits):
    header = audio.Header(rate=rate, channels=channels, frames=frames)
    if fits:
        LIMITS.check(header, "a")
    else:
        with pytest.raises(SourceError, match=r"'a' cannot be used: found .*expected"):
            LIMITS.check(header, "a")


def test_a_corpus_has_limits_of_its_own(encoded):
    raw = encoded(np.zeros(100), 192000)
    with pytest.raises(SourceError, match="192000 Hz; expected 4000 to 96000 Hz"):
        read_header(raw, "a.wav")
    assert read_header(raw, "a.wav", Limits(max_rate=200000, min_seconds=0)).frames == 100


def test_a_stream_of_unknown_length_is_read_to_its_end(encoded, tone):
    """Programs that write into a pipe cannot go back to fill in the lengths."""
    raw = bytearray(encoded(tone(1), 8000))
    raw[4:8] = raw[40:44] = b"\xff" * 4
    np.testing.assert_array_equal(decode(bytes(raw), "a.wav", 8000), tone(1))


def test_a_chunk_of_samples_that_lies(encoded, tone):
    raw = bytearray(encoded(tone(1), 8000))
    raw[40:44] = (401).to_bytes(4, "little")  # one byte, as a missing pad byte, is forgiven
    assert read_header(bytes(raw), "a.wav").frames == 200
    raw[40:44] = (402).to_bytes(4, "little")
    with pytest.raises(SourceError, match="found 444 of the 446 bytes that its header says"):
        read_header(bytes(raw), "a.wav")


def test_identity_depends_on_bytes_and_on_how_they_are_read():
    sha = hashlib.sha256(b"clip").hexdigest()
    identities = {
        identity_of(sha, "lib 1"),
        identity_of(sha, "lib 2"),
        identity_of(sha, "lib 1", "soxr"),
        identity_of("0", "lib 1"),
    }
    assert len(identities) == 4
    assert identity_of(sha, "lib 1") == hashlib.sha256(f"{sha}\nlib 1".encode()).hexdigest()
