"""SUBESCO: names with appendices, two sample rates, SERAB's members."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import PurePosixPath

import pytest

from tfds_builders.common.errors import SourceError
from tfds_builders.common.parts import speaker_parts

WOMEN = ["OISHI", "MONIKA", "SMITA", "SWARNALI", "MOUNI", "SIMI", "TITHI", "JOYEETA", "CHAITY", "FAHMEE"]
MEN = ["BASHIR", "NIPUN", "ILIAS", "BIBHAS", "DURANTO", "SHUKANTO", "SIBLY", "PRASUN", "SHUMANTA", "EVAN"]
EMOTIONS = {
    "ANGRY": "anger",
    "DISGUST": "disgust",
    "FEAR": "fear",
    "HAPPY": "happiness",
    "SAD": "sadness",
    "SURPRISE": "surprise",
    "NEUTRAL": "neutral",
}
SERAB = {
    "train": "SWARNALI BIBHAS TITHI MONIKA NIPUN SMITA ILIAS SHUKANTO EVAN CHAITY FAHMEE SHUMANTA",
    "validation": "MOUNI JOYEETA SIMI OISHI",
    "test": "DURANTO BASHIR SIBLY PRASUN",
}
ODD = "F_02_MONIKA_S_2_SURPRISE_3"  # distributed as `...3].wav`


def official_names() -> list[str]:
    speakers = [f"{sex}_{n:02}_{name}" for sex, names in (("F", WOMEN), ("M", MEN)) for n, name in enumerate(names, 1)]
    stems = [f"{s}_S_{k}_{e}_{take}" for s in speakers for k in range(1, 11) for e in EMOTIONS for take in range(1, 6)]
    return [f"{stem}].wav" if stem == ODD else f"{stem}.wav" for stem in stems]


@pytest.fixture
def builder(tmp_path, builder_class):
    return builder_class("subesco")(data_dir=tmp_path, file_format="array_record")


@pytest.fixture
def members(dummy_folder):
    with zipfile.ZipFile(dummy_folder("subesco") / "SUBESCO.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("appendix", ["", "_mono"])
def test_parts_are_serabs(builder, appendix):
    """All 7000 names, as distributed and as SERAB's conversion leaves them."""
    names = [name.replace(".wav", f"{appendix}.wav") for name in official_names()]
    clips = [clip for name in names for clip in builder.clips_in(PurePosixPath(name))]
    assert len({clip_id for clip_id, _, _ in clips}) == len(names) == builder.FACTS.clips == 7000
    speakers = Counter(fields["speaker_id"] for _, fields, _ in clips)
    parts = speaker_parts(speakers, builder.FRACTIONS)
    assert {part: set(members) for part, members in parts.items()} == {p: set(n.split()) for p, n in SERAB.items()}
    sizes = {part: sum(speakers[name] for name in names) for part, names in parts.items()}
    assert sizes == {"train": 4200, "validation": 1400, "test": 1400}
    assert Counter(fields["label"] for _, fields, _ in clips) == dict.fromkeys(EMOTIONS.values(), 1000)


@pytest.mark.parametrize("stem", [f"{ODD}]", ODD, f"{ODD}_mono", f"{ODD}]_mono"])
def test_the_odd_file_is_one_clip_under_all_its_names(builder, stem):
    clips = builder.clips_in(PurePosixPath(f"{stem}.wav"))
    assert clips == [(f"{ODD}.wav", {"speaker_id": "MONIKA", "label": "surprise"}, None)]


@pytest.mark.parametrize("name", ["F_02_MONIKA_S_2_JOY_3.wav", f"{ODD}_stereo.wav", "MONIKA_S_2_SURPRISE_3.wav"])
def test_other_names_are_left_out(builder, name):
    assert builder.clips_in(PurePosixPath(name)) == []


def test_converted_names_give_the_same_clips(tmp_path, builder_class, build, read_parts, write_zip, members):
    kind = builder_class("subesco")
    manual = write_zip(tmp_path / "a" / "SUBESCO.zip", members).parent
    moved = {name.removeprefix("SUBESCO/").replace(".wav", "_mono.wav"): raw for name, raw in members.items()}
    converted = write_zip(tmp_path / "b" / "SUBESCO.zip", moved).parent
    first, second = (read_parts(build(kind, folder)) for folder in (manual, converted))
    for part, clips in first.items():
        assert {name: clip["identity"] for name, clip in clips.items()} == {
            name: clip["identity"] for name, clip in second[part].items()
        }


def test_a_clip_beside_its_converted_copy_is_refused(tmp_path, builder_class, build, write_zip, members):
    copied = next(iter(members))
    both = {**members, copied.replace(".wav", "_mono.wav"): members[copied]}
    with pytest.raises(SourceError, match="found the clip 'F_01_OISHI_S_1_ANGRY_1' twice"):
        build(builder_class("subesco"), write_zip(tmp_path / "m" / "SUBESCO.zip", both).parent)


def test_both_rates_come_out_at_the_commoner_one(builder_class, build, read_parts, dummy_folder):
    """TITHI's dummy clips are 576 samples at 48 kHz, the others 530 at 44.1 kHz: only hers are converted."""
    builder = build(builder_class("subesco"), dummy_folder("subesco"))
    assert builder.info.metadata["found"]["rates"] == {"44100": 12, "48000": 3}
    for clips in read_parts(builder).values():
        for clip in clips.values():
            assert clip["sample_rate"] == 44100
            assert len(clip["audio"]) == (529 if clip["speaker_id"] == "TITHI" else 530)
