"""URDU: the 400 official names, speakers that have one emotion, folds that every class survives."""

from __future__ import annotations

from collections import Counter
from itertools import count
from pathlib import PurePosixPath

import numpy as np
import pytest

from benchmark import registry
from benchmark.splits import assign, rounds

# folder -> label and clips of each speaker, in the order of the files' last number
CORPUS = {
    "Angry": ("anger", "SM1 22 SM2 28 SM3 2 SM4 48"),
    "Happy": (
        "happiness",
        "SF1 12 SF2 2 SF3 2 SF4 4 SF5 4 SF6 14 SF7 6 SF8 2 SM17 2 SM18 2 SM19 2 SM3 2 SM5 8 SM6 10 SM7 28",
    ),
    "Sad": ("sadness", "SF10 2 SF11 4 SM23 6 SM24 38 SM25 40 SM26 2 SM27 4 SM6 4"),
    "Neutral": ("neutral", "SF9 4 SM20 10 SM21 4 SM22 2 SM3 8 SM5 72"),
}
PARTS = {
    "train": ("SF11 SM24 SM27 SM18 SM1 SM4 SM6 SM5 SF4 SM19 SF7 SM20 SM26 SM21 SF10 SF9 SM7", 274),
    "validation": ("SF5 SF3 SM22 SM23 SF8 SF6", 30),
    "test": ("SM3 SF2 SF1 SM25 SM2 SM17", 96),
}


def official() -> list[tuple[str, str, str]]:
    """Path, speaker and label of every clip, as in the repository (`Angry/SM1_F10_A010.wav`)."""
    rows = []
    for folder, (label, counts) in CORPUS.items():
        number = count(1)
        words = counts.split()
        for speaker, clips in zip(words[::2], map(int, words[1::2]), strict=True):
            rows += [
                (f"{folder}/{speaker}_F{k}_{folder[0]}0{next(number)}.wav", speaker, label) for k in range(1, clips + 1)
            ]
    return rows


def test_whole_corpus(tmp_path, builder_class, build, read_parts, write_zip, encoded, tone):
    rows = official()
    assert {"Angry/SM1_F10_A010.wav", "Sad/SM25_F10_S060.wav", "Happy/SM7_F28_H0100.wav"} <= {row[0] for row in rows}
    members = {f"URDU-Dataset-master/{path}": encoded(tone(n, 100)) for n, (path, _, _) in enumerate(rows)}
    members["URDU-Dataset-master/README.md"] = b"# URDU-Dataset"
    builder = build(builder_class("urdu"), write_zip(tmp_path / "m" / "URDU-Dataset-master.zip", members).parent)
    parts = read_parts(builder)
    labels = builder.info.features["label"].names
    clips = {clip_id: clip for part in parts.values() for clip_id, clip in part.items()}
    assert {path: (speaker, label) for path, speaker, label in rows} == {
        clip_id: (clip["speaker_id"], labels[clip["label"]]) for clip_id, clip in clips.items()
    }
    assert len(clips) == builder.FACTS.clips == 400
    assert {p: ({c["speaker_id"] for c in part.values()}, len(part)) for p, part in parts.items()} == {
        part: (set(speakers.split()), size) for part, (speakers, size) in PARTS.items()
    }
    assert Counter(labels[clip["label"]] for clip in parts["validation"].values()).keys() == set(labels) - {"anger"}


def test_speakers():
    """29 ids, not the 38 speakers of the paper; most are heard in one emotion only."""
    emotions: dict[str, set[str]] = {}
    for _, speaker, label in official():
        emotions.setdefault(speaker, set()).add(label)
    assert Counter(speaker[:2] for speaker in emotions) == {"SM": 18, "SF": 11}
    assert {speaker for speaker, heard in emotions.items() if len(heard) > 1} == {"SM3", "SM5", "SM6"}


def test_every_fold_is_trained_on_every_emotion():
    """Four speakers have all angry clips and one has 72 neutral ones: folds by speaker could easily lose a class."""
    task = registry.task("urdu")
    _, speakers, labels = zip(*official(), strict=True)
    folds = assign(task.split, labels, speakers, [])
    for part in rounds(folds):
        assert set(np.asarray(labels)[part.train]) == set(labels)
        assert not set(np.asarray(speakers)[part.train]) & set(np.asarray(speakers)[part.test])
    assert task.normalisation == "train", "a speaker's own statistics would take the emotion away"


@pytest.mark.parametrize(
    "path", ["Angry/SM1_F10_H010.wav", "Surprise/SM1_F10_S010.wav", "Angry/SX1_F10_A010.wav", "Angry/SM1_A010.wav"]
)
def test_other_names_are_left_out(tmp_path, builder_class, path):
    builder = builder_class("urdu")(data_dir=tmp_path, file_format="array_record")
    assert builder.parse(PurePosixPath(path)) is None
