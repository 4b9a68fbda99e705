"""MagnaTagATune: the standard tags, parts and tracks, the empty files, and a table that is not the official one."""

from __future__ import annotations

import zipfile

import pytest

from benchmark.datasets import _row
from benchmark.errors import SplitError
from benchmark.splits import assign
from tasks.base import Predefined
from tfds_builders.common.errors import SourceError
from tfds_builders.magnatagatune import tags as module
from tfds_builders.magnatagatune.tags import TOP_50, by_frequency, read_tags

EMPTY = (
    "6/norine_braun-now_and_zen-08-gently-117-146.mp3",
    "8/jacob_heringman-josquin_des_prez_lute_settings-19-gintzler__pater_noster-204-233.mp3",
    "9/american_baroque-dances_and_suites_of_rameau_and_couperin-25-le_petit_rien_xiveme_ordre_couperin-88-117.mp3",
)


def table(clips, extra=("lol", "banjo")):
    """The official form: values in quotes, separated by tabs, tags between `clip_id` and `mp3_path`."""
    names = sorted([*TOP_50, *extra])
    rows = [["clip_id", *names, "mp3_path"]]
    rows += [
        [number, *(int(name in given) for name in names), path] for number, (path, given) in enumerate(clips.items())
    ]
    return "".join("\t".join(f'"{value}"' for value in row) + "\n" for row in rows)


# -- tags ------------------------------------------------------------------------------------------


def test_the_standard_list():
    assert len(TOP_50) == len(set(TOP_50)) == 50
    assert TOP_50[:3] == ("guitar", "classical", "slow")
    assert {"no vocals", "no vocal", "no voice", "female voice", "new age"} <= set(TOP_50)


def test_frequencies_by_hand():
    clips = [("a", "b"), ("b", "c"), ("b",), ("c", "a"), ()]
    assert list(by_frequency(clips).items()) == [("b", 3), ("a", 2), ("c", 2)], "a before c: as often, and earlier"


def test_the_most_frequent_of_a_table_are_its_top_list():
    """The first tag of the list is given to fifty clips, the last to one: counting gives the list back."""
    clips = {f"0/a-{k}-01-b-0-29.mp3": TOP_50[: 50 - k] for k in range(50)}
    assert tuple(by_frequency(read_tags(table(clips)).values())) == TOP_50


def test_tags_in_the_standard_order_and_only_those():
    found = read_tags(
        table({"f/a-b-01-c-0-29.mp3": ["weird", "lol", "no vocals", "guitar"], "0/d-e-01-f-30-59.mp3": ["lol"]})
    )
    assert found == {"f/a-b-01-c-0-29.mp3": ("guitar", "no vocals", "weird"), "0/d-e-01-f-30-59.mp3": ()}


@pytest.mark.parametrize(("often", "fine"), [(2, True), (3, False)])
def test_the_whole_table_must_have_the_standard_tags_on_top(monkeypatch, often, fine):
    """`lol` as often as the rarest standard tag is a tie; once more, and the table is another one."""
    clips = {f"0/x-{k}-01-y-0-29.mp3": list(TOP_50) for k in range(2)}
    clips |= {f"0/z-{k}-01-y-0-29.mp3": ["lol"] for k in range(often)}
    assert len(read_tags(table(clips))) == 2 + often, "a part of the table has any counts"
    monkeypatch.setattr(module, "ROWS", 2 + often)
    if fine:
        read_tags(table(clips))
    else:
        with pytest.raises(
            SourceError, match=r"found \['lol'\] more often than the standard tag '.*expected the publi"
        ):
            read_tags(table(clips))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda text: text.replace('"guitar"', '"gitarre"'), r"expected also \['guitar'\]"),
        (lambda text: text.replace('"1"', '"yes"'), r"line 2: found guitar 'yes'; expected 0 or 1 for each of 52 tags"),
        (lambda text: text + text.splitlines()[1], "line 3: found the path 'f/a-b-01-c-0-29.mp3'; expected every"),
        (lambda text: text.replace("\t", ","), r"found the columns .*expected also"),
    ],
)
def test_bad_tables(change, match):
    with pytest.raises(SourceError, match=match):
        read_tags(change(table({"f/a-b-01-c-0-29.mp3": ["guitar"]})))


