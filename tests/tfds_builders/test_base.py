"""The base class on tiny corpora: equal data from any packing, resampling, synthesis, bad input."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import soxr
import tensorflow_datasets as tfds

from tfds_builders.common import base
from tfds_builders.common.audio import DECODER, RESAMPLER, identity_of
from tfds_builders.common.base import ClipBuilder, Recipe
from tfds_builders.common.errors import SourceError
from tfds_builders.common.parts import speaker_parts


@pytest.fixture(scope="session")
def emodb(builder_class):
    return builder_class("emodb")


def content(parts):
    """What must not depend on packing: part -> clip id -> (identity, samples, label, speaker)."""
    return {
        part: {
            name: (clip["identity"], clip["audio"].tolist(), int(clip["label"]), clip["speaker_id"])
            for name, clip in clips.items()
        }
        for part, clips in parts.items()
    }


@pytest.mark.parametrize(
    "packing", ["top folder", "deep top folder", "tar.gz", "folder", "folder with top", "emoDB.zip"]
)
def test_same_data_from_any_packing(tmp_path, emodb, build, read_parts, write_zip, emodb_members, packing):
    reference = write_zip(tmp_path / "reference" / "download.zip", emodb_members).parent
    manual = tmp_path / "manual"
    manual.mkdir()
    prefix = {"top folder": "download/", "deep top folder": "x/y/z/", "folder with top": "download/emodb/"}.get(
        packing, ""
    )
    members = {prefix + name: raw for name, raw in reversed(emodb_members.items())}
    if packing == "tar.gz":
        with tarfile.open(manual / "download.tar.gz", "w:gz") as archive:
            for name, raw in members.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(raw)
                archive.addfile(entry, io.BytesIO(raw))
    elif packing.startswith("folder"):
        for name, raw in members.items():
            path = manual / ("emodb" if packing == "folder" else "") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)
    else:
        write_zip(manual / ("emoDB.zip" if packing == "emoDB.zip" else "download.zip"), members)
    expected = content(read_parts(build(emodb, reference)))
    assert content(read_parts(build(emodb, manual))) == expected
    assert {name for part in expected.values() for name in part} == set(emodb_members)


def test_order_on_disk_does_not_hang_on_the_packing(tmp_path, emodb, build, write_zip, emodb_members):
    orders = []
    for name, members in (("a", emodb_members), ("b", {f"top/{n}": r for n, r in reversed(emodb_members.items())})):
        source = build(emodb, write_zip(tmp_path / name / "download.zip", members).parent).as_data_source("train")
        orders.append([source[place]["clip_id"] for place in range(len(source))])
    assert orders[0] == orders[1]


def test_odd_rate_is_resampled_to_the_commonest(tmp_path, emodb, build, read_parts, write_zip, emodb_members, encoded):
    name = next(iter(emodb_members))
    odd = (5000 * np.sin(0.1 * np.arange(600))).astype(np.int16)
    manual = write_zip(tmp_path / "m" / "download.zip", {**emodb_members, name: encoded(odd, 16000)}).parent
    builder = build(emodb, manual)
    clips = {key: clip for part in read_parts(builder).values() for key, clip in part.items()}
    assert {int(clip["sample_rate"]) for clip in clips.values()} == {8000}
    expected = np.rint(soxr.resample(odd.astype(float), 16000, 8000, quality="HQ")).astype(np.int16)
    np.testing.assert_array_equal(clips[name]["audio"], expected)
    assert builder.info.metadata["found"]["rates"] == {"8000": 14, "16000": 1}
    sha = hashlib.sha256(encoded(odd, 16000)).hexdigest()
    assert clips[name]["identity"] == identity_of(sha, DECODER, f"{RESAMPLER} 8000 Hz")


def test_one_clip_at_a_time(tmp_path, emodb, write_zip, emodb_members, monkeypatch):
    decoded = []
    monkeypatch.setattr(base, "decode", lambda raw, name, rate: decoded.append(name) or np.zeros(1, np.int16))
    manual = write_zip(tmp_path / "m" / "download.zip", emodb_members).parent
    builder = emodb(data_dir=tmp_path, file_format="array_record")
    download = tfds.download.DownloadManager(
        download_dir=tmp_path, manual_dir=manual, manual_dir_instructions="-", dataset_name="emodb"
    )
    generators = builder._split_generators(download)
    assert decoded == []
    first = next(generators["train"])[0]
    assert decoded == [first]


def test_other_audio_is_left_out_and_counted(
    tmp_path, emodb, build, read_parts, write_zip, emodb_members, encoded, tone
):
    members = {**emodb_members, "wav/greeting.wav": encoded(tone(99)), "extra/03a01Fa.wav": encoded(tone(98))}
    builder = build(emodb, write_zip(tmp_path / "m" / "download.zip", members).parent)
    assert {n for part in read_parts(builder).values() for n in part} == set(emodb_members)
    assert builder.info.metadata["found"]["left_out"] == 2


# -- bad input ------------------------------------------------------------------------------------


@pytest.fixture
def refused(tmp_path, emodb, build, write_zip):
    """Builds EmoDB from the given members and expects a refusal; nothing half-written may stay."""

    def check(members, match, change=lambda raw: raw):
        path = write_zip(tmp_path / "m" / "download.zip", members)
        path.write_bytes(change(path.read_bytes()))
        with pytest.raises(SourceError, match=match):
            build(emodb, path.parent)
        assert not list(tmp_path.glob("data*/emodb/1.0.0"))

    return check


@pytest.mark.parametrize("folder", ["absent", "empty", "other files"])
def test_archive_missing(tmp_path, emodb, build, folder):
    manual = tmp_path / "manual"
    if folder != "absent":
        manual.mkdir()
    if folder == "other files":
        (manual / "emovo.zip").touch()
    with pytest.raises(
        SourceError, match=r"(?s)emodb: the archive is missing: .*expected download.zip or emoDB.zip.*Put download"
    ):
        build(emodb, manual)


def test_other_corpus_under_the_name(refused, dummy_folder, tmp_path):
    with zipfile.ZipFile(dummy_folder("emovo") / "emovo.zip") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    refused(
        members,
        r"download.zip is not emodb: found 15 audio files.*such as 'EMOVO/f1/.*of which 0 are named.*expected 535",
    )


def test_no_audio_at_all(refused):
    refused({"readme.txt": b"x"}, "download.zip is not emodb: found 0 audio files among 1 members")


def test_truncated_zip(refused, emodb_members):
    refused(emodb_members, "download.zip cannot be read", change=lambda raw: raw[: len(raw) // 2])


def test_not_an_archive(refused):
    refused({}, "download.zip cannot be read", change=lambda raw: b"<html>login first</html>")


def test_member_outside(refused, emodb_members):
    refused({**emodb_members, "../wav/03a01Wa.wav": b""}, "may point outside")


def test_twice_under_one_id(refused, emodb_members):
    name = next(iter(emodb_members))
    refused({**emodb_members, f"copy/{name}": b""}, f"found the clip '{name[:-4]}' twice")


def test_twice_in_two_encodings(refused, emodb_members):
    name = next(iter(emodb_members))
    refused({**emodb_members, name.replace(".wav", ".flac"): b""}, r"twice .*\.wav.*\.flac")


def test_broken_clip(refused, emodb_members):
    name = list(emodb_members)[7]
    refused({**emodb_members, name: b"RIFF"}, f"download.zip: clip '{name}' cannot be used: found 4 of the 8 bytes")


def test_too_few_groups(refused, emodb_members):
    two = {name: raw for name, raw in emodb_members.items() if name[4:6] in ("03", "08")}
    refused(two, "found 2 different speaker_id, too few for the parts: validation would be empty")


# -- synthesised corpora --------------------------------------------------------------------------


class Hum(ClipBuilder, skip_registration=True):
    """Four groups of three clips; the pitch is the recipe."""

    name = "hum"
    pkg_dir_path = None
    VERSION = tfds.core.Version("1.0.0")
    CLASSES: ClassVar = {"label": ("low", "high")}
    SAMPLE_RATE = 8000

    def _info(self):
        self.dataset_info_from_configs = lambda **facts: tfds.core.DatasetInfo(builder=self, **facts)  # no package here
        return super()._info()

    def recipes(self):
        return [
            Recipe(f"{group}/{k}", {"speaker_id": group, "label": ("low", "high")[k % 2]}, f"{group} {k}", parameters=k)
            for group in "abcd"
            for k in range(3)
        ]

    def synthesise(self, recipe):
        return np.full(10 + recipe.parameters, ord(recipe.fields["speaker_id"]), np.int16)


def test_synthesised(build, read_parts):
    builder = build(Hum)
    parts = read_parts(builder)
    assert {part: sorted({clip["speaker_id"] for clip in clips.values()}) for part, clips in parts.items()} == {
        part: sorted(groups) for part, groups in speaker_parts("abcd").items()
    }
    clips = {name: clip for part in parts.values() for name, clip in part.items()}
    assert clips["b/2"]["audio"].tolist() == [98] * 12
    assert len({clip["identity"] for clip in clips.values()}) == 12
    assert builder.info.metadata["variant"] == ""
    assert Hum.find_source([]) is None


def test_identity_of_a_synthesised_clip_follows_recipe_and_version(build, read_parts, monkeypatch):
    def identities():
        return {name: clip["identity"] for part in read_parts(build(Hum)).values() for name, clip in part.items()}

    before = identities()
    assert identities() == before
    recipes = Hum.recipes
    monkeypatch.setattr(
        Hum, "recipes", lambda self: [replace(recipe, text=recipe.text + "!") for recipe in recipes(self)]
    )
    other_recipe = identities()
    monkeypatch.setattr(Hum, "recipes", recipes)
    monkeypatch.setattr(Hum, "VERSION", tfds.core.Version("1.0.1"))
    other_version = identities()
    assert all(len({before[name], other_recipe[name], other_version[name]}) == 3 for name in before)


def test_limit_takes_of_every_group(build, read_parts, monkeypatch):
    monkeypatch.setattr(Hum, "clip_limit", 6)
    builder = build(Hum)
    names = sorted(name for part in read_parts(builder).values() for name in part)
    assert names == ["a/0", "a/1", "b/0", "b/1", "c/0", "d/0"]
    assert builder.info.metadata["variant"] == "partial"


@pytest.mark.parametrize("made", [np.zeros(3), np.zeros((3, 1), np.int16), np.zeros(0, np.int16)])
def test_bad_synthesis(build, monkeypatch, made):
    monkeypatch.setattr(Hum, "synthesise", lambda self, recipe: made)
    with pytest.raises(SourceError, match=r"was synthesised as .* expected int16 of shape"):
        build(Hum)
