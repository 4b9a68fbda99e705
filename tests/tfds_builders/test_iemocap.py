"""IEMOCAP's builder on a small release of the official layout: ten dialogues, both actors in each."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections import Counter
from collections.abc import Mapping
from functools import partial

import pytest

from benchmark import datasets, registry
from benchmark.errors import SplitError
from benchmark.splits import assign
from tasks.base import Predefined
from tfds_builders.common.errors import SourceError

TOP = "IEMOCAP_full_release"
DIALOGUES = [f"Ses0{session}{marked}" for session in range(1, 6) for marked in "FM"]
SCENES = ("impro01", "script02_1b")
EMOTIONS = (("neu", "ang", "fru", "exc"), ("sad", "xxx", "hap", "oth"))  # of one actor, and of the other
CLASSES = {"ang": "anger", "hap": "happiness", "exc": "happiness", "sad": "sadness", "neu": "neutral"}

# serab_splits.md: members of IEM4, and the same rule over true speakers, whose ids sort alike
ORIGINAL = {"train": "02F 05F 03F 05M 01M 04F", "validation": "04M 02M", "test": "01F 03M"}
SPEAKERS = {"train": "2F 5F 3F 5M 1M 4F", "validation": "4M 2M", "test": "1F 3M"}


def release(encoded, tone) -> tuple[dict[str, bytes], dict[str, tuple[str, str]]]:
    """Members of a release, and (emotion, who speaks) of every turn."""
    members, turns = {}, {}
    for d, head in enumerate(DIALOGUES):
        dialogue = f"{head}_{SCENES[d % 2]}"
        session = f"{TOP}/Session{head[4]}"
        lines = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
        for n in range(8):
            who, emotion = "FM"[n % 2], EMOTIONS[(n + d) % 2][n // 2]
            turn = f"{dialogue}_{who}{n // 2:03}"
            turns[turn] = emotion, f"{head[4]}{who}"
            members[f"{session}/sentences/wav/{dialogue}/{turn}.wav"] = encoded(tone(8 * d + n), 16000)
            lines += [
                f"[{n}.2901 - {n + 1}.2357]\t{turn}\t{emotion}\t[2.5000, 2.5000, 2.5000]",
                "C-E2:\tNeutral;\t()",
                "",
            ]
        evaluation = f"{session}/dialog/EmoEvaluation"
        members[f"{session}/dialog/wav/{dialogue}.wav"] = encoded(tone(99))
        members[f"{evaluation}/{dialogue}.txt"] = "\n".join(lines).encode()
        members[f"{evaluation}/._{dialogue}.txt"] = b"\x00\x05\x16\x07"
        members[f"{evaluation}/Categorical/{dialogue}_e2_cat.txt"] = f"[{dialogue}_F000] :Anger; ()".encode()
        members[f"{session}/dialog/transcriptions/{dialogue}.txt"] = b"[0.0-1.0]: Excuse me."
    return members, turns


@pytest.fixture(scope="module")
def corpus(encoded, tone):
    return release(encoded, tone)


@pytest.fixture(scope="module")
def iemocap(builder_class):
    return builder_class("iemocap")


@pytest.fixture
def write_tar(tmp_path):
    """Writes members, in their order, as the release's own archive; answers the manual folder."""

    def write(members: Mapping[str, bytes], folder="manual"):
        manual = tmp_path / folder
        manual.mkdir()
        with tarfile.open(manual / f"{TOP}.tar.gz", "w:gz") as archive:
            for name, raw in members.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(raw)
                archive.addfile(entry, io.BytesIO(raw))
        return manual

    return write


def content(parts):
    return {
        part: {name: (clip["identity"], clip["audio"].tolist(), int(clip["label"])) for name, clip in clips.items()}
        for part, clips in parts.items()
    }


def test_labels_and_groups(corpus, iemocap, build, read_parts, write_tar):
    members, turns = corpus
    builder = build(iemocap, write_tar(members))
    clips = {name: clip for part in read_parts(builder).values() for name, clip in part.items()}
    kept = {turn: about for turn, about in turns.items() if about[0] in CLASSES}
    assert {name.split("/")[1].removesuffix(".wav") for name in clips} == set(kept)
    names = builder.info.features["label"].names
    assert names == ["anger", "happiness", "sadness", "neutral"]
    for name, clip in clips.items():
        dialogue, _, file = name.partition("/")
        emotion, speaker = kept[file.removesuffix(".wav")]
        assert (names[clip["label"]], clip["speaker_id"]) == (CLASSES[emotion], speaker)
        assert (clip["session"], clip["original_group"]) == (speaker[0], dialogue[3:6])
    assert Counter(clip["speaker_id"][1] == clip["original_group"][2] for clip in clips.values()) == {
        True: 30,
        False: 20,
    }
    assert builder.info.metadata["found"]["left_out"] == len(turns) - len(kept) + len(DIALOGUES)  # and the dialogues
    assert (builder.info.metadata["variant"], builder.builder_config.name) == ("0.0125s-partial", "speaker")


def test_parts_are_serabs_rule_over_true_speakers(corpus, iemocap, build, read_parts, write_tar):
    parts = read_parts(build(iemocap, write_tar(corpus[0])))
    assert {part: {clip["speaker_id"] for clip in clips.values()} for part, clips in parts.items()} == {
        part: set(speakers.split()) for part, speakers in SPEAKERS.items()
    }


