"""`moodbench data status`, `show` and `prepare`: what they say of a corpus, and what they leave on disk."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile

import pytest

from benchmark import corpora, datasets, files, manifest, paths, registry
from benchmark.audit import record
from benchmark.corpora import FOUND, MISSING, READY, WRONG
from benchmark.errors import ParamsError, UnknownNameError
from benchmark.reader import INDEX


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, project, manual):
    monkeypatch.setenv("MOODBENCH_CACHE", str(tmp_path / "cache"))
    return manual


@pytest.fixture
def inline(inline_workers, monkeypatch):
    """No helper processes; answers the datasets that were built."""
    monkeypatch.setattr(corpora, "Workers", inline_workers)
    built, real = [], datasets._build

    def build(dataset, source, folder, **options):
        built.append(dataset)
        real(dataset, source, folder, **options)

    monkeypatch.setattr(datasets, "_build", build)
    return built


def copy(name, manual, *files):
    for file in files:
        shutil.copy(paths.BUILDERS / name / "dummy_data" / file, manual)


def prepare(*names, skip_broken=False):
    return corpora.prepare(names, skip_broken=skip_broken, workers=1)


# -- status ---------------------------------------------------------------------------------------


def status(capfd):
    """The code, the row of each dataset by its name, and the lines below the table."""
    capfd.readouterr()
    code = corpora.show_status()
    table, _, below = capfd.readouterr().out.partition("\n\n")
    rows = {}
    for line in table.splitlines()[1:]:
        if not line.startswith(" "):
            name = line.split("  ")[0]
            rows[name] = ""
        rows[name] += f" {line.removeprefix(name)}"
    return code, {name: " ".join(text.split()) for name, text in rows.items()}, below


def test_every_state_has_its_row(manual, pack, capfd, inline):
    copy("emovo", manual, "emovo.zip")
    pack(manual / "ESC-10-master.zip", {f"songs/{n}.wav": b"x" for n in range(4)})
    assert prepare("emodb") == 0
    code, rows, below = status(capfd)
    assert code == 1
    assert re.fullmatch(r"ready \d+\.\d MB not stated; freely distributed prepared", rows["emodb"])
    assert re.fullmatch(r"archive found 0\.\d MB free for research emovo\.zip: \d+ of 588 clips", rows["emovo"])
    assert rows["esc10"] == "archive wrong 0.0 MB CC BY 3.0 see below"
    assert rows["ravdess"].startswith("missing 208.5 MB CC BY-NC-SA 4.0 needs Audio_Speech_Actors_01-24.zip")
    assert rows["ravdess"].endswith("; can be fetched")
    assert rows["iemocap"].endswith("needs IEMOCAP_full_release.tar.gz; by hand")
    assert rows["magnatagatune"].endswith("needs mp3.zip; can be fetched in part")
    assert rows["demo_music"] == "archive found MIT synthesised, needs no archive"
    first, *rest = [line for line in below.splitlines() if line]
    assert first.startswith("esc10: ESC-10-master.zip is not esc10: found 4 audio files among 4 members")
    assert "expected 400." in first
    assert rest == corpora.NEXT.format(folder="$MOODBENCH_DATA/manual").splitlines()


def test_configs_that_lack_the_same_are_one_row(capfd):
    code, rows, _ = status(capfd)
    assert code == 0
    assert [name for name in rows if name.startswith("mtg_jamendo")] == ["mtg_jamendo"]
    assert len([name for name in corpora.names() if name.startswith("mtg_jamendo/")]) > 1
    assert {registry.split_name(name)[0] for name in rows} == set(registry.datasets())


def test_a_missing_table_is_missing(manual, pack, capfd):
    with zipfile.ZipFile(paths.BUILDERS / "emotify" / "dummy_data" / "emotifymusic.zip") as archive:
        pack(manual / "emotifymusic.zip", {n: archive.read(n) for n in archive.namelist() if "data.csv" not in n})
    _, rows, _ = status(capfd)
    assert rows["emotify"].endswith(
        "needs data.csv or emotify_data.csv in emotifymusic.zip or beside it; can be fetched"
    )


@pytest.mark.parametrize("columns", [100, 200])
def test_the_table_keeps_to_the_width(columns, capfd, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    corpora.show_status()
    table = capfd.readouterr().out.partition("\n\n")[0].splitlines()
    assert {len(line) for line in table} == {columns}
    assert not [line for line in table if "…" in line]
    assert len(table) <= (70 if columns == 100 else 40)


def test_what_an_archive_holds_is_looked_up_once(manual, small_members, pack, monkeypatch):
    kind, looked = registry.dataset_builder("emodb"), []
    real = kind.inspect
    monkeypatch.setattr(kind, "inspect", lambda self, path: looked.append(path) or real(self, path))
    for _ in range(2):
        assert corpora.state("emodb").detail == "download.zip: 70 of 535 clips"
    assert len(looked) == 1
    pack(manual / "download.zip", dict(list(small_members.items())[:69]))
    assert corpora.state("emodb").detail == "download.zip: 69 of 535 clips"


def test_a_damaged_archive_is_wrong(manual):
    (manual / "download.zip").write_bytes((manual / "download.zip").read_bytes()[:5000])
    found = corpora.state("emodb")
    assert (found.state, found.bytes) == (WRONG, 5000)
    assert "download.zip cannot be read" in found.detail
    (manual / "download.zip").unlink()
    (manual / "emoDB").mkdir()
    assert corpora.state("emodb").state == WRONG


def test_a_strangers_builder_that_raises_hides_no_other(capfd, monkeypatch):
    monkeypatch.setattr(registry.dataset_builder("emodb"), "inspect", lambda self, path: {}["label"])
    code, rows, below = status(capfd)
    assert code == 1
    assert rows["emodb"].endswith("see below")
    assert "emodb: the builder of emodb failed with KeyError: 'label'. Mend it." in below.splitlines()
    assert rows["ravdess"].startswith("missing")


# -- show -----------------------------------------------------------------------------------------


def test_the_card_of_a_corpus(capfd):
    corpora.show_card("emodb")
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == "emodb 1.0.0 (0.115s-partial)"
    assert lines[1].startswith("70 clips, 0.00 h, 8000 Hz, 0.10 to 0.13 s (median 0.1")
    assert lines[2] == "licence: not stated; freely distributed; tasks: emodb, emodb_serab"
    assert lines[3] == "speaker_id: 5; parts: train 42 clips of 3, validation 14 clips of 1, test 14 clips of 1"
    rows = [line.split() for line in lines[5:12]]
    assert [row[0] for row in rows] == ["anger", "boredom", "disgust", "fear", "happiness", "sadness", "neutral"]
    assert {tuple(row[1:]) for row in rows} == {("10", "5", "6", "2", "2")}
    assert lines[12] == "e.g. wav/03a00Wa.wav: label anger, speaker_id 03"


def test_the_card_needs_no_archive_where_git_has_the_manifest(manual, capfd):
    manifest.write(datasets.base_manifest("emodb"))
    corpora.show_card("emodb")
    first = capfd.readouterr().out
    (manual / "download.zip").unlink()
    corpora.show_card("emodb")
    assert capfd.readouterr().out == first


def test_the_card_of_numbers_and_tags(manual, capfd):
    copy("deam", manual, "DEAM_audio.zip", "DEAM_Annotations.zip")
    corpora.show_card("deam")
    said = capfd.readouterr().out
    values = [clip["features"]["valence"] for clip in datasets.base_manifest("deam").clips]
    mean = sum(values) / len(values)
    assert f"valence: {min(values):.3g} to {max(values):.3g}, mean {mean:.3g}" in said.splitlines()
    copy("magnatagatune", manual, "mp3.zip", "annotations_final.csv")
    corpora.show_card("magnatagatune")
    lines = capfd.readouterr().out.splitlines()
    tags = [tag for clip in datasets.base_manifest("magnatagatune").clips for tag in clip["features"]["tags"]]
    (row,) = [line.split() for line in lines if line.startswith("guitar ")]
    assert row[1] == str(tags.count("guitar"))


def test_cards_of_unknown_sets():
    with pytest.raises(UnknownNameError, match=r"Did you mean 'emodb'"):
        corpora.show_card("emodbb")
    with pytest.raises(ParamsError, match=r"mtg_jamendo has several configs; expected one of mtg_jamendo/\w+, "):
        corpora.show_card("mtg_jamendo")


# -- prepare --------------------------------------------------------------------------------------


def test_a_prepared_corpus_has_its_manifest_and_audit(inline, capfd):
    assert prepare("emodb") == 0
    listed = manifest.read("emodb")
    assert set(listed.splits) == {"emodb", "emodb_serab"}
    assert record.read("emodb").clips == 70
    assert corpora.state("emodb").state == READY
    told = capfd.readouterr()
    assert [line for line in told.err.splitlines() if line.startswith(("prepare:", "emodb:"))] == [
        "prepare: building emodb",
        "emodb: ready",
    ]
    assert told.out == "", "TFDS's own lines are no answer of ours"
    assert prepare("emodb") == 0
    assert inline == ["emodb"]
    assert capfd.readouterr().err == "emodb: ready\n"


def test_one_that_cannot_be_built_stops_no_other(manual, pack, inline, capfd):
    copy("spoken_digits", manual, "free-spoken-digit-dataset-master.zip")
    pack(manual / "download.zip", {f"songs/{n}.wav": b"x" for n in range(4)})
    assert prepare("ravdess", "emodb", "spoken_digits") == 1
    lines = capfd.readouterr().err.splitlines()
    assert [line for line in lines if line.startswith("ravdess: archive missing: ravdess needs ")]
    assert [line for line in lines if line.startswith("emodb: download.zip is not emodb")]
    assert "spoken_digits: ready" in lines
    assert manifest.read("spoken_digits") is not None
    assert manifest.read("emodb") is None


def test_by_default_all_whose_archive_is_here(inline, monkeypatch):
    states = {"a": FOUND, "b": MISSING, "c": READY, "d": WRONG}
    monkeypatch.setattr(corpora, "names", lambda: list(states))
    monkeypatch.setattr(corpora, "state", lambda name: corpora.State(name, states[name], ""))
    asked = []
    monkeypatch.setattr(corpora, "_build", lambda job: asked.append(job[0]) or "no")
    assert prepare() == 1
    assert asked == ["a", "c"]


def test_a_name_means_its_configs():
    assert corpora.chosen("emodb") == ["emodb"]
    assert corpora.chosen("mtg_jamendo/hs") == ["mtg_jamendo/hs"]
    asked = {task.dataset for task in registry.tasks().values() if task.dataset.startswith("mtg_jamendo/")}
    assert set(corpora.chosen("mtg_jamendo")) == asked
    for name in ("emodbb", "mtg_jamendo/mood9"):
        with pytest.raises(UnknownNameError):
            prepare("emodb", name)


def test_broken_clips_are_left_out_when_asked_and_the_whole_is_not_tried_again(
    manual, small_members, pack, inline, capfd
):
    pack(manual / "download.zip", {**small_members, "wav/08a03Ab.wav": b"RIFF no audio"})
    assert prepare("emodb") == 1
    assert "08a03Ab.wav" in capfd.readouterr().err
    assert manifest.read("emodb") is None
    assert prepare("emodb", skip_broken=True) == 0
    assert [row["clip"] for row in manifest.read("emodb").skipped] == ["wav/08a03Ab.wav"]
    assert corpora.state("emodb").detail == "prepared, without broken clips"
    assert inline == ["emodb"] * 3, "as a whole twice, then without the clip"
    paths.manifest("emodb").unlink()
    assert prepare("emodb", skip_broken=True) == 0
    assert len(inline) == 3
    assert len(manifest.read("emodb").clips) == 69


RUN = """
import sys
from pathlib import Path
from benchmark import corpora, paths
paths.MANIFESTS = Path(sys.argv[1])
if __name__ == "__main__":
    sys.exit(corpora.prepare(["emodb", "spoken_digits"], skip_broken=False, workers=2))