# -- the builder -----------------------------------------------------------------------------------


@pytest.fixture
def dummy(dummy_folder):
    with zipfile.ZipFile(dummy_folder("magnatagatune") / "mp3.zip") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return members, (dummy_folder("magnatagatune") / "annotations_final.csv").read_text()


@pytest.fixture
def made(tmp_path, builder_class, build, read_parts, write_zip):
    def make(members, text):
        manual = write_zip(tmp_path / "m" / "mp3.zip", members).parent
        if text is not None:
            (manual / "annotations_final.csv").write_text(text)
        builder = build(builder_class("magnatagatune"), manual)
        return builder, read_parts(builder)

    return make


def test_standard_parts_by_folder_and_tracks(made, dummy):
    _, parts = made(*dummy)
    folders = {part: {clip_id[0] for clip_id in clips} for part, clips in parts.items()}
    assert folders == {"train": set("05ab"), "validation": {"c"}, "test": set("def")}
    clips = {clip_id: clip for part in parts.values() for clip_id, clip in part.items()}
    one = clips["d/seismic_anamoly-afterburner-01-afterburner-0-29.mp3"]
    two = clips["d/seismic_anamoly-afterburner-01-afterburner-30-59.mp3"]
    assert one["track_id"] == two["track_id"] == "seismic_anamoly-afterburner-01-afterburner"


def test_every_folder_has_its_part(builder_class, tmp_path):
    builder = builder_class("magnatagatune")(data_dir=tmp_path, file_format="array_record")
    parts = [builder.part_of(f"{folder}/a-b-01-c-0-29.mp3", {}) for folder in "0123456789abcdef"]
    assert parts == ["train"] * 12 + ["validation"] + ["test"] * 3


def test_tags_as_the_manifest_lists_them(made, dummy):
    """A clip with none of the fifty stays, with an empty list."""
    builder, _ = made(*dummy)
    names = list(builder.info.features["tags"].feature.names)
    assert names == list(TOP_50)
    part, rows = builder.as_data_source("validation"), {}
    for place in range(len(part)):
        row = _row(part[place], "validation", {"tags": names})
        rows[row["id"]] = row["features"]["tags"]
    assert rows == {
        "c/lvx_nova-lvx_nova-01-contimune-30-59.mp3": [],
        "c/strojovna_07-number_1-01-ambi_crack-0-29.mp3": ["techno", "fast", "beat"],
    }


@pytest.mark.parametrize("empty", EMPTY)
def test_empty_files_are_left_out_by_name(made, dummy, empty):
    members, text = dummy
    builder, parts = made({**members, empty: b""}, text)
    assert builder.info.metadata["found"]["left_out"] == len({*EMPTY[:1], empty})  # the dummy archive has the first
    assert empty not in {clip_id for part in parts.values() for clip_id in part}


def test_another_empty_file_is_an_error(made, dummy):
    members, text = dummy
    members["0/american_bach_soloists-j_s__bach__cantatas_volume_v-01-gleichwie_der_regen-0-29.mp3"] = b""
    with pytest.raises(SourceError, match="cannot be used: found an empty file"):
        made(members, text)


def test_a_track_in_two_parts_is_refused_by_the_split(made, dummy):
    members, text = dummy
    here = "d/seismic_anamoly-afterburner-01-afterburner-30-59.mp3"
    members[here.replace("d/", "a/")] = members.pop(here)
    _, parts = made(members, text.replace(here, here.replace("d/", "a/")))
    rows = [{"part": part} for part, clips in parts.items() for _ in clips]
    groups = [clip["track_id"] for clips in parts.values() for clip in clips.values()]
    with pytest.raises(SplitError, match="group 'seismic_anamoly-afterburner-01-afterburner' is in both"):
        assign(Predefined(), None, groups, rows)


def test_no_table(made, dummy):
    with pytest.raises(SourceError, match=r"found no annotations_final.csv in or beside mp3.zip.*Get mp3.zip.001"):
        made(dummy[0], None)


def test_a_clip_without_a_line(made, dummy):
    members, text = dummy
    first = next(iter(members))
    lines = [line for line in text.splitlines(keepends=True) if first not in line]
    with pytest.raises(SourceError, match=r"-0-29.mp3: found no line in annotations_final.csv"):
        made(members, "".join(lines))
