"""Broken clips: all told at once, or left out and recorded; names that can be kept."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from tfds_builders.common.audio import Limits
from tfds_builders.common.clips import clip_path, refuse_odd_ids, refuse_twins
from tfds_builders.common.errors import SourceError


@pytest.fixture
def emodb(builder_class, monkeypatch):
    """EmoDB's builder; a change to it is undone."""
    kind = builder_class("emodb")
    monkeypatch.setattr(kind, "skip_broken", False)
    return kind


@pytest.fixture
def broken(encoded):
    """Three ways to be broken: no audio, samples that only decoding shows, a header outside of the limits."""
    nan = encoded(np.array([0.1, np.nan] * 100), 8000, "WAV", "FLOAT")
    return {"empty": b"", "nan": nan, "huge rate": encoded(np.zeros(4000), 192000)}


@pytest.fixture
def archive(tmp_path, write_zip, emodb_members):
    """`archive({name: bytes})` writes EmoDB's archive with some clips replaced, and answers its folder."""
    return lambda replaced: write_zip(tmp_path / "m" / "download.zip", {**emodb_members, **replaced}).parent


def clips_of(parts):
    return {name: clip for part in parts.values() for name, clip in part.items()}


def test_broken_clips_are_left_out_and_recorded(emodb, build, read_parts, archive, broken, emodb_members, monkeypatch):
    whole = clips_of(read_parts(build(emodb, archive({}))))
    names = sorted(emodb_members)
    lost = dict(zip((names[7], names[1], names[12]), broken.values(), strict=True))
    monkeypatch.setattr(emodb, "skip_broken", True)
    builder = build(emodb, archive(lost))
    kept = clips_of(read_parts(builder))
    assert set(kept) == set(names) - set(lost)
    for name, clip in kept.items():
        assert clip["identity"] == whole[name]["identity"]
        np.testing.assert_array_equal(clip["audio"], whole[name]["audio"])
    metadata = builder.info.metadata
    assert metadata["skipped"] == [
        {
            "clip": names[1],
            "reason": f"clip '{names[1]}': found 100 of 200 samples not finite (NaN or infinite); "
            "expected finite samples",
        },
        {
            "clip": names[7],
            "reason": f"clip '{names[7]}': found an empty file; expected a whole wav, flac, ogg, opus or mp3",
        },
        {
            "clip": names[12],
            "reason": f"clip '{names[12]}': found a rate of 192000 Hz; expected 4000 to 96000 Hz",
        },
    ]
    assert metadata["found"]["clips"] == 12
    assert metadata["found"]["rates"] == {"8000": 12}
    assert metadata["found"]["left_out"] == 0, "that counts audio of other names"


@pytest.mark.parametrize("skip", [False, True])
def test_whole_clips_are_the_same_either_way(emodb, build, read_parts, archive, monkeypatch, skip):
    reference = build(emodb, archive({}))
    monkeypatch.setattr(emodb, "skip_broken", skip)
    builder = build(emodb, archive({}))
    for part, clips in read_parts(reference).items():
        again = read_parts(builder)[part]
        assert {name: clip["identity"] for name, clip in clips.items()} == {n: c["identity"] for n, c in again.items()}
    assert builder.info.metadata == {**reference.info.metadata, **({"skipped": []} if skip else {})}


def test_a_damaged_member_is_one_broken_clip(emodb, build, read_parts, archive, emodb_members, monkeypatch):
    name = sorted(emodb_members)[3]
    manual = archive({})
    raw = bytearray((manual / "download.zip").read_bytes())
    raw[raw.index(name.encode()) + 200] ^= 1
    (manual / "download.zip").write_bytes(bytes(raw))
    monkeypatch.setattr(emodb, "skip_broken", True)
    builder = build(emodb, manual)
    assert [row["clip"] for row in builder.info.metadata["skipped"]] == [name]
    assert len(clips_of(read_parts(builder))) == 14