"""


def test_a_killed_run_goes_on_with_what_is_not_built(manual, tmp_path):
    """In helper processes; the second dataset waits for a lock that the test holds, so it is surely under way."""
    copy("spoken_digits", manual, "free-spoken-digit-dataset-master.zip")
    (tmp_path / "run.py").write_text(RUN)
    command = [sys.executable, str(tmp_path / "run.py"), str(tmp_path / "manifests")]
    folders = {name: datasets.prepared_folder(name, datasets.find_source(name)) for name in ("emodb", "spoken_digits")}
    with files.held(folders["spoken_digits"].with_suffix(".lock"), who="the test"):
        running = subprocess.Popen(
            command, cwd=paths.ROOT, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": "."}
        )
        said = []
        for line in running.stderr:
            said.append(line.rstrip())
            if "emodb: ready" in said and any("is at it already" in each for each in said):
                break
        running.send_signal(signal.SIGKILL)
        running.communicate()
    assert "emodb: ready" in said
    assert not (folders["spoken_digits"] / INDEX).exists()
    stamp = (folders["emodb"] / INDEX).stat().st_mtime_ns
    again = subprocess.run(
        command, cwd=paths.ROOT, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": "."}, check=False
    )
    assert again.returncode == 0, again.stderr
    assert "prepare: building emodb" not in again.stderr
    assert "spoken_digits: ready" in again.stderr
    assert (folders["emodb"] / INDEX).stat().st_mtime_ns == stamp
    assert sorted(path.name for path in (tmp_path / "manifests").iterdir()) == [
        "emodb.audit.json", "emodb.json", "spoken_digits.audit.json", "spoken_digits.json",
    ]  # fmt: skip
