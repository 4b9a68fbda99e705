"""Datasets on this machine: built once, never served stale, absent with the way to get them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from benchmark import datasets, manifest, paths, registry
from benchmark.errors import DatasetError, Unavailable, UnknownNameError
from benchmark.reader import INDEX


@pytest.fixture
def counted(monkeypatch):
    """The datasets that were built."""
    built, real = [], datasets._build

    def build(dataset, source, folder, **options):
        built.append(dataset)
        real(dataset, source, folder, **options)

    monkeypatch.setattr(datasets, "_build", build)
    return built


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MOODBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


# -- what is built --------------------------------------------------------------------------------


def test_the_manifest_of_a_corpus(manual, small_members):
    found = datasets.base_manifest("emodb")
    assert [clip["id"] for clip in found.clips] == sorted(small_members)
    assert found.variant == "0.115s-partial"
    assert found.version == "1.0.0"
    assert found.builder_sha256 == datasets.code_hash("emodb")
    assert found.classes == {"label": ["anger", "boredom", "disgust", "fear", "happiness", "sadness", "neutral"]}
    one = next(clip for clip in found.clips if clip["id"] == "wav/08a03Ab.wav")
    assert one["features"] == {"label": "fear", "speaker_id": "08"}
    assert (one["rate"], one["splits"]) == (8000, {})
    assert {clip["part"] for clip in found.clips} == {"train", "validation", "test"}
    assert len({clip["identity"] for clip in found.clips}) == 70
    assert str(manual) not in json.dumps([found.facts, found.clips]), "no machine's path in a manifest"


def test_a_synthesised_corpus_needs_no_archive():
    (name, *_) = [name for name in registry.datasets() if not registry.dataset_builder(name).ARCHIVES]
    assert datasets.find_source(name) == datasets.Source(None, datasets.NO_SOURCE)


def test_a_corpus_is_built_once(manual, cache, counted):
    first = datasets.ensure_prepared("emodb")
    stamp = (first / INDEX).stat().st_mtime_ns
    assert datasets.ensure_prepared("emodb") == first
    assert datasets.is_prepared("emodb", datasets.find_source("emodb"))
    assert counted == ["emodb"]
    assert (first / INDEX).stat().st_mtime_ns == stamp
    assert first.is_relative_to(cache)


def test_asking_where_a_corpus_is_imports_no_tfds(manual, cache):
    datasets.find_source("emodb")  # notes the builder's facts
    program = (
        "import sys; from benchmark import datasets; s = datasets.find_source('emodb');"
        "datasets.is_prepared('emodb', s); assert s.path.name == 'download.zip';"
        "assert not {'tensorflow_datasets', 'numpy.random', 'pandas'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=paths.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_two_builds_of_one_corpus_give_one_manifest(manual, tmp_path, monkeypatch):
    found = []
    for name in ("a", "b"):
        monkeypatch.setenv("MOODBENCH_CACHE", str(tmp_path / name))
        found.append(datasets.base_manifest("emodb"))
        manifest.write(found[-1], tmp_path / f"{name}.json")
    assert found[0] == found[1]
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_an_unpacked_folder_gives_the_same_clips(manual, tmp_path):
    packed = datasets.base_manifest("emodb")
    with zipfile.ZipFile(manual / "download.zip") as archive:
        archive.extractall(manual / "emoDB")
    key = datasets.prepared_folder("emodb", datasets.find_source("emodb"))
    (manual / "download.zip").unlink()
    assert datasets.find_source("emodb").path == manual / "emoDB"
    assert datasets.prepared_folder("emodb", datasets.find_source("emodb")) != key
    assert datasets.base_manifest("emodb").clips == packed.clips


# -- never stale ----------------------------------------------------------------------------------


def test_a_changed_archive_is_another_corpus(manual, cache, small_members, pack, counted):
    first = datasets.base_manifest("emodb")
    before = datasets.ensure_prepared("emodb")
    changed = dict(small_members)
    name = "wav/03a00Wa.wav"
    changed[name] = changed[name][:-40] + bytes(40)
    pack(manual / "download.zip", changed)
    second = datasets.base_manifest("emodb")
    assert datasets.ensure_prepared("emodb") != before
    assert counted[-1:] == ["emodb"]
    differ = [a["id"] for a, b in zip(first.clips, second.clips, strict=True) if a["identity"] != b["identity"]]
    assert differ == [name]
    assert first.clips_fingerprint != second.clips_fingerprint
    pack(manual / "download.zip", small_members)
    assert datasets.ensure_prepared("emodb") == before, "what is built already is found again"


@pytest.fixture
def clone(tmp_path):
    """The project's packages in a folder of one's own, to be edited."""
    root = tmp_path / "clone"
    for name in ("benchmark", "embedders", "tasks", "tfds_builders"):
        shutil.copytree(paths.ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    return root


ASK = """
import json
from benchmark import datasets
found = datasets.base_manifest("emodb")
labels = {clip["id"]: clip["features"]["label"] for clip in found.clips}
print(json.dumps([found.version, found.builder_sha256, found.clips_fingerprint, str(datasets.__file__), labels]))
"""


def ask(clone):
    done = subprocess.run([sys.executable, "-c", ASK], cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    version, code, clips, where, labels = json.loads(done.stdout.splitlines()[-1])
    assert where == str(clone / "benchmark" / "datasets.py")
    return version, code, clips, labels


def test_a_changed_builder_with_the_same_version_never_serves_old_labels(manual, cache, clone):
    version, code, clips, labels = ask(clone)
    assert labels["wav/03a00Wa.wav"] == "anger"
    file = clone / "tfds_builders" / "emodb" / "emodb_dataset_builder.py"
    text = file.read_text()
    assert '"W": "anger"' in text
    file.write_text(text.replace('"W": "anger"', '"W": "sorrow"'))
    again = ask(clone)
    assert again[0] == version
    assert again[1] != code
    assert {again[3][name] for name in labels if labels[name] == "anger"} == {"sorrow"}
    assert again[2] == clips, "labels re-score, they do not re-embed"


def test_tests_and_other_builders_are_no_part_of_the_code(clone, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", clone)
    monkeypatch.setattr(paths, "BUILDERS", clone / "tfds_builders")
    before, listed = datasets.code_hash("emodb"), registry.datasets()
    (paths.BUILDERS / "emodb" / "emodb_dataset_builder_test.py").write_text("x = 1\n")
    (paths.BUILDERS / "emodb" / "README.md").write_text("x")
    (paths.BUILDERS / "other").mkdir()
    (paths.BUILDERS / "other" / "other_dataset_builder.py").write_text("x = 1\n")
    assert datasets.code_hash("emodb") == before
    assert registry.datasets() == sorted([*listed, "other"])
    (paths.BUILDERS / "common" / "parts.py").write_text("x = 1\n")
    assert datasets.code_hash("emodb") != before


def test_what_a_killed_build_left_is_removed(manual, cache, counted):
    folder = datasets.prepared_folder("emodb", datasets.find_source("emodb"))
    (folder / "emodb" / "incomplete.ABC_1.0.0").mkdir(parents=True)
    (folder / "emodb" / "incomplete.ABC_1.0.0" / "half.array_record").write_bytes(b"x")
    assert not datasets.is_prepared("emodb", datasets.find_source("emodb"))
    assert datasets.ensure_prepared("emodb") == folder
    assert not [path for path in folder.rglob("*") if "incomplete" in path.name]
    assert counted == ["emodb"]


BUILD = """
import sys
from benchmark import datasets
real = datasets._build
def build(*arguments, **options):
    print("built", flush=True)
    real(*arguments, **options)
