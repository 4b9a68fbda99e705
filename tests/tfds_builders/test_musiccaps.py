"""MusicCaps: the table, both ways to name a clip, and clips that are not there."""

from __future__ import annotations

import hashlib
import zipfile

import pytest

from tfds_builders.common.audio import DECODER, identity_of
from tfds_builders.common.errors import SourceError
from tfds_builders.musiccaps.captions import Caption, read_captions

HEAD = "ytid,start_s,end_s,audioset_positive_labels,aspect_list,caption,author_id,is_balanced_subset,is_audioset_eval\n"
LINE = (
    """-0Gj8-vB1q4,30,40,"/m/0140xf,/m/02cjck","['low quality', 'sad']","""
    """"It sounds ""sad"", and\nsoulful.",4,False,True\n"""
)


def test_a_line_by_hand():
    assert read_captions(HEAD + LINE) == {
        "-0Gj8-vB1q4": Caption("30", "40", 'It sounds "sad", and\nsoulful.', ("low quality", "sad"))
    }


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (HEAD.replace("caption,", "text,") + LINE, r"expected also \['caption'\]"),
        (HEAD + LINE + LINE, "line 5: found video '-0Gj8-vB1q4'.*expected each video once"),
        (
            HEAD + LINE.replace("['low quality', 'sad']", "low quality; sad"),
            "line 3: found .*expected .*a list of aspects",
        ),
        (HEAD + LINE.replace("['low quality', 'sad']", "['low quality', 3]"), "a list of aspects"),
        (HEAD + "-0Gj8-vB1q4,30,40,/m/04rlf,['sad'],,4,False,True\n", "line 2: .*caption ''"),
        (HEAD + ",30,40,/m/04rlf,['sad'],Sad.,4,False,True\n", "line 2: found video ''"),
    ],
)
def test_bad_tables(text, match):
    with pytest.raises(SourceError, match=match):
        read_captions(text)


@pytest.fixture
def dummy(dummy_folder):
    with zipfile.ZipFile(dummy_folder("musiccaps") / "musiccaps.zip") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return members, (dummy_folder("musiccaps") / "musiccaps-public.csv").read_text(encoding="utf-8")


@pytest.fixture
def made(tmp_path, builder_class, build, read_parts):
    """`made(members, table)` builds from a folder of clips, as a user has them."""

    def make(members, text):
        for name, raw in members.items():
            file = tmp_path / "manual" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(raw)
        if text is not None:
            (tmp_path / "manual" / "musiccaps-public.csv").write_text(text, encoding="utf-8")
        builder = build(builder_class("musiccaps"), tmp_path / "manual")
        return builder, read_parts(builder)

    return make


def clips_of(parts):
    return {clip_id: clip for part in parts.values() for clip_id, clip in part.items()}


def test_clips_captions_and_the_missing_video(made, dummy):
    members, text = dummy
    builder, parts = made(members, text)
    clips = clips_of(parts)
    listed = read_captions(text)
    assert set(listed) - set(clips) == {"-UNAVAILABL"}
    assert builder.info.metadata["variant"].endswith("partial")
    for video, clip in clips.items():
        assert clip["video_id"] == video
        assert clip["caption"] == listed[video].caption
        assert clip["aspects"].split(", ") == list(listed[video].aspects)
    assert not {"author_id", "audioset_positive_labels", "is_audioset_eval"} & set(builder.info.features)


def test_both_names_are_one_clip(made, dummy):
    """The id is the video's: a set downloaded by another tool has the same clips."""
    members, text = dummy
    raw = members["musiccaps/[-0Gj8-vB1q4]-[30-40].wav"]
    for file in [name for name in members if "0Gj8" in name]:
        members["musiccaps/-0Gj8-vB1q4.wav"] = members.pop(file)
    clips = clips_of(made(members, text)[1])
    assert clips["-0Gj8-vB1q4"]["identity"] == identity_of(hashlib.sha256(raw).hexdigest(), DECODER)


def test_a_clip_under_both_names_is_refused(made, dummy):
    members, text = dummy
    members["musiccaps/-0Gj8-vB1q4.wav"] = members["musiccaps/[-0Gj8-vB1q4]-[30-40].wav"]
    with pytest.raises(SourceError, match="found the clip '-0Gj8-vB1q4' twice"):
        made(members, text)


def test_other_seconds_are_refused(made, dummy):
    members, text = dummy
    members["musiccaps/[-0Gj8-vB1q4]-[40-50].wav"] = members.pop("musiccaps/[-0Gj8-vB1q4]-[30-40].wav")
    with pytest.raises(SourceError, match="found the seconds 40 to 50; expected 30 to 40, of which the caption"):
        made(members, text)


def test_other_videos_are_left_out(made, dummy):
    members, text = dummy
    members["musiccaps/dQw4w9WgXcQ.wav"] = members["musiccaps/holiday.wav"] = next(iter(members.values()))
    builder, parts = made(members, text)
    assert builder.info.metadata["found"]["left_out"] == 2
    assert len(clips_of(parts)) == 5


def test_no_table(made, dummy):
    with pytest.raises(
        SourceError, match=r"found no musiccaps-public\.csv in or beside musiccaps; expected the captions"
    ):
        made(dummy[0], None)
