"""Manifests, plans and vectors that were damaged, edited or exchanged: told, and made again to the same bytes."""

from __future__ import annotations

import json
import os
import shutil
import time
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from benchmark import manifest, paths, store

SECTION = "Manifests, plans, vectors and cells"


# -- manifests --------------------------------------------------------------------------------------


def edit_label(_, file):
    text = file.read_text()
    assert '"label":"anger"' in text
    file.write_text(text.replace('"label":"anger"', '"label":"fear"', 1))


def rename(_, file):
    """As if another dataset's file had been copied here."""
    other = replace(manifest.read("emodb"), dataset="emovo")
    manifest.write(other, file)


def edit_schema(version):
    return lambda _, file: file.write_text(
        file.read_text().replace('"schema_version":1', f'"schema_version":{version}')
    )


MANIFESTS = {
    "a manifest cut short": lambda two, file: two.cut(file),
    "a manifest that is empty": lambda _, file: file.write_bytes(b""),
    "a manifest with a merge conflict": lambda _, file: file.write_text("<<<<<<< ours\n" + file.read_text()),
    "a manifest with an edited label": edit_label,
    "a manifest of another dataset": rename,
    "a manifest of an older schema": edit_schema(0),
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_manifest_on_page(two, tell, on_page, kind):
    before, shown, file = two.results(), two.states(), paths.manifest("emodb")
    MANIFESTS[kind](two, file)
    report = tell("report")
    assert report.code == 1
    assert two.states() == {"row": ("failed", ""), "other": ("failed", "")}, "labels and folds come from it"
    said = report.line("failed: row on emodb: ").removeprefix("failed: row on emodb: ")
    for stage in ("evaluate", "prepare"):  # prepare comes last: it mends
        told = tell(stage)
        assert any(said in line for line in told.lines)
    on_page(SECTION, kind, told.line(said), told.code, goes_on=True)
    assert told.code == 0
    assert tell("embed").code == tell("evaluate").code == tell("report").code == 0
    assert two.results() == before
    assert two.states() == shown


def test_a_manifest_edited_without_its_audio_on_page(two, tell, on_page, manual):
    file = paths.manifest("emodb")
    (manual / "download.zip").unlink()
    edit_label(two, file)
    edited = file.read_bytes()
    told = tell("prepare")
    on_page(
        SECTION, "a manifest with an edited label, and no audio here", told.line("emodb.json"), told.code, goes_on=True
    )
    assert file.read_bytes() == edited
    assert tell("report").code == 1


def test_a_newer_manifest_on_page(two, tell, on_page):
    """What a newer moodbench wrote is not replaced by what this one would write."""
    cells, shown, file = two.results(paths.CELLS), two.states(), paths.manifest("emodb")
    whole = file.read_bytes()
    edit_schema(7)(two, file)
    newer = file.read_bytes()
    told = tell("prepare")
    on_page(SECTION, "a manifest of a newer schema", told.line("dataset emodb: "), told.code)
    assert told.code == 2
    tell("embed")
    assert tell("evaluate").code == 2
    assert tell("report").code == 1
    assert file.read_bytes() == newer
    assert {name: text for name, text in two.results(paths.CELLS).items() if "not_run" not in name} == cells
    file.write_bytes(whole)
    assert {tell(stage).code for stage in ("prepare", "embed", "evaluate", "report")} == {0}
    assert two.results(paths.CELLS) == cells
    assert two.states() == shown


# -- plans and status -------------------------------------------------------------------------------

PLANS = {
    "a plan cut short": lambda two, file: two.cut(file),
    "a plan of another schema": lambda two, file: two.edit(file, schema_version=2),
    "a plan with an unknown key": lambda two, file: two.edit(file, surprise=1),
    "a plan of another embedder, copied": lambda _, file: shutil.copy(paths.plan("other"), file),
    "no plan": lambda _, file: file.unlink(),
}


@pytest.mark.parametrize("kind", PLANS)
def test_a_plan_on_page(two, tell, on_page, kind):
    before = two.results()
    PLANS[kind](two, paths.plan("row"))
    told = tell("embed", "row")
    on_page(SECTION, kind, told.line("error: "), told.code)
    assert told.code == 2
    assert {**two.results(), "plans/row.json": before["plans/row.json"]} == before
    assert tell("embed", "other").code == 0
    assert tell("prepare").code == tell("embed").code == tell("evaluate").code == tell("report").code == 0
    assert two.results() == before


STATUS = {
    "status.json cut short": lambda two, file: two.cut(file),
    "no status.json": lambda _, file: file.unlink(),
}


@pytest.mark.parametrize("kind", STATUS)
def test_a_status_on_page(two, tell, on_page, kind):
    before = two.results()
    STATUS[kind](two, paths.embed_status("row"))
    told = tell("evaluate", "row")
    on_page(SECTION, kind, told.line("error: "), told.code)
    assert told.code == 2
    assert tell("evaluate", "other").code == 0
    assert tell("embed", "row").code == tell("evaluate", "row").code == tell("report").code == 0
    assert two.results() == before


# -- vectors ----------------------------------------------------------------------------------------


def zeros(_, folder):
    np.save(folder / "vectors.npy", np.zeros_like(np.load(folder / "vectors.npy")))


def copy_of_other(_, folder):
    shutil.copytree(paths.vectors("other", "emodb"), folder, dirs_exist_ok=True)


VECTORS = {"vectors cut short": lambda two, folder: two.cut(folder / "vectors.npy"), "vectors edited": zeros}
RECORDS = {
    "the vectors' meta.json cut short": lambda two, folder: two.cut(folder / "meta.json"),
    "vectors of another embedder, copied": copy_of_other,
    "vectors made by a newer moodbench": lambda two, folder: two.edit(folder / "meta.json", schema_version=2),
    "no vectors.npy beside its meta.json": lambda _, folder: (folder / "vectors.npy").unlink(),
}


@pytest.mark.parametrize("kind", VECTORS)
def test_vectors_on_page(two, tell, on_page, kind):
    """A cell that stands does not ask for them; to score again they must be the bytes that were written."""
    before, shown = two.results(), two.states()
    VECTORS[kind](two, paths.vectors("row", "emodb"))
    assert tell("evaluate", "row").code == 0
    assert {name: each for name, each in two.results().items() if "vectors.npy" not in name}.items() <= before.items()
    two.cell().unlink()
    told = tell("evaluate", "row")
    on_page(SECTION, kind, told.line("not run on emodb: "), told.code)
    assert told.code == 2
    assert tell("report").code == 1
    assert two.states() == {"row": ("failed", ""), "other": shown["other"]}
    shutil.rmtree(paths.vectors("row", "emodb"))
    assert tell("embed", "row").code == tell("evaluate", "row").code == tell("report").code == 0
    assert two.results() == before


@pytest.mark.parametrize("kind", RECORDS)
def test_vectors_that_are_not_the_wanted_ones_on_page(two, tell, on_page, kind):
    before = two.results()
    RECORDS[kind](two, paths.vectors("row", "emodb"))
    assert not store.is_current(
        paths.vectors("row", "emodb"), json.loads(two.cell().read_text())["vectors_fingerprint"]
    )
    two.cell().unlink()
    told = tell("evaluate", "row")
    on_page(SECTION, kind, told.line("not run on emodb: "), told.code, goes_on=True)
    assert told.code == 0
    assert tell("embed", "row").code == tell("evaluate", "row").code == tell("report").code == 0
    assert two.results() == before


# -- a corpus that changes behind its name ----------------------------------------------------------


@pytest.mark.parametrize("unpacked", [True, False], ids=["folder", "archive"])
def test_a_changed_clip_makes_vectors_stale(rows, tell, manual, small_members, pack, unpacked):
    """With the size and the date that it had: only what nobody can set back tells."""
    archive, clip = manual / "download.zip", "wav/08a03Ab.wav"
    if unpacked:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(manual / "emoDB")
        archive.unlink()
    rows.run('{factory: "small_embedders:Loudness"}')
    shown, place = rows.table(), manual / "emoDB" / clip if unpacked else archive
    before, other = place.stat(), small_members[clip][:-400] + bytes(400)
    while place.stat().st_ctime_ns == before.st_ctime_ns:
        if unpacked:
            place.write_bytes(other)
        else:
            pack(archive, {**small_members, clip: other})
        os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
        time.sleep(0.001)
    assert (place.stat().st_size, place.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert tell("prepare").code == 0
    assert tell("report").code == 0
    assert rows.shown().startswith("not run: its cell was made from other vectors")
    rows.run('{factory: "small_embedders:Loudness"}')
    assert {name: row["state"] for name, row in rows.table().items()} == {"row": "scored", "other": "scored"}
    assert rows.table() != shown
