"""Names of the differences from the official corpus."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tfds_builders.common.audio import Header
from tfds_builders.common.variant import Census, Facts, most_common, variant_id

OFFICIAL = Facts(clips=588, rates={48000: 588}, channels={2: 587, 1: 1}, extensions={"wav": 588}, seconds=2.8)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, ""),
        ({"channels": {2: 580, 1: 8}}, ""),  # a handful of odd files
        ({"seconds": 3.2}, ""),
        ({"rates": {16000: 588}}, "16k"),
        ({"rates": {22050: 588}, "extensions": {"ogg": 588}}, "22.05k"),
        ({"rates": {16000: 588}, "channels": {1: 588}, "extensions": {"flac": 588}}, "16k"),
        ({"rates": {48000: 400, 16000: 188}}, "mixed"),
        ({"channels": {1: 588}}, "mono"),
        ({"channels": {1: 200, 2: 388}}, "mixed"),
        ({"channels": {6: 588}}, "6ch"),
        ({"extensions": {"mp3": 588}}, "mp3"),
        ({"extensions": {"wav": 500, "mp3": 88}}, "mixed"),
        ({"seconds": 1.0, "rates": {16000: 588}}, "1s"),
        ({"clips": 587}, "partial"),
        ({"clips": 589}, "extended"),
        ({"clips": 98, "rates": {16000: 98}, "channels": {1: 98}}, "16k-partial"),
    ],
)
def test_names(changes, name):
    assert variant_id(replace(OFFICIAL, **changes), OFFICIAL) == name


def test_mono_official_set_as_stereo():
    official = Facts(clips=2, rates={8000: 2}, channels={1: 2}, extensions={"wav": 2}, seconds=1.0)
    assert variant_id(replace(official, channels={2: 2}), official) == "stereo"


def test_census():
    census = Census()
    for frames, channels, extension in ((8000, 1, "wav"), (16000, 2, "wav"), (40000, 1, "flac")):
        census.add(Header(rate=8000, channels=channels, frames=frames), extension)
    assert census.facts().record() == {
        "clips": 3,
        "rates": {"8000": 3},
        "channels": {"1": 2, "2": 1},
        "extensions": {"wav": 2, "flac": 1},
        "seconds": 2.0,
    }


def test_most_common_does_not_hang_on_the_order():
    assert most_common({48000: 2, 16000: 2, 8000: 1}) == most_common({8000: 1, 16000: 2, 48000: 2}) == 16000
