"""One look at a clip: faults at their very limits, and what makes two clips one."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.audit.scan import CLIPPED_SHARE, FULL_SCALE, SILENT, TRIM, look_at

RATE = 8000


def tone(seconds=1.0, peak=5000):
    samples = np.rint(peak * np.sin(0.7 * np.arange(round(seconds * RATE)))).astype(np.int16)
    samples[0] = peak  # a sine meets its peak only nearly
    return samples


def test_an_ordinary_clip():
    look = look_at(tone(), RATE)
    assert look.faults == ()
    assert look.seconds == 1.0
    assert len(look.sha256) == 64


@pytest.mark.parametrize(("peak", "faults"), [(SILENT - 1, ("silent",)), (SILENT, ())])
def test_silent_is_below_60_db(peak, faults):
    assert look_at(tone(peak=peak), RATE).faults == faults
    assert 20 * np.log10(SILENT / 32768) == pytest.approx(-60, abs=0.1)


def test_silence_is_nobodys_duplicate():
    look = look_at(np.zeros(RATE, np.int16), RATE)
    assert look.faults == ("constant", "silent")
    assert look.sha256 == ""
    assert len(look.hashes) == 0
    assert look_at(np.full(RATE, TRIM, np.int16), RATE).sha256 == ""


def test_constant():
    assert look_at(np.full(RATE, 4000, np.int16), RATE).faults == ("constant",)
    assert look_at(np.full(RATE, -FULL_SCALE - 1, np.int16), RATE).faults == ("constant", "clipped")


@pytest.mark.parametrize(("more", "faults"), [(0, ()), (1, ("clipped",))])
@pytest.mark.parametrize("value", [FULL_SCALE, -FULL_SCALE, -FULL_SCALE - 1])
def test_clipped_is_more_than_a_share_at_full_scale(value, more, faults):
    samples = tone()
    samples[100 : 100 + int(CLIPPED_SHARE * RATE) + more] = value
    assert look_at(samples, RATE).faults == faults


@pytest.mark.parametrize(
    ("seconds", "faults"), [(0.25, ()), (0.249, ("very short",)), (120.0, ()), (120.5, ("very long",))]
)
def test_very_short_and_very_long(seconds, faults):
    assert look_at(tone(seconds), RATE).faults == faults


def test_a_clip_of_one_sample():
    assert look_at(np.array([9000], np.int16), RATE).faults == ("constant", "very short")


def test_added_silence_does_not_hide_a_duplicate():
    clip = tone()
    hum = np.rint(TRIM * np.sin(np.arange(700))).astype(np.int16)
    padded = np.concatenate([np.zeros(300, np.int16), clip, hum])
    assert look_at(padded, RATE).sha256 == look_at(clip, RATE).sha256
    louder = np.concatenate([np.full(1, TRIM + 1, np.int16), clip])
    assert look_at(louder, RATE).sha256 != look_at(clip, RATE).sha256
    changed = clip.copy()
    changed[RATE // 2] += 1
    assert look_at(changed, RATE).sha256 != look_at(clip, RATE).sha256


def test_landmarks_are_heard_at_one_rate_whatever_the_clips():
    noise = np.random.default_rng(0).standard_normal(RATE)
    low = np.rint(4000 * np.convolve(noise, np.ones(8) / 8, "same")).astype(np.int16)
    here, doubled = look_at(low, RATE), look_at(np.repeat(low, 2), 2 * RATE)
    assert doubled.seconds == here.seconds
    assert len(np.intersect1d(here.hashes, doubled.hashes)) > 0.2 * len(here.hashes)
