"""FSDD: digit and speaker from the name, leave one speaker out, and what is no recording."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmark.splits import assign
from tasks.base import LeaveOneGroupOut
from tfds_builders.common.errors import SourceError

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")


@pytest.fixture
def whole(encoded, tone):
    """The official layout, three recordings of each digit and speaker, with the project's own scripts."""
    members = {"free-spoken-digit-dataset-1.0.10/metadata.py": b"", "free-spoken-digit-dataset-1.0.10/README.md": b""}
    for s, speaker in enumerate(SPEAKERS):
        for digit in range(10):
            for take in (0, 7, 49):
                name = f"free-spoken-digit-dataset-1.0.10/recordings/{digit}_{speaker}_{take}.wav"
                members[name] = encoded(tone(100 * s + 10 * digit + take % 10), 8000)
    return members


@pytest.fixture
def made(tmp_path, builder_class, build, read_parts, write_zip):
    def make(members, archive="free-spoken-digit-dataset-1.0.10.zip"):
        builder = build(builder_class("spoken_digits"), write_zip(tmp_path / "m" / archive, members).parent)
        return builder, read_parts(builder)

    return make


def test_digits_and_speakers(made, whole):
    builder, parts = made(whole)
    names = builder.info.features["digit"].names
    clips = {clip_id: clip for part in parts.values() for clip_id, clip in part.items()}
    assert (names[0], names[7], len(names)) == ("zero", "seven", 10)
    assert clips["recordings/7_jackson_49.wav"]["speaker_id"] == "jackson"
    assert names[clips["recordings/7_jackson_49.wav"]["digit"]] == "seven"
    assert Counter(clip["speaker_id"] for clip in clips.values()) == dict.fromkeys(SPEAKERS, 30)
    assert sorted(len({clip["speaker_id"] for clip in part.values()}) for part in parts.values()) == [1, 2, 3]
    assert len(set(assign(LeaveOneGroupOut(), None, [clip["speaker_id"] for clip in clips.values()], []))) == 6


def test_spectrograms_and_other_folders_are_left_out(made, whole):
    recording = next(name for name in whole if name.endswith(".wav"))
    odd = {
        recording.replace("recordings", "trimmed"): whole[recording],
        recording.replace("0_", "10_"): whole[recording],
    }
    builder, parts = made({**whole, **odd}, "free-spoken-digit-dataset-master.zip")
    assert builder.info.metadata["found"]["left_out"] == 2
    assert sum(map(len, parts.values())) == 180


def test_both_copies_of_a_recording_are_refused(made, whole, encoded, tone):
    name = next(name for name in whole if name.endswith(".wav"))
    with pytest.raises(SourceError, match=r"found the clip 'recordings/0_george_0' twice"):
        made({**whole, name.replace(".wav", ".flac"): encoded(tone(1), 8000, "FLAC")})