datasets._build = build
print("ready", flush=True)
sys.stdin.readline()
print(datasets.ensure_prepared("emodb"))
"""


def test_two_processes_at_once_build_once(manual, cache):
    both = [
        subprocess.Popen(
            [sys.executable, "-c", BUILD], cwd=paths.ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=os.environ,
        )
        for _ in range(2)
    ]  # fmt: skip
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert "".join(said).count("built") == 1
    assert len({text.splitlines()[-1] for text in said}) == 1


# -- absent or foreign ----------------------------------------------------------------------------


def test_a_missing_archive_is_a_state_with_the_way_out(manual):
    (manual / "download.zip").unlink()
    with pytest.raises(
        Unavailable,
        match=r"archive missing: emodb needs download\.zip or emoDB\.zip\. Put .* http.* Folders searched: ",
    ):
        datasets.find_source("emodb")


def test_an_unknown_dataset(manual):
    with pytest.raises(UnknownNameError, match=r"unknown dataset 'emodbb'\. Did you mean 'emodb'"):
        datasets.find_source("emodbb")


def test_an_archive_of_another_corpus(manual, pack):
    pack(manual / "download.zip", {f"wav/song{n}.wav": b"x" for n in range(4)})
    with pytest.raises(DatasetError, match=r"download\.zip is not emodb: found 4 audio files.*expected 535\. Put "):
        datasets.ensure_prepared("emodb")
    assert not datasets.is_prepared("emodb", datasets.find_source("emodb"))


def test_an_archive_cut_short(manual):
    raw = (manual / "download.zip").read_bytes()
    (manual / "download.zip").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(DatasetError, match=r"download\.zip cannot be read: .*The download may have been cut short"):
        datasets.ensure_prepared("emodb")


def test_a_damaged_clip_is_named(manual, small_members, pack):
    pack(manual / "download.zip", {**small_members, "wav/08a03Ab.wav": b"RIFF no audio"})
    with pytest.raises(DatasetError, match=r"08a03Ab\.wav"):
        datasets.ensure_prepared("emodb")
    pack(manual / "download.zip", small_members)
    assert len(datasets.base_manifest("emodb").clips) == 70, "a mended archive builds"


def test_an_empty_folder(manual):
    (manual / "download.zip").unlink()
    (manual / "emoDB").mkdir()
    with pytest.raises(DatasetError, match="is an empty folder; expected the unpacked corpus"):
        datasets.find_source("emodb")


def test_other_audio_than_the_manifest_lists_is_refused(manual):
    found = datasets.base_manifest("emodb")
    folder = datasets.ensure_prepared("emodb")
    datasets.check_same_clips(found, folder)
    found.clips[5]["identity"] = "f" * 64
    with pytest.raises(
        DatasetError, match=rf"clip '{found.clips[5]['id']}' here is \w{{12}}, the manifest lists f{{12}}"
    ):
        datasets.check_same_clips(found, folder)
    found.clips[2]["id"] = "wav/new.wav"
    with pytest.raises(DatasetError, match=r"clip 'wav/new\.wav' here is absent"):
        datasets.check_same_clips(found, folder)


# -- builders that fail ---------------------------------------------------------------------------


def test_a_label_that_is_no_class_is_told_before_anything_is_built(manual, cache, monkeypatch):
    kind, real = registry.dataset_builder("emodb"), registry.dataset_builder("emodb").parse
    monkeypatch.setattr(kind, "parse", lambda self, path: {**real(self, path), "label": "joy"})
    with pytest.raises(DatasetError) as told:
        datasets.ensure_prepared("emodb")
    assert str(told.value) == (
        "emodb: clip 'wav/03a00Wa.wav' has no known label: found 'joy'; expected one of anger, boredom, disgust, fear, "
        "happiness, sadness, neutral. Mend the label, or add the class to the builder."
    )


FAIL = """
from benchmark import datasets
from benchmark.errors import DatasetError
try:
    datasets.ensure_prepared("emodb")
except DatasetError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            '"label": _EMOTIONS[name[2]]',
            '"label": {}[name[2]]',
            r"at tfds_builders/emodb/\S+\.py:\d+ with KeyError: 'W'",
        ),
        ("class Builder(", "class Builder[", r"with SyntaxError: .*\(emodb_dataset_builder\.py, line \d+\)"),
    ],
    ids=["in parse", "at import"],
)
def test_a_strangers_builder_that_raises_is_one_line(manual, cache, clone, old, new, said):
    file = clone / "tfds_builders" / "emodb" / "emodb_dataset_builder.py"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    done = subprocess.run([sys.executable, "-c", FAIL], cwd=clone, capture_output=True, text=True, check=False)
    assert re.fullmatch(rf"the builder of emodb failed {said}\. Mend it\.", done.stdout.splitlines()[-1]), done.stderr
