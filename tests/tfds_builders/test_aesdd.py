"""AESDD: the 605 official names, the file that is left out, SERAB's members."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath

import pytest

from tfds_builders.common.audio import read_header
from tfds_builders.common.errors import SourceError

ARCHIVE = "Acted Emotional Speech Dynamic Database"
FOLDERS = {"a": "anger", "d": "disgust", "f": "fear", "h": "happiness", "s": "sadness"}
BROKEN = "s05 (3)"
NEVER_RECORDED = {"h11 (3)", "f02 (4)", "d18 (5)"}
ZEROS = {"f10 (1)", "f11 (1)", "f12 (1)", "f13 (1)", "d03 (1)"}  # written "(01)"
TAKES = {"a06 (5)": ("", "b"), "f18 (5)": ("", "b"), "d01 (5)": ("", "b"), "d03 (5)": ("", "b"), "d04 (5)": ("", "b")}
TAKES |= {"s01 (5)": ("a", "b"), "s02 (5)": ("", "b"), "s04 (5)": ("", "b")}

SERAB = {"train": ({"6", "3", "2"}, 298), "validation": ({"4"}, 99), "test": ({"1", "5"}, 207)}


def official_names() -> list[str]:
    """What the official archive holds, the broken file among it, as `anger/a01 (1).wav`."""
    base = [f"{e}{k:02} ({actor})" for e in FOLDERS for k in range(1, 21) for actor in range(1, 7)]
    names = [name + take for name in base if name not in NEVER_RECORDED for take in TAKES.get(name, ("",))]
    written = [name.replace("(1)", "(01)") if name in ZEROS else name for name in names]
    return [f"{FOLDERS[name[0]]}/{name}.wav" for name in written]


@pytest.fixture
def headless(encoded, tone) -> bytes:
    """A wav that ends before its data chunk, as the official `s05 (3).wav`."""
    raw = encoded(tone(1, 500), 44100)
    cut = raw[: raw.index(b"data")]
    return cut[:4] + (len(cut) - 8).to_bytes(4, "little") + cut[8:]


@pytest.fixture
def official(tmp_path, encoded, tone, write_zip, headless):
    members = {f"{ARCHIVE}/{name}": encoded(tone(number, 100)) for number, name in enumerate(official_names())}
    members[f"{ARCHIVE}/sadness/{BROKEN}.wav"] = headless
    members[f"{ARCHIVE}/readme.txt"] = b"about"
    return write_zip(tmp_path / "manual" / f"{ARCHIVE}.zip", members).parent


def test_parts_are_serabs(official, builder_class, build, read_parts):
    names = official_names()
    assert len(names) == len(set(names)) == 605
    builder = build(builder_class("aesdd"), official)
    parts = read_parts(builder)
    assert {p: ({c["speaker_id"] for c in clips.values()}, len(clips)) for p, clips in parts.items()} == SERAB
    labels = builder.info.features["label"].names
    assert labels == list(FOLDERS.values())
    counted = Counter(labels[clip["label"]] for clip in parts["test"].values())
    assert counted == {"anger": 41, "disgust": 42, "fear": 41, "happiness": 40, "sadness": 43}
    assert set().union(*parts.values()) == set(names) - {f"sadness/{BROKEN}.wav"}
    found = builder.info.metadata["found"]
    assert (found["clips"], found["left_out"]) == (builder.FACTS.clips, 1) == (604, 1)


@pytest.mark.parametrize(
    ("path", "actor", "emotion"),
    [
        ("anger/a06 (5)b.wav", "5", "anger"),
        ("sadness/s01 (5)a.wav", "5", "sadness"),
        ("fear/f10 (01).wav", "1", "fear"),
        ("disgust/d20 (6).flac", "6", "disgust"),
    ],
)
def test_odd_names(tmp_path, builder_class, path, actor, emotion):
    builder = builder_class("aesdd")(data_dir=tmp_path, file_format="array_record")
    assert builder.parse(PurePosixPath(path)) == {"speaker_id": actor, "label": emotion}


@pytest.mark.parametrize("path", ["fear/a06 (5).wav", "anger/a06.wav", "anger/a06 (5)c.wav", "anger/b06 (5).wav"])
def test_other_names_are_left_out(tmp_path, builder_class, path):
    builder = builder_class("aesdd")(data_dir=tmp_path, file_format="array_record")
    assert builder.parse(PurePosixPath(path)) is None


def test_the_broken_file_would_stop_the_build(headless):
    with pytest.raises(SourceError, match="cannot be used"):
        read_header(headless, BROKEN)


@pytest.mark.parametrize("mended", [False, True])
def test_the_broken_file_is_left_out_mended_or_not(
    tmp_path, builder_class, build, read_parts, write_zip, encoded, tone, headless, mended
):
    """A mended copy must be the same set: otherwise figures would stand on 604 clips here and on 605 there."""
    names = [name for name in official_names() if name.startswith("sadness/s05")]
    members = {f"{ARCHIVE}/{name}": encoded(tone(number, 500), 44100) for number, name in enumerate(names)}
    if not mended:
        members[f"{ARCHIVE}/sadness/{BROKEN}.wav"] = headless
    members[f"{ARCHIVE}/sadness/s06 (3).wav"] = encoded(tone(9, 500), 44100)
    builder = build(builder_class("aesdd"), write_zip(tmp_path / "m" / f"{ARCHIVE}.zip", members).parent)
    clips = {clip_id for part in read_parts(builder).values() for clip_id in part}
    assert clips == {f"sadness/s05 ({actor}).wav" for actor in (1, 2, 4, 5, 6)} | {"sadness/s06 (3).wav"}
