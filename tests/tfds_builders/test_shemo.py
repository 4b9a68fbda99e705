"""ShEMO's builder on 87 synthetic speakers: groups, both kinds of parts, odd rates, `_mono`, two zips in one."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from benchmark import datasets, registry
from benchmark.errors import SplitError
from benchmark.splits import assign
from tasks.base import Predefined
from tfds_builders.common.errors import SourceError

SPEAKERS = [f"F{number:02}" for number in range(1, 32)] + [f"M{number:02}" for number in range(1, 57)]
LETTERS = {"A": "anger", "F": "fear", "H": "happiness", "S": "sadness", "W": "surprise", "N": "neutral"}


@pytest.fixture(scope="module")
def members(encoded, tone):
    """Three clips a speaker; each of the numbers 01 to 87 occurs; a few at half the rate, as in the corpus."""
    made = {}
    for s, speaker in enumerate(SPEAKERS):
        for k in range(3):
            name = f"{speaker}{'AFHSWN'[(s + k) % 6]}{(s + k) % 87 + 1:02}"
            folder = "female" if speaker[0] == "F" else "male"
            made[f"{folder}/{name}.wav"] = encoded(tone(3 * s + k, 500), 22050 if s % 29 == 3 else 44100)
    return made


@pytest.fixture(scope="module")
def shemo(builder_class):
    return builder_class("shemo")


@pytest.fixture
def manual(tmp_path, members, write_zip):
    return write_zip(tmp_path / "manual" / "shemo.zip", members).parent


def test_labels_groups_and_rates(manual, members, shemo, build, read_parts):
    builder = build(shemo, manual)
    clips = {name: clip for part in read_parts(builder).values() for name, clip in part.items()}
    assert set(clips) == {path.split("/")[1] for path in members}
    names = builder.info.features["label"].names
    assert names == list(LETTERS.values())
    for name, clip in clips.items():
        assert (names[clip["label"]], clip["speaker_id"]) == (LETTERS[name[3]], name[:3])
        assert clip["original_group"] == name[4:6]
        assert clip["sample_rate"] == 44100
        assert len(clip["audio"]) == (1000 if SPEAKERS.index(name[:3]) % 29 == 3 else 500)
    assert Counter(clip["speaker_id"][0] for clip in clips.values()) == {"F": 93, "M": 168}
    assert builder.info.metadata["found"]["rates"] == {"44100": 252, "22050": 9}


def test_women_and_men_of_one_number_are_two_speakers(manual, shemo, build, read_parts):
    speakers = {clip["speaker_id"] for part in read_parts(build(shemo, manual)).values() for clip in part.values()}
    assert speakers == set(SPEAKERS)


def test_parts_are_disjoint_by_speaker(manual, shemo, build, read_parts):
    """52, 17 and 18 speakers; the first ones of serab_splits.md's shuffle of 87 sorted ids are the 3rd, 14th, 54th …"""
    parts = read_parts(build(shemo, manual))
    found = {part: {clip["speaker_id"] for clip in clips.values()} for part, clips in parts.items()}
    assert [len(speakers) for speakers in found.values()] == [52, 17, 18]
    places = {"train": "03 14 54 42 36", "validation": "24 53 86", "test": "21 82 45"}
    for part, numbers in places.items():
        assert {sorted(SPEAKERS)[int(number) - 1] for number in numbers.split()} <= found[part]


def test_original_parts_go_by_the_utterance_and_leak(manual, shemo, build, read_parts):
    original = read_parts(build(partial(shemo, config="original"), manual))
    numbers = {part: {clip["original_group"] for clip in clips.values()} for part, clips in original.items()}
    assert [len(found) for found in numbers.values()] == [52, 17, 18]
    assert {"03", "14", "87", "12", "36"} <= numbers["train"]  # members of serab_splits.md
    assert {"24", "53", "11", "85", "86"} <= numbers["validation"]
    assert {"21", "82", "10", "48", "45"} <= numbers["test"]
    speakers = {part: {clip["speaker_id"] for clip in clips.values()} for part, clips in original.items()}
    assert speakers["test"] & speakers["train"]
    for clips in read_parts(build(shemo, manual)).values():
        for name, clip in clips.items():
            assert name in original[clip["original_part"]]
    assert "LEAKS" in shemo.builder_configs["original"].description


@pytest.mark.parametrize("layout", ["folder", "flat folder", "zip with a top", "mono"])
def test_any_merge_of_the_two_archives(
    tmp_path, members, manual, shemo, build, read_parts, write_zip, encoded, tone, layout
):
    other = tmp_path / "other"
    if layout == "zip with a top":
        write_zip(other / "shemo.zip", {f"ShEMO/{name}": raw for name, raw in members.items()})
    elif layout == "mono":
        write_zip(other / "shemo.zip", {name.replace(".wav", "_mono.wav"): raw for name, raw in members.items()})
    else:
        for name, raw in members.items():
            path = other / "shemo" / (name.split("/")[1] if layout == "flat folder" else name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)
    expected, found = read_parts(build(shemo, manual)), read_parts(build(shemo, other))
    for part, clips in expected.items():
        assert {n: (c["identity"], c["speaker_id"], c["label"]) for n, c in clips.items()} == {
            n: (c["identity"], c["speaker_id"], c["label"]) for n, c in found[part].items()
        }


def test_a_mono_copy_beside_its_source_is_refused(tmp_path, members, shemo, build, write_zip):
    name = next(iter(members))
    both = {**members, name.replace(".wav", "_mono.wav"): members[name]}
    with pytest.raises(SourceError, match=r"found the clip 'F01A01' twice"):
        build(shemo, write_zip(tmp_path / "both" / "shemo.zip", both).parent)


def test_half_of_the_corpus_alone(tmp_path, members, shemo, build, write_zip):
    """Only one of the two archives: a variant, with parts of its own."""
    women = {name: raw for name, raw in members.items() if name.startswith("female")}
    builder = build(shemo, write_zip(tmp_path / "half" / "shemo.zip", women).parent)
    assert builder.info.metadata["variant"].endswith("partial")


def test_its_tasks(manual, tmp_path, monkeypatch):
    monkeypatch.setenv("MOODBENCH_DATA", str(tmp_path))
    own = [task for task in registry.tasks().values() if task.dataset == "shemo"]
    assert {task.name for task in own} == {"shemo", "shemo_serab", "shemo_serab_original"}
    listed = datasets.base_manifest("shemo").with_splits(own)
    assert len(set(listed.split(registry.task("shemo")))) == 5
    original = registry.task("shemo_serab_original")
    assert listed.split(original) == listed.column("original_part")
    with pytest.raises(SplitError, match="is in both"):
        assign(Predefined(feature="original_part"), listed.column("label"), listed.column("speaker_id"), listed.clips)
