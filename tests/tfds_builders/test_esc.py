"""ESC-50 and ESC-10: names, official folds, recordings, and the table of ESC-50."""

from __future__ import annotations

import zipfile
from pathlib import PurePosixPath

import pytest

from benchmark.errors import SplitError
from benchmark.splits import assign, rounds
from tasks.base import Folds
from tfds_builders.common.errors import SourceError

FOLD_PARTS = {"1": "train", "2": "train", "3": "train", "4": "validation", "5": "test"}


@pytest.fixture(params=["esc50", "esc10"])
def name(request):
    return request.param


@pytest.fixture
def members(name, dummy_folder):
    with zipfile.ZipFile(next(dummy_folder(name).glob("*.zip"))) as archive:
        return {entry: archive.read(entry) for entry in archive.namelist()}


@pytest.fixture
def made(name, members, tmp_path, builder_class, build, read_parts, write_zip):
    """`made(members)` answers the builder of that archive and its parts."""
    kind = builder_class(name)

    def make(members):
        builder = build(kind, write_zip(tmp_path / "m" / kind.ARCHIVES[0], members).parent)
        return builder, read_parts(builder)

    return make


def rows_of(parts):
    return [clip for clips in parts.values() for clip in clips.values()]


def test_names_say_fold_recording_and_part(made, members):
    _, parts = made(members)
    for part, clips in parts.items():
        for clip_id, clip in clips.items():
            fold, recording = clip_id.rpartition("/")[2].split("-")[:2]
            assert (clip["fold"], clip["recording_id"]) == (fold, recording)
            assert FOLD_PARTS[fold] == part


def test_takes_of_one_recording_are_one_group(made, members):
    _, parts = made(members)
    clips = rows_of(parts)
    assert len({clip["recording_id"] for clip in clips}) < len(clips)
    folds = [{"features": {"fold": clip["fold"]}} for clip in clips]
    found = assign(Folds("fold"), None, [clip["recording_id"] for clip in clips], folds)
    assert len(list(rounds(found))) == 5


def test_a_recording_in_two_folds_is_refused_by_the_split(made, members):
    """The corpus promises that there is none: a copy that breaks this must not be scored."""
    first = next(member for member in members if "/4-" in member)
    moved = {**members, first.replace("/4-", "/1-"): members[first]}
    clips = rows_of(made(moved)[1])
    folds = [{"features": {"fold": clip["fold"]}} for clip in clips]
    with pytest.raises(SplitError, match=r"group '\d+' is in both"):
        assign(Folds("fold"), None, [clip["recording_id"] for clip in clips], folds)


def test_odd_names_are_left_out(made, members, name):
    folder, _, file = next(member for member in members if "/1-" in member).rpartition("/")
    raw = members[f"{folder}/{file}"]
    odd = {f"{folder}/6-{file[2:]}": raw, f"{folder}/preview.{file[-3:]}": raw}
    odd[f"{folder}/1-77-A-50.wav" if name == "esc50" else "011 - Siren/1-77-A.ogg"] = raw
    builder, parts = made({**members, **odd})
    assert builder.info.metadata["found"]["left_out"] == 3
    assert {clip["fold"] for clip in rows_of(parts)} == set("12345")


# -- ESC-50 ----------------------------------------------------------------------------------------


@pytest.fixture
def esc50(builder_class):
    return builder_class("esc50")


# The table of classes on the project's page: one of the five major categories a column, targets down the columns.
TABLE = """
dog rain crying_baby door_wood_knock helicopter
rooster sea_waves sneezing mouse_click chainsaw
pig crackling_fire clapping keyboard_typing siren
cow crickets breathing door_wood_creaks car_horn
frog chirping_birds coughing can_opening engine
cat water_drops footsteps washing_machine train
hen wind laughing vacuum_cleaner church_bells
insects pouring_water brushing_teeth clock_alarm airplane
sheep toilet_flush snoring clock_tick fireworks
crow thunderstorm drinking_sipping glass_breaking hand_saw
"""


def test_fifty_classes_in_the_order_of_the_targets(esc50, tmp_path):
    expected = [name for column in zip(*map(str.split, TABLE.strip().splitlines()), strict=True) for name in column]
    assert list(esc50.CLASSES["label"]) == expected
    parse = esc50(data_dir=tmp_path, file_format="array_record").parse
    assert [parse(PurePosixPath(f"audio/3-1-B-{target}.wav"))["label"] for target in range(50)] == expected


@pytest.mark.parametrize("name", ["esc50"], indirect=True)
@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("1-100032-A-0.wav,1,0,dog", "1-100032-A-0.wav,1,0,rooster", "line 2: found 1-100032-A-0.wav, 1, 0, rooster"),
        ("1-100032-A-0.wav,1,0,dog", "1-100032-A-0.wav,2,0,dog", "line 2: found 1-100032-A-0.wav, 2, 0, dog"),
        ("1-100032-A-0.wav,1,0,dog", "bark.wav,1,0,dog", "line 2: found bark.wav"),
        ("category", "kategorie", r"found the columns .*expected also \['category'\]"),
    ],
)
def test_a_table_that_disagrees_is_refused(made, members, name, old, new, found):
    table = members["ESC-50-master/meta/esc50.csv"].decode()
    assert old in table
    with pytest.raises(SourceError, match=found):
        made({**members, "ESC-50-master/meta/esc50.csv": table.replace(old, new).encode()})


@pytest.mark.parametrize("name", ["esc50"], indirect=True)
def test_the_table_may_be_absent(made, members, name):
    whole = rows_of(made(members)[1])
    del members["ESC-50-master/meta/esc50.csv"]
    assert len(rows_of(made(members)[1])) == len(whole)