def test_original_parts_are_serabs_and_leak(corpus, iemocap, build, read_parts, write_tar):
    manual = write_tar(corpus[0])
    original = read_parts(build(partial(iemocap, config="original"), manual))
    assert {part: {clip["original_group"] for clip in clips.values()} for part, clips in original.items()} == {
        part: set(groups.split()) for part, groups in ORIGINAL.items()
    }
    speakers = {part: {clip["speaker_id"] for clip in clips.values()} for part, clips in original.items()}
    assert len(speakers["train"]) == 10, "every speaker of the test part is heard in training"
    for clips in read_parts(build(iemocap, manual)).values():
        for name, clip in clips.items():
            assert name in original[clip["original_part"]]
    assert "LEAKS" in iemocap.builder_configs["original"].description


@pytest.mark.parametrize("order", ["tables first", "tables last", "backwards"])
def test_the_order_of_the_archive_does_not_matter(corpus, iemocap, build, read_parts, write_tar, order):
    members = corpus[0]
    ordered = sorted(members, key=lambda name: name.endswith(".txt") is (order == "tables last"))
    ordered = list(reversed(members)) if order == "backwards" else ordered
    found = read_parts(build(iemocap, write_tar({name: members[name] for name in ordered})))
    assert content(found) == content(read_parts(build(iemocap, write_tar(members, "reference"))))


def test_zip_and_folder_give_the_same(corpus, iemocap, build, read_parts, write_tar, write_zip, tmp_path):
    members = corpus[0]
    reference = content(read_parts(build(iemocap, write_tar(members))))
    write_zip(tmp_path / "zip" / f"{TOP}.zip", members)
    assert content(read_parts(build(iemocap, tmp_path / "zip"))) == reference
    for name, raw in members.items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    assert content(read_parts(build(iemocap, tmp_path / "folder"))) == reference


def test_the_archive_is_passed_a_few_times_not_once_a_file(corpus, iemocap, build, write_tar, monkeypatch):
    """Going back in a compressed tar means to unpack it from its start."""
    rewinds = []
    real = gzip._GzipReader._rewind
    monkeypatch.setattr(gzip._GzipReader, "_rewind", lambda self: rewinds.append(1) or real(self))
    build(iemocap, write_tar(corpus[0]))
    whole = len(rewinds)
    fewer = {name: raw for name, raw in corpus[0].items() if not name.endswith(("_F000.wav", "_M000.wav"))}
    rewinds.clear()
    build(iemocap, write_tar(fewer, "fewer"))
    assert len(rewinds) == whole < 12


# -- bad input ------------------------------------------------------------------------------------


def test_no_tables(corpus, iemocap, build, write_tar):
    manual = write_tar({name: raw for name, raw in corpus[0].items() if "/EmoEvaluation/Ses" not in name})
    with pytest.raises(SourceError, match=r"found no dialog/EmoEvaluation/\*.txt in IEMOCAP_full_release.tar.gz"):
        build(iemocap, manual)


def test_one_table_missing(corpus, iemocap, build, write_tar):
    missing = f"{TOP}/Session3/dialog/EmoEvaluation/Ses03M_script02_1b.txt"
    assert missing in corpus[0]
    with pytest.raises(SourceError, match=r"Ses03M_script02_1b_F000.wav: found no EmoEvaluation/Ses03M_script02_1b"):
        build(iemocap, write_tar({name: raw for name, raw in corpus[0].items() if name != missing}))


@pytest.mark.parametrize(("old", "new"), [(b"\tang\t", b"\tangry\t"), (b"\t", b" ")])
def test_a_line_that_is_not_the_releases(corpus, iemocap, build, write_tar, old, new):
    table = f"{TOP}/Session1/dialog/EmoEvaluation/Ses01F_impro01.txt"
    members = {**corpus[0], table: corpus[0][table].replace(old, new)}
    with pytest.raises(SourceError, match=r"line \d+ of EmoEvaluation/Ses01F_impro01.txt: found '\[.*one of ang, hap"):
        build(iemocap, write_tar(members))


# -- its tasks ------------------------------------------------------------------------------------


@pytest.fixture
def listed(corpus, write_tar, monkeypatch, tmp_path):
    """The manifest with the columns of IEMOCAP's tasks, as the engine makes it."""
    write_tar(corpus[0])
    monkeypatch.setenv("MOODBENCH_DATA", str(tmp_path))
    own = [task for task in registry.tasks().values() if task.dataset == "iemocap"]
    assert {task.name for task in own} == {"iemocap", "iemocap_serab", "iemocap_serab_original"}
    return datasets.base_manifest("iemocap").with_splits(own)


def test_the_headline_task_leaves_one_session_out(listed):
    task = registry.task("iemocap")
    pairs = Counter(zip(listed.split(task), listed.column("session"), strict=True))
    assert sorted(pairs) == [(fold, str(fold + 1)) for fold in range(5)]
    assert (task.group, task.normalisation, task.metric) == ("speaker_id", "group", "uar")
    assert set(listed.column("speaker_id")) == {f"{session}{gender}" for session in range(1, 6) for gender in "FM"}


def test_the_original_parts_need_to_be_marked(listed):
    task = registry.task("iemocap_serab_original")
    assert listed.split(task) == listed.column("original_part")
    labels, groups = listed.column(task.target), listed.column(task.group)
    with pytest.raises(SplitError, match="is in both"):
        assign(Predefined(feature="original_part"), labels, groups, listed.clips)
    assert listed.split(registry.task("iemocap_serab")) == [clip["part"] for clip in listed.clips]
