"""TESS: parts by word, both speakers in each; folders of any spelling or none."""

from __future__ import annotations

import zipfile
from collections import Counter
from itertools import islice, product
from pathlib import PurePosixPath

import pytest

from benchmark import registry
from benchmark.splits import assign
from tfds_builders.common.errors import SourceError
from tfds_builders.common.parts import speaker_parts

EMOTIONS = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "ps": "pleasant_surprise",
    "neutral": "neutral",
}
SPEAKERS = {"OAF", "YAF"}


@pytest.fixture
def builder(tmp_path, builder_class):
    return builder_class("tess")(data_dir=tmp_path, file_format="array_record")


@pytest.fixture
def corpus(builder):
    """Fields of 2 speakers x 200 words x 7 emotions, by way of their file names."""
    words = ["bite", *("".join(letters) for letters in islice(product("abcdefg", repeat=3), 199))]
    names = [f"{speaker}_{word}_{e}.wav" for speaker in sorted(SPEAKERS) for word in words for e in EMOTIONS]
    names[names.index("OAF_bite_neutral.wav")] = "OA_bite_neutral.wav"  # as distributed
    return [builder.parse(PurePosixPath(name)) for name in names]


@pytest.fixture
def members(dummy_folder):
    with zipfile.ZipFile(dummy_folder("tess") / "TESS.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_whole_corpus(builder, corpus):
    assert len(corpus) == builder.FACTS.clips == 2800
    assert Counter(fields["speaker_id"] for fields in corpus) == dict.fromkeys(SPEAKERS, 1400)
    assert Counter(fields["label"] for fields in corpus) == dict.fromkeys(EMOTIONS.values(), 400)
    assert set(Counter(fields["word"] for fields in corpus).values()) == {14}


def test_parts_are_disjoint_by_word_and_hold_both_speakers(builder, corpus):
    parts = speaker_parts((fields[builder.GROUP] for fields in corpus), builder.FRACTIONS)
    assert [len(words) for words in parts.values()] == [120, 40, 40]
    for words, clips in zip(parts.values(), (1680, 560, 560), strict=True):
        inside = [fields for fields in corpus if fields["word"] in words]
        assert len(inside) == clips
        assert {fields["speaker_id"] for fields in inside} == SPEAKERS
        assert {fields["label"] for fields in inside} == set(EMOTIONS.values())


def test_two_speakers_could_not_be_shared_out(corpus):
    """Why the group is the word."""
    parts = speaker_parts(fields["speaker_id"] for fields in corpus)
    assert [] in parts.values()


def test_the_task_folds_by_word(corpus):
    task = registry.task("tess")
    folds = assign(task.split, [f[task.target] for f in corpus], [f[task.group] for f in corpus], [])
    of_word, speakers = {}, {}
    for fold, fields in zip(folds, corpus, strict=True):
        of_word.setdefault(fields["word"], set()).add(fold)
        speakers.setdefault(fold, set()).add(fields["speaker_id"])
    assert all(len(found) == 1 for found in of_word.values())
    assert speakers == dict.fromkeys(range(5), SPEAKERS)


@pytest.mark.parametrize("suite", ["speech_emotion", "serab"])
def test_it_stands_beside_no_speaker_independent_figure(suite):
    assert "tess" not in registry.suite(suite).tasks
    assert registry.task("tess").normalisation == "train"
    assert "seen speakers" in registry.task("tess").title


@pytest.mark.parametrize(
    ("name", "speaker", "word", "emotion"),
    [
        ("OA_bite_neutral.wav", "OAF", "bite", "neutral"),
        ("YAF_youth_ps.wav", "YAF", "youth", "pleasant_surprise"),
        ("OAF_Back_angry.wav", "OAF", "back", "anger"),  # a capital must not let a word into two parts
    ],
)
def test_names(builder, name, speaker, word, emotion):
    assert builder.parse(PurePosixPath(name)) == {"speaker_id": speaker, "word": word, "label": emotion}


@pytest.mark.parametrize("name", ["YA_back_sad.wav", "OAF_back.wav", "OAF_back_calm.wav", "03-01-06-01-02-01-12.wav"])
def test_other_names_are_left_out(builder, name):
    assert builder.parse(PurePosixPath(name)) is None


@pytest.mark.parametrize(
    "place", [lambda name: name.rpartition("/")[2], lambda name: name.partition("/")[2].replace("OAF_Fear", "OAF_fear")]
)
def test_layouts_give_the_same_clips(tmp_path, builder_class, build, read_parts, write_zip, members, place):
    kind = builder_class("tess")
    manual = write_zip(tmp_path / "a" / "TESS.zip", members).parent
    moved = write_zip(tmp_path / "b" / "TESS.zip", {place(name): raw for name, raw in members.items()}).parent
    first, second = (read_parts(build(kind, folder)) for folder in (manual, moved))
    for part, clips in first.items():
        assert {name: clip["identity"] for name, clip in clips.items()} == {
            name: clip["identity"] for name, clip in second[part].items()
        }


def test_a_copy_with_everything_twice_is_refused(tmp_path, builder_class, build, write_zip, members):
    nested = {f"TESS Toronto emotional speech set data/{name}": raw for name, raw in members.items()}
    with pytest.raises(SourceError, match=r"found the clip .* twice .* Leave one copy"):
        build(builder_class("tess"), write_zip(tmp_path / "m" / "TESS.zip", {**members, **nested}).parent)