@pytest.mark.parametrize(("count", "told"), [(7, False), (8, True)])
def test_more_than_half_are_too_many(emodb, build, archive, broken, emodb_members, monkeypatch, count, told):
    """Fifteen clips, three of each speaker; a part without a speaker would be refused for that."""
    monkeypatch.setattr(emodb, "skip_broken", True)
    order = sorted(sorted(emodb_members), key=lambda name: name[7:9])
    manual = archive(dict.fromkeys(order[:count], broken["nan"]))
    if not told:
        assert len(build(emodb, manual).info.metadata["skipped"]) == count
        return
    with pytest.raises(SourceError, match=r"the first of 8 broken among 15 .* More than half are broken"):
        build(emodb, manual)


@pytest.mark.parametrize("kind", ["empty", "nan", "huge rate"])
def test_all_broken_clips_are_told_at_once(emodb, build, archive, broken, emodb_members, kind):
    names = sorted(emodb_members)[2:5]
    which = rf"the first of 3 broken among 15 \(then '{names[1]}', '{names[2]}'\)"
    end = r"leave such clips out with 'moodbench prepare --skip-broken'\.$"
    with pytest.raises(
        SourceError,
        match=rf"^download\.zip: clip '{names[0]}', {which}, cannot be used: found .*; expected .* {end}",
    ):
        build(emodb, archive(dict.fromkeys(names, broken[kind])))


def test_the_path_in_the_archive_is_told(emodb, build, tmp_path, write_zip, emodb_members):
    members = {f"top/{name}": raw for name, raw in emodb_members.items()}
    name = next(iter(members))
    with pytest.raises(SourceError, match=f"clip '{name}' cannot be used"):
        build(emodb, write_zip(tmp_path / "m" / "download.zip", {**members, name: b""}).parent)


def test_a_builder_declares_its_own_limits(emodb, build, archive, broken, emodb_members, monkeypatch):
    manual = archive({next(iter(emodb_members)): broken["huge rate"]})
    monkeypatch.setattr(emodb, "LIMITS", Limits(max_rate=192000))
    assert build(emodb, manual).info.metadata["found"]["rates"] == {"8000": 14, "192000": 1}


# -- names ----------------------------------------------------------------------------------------


def test_a_decomposed_name_gives_the_same_clip_id():
    composed = "x/Ärger/Größe é.wav"
    for form in ("NFC", "NFD"):
        assert clip_path(unicodedata.normalize(form, composed), 2).as_posix() == "Ärger/Größe é.wav"


@pytest.mark.parametrize(
    ("clip_id", "shown"),
    [
        ("a\nb.wav", r"'a\\nb.wav'"),
        ("a\x85b.wav", r"'a\\x85b.wav'"),
        ("a\x00b.wav", r"'a\\x00b.wav'"),
        ("a\u2029b.wav", r"'a\\u2029b.wav'"),
        ("\udc80.wav", r"'\\udc80.wav'; expected a name in UTF-8"),
        ("\udc80" * 1025, r"of 1025 bytes; expected at most 1024"),
        ("n" * 1025, r"of 1025 bytes; expected at most 1024"),
    ],
)
def test_ids_that_cannot_be_kept(clip_id, shown):
    with pytest.raises(SourceError, match=shown) as caught:
        refuse_odd_ids("a.zip", ["good.wav", clip_id])
    assert str(caught.value).isprintable()


def test_ids_that_can_be_kept():
    refuse_odd_ids("a.zip", ["n" * 1024, "-x", "<b>'\"", "\N{RIGHT-TO-LEFT OVERRIDE}", "\N{ZERO WIDTH JOINER}", "é 😀"])


def test_twins_are_told_by_their_members():
    refuse_twins("a.zip", ["a/1.wav", "b/1.wav"])
    with pytest.raises(SourceError, match=r"the clip 'a/1' twice \('x/a/1.wav' and 'y/a/1.flac'\)"):
        refuse_twins("a.zip", ["a/1.wav", "a/1.flac"], ["x/a/1.wav", "y/a/1.flac"])
