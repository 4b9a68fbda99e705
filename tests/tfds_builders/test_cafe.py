"""CaFE: neutral clips without a folder of strength, folders in any spelling, SERAB's members."""

from __future__ import annotations

import zipfile
from collections import Counter

import pytest

FOLDERS = {"C": "Colère", "D": "Dégoût", "P": "Peur", "J": "Joie", "T": "Tristesse", "S": "Surprise"}
EMOTIONS = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]
SERAB = {
    "train": ({"07", "12", "05", "11", "03", "09", "02"}, 546),
    "validation": ({"08", "10"}, 156),
    "test": ({"04", "01", "06"}, 234),
}


def official_names() -> list[str]:
    """Members of the official archive below its top folder."""
    names = []
    for actor in range(1, 13):
        for sentence in range(1, 7):
            for letter, folder in FOLDERS.items():
                names += [f"{folder}/Faible/{actor:02}-{letter}-1-{sentence}.wav"]
                names += [f"{folder}/Fort/{actor:02}-{letter}-2-{sentence}.wav"]
            names += [f"Neutre/{actor:02}-N-1-{sentence}.wav"]
    return names


def test_parts_are_serabs(tmp_path, builder_class, build, read_parts, write_zip, encoded, tone):
    names = official_names()
    members = {f"CaFE_48k/{name}": encoded(tone(number, 100)) for number, name in enumerate(names)}
    builder = build(builder_class("cafe"), write_zip(tmp_path / "m" / "CaFE_48k.zip", members).parent)
    parts = read_parts(builder)
    assert {p: ({c["speaker_id"] for c in clips.values()}, len(clips)) for p, clips in parts.items()} == SERAB
    labels = builder.info.features["label"].names
    assert labels == EMOTIONS
    counted = {p: Counter(labels[clip["label"]] for clip in clips.values()) for p, clips in parts.items()}
    assert counted["test"] == {**dict.fromkeys(EMOTIONS[:-1], 36), "neutral": 18}
    assert sum(part["neutral"] for part in counted.values()) == 72
    found = builder.info.metadata["found"]
    assert (found["clips"], found["left_out"]) == (builder.FACTS.clips, 0) == (936, 0)


@pytest.mark.parametrize(
    "place",
    [
        lambda name: name.removeprefix("CaFE_48k/"),
        lambda name: f"download/{name}",
        lambda name: name.replace("Colère", "Col\x8are").replace("Dégoût", "DegoÃ»t"),
        lambda name: name.rpartition("/")[2],
    ],
    ids=["no top folder", "two top folders", "garbled accents", "no folders"],
)
def test_layouts_give_the_same_clips(tmp_path, builder_class, build, read_parts, write_zip, dummy_folder, place):
    kind, manual = builder_class("cafe"), dummy_folder("cafe")
    expected = read_parts(build(kind, manual))
    with zipfile.ZipFile(manual / "CaFE_48k.zip") as archive:
        moved = {place(name): archive.read(name) for name in archive.namelist()}
    found = read_parts(build(kind, write_zip(tmp_path / "m" / "CaFE_48k.zip", moved).parent))
    kept = ("identity", "speaker_id", "label")
    for part, clips in expected.items():
        assert {n: [c[k] for k in kept] for n, c in clips.items()} == {
            n: [c[k] for k in kept] for n, c in found[part].items()
        }
    assert any("-N-" in clip_id for clips in found.values() for clip_id in clips)
