"""Decoding to mono int16, against samples known beforehand."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tfds_builders.common.audio import decode, identity_of, read_header
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
    with pytest.raises(SourceError, match=r"clip 'x/y.wav' cannot be decoded: found .*expected a whole"):
        read(raw, "x/y.wav")


def test_cut_flac(encoded):
    noise = np.random.default_rng(0).integers(-9000, 9000, 20000).astype(np.int16)
    raw = encoded(noise, 8000, "FLAC")
    with pytest.raises(SourceError, match=r"clip 'a' cannot be decoded"):
        decode(raw[: len(raw) // 2], "a", 8000)


def test_not_finite(encoded):
    with pytest.raises(SourceError, match="not finite"):
        decode(encoded(np.array([0.0, np.nan, 0.1]), 8000, "WAV", "FLOAT"), "a", 8000)


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
