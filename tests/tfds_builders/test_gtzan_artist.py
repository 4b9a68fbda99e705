"""GTZAN's published lists and artists, and an archive of the official layout with its odd files."""

from __future__ import annotations

import ast
import gzip
import io
import re
import tarfile
from collections import Counter, defaultdict
from importlib.metadata import files
from pathlib import PurePosixPath

import pytest

from tfds_builders.common.errors import SourceError
from tfds_builders.gtzan_artist.index import GENRES, artists, parts


@pytest.fixture(scope="module")
def torchaudio_lists():
    """The lists as torchaudio carries them, read from its source: importing it would load torch."""
    found = next((path for path in files("torchaudio") or () if str(path) == "torchaudio/datasets/gtzan.py"), None)
    if found is None:
        pytest.skip("torchaudio is not installed")
    assignments = (node for node in ast.parse(found.read_text()).body if isinstance(node, ast.Assign))
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in assignments
        if isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.List)
    }


def test_lists_are_those_that_torchaudio_carries(torchaudio_lists):
    assert list(GENRES) == torchaudio_lists["gtzan_genres"]
    for part, name in (("train", "filtered_train"), ("validation", "filtered_valid"), ("test", "filtered_test")):
        assert {excerpt for excerpt, other in parts().items() if other == part} == set(torchaudio_lists[name])


def test_sizes_as_published():
    assert Counter(parts().values()) == {"train": 443, "validation": 197, "test": 290}


def test_artists_as_published():
    """Counts that the analysis itself states, and three entries read by hand in its index."""
    assert sum(artist == "Bob Marley" for name, artist in artists().items() if name.startswith("reggae")) == 35
    assert sum(artist == "Britney Spears" for name, artist in artists().items() if name.startswith("pop")) == 24
    assert artists()["blues.00011"] == "John Lee Hooker"
    assert artists()["blues.00012"] == "Robert Johnson"
    assert artists()["rock.00038"] == "Guns N' Roses"
    assert "jazz.00054" not in artists()
    assert len(artists()) == 919
    assert all(0 <= int(name[-5:]) < 100 for name in artists())


def test_no_artist_is_in_two_parts():
    found = defaultdict(set)
    for excerpt, part in parts().items():
        found[artists().get(excerpt, excerpt)].add(part)
    assert {artist for artist, of in found.items() if len(of) > 1} == set()


def test_what_joint_credits_share():
    """What the page admits: a name in a joint credit stands alone in another part, in these three and no others."""
    alone = {artists()[excerpt]: part for excerpt, part in parts().items() if excerpt in artists()}
    shared = defaultdict(set)
    for excerpt, part in parts().items():
        for name in re.split(", | and | & ", artists().get(excerpt, "")):
            if alone.get(name, part) != part:
                shared[excerpt].add(name)
    assert shared == {"disco.00047": {"Donna Summer"}, "pop.00012": {"Shania Twain"}, "reggae.00087": {"Bob Marley"}}


LISTED = {
    "blues.00000": ("validation", "John Lee Hooker"),
    "blues.00012": ("test", "Robert Johnson"),
    "blues.00029": ("train", "Kelly Joe Phelps"),
    "hiphop.00081": ("validation", "Public Enemy"),
    "jazz.00047": ("train", "jazz.00047"),  # nobody identified it
    "pop.00017": ("train", "Britney Spears"),
    "rock.00099": ("train", "The Stone Roses"),
}


@pytest.fixture
def members(encoded, tone):
    """Some excerpts of the lists, one of no list, the broken file, and what else an archive holds."""
    clips = {path(name): encoded(tone(number, 400), 22050) for number, name in enumerate(LISTED)}
    return {
        **clips,
        path("jazz.00054"): b"\0" * 100,
        path("classical.00042"): encoded(tone(98, 400), 22050),
        "genres/rock/._rock.00099.wav": b"\0" * 211,
        "genres/bextract_single.mf": b"not audio",
    }


def path(excerpt):
    return f"genres/{excerpt.partition('.')[0]}/{excerpt}.wav"


def write_tar(file, members):
    file.parent.mkdir(parents=True, exist_ok=True)
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    file.write_bytes(gzip.compress(raw.getvalue()))
    return file.parent


def test_official_layout(tmp_path, members, builder_class, build, read_parts):
    builder = build(builder_class("gtzan_artist"), write_tar(tmp_path / "m" / "genres.tar.gz", members))
    names = builder.info.features["genre"].names
    found = {
        clip_id: (part, clip["artist_id"], names[clip["genre"]])
        for part, clips in read_parts(builder).items()
        for clip_id, clip in clips.items()
    }
    assert found == {
        path(name).removeprefix("genres/"): (part, artist, name.partition(".")[0])
        for name, (part, artist) in LISTED.items()
    }
    assert builder.info.metadata["found"]["left_out"] == 2


def test_a_mended_file_is_left_out_too(tmp_path, members, builder_class, build, read_parts, encoded, tone):
    members["genres/jazz/jazz.00054.wav"] = encoded(tone(97, 400), 22050)
    parts_found = read_parts(build(builder_class("gtzan_artist"), write_tar(tmp_path / "m" / "genres.tar.gz", members)))
    assert not [name for clips in parts_found.values() for name in clips if "00054" in name]


def test_the_folder_of_another_mirror(tmp_path, members, builder_class, build, read_parts):
    for name, content in members.items():
        file = tmp_path / "m" / "genres_original" / name.removeprefix("genres/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    kind = builder_class("gtzan_artist")
    packed = read_parts(build(kind, write_tar(tmp_path / "p" / "genres.tar.gz", members)))
    unpacked = read_parts(build(kind, tmp_path / "m"))
    assert {part: set(clips) for part, clips in unpacked.items()} == {part: set(c) for part, c in packed.items()}


def test_another_broken_file_is_not_passed_over(tmp_path, members, builder_class, build):
    members[path("blues.00000")] = b"\0" * 100
    with pytest.raises(SourceError, match=r"clip 'genres/blues/blues.00000.wav' cannot be used"):
        build(builder_class("gtzan_artist"), write_tar(tmp_path / "m" / "genres.tar.gz", members))


def test_the_edition_in_au_is_refused(tmp_path, members, builder_class, build):
    renamed = {name.replace(".wav", ".au"): content for name, content in members.items()}
    with pytest.raises(SourceError, match=r"found 0 audio files .*edition in .au is not read: convert it"):
        build(builder_class("gtzan_artist"), write_tar(tmp_path / "m" / "genres.tar.gz", renamed))


def test_a_clip_under_another_genre_is_left_out(builder_class, tmp_path):
    builder = builder_class("gtzan_artist")(data_dir=tmp_path, file_format="array_record")
    assert builder.parse(PurePosixPath("rock/jazz.00012.wav")) is None
    assert builder.parse(PurePosixPath("jazz/jazz.00012.wav")) == {"genre": "jazz", "artist_id": "Joe Lovano"}
